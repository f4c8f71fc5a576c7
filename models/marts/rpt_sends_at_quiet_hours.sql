-- noqa: disable=layout.indent

{#- Digits of the longest prefix in the seed. -#}
{%- set longest = 9 %}

with time_zones as (

    select
        calling_prefix,
        time_zone,
        {{ joined_texts('time_zone', 'time_zone', 'calling_prefix') }} as group_name
    from {{ ref('calling_prefix_time_zones') }}

),

prefixes as (

    select
        calling_prefix,
        cast(calling_prefix as bigint) as prefix_number,
        length(calling_prefix) as prefix_length,
        dense_rank() over (order by group_name) as time_zone_group
    from time_zones
    group by calling_prefix, group_name

),

grouped_time_zones as (

    select distinct
        prefixes.time_zone_group,
        time_zones.time_zone
    from prefixes
    inner join time_zones
        on prefixes.calling_prefix = time_zones.calling_prefix

),

numbered as (

    select
        send_id,
        message_id,
        customer_id,
        to_number,
        country_code,
        sent_at,
        {{ quarter_hour('sent_at') }} as quarter_hour,
        {{ whole_number("rpad(substr(to_number, 2, %s), %s, '0')" | format(longest, longest)) }} as first_digits
    from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status <> 'canceled' and to_number like '+%'

),

-- The time zones of a number are those of the longest prefix that it begins with; as numbers they are compared in half
-- the time.
sends as (

    select
        numbered.*,
        coalesce(
            {%- for length in range(longest, 0, -1) %}
            prefixes_{{ length }}.time_zone_group{{ "," if not loop.last }}
            {%- endfor %}
        ) as time_zone_group
    from numbered
    {%- for length in range(longest, 0, -1) %}
    left join prefixes as prefixes_{{ length }}
        on
            {{ whole_quotient('numbered.first_digits', 10 ** (longest - length)) }}
            = prefixes_{{ length }}.prefix_number
            and prefixes_{{ length }}.prefix_length = {{ length }}
    {%- endfor %}

),

-- What the clocks showed is asked once for all sends of a quarter of an hour: since 2000 all zones differ from UTC by
-- whole quarters, and change by them.
quarter_hours as (

    select
        time_zone_group,
        quarter_hour,
        min(sent_at) as a_sent_at
    from sends
    group by time_zone_group, quarter_hour

),

local_times as (

    select
        quarter_hours.time_zone_group,
        quarter_hours.quarter_hour,
        quarter_hours.a_sent_at,
        grouped_time_zones.time_zone,
        {{ local_timestamp('quarter_hours.a_sent_at', 'grouped_time_zones.time_zone') }} as local_at
    from quarter_hours
    inner join grouped_time_zones
        on quarter_hours.time_zone_group = grouped_time_zones.time_zone_group

),

-- A number that can be in several zones counts only where it is outside the hours in all of them; the zone with the
-- earliest time stands for them.
quiet as (

    select
        *,
        count(*) over (partition by time_zone_group, quarter_hour) as time_zone_count,
        bool_and(
            extract(hour from local_at) < {{ var('first_sending_hour') }}
            or extract(hour from local_at) >= {{ var('end_of_sending_hour') }}
        ) over (partition by time_zone_group, quarter_hour) as is_quiet
    from local_times
    qualify
        is_quiet
        and row_number() over (
            partition by time_zone_group, quarter_hour
            order by local_at, time_zone
        ) = 1

)

select
    sends.send_id,
    sends.message_id,
    sends.customer_id,
    sends.to_number as number,
    sends.country_code,
    quiet.time_zone,
    quiet.time_zone_count,
    substr(cast(quiet.local_at + (sends.sent_at - quiet.a_sent_at) as string), 12, 8) as local_time,
    sends.sent_at
from sends
inner join quiet
    on sends.time_zone_group = quiet.time_zone_group and sends.quarter_hour = quiet.quarter_hour
-- Digits with letters behind them are no number.
where {{ is_digits('sends.to_number') }}
