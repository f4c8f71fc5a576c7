-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ replace_sends(ref('int_sends_before')) }}",
        "{{ keep_join_sides() }}",
        "{{ start_with_first_part(ref('int_sends_unioned')) }}"
    ],
    post_hook=["{{ insert_other_parts(sql) }}", "{{ choose_join_sides() }}"]
) }}

{{ also_depends_on(['int_sends_before', 'int_sends_after', 'int_sends_replied']) }}

-- Rows lie in the order in which extracts bring them, which is about that of sent_at: a scan for some days skips the
-- others.

with sends as (

    {%- if is_full_build() %}

    select * from {{ ref('int_sends_replied') }}

    {%- else %}

    select * from {{ ref('int_sends_after') }}
    {%- endif %}

)

select
    send_id,
    message_id,
    customer_id,
    message_version_id,
    series_id,
    node_id,
    company_id,
    customer_external_id,
    provider_message_id,
    issue_reason_id,
    channel,
    sent_title,
    series_title,
    customer_name,
    customer_email,
    provider,
    to_number,
    from_number,
    delivery_status,
    provider_error_code,
    encoding,
    segment_count,
    computed_segment_count,
    price,
    currency_code,
    delivery_seconds,
    has_conflicting_statuses,
    has_engaging_status,
    is_engaged,
    sent_date,
    sent_at,
    delivered_at,
    issue_at,
    opened_at,
    clicked_at,
    status_replied_at,
    replied_at,
    reacted_at,
    completed_at,
    dismissed_at,
    answered_at,
    goal_at,
    collected_email_at,
    button_tapped_at,
    status_unsubscribed_at,
    unsubscribed_at,
    hard_bounced_at,
    soft_bounced_at,
    spam_complaint_at,
    is_carrier_log,
    source,
    table_name
from sends
