{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows('message_id', ref('int_send_changes')) }}"
) }}

{{ also_depends_on(['int_send_changes']) }}

with issues as (

    select * from {{ ref('fct_delivery_issues') }}
    {%- if not is_full_build() %}
    where message_id in (select message_id from {{ ref('int_send_changes') }})
    {%- endif %}

),

issue_reasons as (

    select * from {{ ref('issue_reasons') }}

),

counted as (

    select
        message_id,
        issue_reason_id,
        count(*) as issue_count,
        count(distinct customer_id) as issue_customer_count
    from issues
    group by message_id, issue_reason_id

),

totals as (

    select
        message_id,
        sum(issue_count) as issue_count
    from counted
    group by message_id

)

select
    counted.message_id,
    counted.issue_reason_id,
    issue_reasons.issue_reason,
    issue_reasons.meaning,
    issue_reasons.fix,
    counted.issue_count,
    counted.issue_customer_count,
    counted.issue_count / totals.issue_count as issue_share
from counted
inner join totals
    on counted.message_id = totals.message_id
inner join issue_reasons
    on counted.issue_reason_id = issue_reasons.issue_reason_id
