-- noqa: disable=layout.indent,aliasing.unused

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows(['customer_id', 'to_number'], ref('int_send_changes')) }}"
) }}

{{ also_depends_on(['int_send_changes']) }}

with issues as (

    select * from {{ ref('fct_delivery_issues') }} as issues
    {%- if not is_full_build() %}
    where exists (
        select 1
        from {{ ref('int_send_changes') }} as changes
        where
            issues.customer_id = changes.customer_id
            and issues.to_number is not distinct from changes.to_number
    )
    {%- endif %}

),

numbers_with_issues as (

    select
        customer_id,
        to_number
    from issues
    group by customer_id, to_number

),

deliveries as (

    select
        sends.customer_id,
        sends.to_number,
        sends.sent_at,
        sends.send_id
    from {{ ref('fct_sends') }} as sends
    inner join numbers_with_issues
        on
            sends.customer_id = numbers_with_issues.customer_id
            and sends.to_number is not distinct from numbers_with_issues.to_number
    where sends.channel = 'sms' and sends.delivery_status = 'delivered'

),

-- An issue stands until a later SMS to the same customer number is delivered.
last_deliveries as (

    select
        customer_id,
        to_number,
        sent_at,
        send_id
    from deliveries
    qualify
        row_number() over (
            partition by customer_id, to_number
            order by sent_at desc, send_id desc
        ) = 1

),

standing as (

    select
        issues.*,
        row_number() over (
            partition by issues.customer_id, issues.to_number, issues.issue_reason_id
            order by issues.sent_at desc, issues.send_id desc
        ) as recency
    from issues
    left join last_deliveries
        on
            issues.customer_id = last_deliveries.customer_id
            and issues.to_number is not distinct from last_deliveries.to_number
    where
        last_deliveries.sent_at is null
        or last_deliveries.sent_at < issues.sent_at
        or (last_deliveries.sent_at = issues.sent_at and last_deliveries.send_id < issues.send_id)

)

select
    customer_id,
    to_number,
    issue_reason_id,
    issue_reason,
    fix,
    count(*) as issue_count,
    min(issue_at) as first_issue_at,
    max(issue_at) as last_issue_at,
    max(case when recency = 1 then message_id end) as last_message_id
from standing
group by customer_id, to_number, issue_reason_id, issue_reason, fix
