{#- Times. Everything is kept as UTC in columns of type timestamp. -#}

{%- macro utc_timestamp(text) -%}
    {#- An ISO 8601 text as UTC; without an offset it is UTC already. Null where it is no time.
        A plain cast to timestamp would drop the offset. -#}
    {{ return(adapter.dispatch('utc_timestamp', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__utc_timestamp(text) -%}
    {#- The first branch is that of nearly every row, at a third of the cost. #}
    case
        when ends_with({{ text }}, 'Z') and not contains({{ text }}, ' ') then coalesce(
            try_cast({{ text }} as timestamp), timezone('UTC', try_strptime({{ text }}, '%Y%m%dT%H%M%S%z'))
        )
        else timezone('UTC', coalesce(
            try_cast(upper({{ text }}) as timestamptz), try_strptime({{ text }}, '%Y%m%dT%H%M%S%z')
        ))
    end
{%- endmacro -%}

{%- macro utc_timestamp_or_rfc_2822(text) -%}
    {#- As utc_timestamp, and also RFC 2822 ("Thu, 24 Aug 2023 05:01:45 +0000"), as carriers' REST APIs write it. -#}
    {{ return(adapter.dispatch('utc_timestamp_or_rfc_2822', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__utc_timestamp_or_rfc_2822(text) -%}
    timezone('UTC', coalesce(
        try_cast(upper({{ text }}) as timestamptz),
        try_strptime(
            regexp_replace({{ text }}, '\s(?:GMT|UTC|Z)$', ' +0000'),
            ['%a, %d %b %Y %H:%M:%S %z', '%d %b %Y %H:%M:%S %z', '%Y-%m-%d %H:%M:%S %z', '%Y%m%dT%H%M%S%z']
        )
    ))
{%- endmacro -%}

{%- macro carrier_timestamp(text) -%}
    {#- A time as carriers' logs have it: as utc_timestamp_or_rfc_2822, with white space before the offset, or as seconds,
        milliseconds or microseconds since 1970. -#}
    {{ return(adapter.dispatch('carrier_timestamp', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__carrier_timestamp(text) -%}
    case
        when regexp_full_match({{ text }}, '[0-9]{9,10}(\.[0-9]+)?')
            then make_timestamp(cast(round(try_cast({{ text }} as decimal(28, 6)) * 1000000) as bigint))
        when regexp_full_match({{ text }}, '[0-9]{13}(\.[0-9]+)?')
            then make_timestamp(cast(round(try_cast({{ text }} as decimal(28, 6)) * 1000) as bigint))
        when regexp_full_match({{ text }}, '[0-9]{16}') then make_timestamp(try_cast({{ text }} as bigint))
        else coalesce(
            {{ utc_timestamp_or_rfc_2822(text) }},
            timezone('UTC', try_cast(
                regexp_replace({{ text }}, '\s+([+-][0-9]{2}:?[0-9]{2})(\s+(UTC|GMT|Z))?$', '\1') as timestamptz
            ))
        )
    end
{%- endmacro -%}

{%- macro receipt_minute(text) -%}
    {#- The minute in a receipt of the form YYMMDDhhmm, as SMPP has it: no seconds, and in no zone that it names. Taken for UTC. -#}
    {{ return(adapter.dispatch('receipt_minute', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__receipt_minute(text) -%}
    case when regexp_full_match({{ text }}, '[0-9]{10}') then try_strptime({{ text }}, '%y%m%d%H%M') end
{%- endmacro -%}

{%- macro local_date(timestamp, zone) -%}
    {#- The day, in an IANA zone, of a UTC timestamp. -#}
    {{ return(adapter.dispatch('local_date', 'outbound_sms')(timestamp, zone)) }}
{%- endmacro -%}

{%- macro duckdb__local_date(timestamp, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ timestamp }})) as date)
{%- endmacro -%}

{%- macro seconds_between(earlier, later) -%}
    {#- Seconds from one timestamp to another, to the microsecond; negative where `later` is earlier. -#}
    {{ return(adapter.dispatch('seconds_between', 'outbound_sms')(earlier, later)) }}
{%- endmacro -%}

{%- macro duckdb__seconds_between(earlier, later) -%}
    ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0::double)
{%- endmacro -%}

{%- macro add_days(timestamp, days) -%}
    {{ return(adapter.dispatch('add_days', 'outbound_sms')(timestamp, days)) }}
{%- endmacro -%}

{%- macro duckdb__add_days(timestamp, days) -%}
    ({{ timestamp }} + to_hours(24 * ({{ days }})))
{%- endmacro -%}

{%- macro add_hours(timestamp, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'outbound_sms')(timestamp, hours)) }}
{%- endmacro -%}

{%- macro duckdb__add_hours(timestamp, hours) -%}
    ({{ timestamp }} + to_hours({{ hours }}))
{%- endmacro -%}

{%- macro add_milliseconds(timestamp, milliseconds) -%}
    {{ return(adapter.dispatch('add_milliseconds', 'outbound_sms')(timestamp, milliseconds)) }}
{%- endmacro -%}

{%- macro duckdb__add_milliseconds(timestamp, milliseconds) -%}
    ({{ timestamp }} + to_milliseconds({{ milliseconds }}))
{%- endmacro -%}
