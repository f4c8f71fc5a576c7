with fixes as (

    select * from {{ ref('rpt_fix_list') }}

)

select
    {{ csv_text('fixes.customer_id') }} as customer_id,
    {{ csv_text('fixes.to_number') }} as to_number,
    fixes.issue_reason_id,
    {{ csv_text('fixes.issue_reason') }} as issue_reason,
    {{ csv_text('fixes.fix') }} as fix,
    fixes.issue_count,
    {{ iso_8601('fixes.first_issue_at') }} as first_issue_at,
    {{ iso_8601('fixes.last_issue_at') }} as last_issue_at,
    {{ csv_text('fixes.last_message_id') }} as last_message_id
from fixes
