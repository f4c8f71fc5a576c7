-- noqa: disable=layout.indent,aliasing.unused

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='message_id',
    post_hook="delete from {{ this }} where any_customer_count = 0"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- Distinct customers are counted in two steps, sends by message and customer, then customers by message: one pass
-- instead of a distinct count for every number of a report. A build that adds to what is there counts just the
-- customers of the changed sends, as they were and as they are now, and adds the difference.

{%- set is_counted = {
    'any': 'true',
    'sent': "delivery_status <> 'canceled'",
    'delivered': "delivery_status = 'delivered'",
    'issue': "delivery_status = 'issue'",
    'sms_delivered': "delivery_status = 'delivered' and channel = 'sms'",
    'opened': "delivery_status <> 'canceled' and opened_at is not null",
    'clicked': "delivery_status <> 'canceled' and clicked_at is not null",
    'replied': "delivery_status <> 'canceled' and replied_at is not null",
    'goal': "delivery_status <> 'canceled' and goal_at is not null",
    'completed': "delivery_status <> 'canceled' and completed_at is not null",
    'unsubscribed': "delivery_status <> 'canceled' and unsubscribed_at is not null",
    'engaged': "delivery_status <> 'canceled' and is_engaged",
} %}

with message_customers as (

    select
        message_id,
        customer_id,
        {%- for name, condition in is_counted.items() %}
        count(*) filter (where {{ condition }}) as {{ name }}_count{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_sends') }} as sends
    {%- if not is_full_build() %}
    where exists (
        select 1
        from {{ ref('int_send_changes') }} as changes
        where sends.message_id = changes.message_id and sends.customer_id = changes.customer_id
    )
    {%- endif %}
    group by message_id, customer_id

),

{%- if not is_full_build() %}

changes as (

    select
        message_id,
        customer_id,
        {%- for name, condition in is_counted.items() %}
        cast(sum(case when {{ condition }} then change else 0 end) as bigint) as {{ name }}_count{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_send_changes') }}
    group by message_id, customer_id

),

differences as (

    select
        changes.message_id,
        {%- for name in is_counted %}
        cast(coalesce(message_customers.{{ name }}_count, 0) > 0 as integer)
        - cast(coalesce(message_customers.{{ name }}_count, 0) - changes.{{ name }}_count > 0 as integer)
            as {{ name }}_customer_count{{ "," if not loop.last }}
        {%- endfor %}
    from changes
    left join message_customers
        on
            changes.message_id = message_customers.message_id
            and changes.customer_id = message_customers.customer_id

    union all

    select
        message_id,
        {%- for name in is_counted %}
        {{ name }}_customer_count{{ "," if not loop.last }}
        {%- endfor %}
    from {{ existing('int_message_customer_counts') }}
    where message_id in (select message_id from {{ ref('int_send_changes') }})

),

counted as (

    select
        message_id,
        {%- for name in is_counted %}
        cast(sum({{ name }}_customer_count) as bigint) as {{ name }}_customer_count{{ "," if not loop.last }}
        {%- endfor %}
    from differences
    group by message_id

)
{%- else %}

counted as (

    select
        message_id,
        {%- for name in is_counted %}
        count(*) filter (where {{ name }}_count > 0) as {{ name }}_customer_count{{ "," if not loop.last }}
        {%- endfor %}
    from message_customers
    group by message_id

)
{%- endif %}

select
    message_id,
    {%- for name in is_counted %}
    {{ name }}_customer_count{{ "," if not loop.last }}
    {%- endfor %}
from counted
