with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms'

),

customers as (

    select
        message_id,
        count(distinct customer_id) as delivered_customer_count
    from sends
    where delivery_status = 'delivered'
    group by message_id

),

-- A sum of money has a currency: where a message's prices are in several, it has no cost in one number.
costs as (

    select
        message_id,
        sum(abs(price)) as cost,
        max(currency_code) as currency_code,
        count(distinct coalesce(currency_code, '')) as currency_count
    from sends
    where price is not null
    group by message_id

),

percentiles as (

    select
        message_id,
        percentile_cont(0.50) within group (order by delivery_seconds) as delivery_seconds_p50,
        percentile_cont(0.95) within group (order by delivery_seconds) as delivery_seconds_p95,
        percentile_cont(0.99) within group (order by delivery_seconds) as delivery_seconds_p99
    from sends
    where delivery_status = 'delivered' and delivery_seconds is not null
    group by message_id

),

counted as (

    select
        message_id,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        min(delivered_at) as first_delivered_at,
        max(delivered_at) as last_delivered_at,
        cast(sum(case when delivery_status <> 'canceled' then segment_count end) as bigint) as segment_count
    from sends
    group by message_id

)

select
    counted.message_id,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    coalesce(customers.delivered_customer_count, 0) as delivered_customer_count,
    counted.first_delivered_at,
    counted.last_delivered_at,
    percentiles.delivery_seconds_p50,
    percentiles.delivery_seconds_p95,
    percentiles.delivery_seconds_p99,
    counted.segment_count,
    case when costs.currency_count = 1 then costs.cost end as cost,
    case when costs.currency_count = 1 then costs.currency_code end as currency_code
from counted
left join customers
    on counted.message_id = customers.message_id
left join percentiles
    on counted.message_id = percentiles.message_id
left join costs
    on counted.message_id = costs.message_id
