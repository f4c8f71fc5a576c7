with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

sends as (

    select * from {{ ref('fct_sends') }}

),

last_deliveries as (

    select
        customer_id,
        to_number,
        send_id,
        sent_at
    from sends
    where
        channel = 'sms'
        and delivery_status = 'delivered'
        and customer_id in (select issues.customer_id from issues)
    qualify
        row_number() over (
            partition by customer_id, to_number
            order by sent_at desc, send_id desc
        ) = 1

),

-- An issue stands until a later SMS to the same customer number is delivered; of two at the same moment the larger
-- send_id is the later.
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
    customer_name,
    to_number,
    issue_reason_id,
    issue_reason,
    fix,
    count(*) as issue_count,
    min(issue_at) as first_issue_at,
    max(issue_at) as last_issue_at,
    max(case when recency = 1 then message_id end) as last_message_id
from standing
group by customer_id, customer_name, to_number, issue_reason_id, issue_reason, fix
