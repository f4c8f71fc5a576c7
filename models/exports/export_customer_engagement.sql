with engagement as (

    select * from {{ ref('rpt_customer_engagement_daily') }}

)

select
    sent_date,
    channel,
    message_title,
    sent_count,
    delivered_count,
    issue_count,
    opened_count,
    clicked_count,
    replied_count,
    goal_count,
    unsubscribed_count,
    engaged_count,
    message_id
from engagement
