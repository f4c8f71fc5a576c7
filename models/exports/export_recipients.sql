with sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    messages.message_title,
    customers.customer_name,
    sends.to_number,
    sends.sent_at,
    sends.delivery_status,
    sends.delivered_at,
    sends.delivery_seconds,
    issue_reasons.issue_reason,
    sends.country_code,
    sends.provider,
    sends.message_id,
    sends.customer_id,
    sends.send_id
from sends
cross join settings
left join messages
    on sends.message_id = messages.message_id
left join customers
    on sends.customer_id = customers.customer_id
left join issue_reasons
    on sends.issue_reason_id = issue_reasons.issue_reason_id
where
    sends.channel = 'sms'
    and {{ is_in_output_days('sends.sent_at') }}
