with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

counted as (

    select
        sent_date,
        channel,
        message_id,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        count(*) filter (where delivery_status <> 'canceled' and is_opened) as opened_count,
        count(*) filter (where delivery_status <> 'canceled' and is_clicked) as clicked_count,
        count(*) filter (where delivery_status <> 'canceled' and is_replied) as replied_count,
        count(*) filter (where delivery_status <> 'canceled' and is_goal_reached) as goal_count,
        count(*) filter (where delivery_status <> 'canceled' and is_unsubscribed) as unsubscribed_count,
        count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count
    from sends
    group by sent_date, channel, message_id

)

select
    counted.sent_date,
    counted.channel,
    counted.message_id,
    messages.message_title,
    counted.sent_count,
    counted.delivered_count,
    counted.issue_count,
    counted.opened_count,
    counted.clicked_count,
    counted.replied_count,
    counted.goal_count,
    counted.unsubscribed_count,
    counted.engaged_count
from counted
left join messages
    on counted.message_id = messages.message_id
