with counted as (

    select * from {{ ref('int_message_customer_counts') }}

),

messages as (

    select * from {{ ref('int_messages_titled') }}

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
