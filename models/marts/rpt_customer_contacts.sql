with sends as (

    select * from {{ ref('fct_sends') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

-- A send falls into the shortest window that holds it, open at its start and closed at as_of; null where none does.
windowed as (

    select
        sends.customer_id,
        sends.channel = 'sms' as is_sms,
        case
            when sends.delivery_status <> 'delivered' or sends.sent_at > settings.as_of then null
            when sends.sent_at > {{ add_days('settings.as_of', -7) }} then 7
            when sends.sent_at > {{ add_days('settings.as_of', -28) }} then 28
            when sends.sent_at > {{ add_days('settings.as_of', -90) }} then 90
        end as window_days
    from sends
    cross join settings

),

counted as (

    select
        customer_id,
        count(*) filter (where window_days <= 7) as received_7_days_count,
        count(*) filter (where window_days <= 28) as received_28_days_count,
        count(*) filter (where window_days <= 90) as received_90_days_count,
        count(*) filter (where window_days <= 7 and is_sms) as sms_received_7_days_count,
        count(*) filter (where window_days <= 28 and is_sms) as sms_received_28_days_count,
        count(*) filter (where window_days <= 90 and is_sms) as sms_received_90_days_count
    from windowed
    group by customer_id

)

select
    counted.customer_id,
    customers.customer_name,
    counted.received_7_days_count,
    counted.received_28_days_count,
    counted.received_90_days_count,
    counted.sms_received_7_days_count,
    counted.sms_received_28_days_count,
    counted.sms_received_90_days_count,
    counted.received_7_days_count >= settings.over_messaged_count as is_over_messaged
from counted
cross join settings
left join customers
    on counted.customer_id = customers.customer_id
