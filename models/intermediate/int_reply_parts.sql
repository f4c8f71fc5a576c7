{%- set columns = [
    'send_id', 'from_number', 'customer_id', 'channel', 'to_number', 'body', 'provider',
] -%}
{#- In the order of the contract's table, then what it does not name. -#}
{%- set compared = ['send_id', 'customer_id', 'channel', 'body', 'from_number', 'to_number', 'provider'] -%}
{%- set key = ['reply_id', 'source', 'table_name', 'part'] -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=key) }}

-- Of the rows of a reply one counts (contract rule 2), in each table that tells of it; of a long reply that a log tells
-- of part by part, one of each part. '' is the part of a reply that comes whole.

with new_rows as (

    select
        reply_id,
        'outbound' as source,
        'replies' as table_name,
        '' as part,
        {{ column_list(columns, indent=8) }},
        received_at,
        updated_at,
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_outbound__replies') }}
    where
        rejection_reason is null
        and {{ is_new('extract_number', '_extract_number') }}

    union all

    select
        provider_message_id as reply_id,
        source,
        table_name,
        coalesce(part, '') as part,
        cast(null as string) as send_id,
        from_number,
        cast(null as string) as customer_id,
        channel,
        to_number,
        body,
        source as provider,
        sent_at as received_at,
        updated_at,
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_carriers__log_rows') }}
    where
        rejection_reason is null
        and not is_outbound
        and {{ is_new('extract_number', '_extract_number') }}

),

candidates as (

    select * from new_rows
    {%- if is_incremental() %}

    union all

    select
        {{ column_list(key + columns, indent=8) }},
        received_at,
        updated_at,
        _row_count,
        _extract_number
    from {{ this }}
    where reply_id in (select new_rows.reply_id from new_rows)
    {%- endif %}

)

select
    {{ column_list(key + columns) }},
    received_at,
    updated_at,
    cast(sum(_row_count) over (partition by {{ key | join(', ') }}) as bigint) as _row_count,
    max(_extract_number) over (partition by {{ key | join(', ') }}) as _extract_number
from candidates
qualify
    row_number() over (
        partition by {{ key | join(', ') }}
        order by
            updated_at desc nulls last,
            received_at desc nulls last,
            {{ compared | join(' desc nulls last, ') }} desc nulls last
    ) = 1
