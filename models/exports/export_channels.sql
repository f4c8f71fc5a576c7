-- noqa: disable=layout.indent

{% set flags = {
    'opened': 'is_opened',
    'clicked': 'is_clicked',
    'replied': 'is_replied',
    'goal': 'is_goal_reached',
    'unsubscribed': 'is_unsubscribed',
} %}
{% set happened = ['delivered', 'issue'] + flags.keys() | list + ['engaged'] %}

with sends as (

    select * from {{ ref('fct_sends') }}

),

channels as (

    select * from {{ ref('channels') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

channel_customers as (

    select
        sends.channel,
        sends.customer_id,
        count(*) as sent_count,
        count(*) filter (where sends.delivery_status = 'delivered') as delivered_count,
        count(*) filter (where sends.delivery_status = 'issue') as issue_count,
        {%- for name, column in flags.items() %}
        count(*) filter (where sends.{{ column }}) as {{ name }}_count,
        {%- endfor %}
        count(*) filter (where sends.is_engaged) as engaged_count
    from sends
    cross join settings
    where
        sends.delivery_status <> 'canceled'
        and {{ is_in_output_days('sends.sent_at') }}
    group by sends.channel, sends.customer_id

),

counted as (

    select
        channel,
        cast(sum(sent_count) as bigint) as sent_count,
        count(*) as sent_customer_count,
        {%- for name in happened %}
        count(*) filter (where {{ name }}_count > 0) as {{ name }}_customer_count{{ "," if not loop.last }}
        {%- endfor %}
    from channel_customers
    group by channel

)

select
    channels.channel_name,
    counted.sent_count,
    counted.sent_customer_count,
    {%- for name in happened %}
    counted.{{ name }}_customer_count,
    counted.{{ name }}_customer_count / counted.sent_customer_count as {{ name }}_rate,
    {%- endfor %}
    channels.sort_order as _sort_order
from counted
inner join channels
    on counted.channel = channels.channel
