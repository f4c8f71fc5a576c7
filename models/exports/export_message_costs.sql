with costs as (

    select * from {{ ref('rpt_message_costs') }}

)

select
    message_title,
    currency_code,
    sent_count,
    delivered_count,
    replied_count,
    cost,
    issue_cost,
    cost_per_delivered,
    cost_per_response,
    avoidable_segment_count,
    avoidable_cost,
    reporting_currency_code,
    cost_in_reporting_currency,
    message_id
from costs
