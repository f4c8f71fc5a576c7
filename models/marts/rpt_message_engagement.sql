with message_customers as (

    select * from {{ ref('int_message_customers_grouped') }}

),

messages as (

    select * from {{ ref('int_messages_titled') }}

),

counted as (

    select
        message_id,
        count(*) filter (where sent_count > 0) as sent_customer_count,
        count(*) filter (where opened_count > 0) as opened_customer_count,
        count(*) filter (where clicked_count > 0) as clicked_customer_count,
        count(*) filter (where replied_count > 0) as replied_customer_count,
        count(*) filter (where goal_count > 0) as goal_customer_count,
        count(*) filter (where completed_count > 0) as completed_customer_count,
        count(*) filter (where unsubscribed_count > 0) as unsubscribed_customer_count,
        count(*) filter (where engaged_count > 0) as engaged_customer_count
    from message_customers
    group by message_id

)

select
    counted.message_id,
    messages.channel,
    counted.sent_customer_count,
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
inner join messages
    on counted.message_id = messages.message_id
