-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='append') }}

{#- The carriers' logs; each has a source and a staging model, and all give the same columns. -#}
{%- set logs = [
    ('aws', 'delivery_logs'),
    ('aws', 'messaging_events'),
    ('aws', 'pinpoint_events'),
    ('aws', 'sms_usage'),
    ('bandwidth', 'callbacks'),
    ('bandwidth', 'messages'),
    ('bird', 'messages'),
    ('infobip', 'delivery_reports'),
    ('plivo', 'message_records'),
    ('sinch', 'delivery_reports'),
    ('telnyx', 'message_records'),
    ('twilio', 'messages'),
    ('twilio', 'status_callbacks'),
    ('vonage', 'delivery_receipts'),
    ('vonage', 'inbound_messages'),
    ('vonage', 'reports'),
] -%}
{%- set columns = [
    'provider_message_id', 'part', 'is_outbound', 'channel', 'message_id', 'from_number', 'to_number', 'recipient',
    'body', 'status', 'error_code', 'error_code_space', 'error_message', 'segment_count', 'price', 'currency_code',
    'sent_at', 'event_at', 'status_at', 'updated_at', 'rejection_reason', 'record', 'file', 'content_hash',
    'extract_number', 'line_number',
] -%}

-- A row that is outbound tells of a status, and of a send where it has the time of the send; any other is a reply.
-- A table, since five models read it: to plan a query over all logs takes longer than to read one.

{%- for source, table in logs %}
{{ "union all" if not loop.first }}

select
    '{{ source }}' as source,
    '{{ table }}' as table_name,
    {{ column_list(columns) }}
from {{ ref('stg_' ~ source ~ '__' ~ table) }}
where {{ is_new('extract_number', 'extract_number') }}
{%- endfor %}
