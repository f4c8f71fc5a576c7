-- noqa: disable=layout.indent

{# The product's metrics in its order; of those that are not in `told` nothing is known here, and they stay empty. #}
{% set metrics = [
    'reply', 'completion', 'goal_success', 'tour_step_failure', 'tour_step_view', 'reaction', 'open', 'click',
    'dismissal', 'collected_email', 'unsubscribe', 'hard_bounce', 'spam_complaint', 'permission_grant', 'button_tap',
    'screen_view', 'webhook_failure', 'sms_failure', 'whatsapp_failure', 'push_failure', 'answer', 'keyword_reply',
    'people_reached_receipt', 'checklist_step_receipt', 'checklist_step_open', 'checklist_step_click',
    'checklist_step_completion', 'fin_helpful_answer', 'fin_step_reached', 'email_failure',
] %}
{% set told = [
    'reply', 'completion', 'goal_success', 'reaction', 'open', 'click', 'dismissal', 'collected_email', 'unsubscribe',
    'hard_bounce', 'spam_complaint', 'button_tap', 'sms_failure', 'whatsapp_failure', 'push_failure', 'answer',
    'keyword_reply', 'email_failure',
] %}
{% set without_rate = ['tour_step_view', 'keyword_reply'] %}

with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

message_customers as (

    select
        message_id,
        count(*) as send_count,
        max(sent_at) as last_sent_at
    from sends
    group by message_id, customer_id

),

receipts as (

    select
        message_id,
        cast(sum(send_count) as bigint) as receipt_total,
        count(*) as receipt_unique,
        max(last_sent_at) as last_sent_at
    from message_customers
    group by message_id

),

-- Counted in steps, first of a send, then of a customer, since many distinct counts at once need far more memory.
event_sends as (

    select
        _message_id,
        _customer_id,
        event,
        count(*) as event_count
    from {{ ref('export_messaging_data_events') }}
    group by _message_id, _customer_id, receipt_id, event

),

event_customers as (

    select
        _message_id,
        event,
        sum(event_count) as event_count,
        count(*) as send_count
    from event_sends
    group by _message_id, _customer_id, event

),

happened as (

    select
        _message_id as message_id,
        {%- for metric in told %}
        cast(sum(case when event = '{{ metric }}' then event_count end) as bigint) as {{ metric }}_total,
        sum(case when event = '{{ metric }}' then 1 end) as {{ metric }}_unique,
        sum(case when event = '{{ metric }}' then send_count end) as {{ metric }}_send_count{{ "," if not loop.last }}
        {%- endfor %}
    from event_customers
    group by _message_id

)

-- The 105 columns of the product's export, in its order. A rate is receipts with the event over all receipts.
select
    receipts.message_id as ruleset_id,
    cast(null as timestamp) as created_at,
    cast(null as string) as audience_type,
    messages.message_title as content_title,
    cast(null as string) as content_id,
    messages.channel as content_type,
    coalesce(messages.series_id, '-1') as series_id,
    messages.series_title,
    cast(null as string) as state,
    receipts.last_sent_at,
    cast(null as string) as last_state_change_by,
    cast(null as timestamp) as last_state_change_at,
    cast(null as string) as last_edited_by,
    cast(null as timestamp) as last_edited_at,
    cast(null as string) as url,
    receipts.receipt_total,
    receipts.receipt_unique,
    {%- for metric in metrics %}
    {%- set last = loop.last %}
    {%- if metric in told %}
    cast(coalesce(happened.{{ metric }}_total, 0) as bigint) as {{ metric }}_total,
    cast(coalesce(happened.{{ metric }}_unique, 0) as bigint) as {{ metric }}_unique
    {%- else %}
    cast(null as bigint) as {{ metric }}_total,
    cast(null as bigint) as {{ metric }}_unique
    {%- endif %}
    {%- if metric not in without_rate %},
    {%- if metric in told %}
    coalesce(happened.{{ metric }}_send_count, 0) / receipts.receipt_total as {{ metric }}_rate
    {%- else %}
    cast(null as double) as {{ metric }}_rate
    {%- endif %}
    {%- endif %}
    {{- "," if not last }}
    {%- endfor %}
from receipts
left join messages
    on receipts.message_id = messages.message_id
left join happened
    on receipts.message_id = happened.message_id
