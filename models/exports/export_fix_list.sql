with fixes as (

    select * from {{ ref('rpt_fix_list') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

)

select
    fixes.customer_name,
    fixes.to_number,
    fixes.issue_reason,
    fixes.fix,
    fixes.issue_count,
    fixes.first_issue_at,
    fixes.last_issue_at,
    messages.message_title as last_message_title,
    fixes.issue_reason_id,
    fixes.last_message_id,
    fixes.customer_id
from fixes
left join messages
    on fixes.last_message_id = messages.message_id
