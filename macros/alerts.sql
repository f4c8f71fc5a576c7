{#- What the deliverability alerts compare: the window, which is yesterday or the last ALERT_HOURS, with the same hours of each of the
    28 days before it. -#}

{%- macro alert_moments() -%}
    {#- Query: one row with the moments at which windows end, and the day of the window by which it is called. Sends are judged as of
        `shown`; whether they are unconfirmed as of `confirmed`, RECEIPT_TIMEOUT_HOURS earlier, since younger sends are pending still. -#}
    select
        alert_hours,
        as_of as shown_at,
        {{ add_hours('as_of', '-receipt_timeout_hours') }} as confirmed_at,
        {{ window_date('as_of') }} as shown_date,
        {{ window_date(add_hours('as_of', '-receipt_timeout_hours')) }} as confirmed_date
    from {{ ref('stg_pipeline__settings') }}
{%- endmacro -%}

{%- macro window_date(moment) -%}
    {{ add_days_to_date(local_date(moment, 'reporting_timezone'), 'case when alert_hours = 0 then -1 else 0 end') }}
{%- endmacro -%}

{%- macro days_before_window(moment) -%}
    {#- Days by which a send lies before the window, 0 for one in it; null where it is in none of the hours that are compared, negative
        where it is later. In a query over `sends` and `moments`; moment: shown or confirmed. -#}
    {%- set seconds = seconds_between('sends.sent_at', 'moments.' ~ moment ~ '_at') -%}
    {%- set days = 'floor(' ~ seconds ~ ' / 86400)' -%}
    case
        when moments.alert_hours = 0 then {{ days_between('sends.sent_date', 'moments.' ~ moment ~ '_date') }}
        when {{ seconds }} - 86400 * {{ days }} < 3600 * moments.alert_hours then cast({{ days }} as integer)
    end
{%- endmacro -%}

{%- macro alert_sends(days) -%}
    {#- Query: the SMS of the last days that alerts are told from, and where each lies beside the windows. In a query over `moments`;
        days: before the earlier of the two moments. -#}
    select
        sends.send_id,
        sends.customer_id,
        sends.provider,
        sends.country_code,
        sends.from_number,
        sends.message_id,
        sends.delivery_status,
        sends.issue_reason_id,
        sends.delivery_seconds,
        sends._first_opt_out_at is not null as is_opted_out,
        {{ days_before_window('shown') }} as days_before,
        {{ days_before_window('confirmed') }} as confirmed_days_before
    from {{ ref('fct_sends') }} as sends
    cross join moments
    where
        sends.channel = 'sms'
        and sends.delivery_status <> 'canceled'
        and sends.sent_at > {{ add_days('moments.confirmed_at', -days) }}
{%- endmacro -%}

{%- macro in_segments(relation) -%}
    {#- Query: each row of a relation once for all SMS, and once for its provider, country, sender and message, where it has one. -#}
    select * from (
        select
            rows_of_sends.*,
            dimensions.dimension,
            case dimensions.dimension
                when 'all' then ''
                when 'provider' then rows_of_sends.provider
                when 'country' then rows_of_sends.country_code
                when 'sender' then rows_of_sends.from_number
                else rows_of_sends.message_id
            end as segment
        from {{ relation }} as rows_of_sends
        cross join (values ('all'), ('provider'), ('country'), ('sender'), ('message')) as dimensions (dimension)
    ) as in_dimensions
    where segment is not null
{%- endmacro -%}
