-- Distinct customers are counted in two steps, this one and a sum over its rows: one pass instead of a distinct count
-- for every number of a report.

with sends as (

    select * from {{ ref('fct_sends') }}

)

select
    message_id,
    customer_id,
    count(*) as send_count,
    count(*) filter (where delivery_status <> 'canceled') as sent_count,
    count(*) filter (where delivery_status = 'delivered') as delivered_count,
    count(*) filter (where delivery_status = 'issue') as issue_count,
    count(*) filter (where delivery_status = 'pending') as pending_count,
    count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
    count(*) filter (where delivery_status = 'canceled') as canceled_count,
    count(*) filter (where delivery_status <> 'canceled' and opened_at is not null) as opened_count,
    count(*) filter (where delivery_status <> 'canceled' and clicked_at is not null) as clicked_count,
    count(*) filter (where delivery_status <> 'canceled' and replied_at is not null) as replied_count,
    count(*) filter (where delivery_status <> 'canceled' and goal_at is not null) as goal_count,
    count(*) filter (where delivery_status <> 'canceled' and completed_at is not null) as completed_count,
    count(*) filter (where delivery_status <> 'canceled' and unsubscribed_at is not null) as unsubscribed_count,
    count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at
from sends
group by message_id, customer_id
