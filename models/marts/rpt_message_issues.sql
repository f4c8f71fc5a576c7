with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

),

counted as (

    select
        message_id,
        issue_reason_id,
        count(*) as issue_count,
        count(distinct customer_id) as issue_customer_count
    from issues
    group by message_id, issue_reason_id

)

select
    counted.message_id,
    messages.message_title,
    counted.issue_reason_id,
    issue_reasons.issue_reason,
    issue_reasons.meaning,
    issue_reasons.fix,
    counted.issue_count,
    counted.issue_customer_count,
    counted.issue_count / sum(counted.issue_count) over (partition by counted.message_id) as issue_share
from counted
inner join issue_reasons
    on counted.issue_reason_id = issue_reasons.issue_reason_id
left join messages
    on counted.message_id = messages.message_id
