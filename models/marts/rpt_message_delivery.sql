-- noqa: disable=layout.indent,references.qualification

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows('message_id', ref('int_send_changes')) }}"
) }}

{{ also_depends_on(['int_send_changes']) }}

{%- set fractions = {'p50': 0.50, 'p95': 0.95, 'p99': 0.99} %}

with days as (

    select * from {{ ref('int_message_days') }}
    where
        channel = 'sms'
        {%- if not is_full_build() %}
        and message_id in (select message_id from {{ ref('int_send_changes') }})
        {%- endif %}

),

customers as (

    select * from {{ ref('int_message_customer_counts') }}

),

buckets as (

    select * from {{ ref('int_message_delivery_buckets') }}
    {%- if not is_full_build() %}
    where message_id in (select message_id from {{ ref('int_send_changes') }})
    {%- endif %}

),

costs as (

    select * from {{ ref('int_message_costs') }}

),

counted as (

    select
        message_id,
        cast(sum(sent_count) as bigint) as sent_count,
        cast(sum(delivered_count) as bigint) as delivered_count,
        cast(sum(issue_count) as bigint) as issue_count,
        min(first_delivered_at) as first_delivered_at,
        max(last_delivered_at) as last_delivered_at,
        cast(sum(segment_count) as bigint) as segment_count
    from days
    group by message_id

),

-- A sum of money has a currency: where a message's prices are in several, it has no cost in one number.
single_costs as (

    select
        message_id,
        max(cost) as cost,
        nullif(max(currency_key), '') as currency_code
    from costs
    group by message_id
    having count(*) = 1

),

ranked_buckets as (

    select
        message_id,
        bucket,
        sum(send_count) over (
            partition by message_id
            order by bucket
            rows between unbounded preceding and current row
        ) - send_count as first_rank,
        sum(send_count) over (
            partition by message_id
            order by bucket
            rows between unbounded preceding and current row
        ) - 1 as last_rank,
        sum(send_count) over (partition by message_id) as all_count
    from buckets

),

-- Only the buckets that hold a value on either side of a percentile are looked into.
needed_buckets as (

    select
        *,
        {{ row_hash(['message_id', 'bucket']) }} as bucket_key
    from ranked_buckets
    where
        {%- for fraction in fractions.values() %}
        {{ "or " if not loop.first }}(
            first_rank <= ceil({{ percentile_rank(fraction) }})
            and last_rank >= floor({{ percentile_rank(fraction) }})
        )
        {%- endfor %}

),

needed_seconds as (

    select * from {{ ref('int_message_delivery_seconds') }}
    where bucket_key in (select bucket_key from needed_buckets)

),

delivery_seconds as (

    select
        needed_buckets.message_id,
        needed_buckets.bucket,
        needed_buckets.first_rank as first_rank_of_bucket,
        needed_buckets.all_count,
        seconds.delivery_seconds,
        sum(seconds.send_count) as send_count
    from needed_seconds as seconds
    inner join needed_buckets
        on
            seconds.message_id = needed_buckets.message_id
            and seconds.bucket = needed_buckets.bucket
    group by
        needed_buckets.message_id,
        needed_buckets.bucket,
        needed_buckets.first_rank,
        needed_buckets.all_count,
        seconds.delivery_seconds
    having sum(seconds.send_count) > 0

),

-- Percentiles interpolate linearly, as percentile_cont does, over values that stand once with the number of their
-- sends: each value holds the ranks from first_rank to last_rank, counted from 0.
ranked as (

    select
        message_id,
        delivery_seconds,
        all_count,
        first_rank_of_bucket + sum(send_count) over (
            partition by message_id, bucket
            order by delivery_seconds
            rows between unbounded preceding and current row
        ) - send_count as first_rank,
        first_rank_of_bucket + sum(send_count) over (
            partition by message_id, bucket
            order by delivery_seconds
            rows between unbounded preceding and current row
        ) - 1 as last_rank
    from delivery_seconds

),

percentiles as (

    select
        message_id,
        {%- for name, fraction in fractions.items() %}
        {{ percentile_of_ranks(fraction) }} as delivery_seconds_{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from ranked
    group by message_id

)

select
    counted.message_id,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    coalesce(customers.sms_delivered_customer_count, 0) as delivered_customer_count,
    counted.first_delivered_at,
    counted.last_delivered_at,
    percentiles.delivery_seconds_p50,
    percentiles.delivery_seconds_p95,
    percentiles.delivery_seconds_p99,
    counted.segment_count,
    single_costs.cost,
    single_costs.currency_code
from counted
left join customers
    on counted.message_id = customers.message_id
left join percentiles
    on counted.message_id = percentiles.message_id
left join single_costs
    on counted.message_id = single_costs.message_id
