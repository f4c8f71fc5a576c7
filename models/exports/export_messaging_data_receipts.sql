with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

replies as (

    select
        send_id,
        min(case when is_keyword then received_at end) as first_keyword_reply_at,
        min(case when not is_keyword then received_at end) as first_other_reply_at
    from {{ ref('fct_replies') }}
    where send_id is not null
    group by send_id

)

-- The 52 columns of the product's export, in its order; then what a range of receipts is chosen by.
select
    sends.customer_id as user_id,
    customers.customer_external_id as user_external_id,
    coalesce(customers.company_id, '-1') as company_id,
    cast(null as string) as company_external_id,
    customers.customer_email as email,
    customers.customer_name as name,
    sends.message_id as ruleset_id,
    cast(null as string) as content_id,
    sends.channel as content_type,
    messages.message_title as content_title,
    cast(null as string) as created_via,
    cast(null as string) as device,
    sends.message_version_id as ruleset_version_id,
    sends.send_id as receipt_id,
    sends.sent_at as received_at,
    cast(null as string) as conversation_id,
    coalesce(sends.series_id, '-1') as series_id,
    case when sends.series_id = messages.series_id then messages.series_title end as series_title,
    sends.node_id,
    case
        when replies.first_keyword_reply_at is null then sends.replied_at
        else replies.first_other_reply_at
    end as first_reply,
    sends.completed_at as first_completion,
    cast(null as timestamp) as first_series_completion,
    cast(null as timestamp) as first_series_disengagement,
    cast(null as timestamp) as first_series_exit,
    sends.goal_at as first_goal_success,
    cast(null as timestamp) as first_tour_step_failure,
    cast(null as timestamp) as first_tour_step_view,
    sends.reacted_at as first_reaction,
    sends.opened_at as first_open,
    sends.clicked_at as first_click,
    sends.dismissed_at as first_dismissal,
    sends.collected_email_at as first_collected_email,
    sends.unsubscribed_at as first_unsubscribe,
    sends.hard_bounced_at as first_hard_bounce,
    sends.soft_bounced_at as first_soft_bounce,
    sends.spam_complaint_at as first_spam_complaint,
    cast(null as timestamp) as first_permission_grant,
    sends.button_tapped_at as first_button_tap,
    cast(null as timestamp) as first_screen_view,
    cast(null as timestamp) as first_webhook_failure,
    case when sends.channel = 'sms' then sends.issue_at end as first_sms_failure,
    case when sends.channel = 'whatsapp' then sends.issue_at end as first_whatsapp_failure,
    case when sends.channel = 'push' then sends.issue_at end as first_push_failure,
    sends.answered_at as first_answer,
    replies.first_keyword_reply_at as first_keyword_reply,
    cast(null as timestamp) as first_people_reached_receipt,
    cast(null as timestamp) as first_checklist_step_receipt,
    cast(null as timestamp) as first_checklist_step_open,
    cast(null as timestamp) as first_checklist_step_click,
    cast(null as timestamp) as first_checklist_step_completion,
    cast(null as timestamp) as first_fin_helpful_answer,
    cast(null as timestamp) as first_fin_step_reached,
    sends.message_id as _message_id,
    sends.sent_date as _sent_date,
    sends.sent_at as _sent_at
from sends
left join messages
    on sends.message_id = messages.message_id
left join customers
    on sends.customer_id = customers.customer_id
left join replies
    on sends.send_id = replies.send_id
