with sends as (

    select * from {{ ref('fct_sends') }}

),

engagement as (

    select * from {{ ref('rpt_message_engagement') }}

),

costs as (

    select * from {{ ref('rpt_message_costs') }}

),

counted as (

    select
        message_id,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        min(delivered_at) as first_delivered_at,
        max(delivered_at) as last_delivered_at,
        {{ percentile(0.50, 'delivery_seconds') }} as delivery_seconds_p50,
        {{ percentile(0.95, 'delivery_seconds') }} as delivery_seconds_p95,
        {{ percentile(0.99, 'delivery_seconds') }} as delivery_seconds_p99,
        cast(sum(segment_count) filter (where delivery_status <> 'canceled') as bigint) as segment_count
    from sends
    where channel = 'sms'
    group by message_id

),

-- A sum of money has a currency: where a message's prices are in several, it has no cost in one number.
single_costs as (

    select
        message_id,
        max(cost) as cost,
        max(currency_code) as currency_code
    from costs
    group by message_id
    having count(*) = 1

)

select
    counted.message_id,
    engagement.message_title,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    counted.delivered_count / nullif(counted.sent_count, 0) as delivered_send_rate,
    counted.issue_count / nullif(counted.sent_count, 0) as issue_send_rate,
    engagement.sms_sent_customer_count as sent_customer_count,
    engagement.sms_delivered_customer_count as delivered_customer_count,
    engagement.sms_delivered_customer_count / nullif(engagement.sms_sent_customer_count, 0) as delivery_rate,
    counted.first_delivered_at,
    counted.last_delivered_at,
    counted.delivery_seconds_p50,
    counted.delivery_seconds_p95,
    counted.delivery_seconds_p99,
    counted.segment_count,
    single_costs.cost,
    single_costs.currency_code
from counted
inner join engagement
    on counted.message_id = engagement.message_id
left join single_costs
    on counted.message_id = single_costs.message_id
