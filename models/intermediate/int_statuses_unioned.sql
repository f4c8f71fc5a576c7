-- noqa: disable=layout.indent

{{ config(materialized='view') }}

with outbound_statuses as (

    select * from {{ ref('stg_outbound__statuses') }}
    where rejection_reason is null

),

unioned as (

    select
        send_id,
        provider,
        provider_message_id,
        cast(null as varchar) as recipient,
        status,
        error_code,
        error_code_space,
        error_message,
        cast(null as varchar) as report_key,
        occurred_at,
        false as is_carrier_log,
        'outbound' as source,
        'statuses' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'outbound', 'statuses') }} as is_new
    from outbound_statuses
    {%- for log in carrier_logs('statuses', only_loaded=true) %}

    union all

    select
        null as send_id,
        '{{ log.source }}' as provider,
        provider_message_id,
        recipient,
        status,
        error_code,
        error_code_space,
        error_message,
        report_key,
        status_at as occurred_at,
        true as is_carrier_log,
        '{{ log.source }}' as source,
        '{{ log.table }}' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', log.source, log.table) }} as is_new
    from {{ ref(log.model) }}
    where rejection_reason is null and is_outbound
    {%- endfor %}

)

select * from unioned
