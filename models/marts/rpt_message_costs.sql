with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

-- Providers give what they charge with a minus sign or without.
priced as (

    select
        message_id,
        currency_code,
        delivery_status,
        abs(price) as cost
    from sends
    where channel = 'sms' and price is not null

),

summed as (

    select
        message_id,
        currency_code,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        cast(sum(cost) as decimal(38, 6)) as cost,
        cast(coalesce(sum(cost) filter (where delivery_status = 'issue'), 0) as decimal(38, 6)) as issue_cost
    from priced
    group by message_id, currency_code

)

select
    summed.message_id,
    messages.message_title,
    summed.currency_code,
    summed.sent_count,
    summed.delivered_count,
    summed.cost,
    summed.issue_cost,
    cast(summed.cost / nullif(summed.delivered_count, 0) as decimal(38, 6)) as cost_per_delivered
from summed
left join messages
    on summed.message_id = messages.message_id
