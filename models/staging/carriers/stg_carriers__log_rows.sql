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
    'recipients', 'body', 'status', 'error_code', 'error_code_space', 'error_message', 'segment_count', 'price', 'currency_code',
    'sent_at', 'event_at', 'status_at', 'updated_at', 'rejection_reason', 'record', 'file', 'content_hash',
    'extract_number', 'line_number',
] -%}
{%- set persons = ['from_number', 'to_number', 'recipient'] %}

-- A row that is outbound tells of a status, and of a send where it has the time of the send; any other is a reply.
-- A table, since five models read it: to plan a query over all logs takes longer than to read one.

with log_rows as (
    {%- for source, table in logs %}
    {{ "union all" if not loop.first }}

    select
        '{{ source }}' as source,
        '{{ table }}' as table_name,
        {{ column_list(columns, indent=8) }},
        segment_count_text,
        price_text
    from {{ ref('stg_' ~ source ~ '__' ~ table) }}
    where {{ is_new('extract_number', 'extract_number') }}
    {%- endfor %}

),

numbers as (

    select * from {{ ref('stg_pipeline__numbers') }}

)

-- A number that was too old to be kept is back with a newer row of it.
select
    log_rows.source,
    log_rows.table_name,
    {%- for column in columns %}
    {%- if column in persons %}
    coalesce({{ column }}s.number, log_rows.{{ column }}) as {{ column }},
    {%- else %}
    log_rows.{{ column }},
    {%- endif %}
    {%- endfor %}
    {{ is_unusable_count('log_rows.segment_count_text', 'log_rows.segment_count') }} as has_unusable_segment_count,
    log_rows.price_text is not null and log_rows.price is null as has_unusable_price
from log_rows
{%- for column in persons %}
left join numbers as {{ column }}s
    on log_rows.{{ column }} = {{ column }}s.pseudonym
{%- endfor %}
