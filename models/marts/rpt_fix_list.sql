with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

sends as (

    select * from {{ ref('fct_sends') }}

),

phone_numbers as (

    select * from {{ ref('dim_phone_numbers') }}

),

number_types as (

    select * from {{ ref('number_types') }}

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

-- What the number itself tells is known before a carrier says it.
select
    standing.customer_id,
    standing.customer_name,
    standing.to_number,
    phone_numbers.national_format,
    phone_numbers.number_type,
    number_types.fix as number_fix,
    standing.issue_reason_id,
    standing.issue_reason,
    standing.fix,
    count(*) as issue_count,
    min(standing.issue_at) as first_issue_at,
    max(standing.issue_at) as last_issue_at,
    max(case when standing.recency = 1 then standing.message_id end) as last_message_id
from standing
left join phone_numbers
    on standing.to_number = phone_numbers.number
left join number_types
    on phone_numbers.number_type = number_types.number_type
group by
    standing.customer_id,
    standing.customer_name,
    standing.to_number,
    phone_numbers.national_format,
    phone_numbers.number_type,
    number_types.fix,
    standing.issue_reason_id,
    standing.issue_reason,
    standing.fix
