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

-- An issue stands until a later SMS to the same customer number is delivered.
last_deliveries as (

    select * from {{ ref('int_last_deliveries') }}

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
        last_deliveries.last_sent_at is null
        or last_deliveries.last_sent_at < issues.sent_at
        or (last_deliveries.last_sent_at = issues.sent_at and last_deliveries.last_send_id < issues.send_id)

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
