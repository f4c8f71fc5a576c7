with sends as (

    select * from {{ ref('fct_sends') }}

),

carrier_error_codes as (

    select * from {{ ref('carrier_error_codes') }}

),

unmapped as (

    select
        sends._issue_provider as provider,
        sends.provider_error_code as error_code,
        sends._error_message as error_message,
        sends._error_code_space as code_space,
        sends.issue_at,
        row_number() over (
            partition by sends._issue_provider, sends.provider_error_code
            order by
                sends.issue_at desc nulls last,
                sends._error_message desc nulls last,
                sends._error_code_space desc nulls last
        ) as recency
    from sends
    left join carrier_error_codes
        on
            sends._issue_provider = carrier_error_codes.provider
            and sends._error_code_space = carrier_error_codes.code_space
            and sends.provider_error_code = carrier_error_codes.error_code
    where
        sends.channel = 'sms'
        and sends.delivery_status = 'issue'
        and sends.provider_error_code is not null
        and carrier_error_codes.error_code is null

)

select
    provider,
    error_code,
    max(case when recency = 1 then error_message end) as error_message,
    count(*) as issue_count,
    max(issue_at) as last_seen_at,
    max(case when recency = 1 then code_space end) as code_space
from unmapped
group by provider, error_code
