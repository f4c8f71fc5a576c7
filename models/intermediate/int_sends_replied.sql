-- noqa: disable=layout.indent,structure.column_order,references.keywords

{{ config(materialized='view') }}

{{ also_depends_on(['int_sends_before', 'int_changed_sends', 'stg_pipeline__touched_keys']) }}

-- Sends with what their replies say, as fct_sends holds them: all, or those that this build writes anew.

{%- set columns = [
    'send_id', 'message_id', 'customer_id', 'message_version_id', 'series_id', 'node_id', 'company_id',
    'customer_external_id', 'provider_message_id', 'issue_reason_id', 'channel', 'sent_title', 'series_title',
    'customer_name', 'customer_email', 'provider', 'to_number', 'from_number', 'delivery_status',
    'provider_error_code', 'encoding', 'segment_count', 'computed_segment_count', 'price', 'currency_code', 'delivery_seconds', 'has_conflicting_statuses',
    'has_engaging_status', 'sent_date', 'sent_at', 'delivered_at', 'issue_at', 'opened_at', 'clicked_at', 'reacted_at',
    'completed_at', 'dismissed_at', 'answered_at', 'goal_at', 'collected_email_at', 'button_tapped_at', 'hard_bounced_at',
    'soft_bounced_at', 'spam_complaint_at', 'is_carrier_log', 'source', 'table_name',
] %}

with sends as (

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        replied_at as status_replied_at,
        unsubscribed_at as status_unsubscribed_at
    from {{ ref('int_sends_stated') }}
    {%- if not is_full_build() %}

    union all

    -- Sends that were not touched, but whose replies changed.
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        status_replied_at,
        status_unsubscribed_at
    from {{ ref('int_sends_before') }}
    where not is_touched
    {%- endif %}

),

replies as (

    select * from {{ ref('fct_replies') }}
    where
        send_id is not null
        and {{ is_of_part('send_id') }}
        {%- if not is_full_build() %}
        and send_id in (
            select key from {{ ref('stg_pipeline__touched_keys') }}
            union all
            select send_id from {{ ref('int_changed_sends') }}
        )
        {%- endif %}

),

replies_of_sends as (

    select
        send_id,
        min(received_at) as replied_at,
        min(case when is_opt_out then received_at end) as opted_out_at,
        bool_or(not is_opt_out) as has_engaging_reply
    from replies
    group by send_id

)

select
    sends.send_id,
    sends.message_id,
    sends.customer_id,
    sends.message_version_id,
    sends.series_id,
    sends.node_id,
    sends.company_id,
    sends.customer_external_id,
    sends.provider_message_id,
    sends.issue_reason_id,
    sends.channel,
    sends.sent_title,
    sends.series_title,
    sends.customer_name,
    sends.customer_email,
    sends.provider,
    sends.to_number,
    sends.from_number,
    sends.delivery_status,
    sends.provider_error_code,
    sends.encoding,
    sends.segment_count,
    sends.computed_segment_count,
    sends.price,
    sends.currency_code,
    sends.delivery_seconds,
    sends.has_conflicting_statuses,
    sends.has_engaging_status,
    sends.has_engaging_status or coalesce(replies_of_sends.has_engaging_reply, false) as is_engaged,
    sends.sent_date,
    sends.sent_at,
    sends.delivered_at,
    sends.issue_at,
    sends.opened_at,
    sends.clicked_at,
    sends.status_replied_at,
    least(sends.status_replied_at, replies_of_sends.replied_at) as replied_at,
    sends.reacted_at,
    sends.completed_at,
    sends.dismissed_at,
    sends.answered_at,
    sends.goal_at,
    sends.collected_email_at,
    sends.button_tapped_at,
    sends.status_unsubscribed_at,
    least(sends.status_unsubscribed_at, replies_of_sends.opted_out_at) as unsubscribed_at,
    sends.hard_bounced_at,
    sends.soft_bounced_at,
    sends.spam_complaint_at,
    sends.is_carrier_log,
    sends.source,
    sends.table_name
from sends
left join replies_of_sends
    on sends.send_id = replies_of_sends.send_id
