with unmapped as (

    select * from {{ ref('int_unmapped_issues') }}

),

latest as (

    select
        issue_provider,
        provider_error_code,
        issue_error_message,
        issue_error_code_space
    from unmapped
    qualify
        row_number() over (
            partition by issue_provider, provider_error_code
            order by
                issue_at desc nulls last,
                issue_error_message desc nulls last,
                issue_error_code_space desc nulls last
        ) = 1

),

counted as (

    select
        issue_provider,
        provider_error_code,
        count(*) as issue_count,
        max(issue_at) as last_seen_at
    from unmapped
    group by issue_provider, provider_error_code

)

select
    counted.issue_provider as provider,
    counted.provider_error_code as error_code,
    latest.issue_error_message as error_message,
    counted.issue_count,
    counted.last_seen_at,
    latest.issue_error_code_space as code_space
from counted
inner join latest
    on
        counted.issue_provider is not distinct from latest.issue_provider
        and counted.provider_error_code = latest.provider_error_code
