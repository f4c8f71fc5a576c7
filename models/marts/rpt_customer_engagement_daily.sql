with days as (

    select * from {{ ref('int_message_days') }}

),

messages as (

    select * from {{ ref('int_messages_titled') }}

)

select
    days.sent_date,
    days.channel,
    days.message_id,
    messages.message_title,
    days.sent_count,
    days.delivered_count,
    days.issue_count,
    days.opened_count,
    days.clicked_count,
    days.replied_count,
    days.goal_count,
    days.unsubscribed_count,
    days.engaged_count
from days
inner join messages
    on days.message_id = messages.message_id
