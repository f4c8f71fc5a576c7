with issues as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status = 'issue' and price is not null

),

messages as (

    select * from {{ ref('dim_messages') }}

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

),

summed as (

    select
        message_id,
        issue_reason_id,
        currency_code,
        count(*) as issue_count,
        cast(sum(price) as decimal(38, 6)) as issue_cost
    from issues
    group by message_id, issue_reason_id, currency_code

)

select
    summed.message_id,
    messages.message_title,
    summed.issue_reason_id,
    issue_reasons.issue_reason,
    issue_reasons.fix,
    summed.currency_code,
    summed.issue_count,
    summed.issue_cost
from summed
inner join issue_reasons
    on summed.issue_reason_id = issue_reasons.issue_reason_id
left join messages
    on summed.message_id = messages.message_id
