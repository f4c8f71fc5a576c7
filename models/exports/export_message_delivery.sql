with delivery as (

    select * from {{ ref('rpt_message_delivery') }}

)

select
    message_title,
    sent_count,
    delivered_count,
    issue_count,
    delivered_send_rate,
    issue_send_rate,
    sent_customer_count,
    delivered_customer_count,
    delivery_rate,
    first_delivered_at,
    last_delivered_at,
    delivery_seconds_p50,
    delivery_seconds_p95,
    delivery_seconds_p99,
    segment_count,
    cost,
    currency_code,
    message_id
from delivery
