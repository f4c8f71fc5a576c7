-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='append') }}

{{ also_depends_on(['int_send_changes']) }}

-- How many SMS took how long: all that percentiles need. A build that adds appends what it changed, one less here and
-- one more there; who reads sums up.

with changes as (

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

),

counted as (

    select
        message_id,
        delivery_seconds,
        {{ percentile_bucket('delivery_seconds') }} as bucket,
        send_count
    from changes

)

select
    message_id,
    delivery_seconds,
    bucket,
    {{ row_hash(['message_id', 'bucket']) }} as bucket_key,
    send_count
from counted
