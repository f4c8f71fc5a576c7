-- noqa: disable=layout.indent

{%- set described = [
    'message_id', 'channel', 'customer_id', 'provider', 'provider_message_id', 'to_number', 'from_number',
    'message_version_id', 'series_id', 'node_id', 'encoding', 'segment_count', 'price', 'currency_code',
    'computed_segment_count', 'is_too_long', 'avoidable_segment_count', 'replaceable_characters', 'body',
] -%}
{%- set columns = ['send_id', 'is_carrier_log'] + described + ['sent_at', 'updated_at'] -%}
{%- set prefix_lengths = range(8, 0, -1) -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['send_id', 'is_carrier_log']) }}

-- Of the rows of a send one counts (contract rule 2). What only a carrier's log tells of is kept apart from a send of
-- the application with the same id: which of the log's are sends of their own is told by int_sends_claimed.

with candidates as (

    select
        {{ column_list(columns, indent=8) }},
        event_at is not null as is_event_time,
        event_at as _first_event_at,
        {{ no_texts() }} as _provider_message_ids,
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_unioned__sends') }}
    where {{ is_new('extract_number', '_extract_number') }}
    {%- if is_incremental() %}

    union all

    select
        {{ column_list(columns, indent=8) }},
        is_event_time,
        _first_event_at,
        _provider_message_ids,
        _row_count,
        _extract_number
    from {{ this }}
    where send_id in (
        select new_sends.send_id
        from {{ ref('stg_unioned__sends') }} as new_sends
        where {{ is_new('new_sends.extract_number', '_extract_number') }}
    )
    {%- endif %}

),

-- Few ids repeat; a window over all sends would cost as much as all the rest.
repeated as (

    select send_id
    from candidates
    group by send_id
    having count(*) > 1

),

picked as (

    select *
    from candidates
    where not exists (select 1 from repeated where repeated.send_id = candidates.send_id)

    union all

    select
        {{ column_list(columns, indent=8) }},
        is_event_time,
        min(_first_event_at) over (partition by send_id, is_carrier_log) as _first_event_at,
        {{ texts_of_group('_provider_message_ids', 'provider_message_id', 'send_id, is_carrier_log') }}
            as _provider_message_ids,
        sum(_row_count) over (partition by send_id, is_carrier_log) as _row_count,
        max(_extract_number) over (partition by send_id, is_carrier_log) as _extract_number
    from candidates
    where send_id in (select repeated.send_id from repeated)
    qualify
        row_number() over (
            partition by send_id, is_carrier_log
            order by
                updated_at desc nulls last,
                case when not is_event_time then sent_at end desc nulls last,
                {{ described | join(' desc nulls last, ') }} desc nulls last
        ) = 1

)

select
    {{ column_list(['send_id', 'is_carrier_log'] + described + ['updated_at'], 'picked') }},
    -- The country of a number is that of the longest calling prefix that it begins with.
    coalesce(
        {%- for length in prefix_lengths %}
        countries_{{ length }}.country_code{{ "," if not loop.last }}
        {%- endfor %}
    ) as country_code,
    coalesce(
        {%- for length in prefix_lengths %}
        countries_{{ length }}.is_supported{{ "," if not loop.last }}
        {%- endfor %}
    ) as is_country_supported,
    -- A log that does not tell when a message was sent has the time of its first event.
    case when picked.is_event_time then picked._first_event_at else picked.sent_at end as sent_at,
    picked.is_event_time,
    picked._first_event_at,
    picked._provider_message_ids,
    cast(picked._row_count as bigint) as _row_count,
    picked._extract_number
from picked
{%- for length in prefix_lengths %}
left join {{ ref('countries') }} as countries_{{ length }}
    on
        substr(picked.to_number, 2, {{ length }}) = countries_{{ length }}.calling_prefix
        and picked.to_number like '+%'
{%- endfor %}
