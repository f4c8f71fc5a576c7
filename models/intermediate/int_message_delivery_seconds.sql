-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['message_id', 'delivery_seconds'],
    post_hook="delete from {{ this }} where send_count = 0"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- How many SMS took how long: all that percentiles need, and a sum, so that it can be added to.

with counted as (

    {%- if is_full_build() %}

    select
        message_id,
        delivery_seconds,
        count(*) as send_count
    from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status = 'delivered' and delivery_seconds is not null
    group by message_id, delivery_seconds

    {%- else %}

    select
        message_id,
        delivery_seconds,
        cast(sum(change) as bigint) as send_count
    from {{ ref('int_send_changes') }}
    where channel = 'sms' and delivery_status = 'delivered' and delivery_seconds is not null
    group by message_id, delivery_seconds
    having sum(change) <> 0
    {%- endif %}

)

select
    counted.message_id,
    counted.delivery_seconds,
    counted.send_count
    {%- if not is_full_build() %}
    + coalesce(known.send_count, 0) as send_count
    {%- endif %}
from counted
{%- if not is_full_build() %}
left join {{ existing('int_message_delivery_seconds') }} as known
    on
        counted.message_id = known.message_id
        and counted.delivery_seconds = known.delivery_seconds
{%- endif %}
