with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    issues.message_title,
    issues.customer_name,
    issues.to_number,
    issues.country_code,
    issues.sent_at,
    issues.issue_at,
    issues.issue_reason,
    issues.meaning,
    issues.fix,
    issues.is_retryable,
    issues.provider,
    issues.provider_error_code,
    issues.error_description,
    issues.issue_reason_id,
    issues.message_id,
    issues.customer_id,
    issues.send_id
from issues
cross join settings
where
    {{ is_in_output_days('issues.sent_at') }}
