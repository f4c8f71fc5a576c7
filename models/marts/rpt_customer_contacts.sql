-- sqlfluff:exclude_rules:layout.indent

with sends as (

    select * from {{ ref('fct_sends') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

counted as (

    select
        sends.customer_id,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.sent_at > {{ add_days('settings.as_of', -7) }}
                and sends.sent_at <= settings.as_of
        ) as received_7_days_count,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.sent_at > {{ add_days('settings.as_of', -28) }}
                and sends.sent_at <= settings.as_of
        ) as received_28_days_count,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.sent_at > {{ add_days('settings.as_of', -90) }}
                and sends.sent_at <= settings.as_of
        ) as received_90_days_count,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.channel = 'sms'
                and sends.sent_at > {{ add_days('settings.as_of', -7) }}
                and sends.sent_at <= settings.as_of
        ) as sms_received_7_days_count,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.channel = 'sms'
                and sends.sent_at > {{ add_days('settings.as_of', -28) }}
                and sends.sent_at <= settings.as_of
        ) as sms_received_28_days_count,
        count(*) filter (
            where
                sends.delivery_status = 'delivered'
                and sends.channel = 'sms'
                and sends.sent_at > {{ add_days('settings.as_of', -90) }}
                and sends.sent_at <= settings.as_of
        ) as sms_received_90_days_count,
        max(settings.over_messaged_count) as over_messaged_count
    from sends
    cross join settings
    group by sends.customer_id

)

select
    customer_id,
    received_7_days_count,
    received_28_days_count,
    received_90_days_count,
    sms_received_7_days_count,
    sms_received_28_days_count,
    sms_received_90_days_count,
    received_7_days_count >= over_messaged_count as is_over_messaged
from counted
