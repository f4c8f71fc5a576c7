{{ config(materialized='view') }}

with sends as (

    select * from {{ ref('int_sends_deduplicated') }}

),

states as (

    select * from {{ ref('int_send_states') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

carrier_error_codes as (

    select * from {{ ref('carrier_error_codes') }}

),

countries as (

    select * from {{ ref('countries') }}

),

delivery as (

    select
        sends.*,
        states.has_delivery_evidence,
        states.has_delivered_status,
        states.has_issue_status,
        states.has_canceled_status,
        states.has_engaging_status,
        states.issue_provider,
        states.issue_error_code,
        states.issue_error_code_space,
        states.issue_error_message,
        states.latest_issue_at,
        states.delivered_at,
        states.opened_at,
        states.clicked_at,
        states.replied_at,
        states.reacted_at,
        states.completed_at,
        states.dismissed_at,
        states.answered_at,
        states.goal_at,
        states.collected_email_at,
        states.button_tapped_at,
        states.unsubscribed_at,
        states.hard_bounced_at,
        states.soft_bounced_at,
        states.spam_complaint_at,
        case
            when states.has_delivery_evidence then 'delivered'
            when states.has_issue_status then 'issue'
            when states.has_canceled_status then 'canceled'
            when settings.as_of >= {{ add_hours('sends.sent_at', 'settings.receipt_timeout_hours') }} then 'unconfirmed'
            else 'pending'
        end as delivery_status,
        {{ local_date('sends.sent_at', 'settings.reporting_timezone') }} as sent_date
    from sends
    cross join settings
    left join states
        on sends.send_id = states.send_id

),

sms_issues as (

    select
        delivery.send_id,
        delivery.is_too_long,
        delivery.to_number,
        carrier_error_codes.error_code is not null as is_seeded_code,
        carrier_error_codes.issue_reason_id as seeded_issue_reason_id,
        carrier_error_codes.is_retryable
    from delivery
    left join carrier_error_codes
        on
            delivery.issue_provider = carrier_error_codes.provider
            and delivery.issue_error_code_space = carrier_error_codes.code_space
            and delivery.issue_error_code = carrier_error_codes.error_code
    where delivery.channel = 'sms' and delivery.delivery_status = 'issue'

),

-- A number's country is that of the longest calling prefix it begins with. Only numbers of issues without a seeded
-- reason are looked up; the join on the prefix's length keeps it a join on equal values.
prefix_lengths as (

    select distinct length(calling_prefix) as prefix_length
    from countries

),

numbers as (

    select distinct to_number
    from sms_issues
    where seeded_issue_reason_id is null and to_number like '+%'

),

number_countries as (

    select
        numbers.to_number,
        countries.is_supported
    from numbers
    cross join prefix_lengths
    inner join countries
        on substr(numbers.to_number, 2, prefix_lengths.prefix_length) = countries.calling_prefix
    qualify
        row_number() over (
            partition by numbers.to_number
            order by prefix_lengths.prefix_length desc
        ) = 1

),

reasons as (

    select
        sms_issues.send_id,
        sms_issues.is_seeded_code,
        sms_issues.is_retryable,
        case
            when sms_issues.seeded_issue_reason_id is not null then sms_issues.seeded_issue_reason_id
            when sms_issues.is_too_long then 'content_too_long'
            when not number_countries.is_supported then 'country_unsupported'
            else 'something_went_wrong'
        end as issue_reason_id
    from sms_issues
    left join number_countries
        on sms_issues.to_number = number_countries.to_number

)

select
    delivery.send_id,
    delivery.message_id,
    delivery.customer_id,
    delivery.channel,
    delivery.message_title as sent_title,
    delivery.message_version_id,
    delivery.series_id,
    delivery.series_title,
    delivery.node_id,
    delivery.customer_external_id,
    delivery.customer_name,
    delivery.customer_email,
    delivery.company_id,
    delivery.provider,
    delivery.provider_message_id,
    delivery.to_number,
    delivery.from_number,
    delivery.encoding,
    coalesce(delivery.reported_segment_count, delivery.computed_segment_count) as segment_count,
    delivery.computed_segment_count,
    delivery.price,
    delivery.currency_code,
    delivery.delivery_status,
    reasons.issue_reason_id,
    reasons.is_seeded_code,
    reasons.is_retryable,
    delivery.issue_provider,
    delivery.issue_error_code_space,
    delivery.issue_error_message,
    case when delivery.delivery_status = 'issue' then delivery.issue_error_code end as provider_error_code,
    case when delivery.delivery_status = 'issue' then delivery.latest_issue_at end as issue_at,
    coalesce(delivery.has_delivered_status and delivery.has_issue_status, false) as has_conflicting_statuses,
    coalesce(delivery.has_engaging_status, false) as has_engaging_status,
    delivery.sent_at,
    delivery.sent_date,
    delivery.delivered_at,
    case
        when delivery.delivered_at is null then null
        else greatest(0, {{ seconds_between('delivery.sent_at', 'delivery.delivered_at') }})
    end as delivery_seconds,
    delivery.opened_at,
    delivery.clicked_at,
    delivery.replied_at,
    delivery.reacted_at,
    delivery.completed_at,
    delivery.dismissed_at,
    delivery.answered_at,
    delivery.goal_at,
    delivery.collected_email_at,
    delivery.button_tapped_at,
    delivery.unsubscribed_at,
    delivery.hard_bounced_at,
    delivery.soft_bounced_at,
    delivery.spam_complaint_at,
    delivery.is_carrier_log,
    delivery.source,
    delivery.table_name
from delivery
left join reasons
    on delivery.send_id = reasons.send_id
