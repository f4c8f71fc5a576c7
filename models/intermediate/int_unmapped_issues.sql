{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_touched_sends() }}"
) }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

with sends as (

    {{ written_sms_issues() }}

),

issues as (

    select * from {{ ref('int_send_issues') }}

)

select
    sends.send_id,
    issues.issue_provider,
    issues.error_code_space as issue_error_code_space,
    issues.error_message as issue_error_message,
    sends.provider_error_code,
    sends.issue_at
from sends
inner join issues
    on sends.send_id = issues.send_id
where
    sends.provider_error_code is not null
    and not issues.is_seeded_code
