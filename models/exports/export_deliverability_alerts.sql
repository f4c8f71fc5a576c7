with alerts as (

    select * from {{ ref('rpt_deliverability_alerts') }}

)

select
    alert_date,
    alert,
    provider,
    country_code,
    from_number,
    message_title,
    issue_reason,
    value,
    usual_value,
    unit,
    sent_count,
    affected_count,
    affected_customer_count,
    since_date,
    meaning,
    fix,
    kind,
    dimension,
    issue_reason_id,
    message_id,
    score as _score
from alerts
