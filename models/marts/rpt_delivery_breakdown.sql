with sends as (

    select * from {{ ref('fct_sends') }}

),

-- Prices have one currency or none in one number, as in rpt_message_delivery.
counted as (

    select
        sent_date,
        provider,
        country_code,
        from_number,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        count(*) filter (where delivery_status = 'pending') as pending_count,
        count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
        {{ percentile(0.50, 'delivery_seconds') }} as delivery_seconds_p50,
        {{ percentile(0.95, 'delivery_seconds') }} as delivery_seconds_p95,
        cast(sum(abs(price)) as decimal(38, 6)) as cost,
        min(coalesce(currency_code, '')) filter (where price is not null) as first_currency_code,
        max(coalesce(currency_code, '')) filter (where price is not null) as last_currency_code
    from sends
    where channel = 'sms'
    group by sent_date, provider, country_code, from_number

)

select
    sent_date,
    provider,
    country_code,
    from_number,
    sent_count,
    delivered_count,
    issue_count,
    pending_count,
    unconfirmed_count,
    delivered_count / nullif(sent_count, 0) as delivered_send_rate,
    issue_count / nullif(sent_count, 0) as issue_send_rate,
    unconfirmed_count / nullif(sent_count, 0) as unconfirmed_send_rate,
    delivery_seconds_p50,
    delivery_seconds_p95,
    case when first_currency_code = last_currency_code then cost end as cost,
    case when first_currency_code = last_currency_code then nullif(first_currency_code, '') end as currency_code
from counted
