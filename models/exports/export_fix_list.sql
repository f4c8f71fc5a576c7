with fixes as (

    select * from {{ ref('rpt_fix_list') }}

),

number_types as (

    select * from {{ ref('number_types') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

)

select
    fixes.customer_name,
    fixes.to_number,
    fixes.national_format,
    number_types.number_type_name,
    fixes.number_fix,
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
left join number_types
    on fixes.number_type = number_types.number_type
left join messages
    on fixes.last_message_id = messages.message_id
