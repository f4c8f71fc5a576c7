with sends as (

    select * from {{ ref('int_sends_stated') }}

),

replies as (

    select * from {{ ref('int_replies_attributed') }}
    where send_id is not null

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
    sends.segment_count,
    sends.price,
    sends.currency_code,
    sends.delivery_seconds,
    sends.has_conflicting_statuses,
    sends.has_engaging_status or coalesce(replies_of_sends.has_engaging_reply, false) as is_engaged,
    sends.sent_date,
    sends.sent_at,
    sends.delivered_at,
    sends.issue_at,
    sends.opened_at,
    sends.clicked_at,
    least(sends.replied_at, replies_of_sends.replied_at) as replied_at,
    sends.reacted_at,
    sends.completed_at,
    sends.dismissed_at,
    sends.answered_at,
    sends.goal_at,
    sends.collected_email_at,
    sends.button_tapped_at,
    least(sends.unsubscribed_at, replies_of_sends.opted_out_at) as unsubscribed_at,
    sends.hard_bounced_at,
    sends.soft_bounced_at,
    sends.spam_complaint_at
from sends
left join replies_of_sends
    on sends.send_id = replies_of_sends.send_id
order by sends.sent_at, sends.send_id
