with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

deliveries as (

    select
        customer_id,
        to_number,
        sent_at,
        send_id
    from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status = 'delivered'

),

numbers_with_issues as (

    select
        customer_id,
        to_number
    from issues
    group by customer_id, to_number

),

-- An issue stands until a later SMS to the same customer number is delivered.
last_delivered_times as (

    select
        deliveries.customer_id,
        deliveries.to_number,
        max(deliveries.sent_at) as sent_at
    from deliveries
    inner join numbers_with_issues
        on
            deliveries.customer_id = numbers_with_issues.customer_id
            and deliveries.to_number is not distinct from numbers_with_issues.to_number
    group by deliveries.customer_id, deliveries.to_number

),

last_deliveries as (

    select
        last_delivered_times.customer_id,
        last_delivered_times.to_number,
        last_delivered_times.sent_at,
        max(deliveries.send_id) as send_id
    from last_delivered_times
    inner join deliveries
        on
            last_delivered_times.customer_id = deliveries.customer_id
            and last_delivered_times.to_number is not distinct from deliveries.to_number
            and last_delivered_times.sent_at = deliveries.sent_at
    group by last_delivered_times.customer_id, last_delivered_times.to_number, last_delivered_times.sent_at

),

standing as (

    select
        issues.*,
        row_number() over (
            partition by issues.customer_id, issues.to_number, issues.issue_reason_id
            order by issues.sent_at desc, issues.send_id desc
        ) as recency
    from issues
    left join last_deliveries
        on
            issues.customer_id = last_deliveries.customer_id
            and issues.to_number is not distinct from last_deliveries.to_number
    where
        last_deliveries.sent_at is null
        or last_deliveries.sent_at < issues.sent_at
        or (last_deliveries.sent_at = issues.sent_at and last_deliveries.send_id < issues.send_id)

)

select
    customer_id,
    to_number,
    issue_reason_id,
    issue_reason,
    fix,
    count(*) as issue_count,
    min(issue_at) as first_issue_at,
    max(issue_at) as last_issue_at,
    max(case when recency = 1 then message_id end) as last_message_id
from standing
group by customer_id, to_number, issue_reason_id, issue_reason, fix
