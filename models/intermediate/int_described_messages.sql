{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='message_id') }}

-- The latest row about a message, and the latest that gives a title (contract rule 12): each the largest by a total
-- order.

{%- set order = {
    'sent_at': 'sent_at',
    'send_id': 'send_id',
    'updated_at': "coalesce(updated_at, timestamp '0001-01-01 00:00:00')",
} %}

with new_rows as (

    select
        message_id,
        {{ ordered_row(dict(order, channel='channel')) }} as latest_row,
        case
            when message_title is not null
                then {{ ordered_row(dict(
                    order,
                    message_title='message_title',
                    series_id="coalesce(series_id, '')",
                    series_title="coalesce(series_title, '')",
                )) }}
        end as latest_titled_row,
        extract_number as _extract_number
    from {{ ref('stg_outbound__sends') }}
    where
        rejection_reason is null
        and {{ is_new('extract_number', '_extract_number') }}

),

folded as (

    select * from new_rows
    {%- if is_incremental() %}

    union all

    select * from {{ this }}
    where message_id in (select new_rows.message_id from new_rows)
    {%- endif %}

)

select
    message_id,
    max(latest_row) as latest_row,
    max(latest_titled_row) as latest_titled_row,
    max(_extract_number) as _extract_number
from folded
group by message_id
