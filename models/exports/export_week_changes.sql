-- noqa: disable=layout.indent

{% set measures = {
    'Sent': 'true',
    'Delivered': "sends.delivery_status = 'delivered'",
    'Delivery issue': "sends.delivery_status = 'issue'",
    'Replied': 'sends.replied_at is not null',
    'Engaged': 'sends.is_engaged',
    'Unsubscribed': 'sends.unsubscribed_at is not null',
} %}

with sends as (

    select * from {{ ref('fct_sends') }}

),

channels as (

    select * from {{ ref('channels') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

week_customers as (

    select
        sends.channel,
        sends.customer_id,
        sends.sent_at > {{ add_days('settings.as_of', -7) }} as is_this_week,
        {%- for condition in measures.values() %}
        bool_or({{ condition }}) as has_{{ loop.index }}{{ "," if not loop.last }}
        {%- endfor %}
    from sends
    cross join settings
    where
        sends.delivery_status <> 'canceled'
        and sends.sent_at > {{ add_days('settings.as_of', -14) }}
        and sends.sent_at <= settings.as_of
    group by sends.channel, sends.customer_id, is_this_week

),

counted as (

    select
        channel,
        {%- for _ in measures %}
        count(*) filter (where has_{{ loop.index }} and is_this_week) as week_{{ loop.index }},
        count(*) filter (where has_{{ loop.index }} and not is_this_week)
            as before_{{ loop.index }}{{ "," if not loop.last }}
        {%- endfor %}
    from week_customers
    group by channel

),

measured as (
    {%- for measure in measures %}
    {{ "union all" if not loop.first }}

    select
        channel,
        {{ loop.index }} as measure_order,
        '{{ measure }}' as measure,
        week_{{ loop.index }} as customer_count,
        before_{{ loop.index }} as week_before_customer_count,
        week_{{ loop.index }} / nullif(week_1, 0) as customer_rate,
        before_{{ loop.index }} / nullif(before_1, 0) as week_before_customer_rate
    from counted
    {%- endfor %}

)

select
    channels.channel_name,
    measured.measure,
    measured.customer_count,
    measured.week_before_customer_count,
    measured.customer_count - measured.week_before_customer_count as customer_count_change,
    measured.customer_rate,
    measured.week_before_customer_rate,
    measured.customer_rate - measured.week_before_customer_rate as customer_rate_change,
    channels.sort_order as _sort_order,
    measured.measure_order as _measure_order
from measured
inner join channels
    on measured.channel = channels.channel
