with costs as (

    select * from {{ ref('rpt_issue_costs') }}

)

select
    message_title,
    issue_reason,
    fix,
    currency_code,
    issue_count,
    issue_cost,
    issue_reason_id,
    message_id
from costs
