-- noqa: disable=layout.indent

{{ config(materialized='view') }}

{%- set times = engagement_times() %}

with sends as (

    select * from {{ ref('int_sends_deduplicated') }}
    where {{ is_of_part('send_id') }}

),

states as (

    select * from {{ ref('int_send_states') }}
    where {{ is_of_part('send_id') }}

),

engagements as (

    select * from {{ ref('int_send_engagements') }}
    where {{ is_of_part('send_id') }}

),

issues as (

    select * from {{ ref('int_send_issues') }}
    where {{ is_of_part('send_id') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

delivery as (

    select
        sends.*,
        coalesce(states.has_delivered_status, false)
        or coalesce(engagements.has_delivered_status, false) as has_delivered_status,
        engagements.has_issue_status,
        least(states.delivered_at, engagements.delivered_at) as delivered_at,
        engagements.has_engaging_status,
        {%- for column in times.values() %}
        engagements.{{ column }},
        {%- endfor %}
        issues.issue_reason_id,
        issues.error_code,
        issues.latest_issue_at,
        {{ delivery_status('sends.sent_at') }} as delivery_status,
        {{ local_date('sends.sent_at', 'settings.reporting_timezone') }} as sent_date
    from sends
    cross join settings
    left join states
        on sends.send_id = states.send_id
    left join engagements
        on sends.send_id = engagements.send_id
    left join issues
        on sends.send_id = issues.send_id

)

select
    send_id,
    message_id,
    customer_id,
    channel,
    message_title as sent_title,
    message_version_id,
    series_id,
    series_title,
    node_id,
    customer_external_id,
    customer_name,
    customer_email,
    company_id,
    provider,
    provider_message_id,
    to_number,
    from_number,
    encoding,
    coalesce(reported_segment_count, computed_segment_count) as segment_count,
    computed_segment_count,
    price,
    currency_code,
    delivery_status,
    case when delivery_status = 'issue' then issue_reason_id end as issue_reason_id,
    case when delivery_status = 'issue' then error_code end as provider_error_code,
    case when delivery_status = 'issue' then latest_issue_at end as issue_at,
    coalesce(has_delivered_status and has_issue_status, false) as has_conflicting_statuses,
    coalesce(has_engaging_status, false) as has_engaging_status,
    sent_at,
    sent_date,
    delivered_at,
    case
        when delivered_at is null then null
        else greatest(0, {{ seconds_between('sent_at', 'delivered_at') }})
    end as delivery_seconds,
    {%- for column in times.values() %}
    {{ column }},
    {%- endfor %}
    is_carrier_log,
    source,
    table_name
from delivery
