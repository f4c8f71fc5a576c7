-- noqa: disable=layout.indent

with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms' and price is not null

),

messages as (

    select * from {{ ref('dim_messages') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

summed as (

    select
        message_id,
        currency_code,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status <> 'canceled' and is_replied) as replied_count,
        cast(coalesce(sum(avoidable_segment_count), 0) as bigint) as avoidable_segment_count,
        cast(sum(price) as decimal(38, 6)) as cost,
        cast(coalesce(sum(price) filter (where delivery_status = 'issue'), 0) as decimal(38, 6)) as issue_cost,
        -- Rounded by send, since sums of fractions depend on the order of their parts.
        cast(coalesce(
            sum({{ amount_per('price * avoidable_segment_count', 'segment_count') }})
                filter (where avoidable_segment_count > 0),
            0
        ) as decimal(38, 6)) as avoidable_cost
    from sends
    group by message_id, currency_code

)

select
    summed.message_id,
    messages.message_title,
    summed.currency_code,
    exchange_rates.reporting_currency_code,
    summed.sent_count,
    summed.delivered_count,
    summed.replied_count,
    summed.avoidable_segment_count,
    summed.cost,
    summed.issue_cost,
    summed.avoidable_cost,
    {{ amount_per('summed.cost', 'nullif(summed.delivered_count, 0)') }} as cost_per_delivered,
    {{ amount_per('summed.cost', 'nullif(summed.replied_count, 0)') }} as cost_per_response,
    cast(summed.cost * exchange_rates.rate as decimal(38, 6)) as cost_in_reporting_currency
from summed
left join messages
    on summed.message_id = messages.message_id
left join exchange_rates
    on summed.currency_code = exchange_rates.currency_code
