with messages as (

    select * from {{ ref('rpt_messages') }}

)

select
    message_title,
    channel,
    first_sent_at,
    last_sent_at,
    sent_count,
    delivered_count,
    issue_count,
    pending_count,
    unconfirmed_count,
    canceled_count,
    delivered_send_rate,
    issue_send_rate,
    sent_customer_count,
    delivered_customer_count,
    delivery_rate,
    issue_customer_count,
    issue_rate,
    replied_customer_count,
    reply_rate,
    engaged_customer_count,
    engagement_rate,
    keyword_reply_count,
    opt_out_customer_count,
    opt_out_rate,
    sent_after_opt_out_count,
    sent_at_quiet_hours_count,
    message_id
from messages
