with messages as (

    select * from {{ ref('rpt_messages') }}

)

select
    {{ csv_text('messages.message_id') }} as message_id,
    {{ csv_text('messages.message_title') }} as message_title,
    messages.channel,
    {{ iso_8601('messages.first_sent_at') }} as first_sent_at,
    {{ iso_8601('messages.last_sent_at') }} as last_sent_at,
    messages.sent_count,
    messages.delivered_count,
    messages.issue_count,
    messages.pending_count,
    messages.unconfirmed_count,
    messages.canceled_count,
    messages.sent_customer_count,
    messages.delivered_customer_count,
    messages.issue_customer_count,
    messages.replied_customer_count,
    messages.keyword_reply_count,
    messages.opt_out_customer_count,
    messages.engaged_customer_count,
    messages.delivery_rate,
    messages.issue_rate,
    messages.reply_rate,
    messages.engagement_rate
from messages
