with sends as (

    select * from {{ ref('fct_sends') }}

),

engagement as (

    select * from {{ ref('rpt_message_engagement') }}

),

responses as (

    select * from {{ ref('fct_responses') }}

),

-- SMS that should not have been sent, or not then.
after_opt_out as (

    select
        message_id,
        count(*) as sent_after_opt_out_count
    from {{ ref('rpt_sends_after_opt_out') }}
    group by message_id

),

at_quiet_hours as (

    select
        message_id,
        count(*) as sent_at_quiet_hours_count
    from {{ ref('rpt_sends_at_quiet_hours') }}
    group by message_id

),

counted as (

    select
        message_id,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        count(*) filter (where delivery_status = 'pending') as pending_count,
        count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
        count(*) filter (where delivery_status = 'canceled') as canceled_count
    from sends
    group by message_id

),

keyword_replies as (

    select
        message_id,
        count(*) as keyword_reply_count,
        count(distinct case when is_opt_out then customer_id end) as opt_out_customer_count
    from responses
    where response_type = 'keyword'
    group by message_id

)

select
    counted.message_id,
    engagement.message_title,
    engagement.channel,
    counted.first_sent_at,
    counted.last_sent_at,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    counted.pending_count,
    counted.unconfirmed_count,
    counted.canceled_count,
    engagement.sent_customer_count,
    engagement.delivered_customer_count,
    engagement.issue_customer_count,
    engagement.replied_customer_count,
    coalesce(keyword_replies.keyword_reply_count, 0) as keyword_reply_count,
    coalesce(keyword_replies.opt_out_customer_count, 0) as opt_out_customer_count,
    coalesce(after_opt_out.sent_after_opt_out_count, 0) as sent_after_opt_out_count,
    coalesce(at_quiet_hours.sent_at_quiet_hours_count, 0) as sent_at_quiet_hours_count,
    engagement.engaged_customer_count,
    counted.delivered_count / nullif(counted.sent_count, 0) as delivered_send_rate,
    counted.issue_count / nullif(counted.sent_count, 0) as issue_send_rate,
    engagement.delivered_customer_count / nullif(engagement.sent_customer_count, 0) as delivery_rate,
    engagement.issue_customer_count / nullif(engagement.sent_customer_count, 0) as issue_rate,
    engagement.replied_rate as reply_rate,
    -- A reply can name a send that was canceled, whose customer was not sent to.
    case
        when engagement.sent_customer_count > 0
            then least(1, coalesce(keyword_replies.opt_out_customer_count, 0) / engagement.sent_customer_count)
    end as opt_out_rate,
    engagement.engaged_rate as engagement_rate
from counted
inner join engagement
    on counted.message_id = engagement.message_id
left join keyword_replies
    on counted.message_id = keyword_replies.message_id
left join after_opt_out
    on counted.message_id = after_opt_out.message_id
left join at_quiet_hours
    on counted.message_id = at_quiet_hours.message_id
