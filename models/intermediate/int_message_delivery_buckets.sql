-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['message_id', 'bucket'],
    post_hook="delete from {{ this }} where send_count = 0"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- The same as int_message_delivery_seconds, roughly: it tells which few of its rows a percentile needs.

with counted as (

    {%- if is_full_build() %}

    select
        message_id,
        bucket,
        send_count
    from {{ ref('int_message_delivery_seconds') }}

    {%- else %}

    select
        message_id,
        {{ percentile_bucket('delivery_seconds') }} as bucket,
        change as send_count
    from {{ ref('int_send_changes') }}
    where channel = 'sms' and delivery_status = 'delivered' and delivery_seconds is not null

    union all

    select
        message_id,
        bucket,
        send_count
    from {{ existing('int_message_delivery_buckets') }}
    where message_id in (select message_id from {{ ref('int_send_changes') }})
    {%- endif %}

)

select
    message_id,
    bucket,
    cast(sum(send_count) as bigint) as send_count
from counted
group by message_id, bucket
