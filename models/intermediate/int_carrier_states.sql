{%- set key = ['provider', 'provider_message_id', 'recipient', 'part', 'source', 'table_name'] -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=key) }}

-- As int_send_states, for statuses that are addressed by the provider's id of a message: of one recipient, where a log
-- tells of several; of one part, where a log reports on each. Both are '' where it does not, since a key has no nulls.

with new_statuses as (

    select
        statuses.provider,
        statuses.provider_message_id,
        statuses.recipient,
        statuses.part,
        statuses.source,
        statuses.table_name,
        statuses.is_carrier_log,
        statuses.status = 'delivered' as has_delivered_status,
        statuses.status = 'canceled' as has_canceled_status,
        -- That no receipt came is not a failure.
        statuses.status in {{ issue_statuses() }} and coalesce(codes.outcome, 'issue') <> 'unknown' as has_issue_status,
        statuses.status not in {{ issue_statuses() }} or coalesce(codes.outcome, 'issue') <> 'unknown' as is_reported,
        statuses.status not in ('accepted', 'scheduled') as is_under_way,
        case when statuses.status = 'delivered' then statuses.occurred_at end as delivered_at,
        statuses.part_price,
        case when statuses.is_further_recipient then 0 else 1 end as _row_count,
        statuses.extract_number as _extract_number
    from {{ ref('stg_unioned__statuses') }} as statuses
    {{ code_joins('statuses') }}
    where
        statuses.send_id is null
        and {{ is_new('statuses.extract_number', '_extract_number') }}

    union all

    -- No message has this address. It keeps up to which extract was looked through, as in int_send_states.
    select
        '' as provider,
        '' as provider_message_id,
        '' as recipient,
        '' as part,
        '' as source,
        '' as table_name,
        false as is_carrier_log,
        false as has_delivered_status,
        false as has_canceled_status,
        false as has_issue_status,
        false as is_reported,
        false as is_under_way,
        cast(null as timestamp) as delivered_at,
        null as part_price,
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

    select known.*
    from {{ this }} as known
    where known.provider_message_id in (select new_statuses.provider_message_id from new_statuses)
    {%- endif %}

)

select
    provider,
    provider_message_id,
    recipient,
    part,
    source,
    table_name,
    is_carrier_log,
    bool_or(has_delivered_status) as has_delivered_status,
    bool_or(has_canceled_status) as has_canceled_status,
    bool_or(has_issue_status) as has_issue_status,
    bool_or(is_reported) as is_reported,
    bool_or(is_under_way) as is_under_way,
    min(delivered_at) as delivered_at,
    max(part_price) as part_price,
    cast(sum(_row_count) as bigint) as _row_count,
    max(_extract_number) as _extract_number
from folded
group by provider, provider_message_id, recipient, part, source, table_name, is_carrier_log
