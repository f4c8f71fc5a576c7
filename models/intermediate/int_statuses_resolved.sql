with statuses as (

    select * from {{ ref('int_statuses_deduplicated') }}

),

seeded_statuses as (

    select * from {{ ref('statuses') }}

),

providers as (

    select * from {{ ref('providers') }}

),

carrier_error_codes as (

    select * from {{ ref('carrier_error_codes') }}

),

matched as (

    {{ status_matches('statuses', ref('int_sends_deduplicated')) }}

),

classified as (

    select
        matched.status_key,
        matched.send_id,
        matched.provider,
        matched.error_code,
        coalesce(matched.error_code_space, providers.default_code_space) as error_code_space,
        matched.error_message,
        matched.occurred_at,
        -- That no receipt came is not a failure.
        case
            when seeded_statuses.is_issue and carrier_error_codes.outcome = 'unknown' then 'sent'
            else matched.status
        end as status,
        seeded_statuses.is_issue
        and coalesce(carrier_error_codes.outcome, 'issue') <> 'unknown' as is_issue,
        seeded_statuses.is_delivery_evidence,
        seeded_statuses.is_engaging
    from matched
    inner join seeded_statuses
        on matched.status = seeded_statuses.status
    left join providers
        on matched.provider = providers.provider
    left join carrier_error_codes
        on
            matched.provider = carrier_error_codes.provider
            and matched.error_code = carrier_error_codes.error_code
            and coalesce(matched.error_code_space, providers.default_code_space) = carrier_error_codes.code_space

)

select
    status_key,
    send_id,
    provider,
    status,
    error_code,
    error_code_space,
    error_message,
    is_issue,
    is_delivery_evidence,
    is_engaging,
    occurred_at
from classified
