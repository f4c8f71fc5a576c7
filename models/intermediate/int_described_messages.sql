-- noqa: disable=layout.indent,references.consistent

{%- set columns = [
    'message_id', 'sent_at', 'send_id', 'updated_at', 'channel', 'titled_sent_at', 'titled_send_id', 'titled_updated_at',
    'message_title', 'series_id', 'series_title',
] -%}
{%- set earliest = "timestamp '0001-01-01 00:00:00'" -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='message_id') }}

-- The latest row about a message, and the latest that gives a title (contract rule 12): each the largest by a total
-- order.

with new_rows as (

    select
        message_id,
        sent_at,
        send_id,
        updated_at,
        channel,
        sent_at as titled_sent_at,
        send_id as titled_send_id,
        updated_at as titled_updated_at,
        message_title,
        series_id,
        series_title,
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

    select
        {{ column_list(columns, indent=8) }},
        _extract_number
    from {{ this }}
    where message_id in (select new_rows.message_id from new_rows)
    {%- endif %}

),

latest as (

    select
        message_id,
        max({{ ordered_row({
            'sent_at': 'sent_at',
            'send_id': 'send_id',
            'updated_at': "coalesce(updated_at, " ~ earliest ~ ")",
            'channel': 'channel',
        }) }}) as latest_row,
        max(
            case
                when message_title is not null
                    then {{ ordered_row({
                        'sent_at': 'titled_sent_at',
                        'send_id': 'titled_send_id',
                        'updated_at': "coalesce(titled_updated_at, " ~ earliest ~ ")",
                        'message_title': 'message_title',
                        'series_id': "coalesce(series_id, '')",
                        'series_title': "coalesce(series_title, '')",
                    }) }}
            end
        ) as latest_titled_row,
        max(_extract_number) as _extract_number
    from folded
    group by message_id

)

select
    message_id,
    latest_row.sent_at,
    latest_row.send_id,
    nullif(latest_row.updated_at, {{ earliest }}) as updated_at,
    latest_row.channel,
    latest_titled_row.sent_at as titled_sent_at,
    latest_titled_row.send_id as titled_send_id,
    nullif(latest_titled_row.updated_at, {{ earliest }}) as titled_updated_at,
    latest_titled_row.message_title,
    nullif(latest_titled_row.series_id, '') as series_id,
    nullif(latest_titled_row.series_title, '') as series_title,
    _extract_number
from latest
