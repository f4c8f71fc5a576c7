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

carrier_error_codes as (

    select * from {{ ref('carrier_error_codes') }}

),

issues as (

    select * from sends
    where channel = 'sms' and delivery_status = 'issue'

)

-- A code is of the carrier that said it, which need not be the provider that the application names, and of one of the
-- carrier's numberings.
select
    issues.send_id,
    issues.message_id,
    messages.message_title,
    issues.customer_id,
    customers.customer_name,
    issues.to_number,
    issues.country_code,
    issues.provider,
    issues._error_code_space as error_code_space,
    issues.provider_error_code,
    carrier_error_codes.description as error_description,
    issues.issue_reason_id,
    issue_reasons.issue_reason,
    issue_reasons.meaning,
    issue_reasons.fix,
    carrier_error_codes.is_retryable,
    issues.sent_date,
    issues.sent_at,
    issues.issue_at
from issues
inner join issue_reasons
    on issues.issue_reason_id = issue_reasons.issue_reason_id
left join carrier_error_codes
    on
        issues._issue_provider = carrier_error_codes.provider
        and issues._error_code_space = carrier_error_codes.code_space
        and issues.provider_error_code = carrier_error_codes.error_code
left join messages
    on issues.message_id = messages.message_id
left join customers
    on issues.customer_id = customers.customer_id
