-- All that one customer was sent, answered and did, in order; a query, since a table of it would be as large as the facts.
--
--     make sql                   (or: duckdb -readonly warehouse/marts.duckdb)
--     set variable customer_id = 'cust-0001';
--     .read docs/customer_timeline.sql
--
-- One row per event: a send with what became of it, each earliest time of a delivery, issue or engagement on it, and each
-- reply with its text. What came without a time shows in the send's delivery_status alone. Times are UTC.

with sends as (

    select * from fct_sends
    where customer_id = getvariable('customer_id')

),

times as (

    select
        send_id,
        sent_at as sent,
        delivered_at as delivered,
        issue_at as issue,
        opened_at as opened,
        clicked_at as clicked,
        -- The replies themselves follow; this is a status that says so.
        case when replied_at is distinct from _first_reply_at then replied_at end as replied,
        reacted_at as reacted,
        completed_at as completed,
        dismissed_at as dismissed,
        answered_at as answered,
        goal_at as goal,
        collected_email_at as collected_email,
        button_tapped_at as button_tapped,
        unsubscribed_at as unsubscribed,
        hard_bounced_at as hard_bounced,
        soft_bounced_at as soft_bounced,
        spam_complaint_at as spam_complaint
    from sends

),

events as (

    unpivot times
    on columns(* exclude send_id)
    into name event value occurred_at

),

timeline as (

    select
        events.occurred_at,
        events.event,
        sends.channel,
        case events.event when 'sent' then sends.delivery_status when 'issue' then issue_reasons.issue_reason end as detail,
        sends.message_id,
        sends.send_id,
        null as reply_id
    from events
    inner join sends
        on events.send_id = sends.send_id
    left join issue_reasons
        on sends.issue_reason_id = issue_reasons.issue_reason_id

    union all

    select
        received_at as occurred_at,
        'reply' as event,
        channel,
        body as detail,
        message_id,
        send_id,
        reply_id
    from fct_replies
    where customer_id = getvariable('customer_id')

)

select
    timeline.occurred_at,
    timeline.event,
    timeline.channel,
    messages.message_title,
    timeline.detail,
    timeline.message_id,
    timeline.send_id,
    timeline.reply_id
from timeline
left join dim_messages as messages
    on timeline.message_id = messages.message_id
order by
    timeline.occurred_at,
    timeline.event <> 'sent',
    timeline.event = 'reply',
    timeline.event,
    timeline.send_id,
    timeline.reply_id;
