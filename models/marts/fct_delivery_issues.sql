{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=["{{ replace_touched_sends() }}", "{{ update_titles(ref('int_messages_titled')) }}"]
) }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

with sends as (

    {{ written_sms_issues() }}

),

issues as (

    select * from {{ ref('int_send_issues') }}

),

messages as (

    select * from {{ ref('int_messages_titled') }}

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

)

select
    sends.send_id,
    sends.message_id,
    sends.customer_id,
    sends.issue_reason_id,
    messages.message_title,
    sends.customer_name,
    sends.to_number,
    sends.provider,
    sends.provider_error_code,
    issue_reasons.issue_reason,
    issue_reasons.meaning,
    issue_reasons.fix,
    issues.is_retryable,
    sends.sent_date,
    sends.sent_at,
    sends.issue_at
from sends
inner join issues
    on sends.send_id = issues.send_id
inner join messages
    on sends.message_id = messages.message_id
inner join issue_reasons
    on sends.issue_reason_id = issue_reasons.issue_reason_id
