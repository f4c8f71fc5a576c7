-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    post_hook="delete from {{ this }} where send_count = 0"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- A build that adds to what is there adds the difference: of the sends that changed, and of those that came into or
-- left one of the windows since the last as-of moment.

{%- set windows = [7, 28, 90] %}
{%- set counts = [
    'received_7_days_count', 'received_28_days_count', 'received_90_days_count', 'sms_received_7_days_count',
    'sms_received_28_days_count', 'sms_received_90_days_count', 'send_count',
] %}
{%- set is_in_window =
    "delivery_status = 'delivered' and sent_at > " ~ add_days('as_of', '-window_days') ~ " and sent_at <= as_of"
%}

{%- if execute and not is_full_build() %}
{#- The days, with one to spare for the zone, on which sends came into a window or left it: scans skip all others. -#}
{%- set moments = run_query(
    "select least(previous_as_of, as_of), greatest(previous_as_of, as_of) from " ~ ref('stg_pipeline__settings')
).rows[0] %}
{%- set passed_days = [] %}
{%- for window in [0] + windows %}
{%- for day in range(-window - 1, (moments[1].date() - moments[0].date()).days - window + 2) %}
{%- do passed_days.append("date '" ~ (moments[0].date() + modules.datetime.timedelta(days=day)) ~ "'") %}
{%- endfor %}
{%- endfor %}
{%- endif %}

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

sends as (

    {%- if is_full_build() %}

    select
        sends.customer_id,
        sends.channel,
        sends.delivery_status,
        sends.sent_at,
        settings.as_of,
        1 as change,
        1 as send_change
    from {{ ref('fct_sends') }} as sends
    cross join settings

    {%- else %}

    select
        changes.customer_id,
        changes.channel,
        changes.delivery_status,
        changes.sent_at,
        case when changes.change = 1 then settings.as_of else settings.previous_as_of end as as_of,
        changes.change,
        changes.change as send_change
    from {{ ref('int_send_changes') }} as changes
    cross join settings

    union all

    select
        sends.customer_id,
        sends.channel,
        sends.delivery_status,
        sends.sent_at,
        case when sides.change = 1 then settings.as_of else settings.previous_as_of end as as_of,
        sides.change,
        0 as send_change
    from {{ ref('fct_sends') }} as sends
    cross join settings
    cross join (select 1 as change union all select -1 as change) as sides
    where
        settings.as_of <> settings.previous_as_of
        and sends.sent_date in ({{ passed_days | join(', ') }})
        and sends.send_id not in (select send_id from {{ ref('int_send_changes') }})
        and (
            {%- for days in [0] + windows %}
            {{ "or " if not loop.first }}(
                sends.sent_at > {{ add_days('least(settings.as_of, settings.previous_as_of)', -days) }}
                and sends.sent_at <= {{ add_days('greatest(settings.as_of, settings.previous_as_of)', -days) }}
            )
            {%- endfor %}
        )
    {%- endif %}

),

counted as (

    select
        customer_id,
        {%- for prefix, condition in [('', ''), ('sms_', " and channel = 'sms'")] %}
        {%- for days in windows %}
        cast(sum(
            case when {{ is_in_window | replace('window_days', days) }}{{ condition }} then change else 0 end
        ) as bigint) as {{ prefix }}received_{{ days }}_days_count,
        {%- endfor %}
        {%- endfor %}
        cast(sum(send_change) as bigint) as send_count
    from sends
    group by customer_id

),

{%- if not is_full_build() %}

added as (

    select
        counted.customer_id,
        {%- for name in counts %}
        counted.{{ name }} + coalesce(known.{{ name }}, 0) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from counted
    left join {{ existing('rpt_customer_contacts') }} as known
        on counted.customer_id = known.customer_id

)
{%- else %}

added as (

    select * from counted

)
{%- endif %}

select
    added.customer_id,
    added.received_7_days_count,
    added.received_28_days_count,
    added.received_90_days_count,
    added.sms_received_7_days_count,
    added.sms_received_28_days_count,
    added.sms_received_90_days_count,
    added.send_count,
    added.received_7_days_count >= settings.over_messaged_count as is_over_messaged
from added
cross join settings
