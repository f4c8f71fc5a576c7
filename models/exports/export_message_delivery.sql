with delivery as (

    select * from {{ ref('rpt_message_delivery') }}

)

select
    {{ csv_text('delivery.message_id') }} as message_id,
    {{ csv_text('delivery.message_title') }} as message_title,
    delivery.sent_count,
    delivery.delivered_count,
    delivery.issue_count,
    delivery.delivered_customer_count,
    {{ iso_8601('delivery.first_delivered_at') }} as first_delivered_at,
    {{ iso_8601('delivery.last_delivered_at') }} as last_delivered_at,
    delivery.delivery_seconds_p50,
    delivery.delivery_seconds_p95,
    delivery.delivery_seconds_p99,
    delivery.segment_count,
    delivery.cost,
    {{ csv_text('delivery.currency_code') }} as currency_code
from delivery
