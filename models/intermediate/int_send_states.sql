{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='send_id') }}

-- Statuses that name their send, the bulk: an earliest time, "any"s and a count, so that neither order nor repetition
-- says anything. A send need not be known yet. What issues and engagements say beside stands in int_status_events.

with new_statuses as (

    select
        send_id,
        status = 'delivered' as has_delivered_status,
        status = 'canceled' as has_canceled_status,
        status not in ('accepted', 'scheduled') as is_under_way,
        case when status = 'delivered' then occurred_at end as delivered_at,
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_unioned__statuses') }}
    where
        send_id is not null
        and {{ is_new('extract_number', '_extract_number') }}

    union all

    -- No send has this id. It keeps up to which extract was looked through, where the statuses of the latest name none.
    select
        '' as send_id,
        false as has_delivered_status,
        false as has_canceled_status,
        false as is_under_way,
        cast(null as timestamp) as delivered_at,
        0 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_pipeline__loads') }}
    where
        outcome = 'loaded'
        and {{ is_new('extract_number', '_extract_number') }}

),

folded as (

    select * from new_statuses
    {%- if is_incremental() %}

    union all

    select * from {{ this }}
    where send_id in (select new_statuses.send_id from new_statuses)
    {%- endif %}

)

select
    send_id,
    bool_or(has_delivered_status) as has_delivered_status,
    bool_or(has_canceled_status) as has_canceled_status,
    bool_or(is_under_way) as is_under_way,
    min(delivered_at) as delivered_at,
    cast(sum(_row_count) as bigint) as _row_count,
    max(_extract_number) as _extract_number
from folded
group by send_id
