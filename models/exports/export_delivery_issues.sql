with issues as (

    select * from {{ ref('fct_delivery_issues') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    {{ csv_text('issues.send_id') }} as send_id,
    {{ csv_text('issues.message_id') }} as message_id,
    {{ csv_text('issues.message_title') }} as message_title,
    {{ csv_text('issues.customer_id') }} as customer_id,
    {{ csv_text('issues.customer_name') }} as customer_name,
    {{ csv_text('issues.to_number') }} as to_number,
    {{ csv_text('issues.provider') }} as provider,
    {{ csv_text('issues.provider_error_code') }} as provider_error_code,
    issues.issue_reason_id,
    {{ csv_text('issues.issue_reason') }} as issue_reason,
    {{ csv_text('issues.meaning') }} as meaning,
    {{ csv_text('issues.fix') }} as fix,
    issues.is_retryable,
    {{ iso_8601('issues.sent_at') }} as sent_at,
    {{ iso_8601('issues.issue_at') }} as issue_at
from issues
cross join settings
where
    issues.sent_at > {{ add_days('settings.as_of', '-settings.output_days') }}
    and issues.sent_at <= settings.as_of
