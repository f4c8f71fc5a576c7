-- The latest issue status of a send and, of an SMS, its reason; whether the send has an issue is decided in
-- int_sends_stated.

with latest_issues as (

    select
        send_id,
        provider,
        error_code,
        error_code_space,
        error_message,
        occurred_at
    from {{ ref('int_statuses_resolved') }}
    where is_issue
    qualify
        row_number() over (
            partition by send_id
            order by
                occurred_at desc nulls last,
                error_code desc nulls last,
                error_code_space desc nulls last,
                error_message desc nulls last,
                provider desc nulls last
        ) = 1

),

carrier_error_codes as (

    select * from {{ ref('carrier_error_codes') }}

),

countries as (

    select * from {{ ref('countries') }}

),

sms_issues as (

    select
        latest_issues.send_id,
        sends.is_too_long,
        sends.to_number,
        carrier_error_codes.error_code is not null as is_seeded_code,
        carrier_error_codes.issue_reason_id as seeded_issue_reason_id,
        carrier_error_codes.is_retryable
    from latest_issues
    inner join {{ ref('int_sends_deduplicated') }} as sends
        on latest_issues.send_id = sends.send_id
    left join carrier_error_codes
        on
            latest_issues.provider = carrier_error_codes.provider
            and latest_issues.error_code_space = carrier_error_codes.code_space
            and latest_issues.error_code = carrier_error_codes.error_code
    where sends.channel = 'sms'

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
    latest_issues.send_id,
    reasons.issue_reason_id,
    latest_issues.provider as issue_provider,
    latest_issues.error_code,
    latest_issues.error_code_space,
    latest_issues.error_message,
    reasons.is_seeded_code,
    reasons.is_retryable,
    latest_issues.occurred_at as latest_issue_at
from latest_issues
left join reasons
    on latest_issues.send_id = reasons.send_id
