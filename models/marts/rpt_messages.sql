with days as (

    select * from {{ ref('int_message_days') }}

),

customers as (

    select * from {{ ref('int_message_customer_counts') }}

),

messages as (

    select * from {{ ref('int_messages_titled') }}

),

responses as (

    select * from {{ ref('fct_responses') }}

),

counted as (

    select
        message_id,
        cast(sum(sent_count) as bigint) as sent_count,
        cast(sum(delivered_count) as bigint) as delivered_count,
        cast(sum(issue_count) as bigint) as issue_count,
        cast(sum(pending_count) as bigint) as pending_count,
        cast(sum(unconfirmed_count) as bigint) as unconfirmed_count,
        cast(sum(canceled_count) as bigint) as canceled_count,
        min(first_sent_at) as first_sent_at,
        max(last_sent_at) as last_sent_at
    from days
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
    messages.message_title,
    messages.channel,
    counted.first_sent_at,
    counted.last_sent_at,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    counted.pending_count,
    counted.unconfirmed_count,
    counted.canceled_count,
    customers.sent_customer_count,
    customers.delivered_customer_count,
    customers.issue_customer_count,
    customers.replied_customer_count,
    coalesce(keyword_replies.keyword_reply_count, 0) as keyword_reply_count,
    coalesce(keyword_replies.opt_out_customer_count, 0) as opt_out_customer_count,
    customers.engaged_customer_count,
    customers.delivered_customer_count / nullif(customers.sent_customer_count, 0) as delivery_rate,
    customers.issue_customer_count / nullif(customers.sent_customer_count, 0) as issue_rate,
    customers.replied_customer_count / nullif(customers.sent_customer_count, 0) as reply_rate,
    customers.engaged_customer_count / nullif(customers.sent_customer_count, 0) as engagement_rate
from counted
inner join messages
    on counted.message_id = messages.message_id
inner join customers
    on counted.message_id = customers.message_id
left join keyword_replies
    on counted.message_id = keyword_replies.message_id
