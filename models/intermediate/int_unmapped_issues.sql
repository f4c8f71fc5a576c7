{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_touched_sends() }}"
) }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

with sends as (

    select * from {{ ref('int_sends_stated') }}

)

select
    send_id,
    issue_provider,
    issue_error_code_space,
    issue_error_message,
    provider_error_code,
    issue_at
from sends
where
    channel = 'sms'
    and delivery_status = 'issue'
    and provider_error_code is not null
    and not is_seeded_code
