with engagement as (

    select * from {{ ref('rpt_customer_engagement_daily') }}

)

select
    engagement.sent_date,
    engagement.channel,
    {{ csv_text('engagement.message_id') }} as message_id,
    {{ csv_text('engagement.message_title') }} as message_title,
    engagement.sent_count,
    engagement.delivered_count,
    engagement.issue_count,
    engagement.opened_count,
    engagement.clicked_count,
    engagement.replied_count,
    engagement.goal_count,
    engagement.unsubscribed_count,
    engagement.engaged_count
from engagement
