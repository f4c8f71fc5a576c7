with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

-- Customers are counted in two steps: what happened to each, then how many. What happened is one bit each of one
-- number, since a bitwise or takes half the time of twelve bool_or over as many groups as there are customers.
happened as (

    select
        message_id,
        customer_id,
        1
        + case when delivery_status = 'delivered' then 2 else 0 end
        + case when delivery_status = 'issue' then 4 else 0 end
        + case when delivery_status = 'delivered' and channel = 'sms' then 8 else 0 end
        + case when is_opened then 16 else 0 end
        + case when is_clicked then 32 else 0 end
        + case when is_replied then 64 else 0 end
        + case when is_goal_reached then 128 else 0 end
        + case when is_completed then 256 else 0 end
        + case when is_unsubscribed then 512 else 0 end
        + case when is_engaged then 1024 else 0 end
        + case when channel = 'sms' then 2048 else 0 end as happened_bits,
        delivery_status <> 'canceled' as is_sent
    from sends

),

message_customers as (

    select
        message_id,
        customer_id,
        bit_or(case when is_sent then happened_bits else 0 end) as happened_bits
    from happened
    group by message_id, customer_id

),

counted as (

    select
        message_id,
        count(*) filter (where (happened_bits & 1) > 0) as sent_customer_count,
        count(*) filter (where (happened_bits & 2) > 0) as delivered_customer_count,
        count(*) filter (where (happened_bits & 4) > 0) as issue_customer_count,
        count(*) filter (where (happened_bits & 2048) > 0) as sms_sent_customer_count,
        count(*) filter (where (happened_bits & 8) > 0) as sms_delivered_customer_count,
        count(*) filter (where (happened_bits & 16) > 0) as opened_customer_count,
        count(*) filter (where (happened_bits & 32) > 0) as clicked_customer_count,
        count(*) filter (where (happened_bits & 64) > 0) as replied_customer_count,
        count(*) filter (where (happened_bits & 128) > 0) as goal_customer_count,
        count(*) filter (where (happened_bits & 256) > 0) as completed_customer_count,
        count(*) filter (where (happened_bits & 512) > 0) as unsubscribed_customer_count,
        count(*) filter (where (happened_bits & 1024) > 0) as engaged_customer_count
    from message_customers
    group by message_id

)

select
    counted.message_id,
    messages.message_title,
    messages.channel,
    counted.sent_customer_count,
    counted.delivered_customer_count,
    counted.issue_customer_count,
    counted.sms_sent_customer_count,
    counted.sms_delivered_customer_count,
    counted.opened_customer_count,
    counted.opened_customer_count / nullif(counted.sent_customer_count, 0) as opened_rate,
    counted.clicked_customer_count,
    counted.clicked_customer_count / nullif(counted.sent_customer_count, 0) as clicked_rate,
    counted.replied_customer_count,
    counted.replied_customer_count / nullif(counted.sent_customer_count, 0) as replied_rate,
    counted.goal_customer_count,
    counted.goal_customer_count / nullif(counted.sent_customer_count, 0) as goal_rate,
    counted.completed_customer_count,
    counted.completed_customer_count / nullif(counted.sent_customer_count, 0) as completed_rate,
    counted.unsubscribed_customer_count,
    counted.unsubscribed_customer_count / nullif(counted.sent_customer_count, 0) as unsubscribed_rate,
    counted.engaged_customer_count,
    counted.engaged_customer_count / nullif(counted.sent_customer_count, 0) as engaged_rate
from counted
left join messages
    on counted.message_id = messages.message_id
