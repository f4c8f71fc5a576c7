-- noqa: disable=layout.indent

{% set events = {
    'opened': 'open',
    'clicked': 'click',
    'replied': 'reply',
    'reacted': 'reaction',
    'completed': 'completion',
    'dismissed': 'dismissal',
    'answered': 'answer',
    'goal_success': 'goal_success',
    'collected_email': 'collected_email',
    'button_tapped': 'button_tap',
    'unsubscribed': 'unsubscribe',
    'hard_bounced': 'hard_bounce',
    'soft_bounced': 'soft_bounce',
    'spam_complaint': 'spam_complaint',
} %}

with sends as {{ inlined() }} (

    select * from {{ ref('fct_sends') }}

),

replies as {{ inlined() }} (

    select * from {{ ref('fct_replies') }}
    where send_id is not null

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

),

status_events as (

    {{ statuses_of_sends(ref('int_status_events'), 'sends', ['status', 'occurred_at'], can_name_sends=true) }}

),

-- What two sources tell of the same moment is one event. A `replied` status of a send whose reply is a keyword tells of
-- that reply, as one does that is of the moment of a reply.
happened as (

    select
        status_events.send_id,
        case status_events.status
            {%- for status, event in events.items() %}
            when '{{ status }}' then '{{ event }}'
            {%- endfor %}
        end as event,
        status_events.occurred_at
    from status_events
    left join replies
        on
            status_events.send_id = replies.send_id
            and status_events.status = 'replied'
            and (replies.is_keyword or status_events.occurred_at = replies.received_at)
    where
        status_events.status in (
            {%- for status in events %}
            '{{ status }}'{{ "," if not loop.last }}
            {%- endfor %}
        )
        and replies.send_id is null
    group by status_events.send_id, status_events.status, status_events.occurred_at

),

events as (

    select
        send_id,
        event,
        occurred_at,
        cast(null as string) as keyword_group,
        cast(null as string) as keyword
    from happened

    union all

    select
        send_id,
        case when is_keyword then 'keyword_reply' else 'reply' end as event,
        received_at as occurred_at,
        keyword_group,
        keyword
    from replies

    union all

    select
        send_id,
        'unsubscribe' as event,
        received_at as occurred_at,
        keyword_group,
        keyword
    from replies
    where is_opt_out

)

select
    sends.send_id as receipt_id,
    events.event,
    events.occurred_at,
    events.keyword_group,
    events.keyword,
    cast(null as string) as reason,
    sends.message_id as _message_id,
    sends.customer_id as _customer_id,
    sends.sent_date as _sent_date,
    sends.sent_at as _sent_at
from events
inner join sends
    on events.send_id = sends.send_id

union all

select
    sends.send_id as receipt_id,
    sends.channel || '_failure' as event,
    sends.issue_at as occurred_at,
    cast(null as string) as keyword_group,
    cast(null as string) as keyword,
    issue_reasons.issue_reason as reason,
    sends.message_id as _message_id,
    sends.customer_id as _customer_id,
    sends.sent_date as _sent_date,
    sends.sent_at as _sent_at
from sends
left join issue_reasons
    on sends.issue_reason_id = issue_reasons.issue_reason_id
where
    sends.delivery_status = 'issue'
    and sends.channel in ('sms', 'whatsapp', 'push', 'email')
