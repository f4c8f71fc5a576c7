{#- Times. Everything is kept as UTC in columns of type timestamp. -#}

{%- macro date_pattern() -%}
    {#- A date of ISO 8601, extended or basic, as a regular expression; also with slashes and without leading zeros. -#}
    {{ return('[0-9]{4}(?:[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{4})') }}
{%- endmacro -%}

{%- macro offset_pattern() -%}
    {#- An offset from UTC as a regular expression; none is of more than 14 hours. -#}
    {{ return('[+-](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?)') }}
{%- endmacro -%}

{%- macro hours_beyond_offsets() -%}
    {#- Four digits that are no hours and minutes of such an offset, as a regular expression. -#}
    {{ return('14(?:0[1-9]|[1-9][0-9])|(?:1[5-9]|[2-9][0-9])[0-9]{2}|[0-9]{2}[6-9][0-9]') }}
{%- endmacro -%}

{%- macro utc_timestamp(text) -%}
    {#- An ISO 8601 text, extended or basic, as UTC; without Z, UTC, GMT or an offset it is UTC already. Null where it is no time, and where
        another word names the zone: BST, CST and IST each are several. A plain cast to timestamp would drop the offset. -#}
    {{ return(adapter.dispatch('utc_timestamp', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__utc_timestamp(text) -%}
    {%- set extended -%}
        regexp_replace(
            regexp_replace(upper({{ text }}), '^([0-9]{4})([0-9]{2})([0-9]{2})', '\1-\2-\3'),
            '^([-0-9]{10})[T ]([0-9]{2})([0-9]{2})([0-9]{2})?', '\1T\2:\3:\4'
        )
    {%- endset -%}
    {#- The offset without the space before it; the second that a basic time may lack; the decimal comma. -#}
    {%- set castable -%}
        replace(replace(regexp_replace(
            regexp_replace({{ extended }}, '\s*(?:Z|UTC|GMT)$', '+00'), '\s+([+-][0-9:]+)(?:\+00)?$', '\1'
        ), ':+', ':00+'), ',', '.')
    {%- endset -%}
    {#- The first branch is that of nearly every row, at a third of the cost. #}
    case
        when ends_with({{ text }}, 'Z') and strlen({{ text }}) in (20, 24, 27) and not contains({{ text }}, ',')
            then try_cast({{ text }} as timestamp)
        when regexp_full_match(
            {{ text }}, '(?i){{ date_pattern() }}(?:[T ][0-9:.,]+)?\s*(?:Z|UTC|GMT|{{ offset_pattern() }}(?:\s+(?:Z|UTC|GMT))?)?'
        )
            then timezone('UTC', try_cast({{ castable }} as timestamptz))
    end
{%- endmacro -%}

{%- macro spark__utc_timestamp(text) -%}
    {#- Of all spellings one is made: signs between digits, seconds, an offset of hours and minutes. -#}
    {%- set space, zone, day = '[\\t\\n\\f\\r ]', 'Z|UTC|GMT', '^([0-9]+-[0-9]+-[0-9]+)' -%}
    {%- set is_plain = "%s like '%%Z' and octet_length(%s) in (20, 24, 27)" | format(text, text) -%}
    {%- set spelled = namespace(text="replace(case when %s then %s else upper(%s) end, ',', '.')" | format(is_plain, text, text)) -%}
    {%- for pattern, replacement in [
        (space ~ '*(?:' ~ zone ~ ')\\z', ' '),
        ('^([0-9]{4})([0-9]{2})([0-9]{2})', '\\1-\\2-\\3'),
        ('^([-0-9]{10})[T ]([0-9]{2})([0-9]{2})([0-9]{2})?', '\\1T\\2:\\3:\\4'),
        ('^([0-9]+)/([0-9]+)/', '\\1-\\2-'),
        (day ~ '\\z', '\\1T00:00:00'),
        (day ~ ' ([0-9])', '\\1T\\2'),
        (day ~ 'T([0-9]{1,2}:[0-9]{1,2}):?(' ~ space ~ '*|' ~ space ~ '*[+-][0-9:]+ ?)\\z', '\\1T\\2:00\\3'),
        (space ~ '*([+-][0-9]{2}) ?\\z', '\\1:00'),
        (space ~ '*([+-][0-9]{2}):?([0-9]{2}) ?\\z', '\\1:\\2'),
    ] -%}
        {%- set spelled.text = replaced(spelled.text, pattern, replacement, is_once=true) -%}
    {%- endfor -%}
    case
        when {{ matches_whole(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\\.[0-9]{3}|\\.[0-9]{6})?Z') }}
            then try_cast({{ text }} as timestamp)
        when {{ matches_whole(
            text, '(?i)' ~ date_pattern() ~ '(?:[T ][0-9:.,]+)?' ~ space ~ '*(?:' ~ zone ~ '|' ~ offset_pattern() ~ '(?:' ~ space ~ '+(?:' ~ zone ~ '))?)?'
        ) }}
            then {{ spark__spelled_timestamp(spelled.text) }}
    end
{%- endmacro -%}

{%- macro spark__spelled_timestamp(text) -%}
    {#- 24:00:00 is midnight. -#}
    case
        when {{ matches(text, 'T24:00:00(?:\\.0*)?(?: |[+-][0-9:]+)?\\z') }}
            then try_cast(replace({{ text }}, 'T24:', 'T00:') as timestamp) + interval '1' day
        when {{ matches(text, 'T[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\\.[0-9]*)?(?: |[+-][0-9]{2}:[0-9]{2})?\\z') }}
            then try_cast({{ text }} as timestamp)
    end
{%- endmacro -%}

{%- macro carrier_timestamp(text) -%}
    {#- A time as carriers' logs have it: as utc_timestamp, as RFC 2822 ("Thu, 24 Aug 2023 05:01:45 +0000"), or as seconds, milliseconds or
        microseconds since 1970. -#}
    {{ return(adapter.dispatch('carrier_timestamp', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__carrier_timestamp(text) -%}
    case
        when regexp_full_match({{ text }}, '[0-9]{9,10}(\.[0-9]{1,9})?')
            then make_timestamp(cast(round(try_cast({{ text }} as decimal(28, 9)) * 1000000) as bigint))
        when regexp_full_match({{ text }}, '[0-9]{13}(\.[0-9]{1,9})?')
            then make_timestamp(cast(round(try_cast({{ text }} as decimal(28, 9)) * 1000) as bigint))
        when regexp_full_match({{ text }}, '[0-9]{16}') then make_timestamp(try_cast({{ text }} as bigint))
        when regexp_matches({{ text }}, ':[0-9]{2} [+-](?:{{ hours_beyond_offsets() }})$') then null
        when regexp_matches({{ text }}, '^[A-Za-z]{3},|^[0-9]{1,2} [A-Za-z]{3} ') then timezone('UTC', try_strptime(
            regexp_replace({{ text }}, '\s(?:GMT|UTC|Z|[+-]0000)$', ' +0000'),
            ['%a, %d %b %Y %H:%M:%S %z', '%d %b %Y %H:%M:%S %z']
        ))
        else {{ duckdb__utc_timestamp(text) }}
    end
{%- endmacro -%}

{%- macro spark__carrier_timestamp(text) -%}
    {%- set seconds = "try_cast(%s as decimal(28, 9))" | format(text) -%}
    {%- set written = '^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9:]+) ([+-][0-9]{2}):?([0-9]{2})\\z' -%}
    {%- set with_offset = replaced(text, '[\\t\\n\\f\\r ](?:GMT|UTC|Z|[+-]0000)\\z', ' +0000', is_once=true) -%}
    {%- set month = "locate(lower(%s), 'janfebmaraprmayjunjulaugsepoctnovdec')"
        | format(replaced(with_offset, '(?i)' ~ written, '\\2', is_once=true)) -%}
    case
        when {{ matches_whole(text, '[0-9]{9,10}(\\.[0-9]{1,9})?') }}
            then timestamp_micros(cast(round({{ seconds }} * 1000000) as bigint))
        when {{ matches_whole(text, '[0-9]{13}(\\.[0-9]{1,9})?') }}
            then timestamp_micros(cast(round({{ seconds }} * 1000) as bigint))
        when {{ matches_whole(text, '[0-9]{16}') }} then timestamp_micros(try_cast({{ text }} as bigint))
        when {{ matches(text, ':[0-9]{2} [+-](?:' ~ hours_beyond_offsets() ~ ')\\z') }} then null
        when {{ matches(text, '^[A-Za-z]{3},|^[0-9]{1,2} [A-Za-z]{3} ') }}
            then case
                when {{ month }} % 3 = 1 then try_cast(
                    {{ replaced(with_offset, '(?i)' ~ written, '\\3-', is_once=true) }} || ({{ month }} + 2) div 3
                    || {{ replaced(with_offset, '(?i)' ~ written, '-\\1T\\4\\5:\\6', is_once=true) }} as timestamp
                )
            end
        else {{ spark__utc_timestamp(text) }}
    end
{%- endmacro -%}

{%- macro receipt_minute(text) -%}
    {#- The minute in a receipt of the form YYMMDDhhmm, as SMPP has it: no seconds, and in no zone that it names. Taken for UTC. -#}
    {{ return(adapter.dispatch('receipt_minute', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__receipt_minute(text) -%}
    case when regexp_full_match({{ text }}, '[0-9]{10}') then try_strptime({{ text }}, '%y%m%d%H%M') end
{%- endmacro -%}

{%- macro spark__receipt_minute(text) -%}
    case
        when {{ matches_whole(text, '[0-9]{10}') }}
            then try_cast(case when {{ text }} < '69' then '20' else '19' end || {{ replaced(text, '^(..)(..)(..)(..)(..)', '\\1-\\2-\\3 \\4:\\5:00', is_once=true) }} as timestamp)
    end
{%- endmacro -%}

{%- macro local_timestamp(timestamp, zone) -%}
    {#- What the clocks of an IANA zone show at a UTC timestamp. -#}
    {{ return(adapter.dispatch('local_timestamp', 'outbound_sms')(timestamp, zone)) }}
{%- endmacro -%}

{%- macro duckdb__local_timestamp(timestamp, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ timestamp }}))
{%- endmacro -%}

{%- macro spark__local_timestamp(timestamp, zone) -%}
    from_utc_timestamp({{ timestamp }}, {{ zone }})
{%- endmacro -%}

{%- macro quarter_hour(timestamp) -%}
    {#- The quarter of an hour of a UTC timestamp, as their number since 1970. -#}
    {{ return(adapter.dispatch('quarter_hour', 'outbound_sms')(timestamp)) }}
{%- endmacro -%}

{%- macro duckdb__quarter_hour(timestamp) -%}
    (epoch_us({{ timestamp }}) // 900000000)
{%- endmacro -%}

{%- macro spark__quarter_hour(timestamp) -%}
    (unix_micros({{ timestamp }}) div 900000000)
{%- endmacro -%}

{%- macro local_date(timestamp, zone) -%}
    {#- The day, in an IANA zone, of a UTC timestamp. -#}
    {{ return(adapter.dispatch('local_date', 'outbound_sms')(timestamp, zone)) }}
{%- endmacro -%}

{%- macro duckdb__local_date(timestamp, zone) -%}
    cast({{ duckdb__local_timestamp(timestamp, zone) }} as date)
{%- endmacro -%}

{%- macro spark__local_date(timestamp, zone) -%}
    cast({{ spark__local_timestamp(timestamp, zone) }} as date)
{%- endmacro -%}

{%- macro days_between(earlier, later) -%}
    {#- Days from one date to another; negative where `later` is earlier. -#}
    {{ return(adapter.dispatch('days_between', 'outbound_sms')(earlier, later)) }}
{%- endmacro -%}

{%- macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro spark__days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro -%}

{%- macro seconds_between(earlier, later) -%}
    {#- Seconds from one timestamp to another, to the microsecond; negative where `later` is earlier. -#}
    {{ return(adapter.dispatch('seconds_between', 'outbound_sms')(earlier, later)) }}
{%- endmacro -%}

{%- macro duckdb__seconds_between(earlier, later) -%}
    ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0::double)
{%- endmacro -%}

{%- macro spark__seconds_between(earlier, later) -%}
    ((unix_micros({{ later }}) - unix_micros({{ earlier }})) / 1000000D)
{%- endmacro -%}

{%- macro add_days(timestamp, days) -%}
    {{ return(adapter.dispatch('add_days', 'outbound_sms')(timestamp, days)) }}
{%- endmacro -%}

{%- macro duckdb__add_days(timestamp, days) -%}
    ({{ timestamp }} + to_hours(24 * ({{ days }})))
{%- endmacro -%}

{%- macro spark__add_days(timestamp, days) -%}
    ({{ timestamp }} + make_dt_interval(0, 24 * ({{ days }})))
{%- endmacro -%}

{%- macro add_days_to_date(date, days) -%}
    {{ return(adapter.dispatch('add_days_to_date', 'outbound_sms')(date, days)) }}
{%- endmacro -%}

{%- macro duckdb__add_days_to_date(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro -%}

{%- macro spark__add_days_to_date(date, days) -%}
    date_add({{ date }}, cast({{ days }} as integer))
{%- endmacro -%}

{%- macro add_hours(timestamp, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'outbound_sms')(timestamp, hours)) }}
{%- endmacro -%}

{%- macro duckdb__add_hours(timestamp, hours) -%}
    ({{ timestamp }} + to_hours({{ hours }}))
{%- endmacro -%}

{%- macro spark__add_hours(timestamp, hours) -%}
    ({{ timestamp }} + make_dt_interval(0, {{ hours }}))
{%- endmacro -%}

{%- macro add_milliseconds(timestamp, milliseconds) -%}
    {#- milliseconds: a whole number of `count_up_to`, so that no sum is out of range. -#}
    {{ return(adapter.dispatch('add_milliseconds', 'outbound_sms')(timestamp, milliseconds)) }}
{%- endmacro -%}

{%- macro duckdb__add_milliseconds(timestamp, milliseconds) -%}
    ({{ timestamp }} + to_milliseconds({{ milliseconds }}))
{%- endmacro -%}

{%- macro spark__add_milliseconds(timestamp, milliseconds) -%}
    timestamp_micros(unix_micros({{ timestamp }}) + 1000 * {{ milliseconds }})
{%- endmacro -%}

{%- macro days_from_to(first, last) -%}
    {#- Relation with a column `day`: every date from one to another, both included. -#}
    {{ return(adapter.dispatch('days_from_to', 'outbound_sms')(first, last)) }}
{%- endmacro -%}

{%- macro duckdb__days_from_to(first, last) -%}
    (select cast(day as date) as day from generate_series({{ first }}, {{ last }}, interval '1' day) as days(day))
{%- endmacro -%}

{%- macro spark__days_from_to(first, last) -%}
    (select explode(sequence({{ first }}, {{ last }}, interval 1 day)) as day)
{%- endmacro -%}
