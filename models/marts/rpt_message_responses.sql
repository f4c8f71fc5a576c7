{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows('message_id', ref('int_response_customers')) }}"
) }}

{{ also_depends_on(['int_response_customers']) }}

with responses as (

    select * from {{ ref('fct_responses') }}
    {%- if not is_full_build() %}
    where message_id in (select message_id from {{ ref('int_response_customers') }})
    {%- endif %}

)

select
    message_id,
    keyword_group,
    count(*) as response_count,
    count(distinct customer_id) as response_customer_count,
    percentile_cont(0.50) within group (order by response_seconds) as response_seconds_p50
from responses
group by message_id, keyword_group
