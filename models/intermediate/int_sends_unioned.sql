-- noqa: disable=layout.indent

{{ config(materialized='table') }}

-- A table, so that the texts of extracts are typed once; all that follows reads its columns.

with application_sends as (

    select * from {{ ref('stg_outbound__sends') }}
    where rejection_reason is null

),

unioned as (

    select
        send_id,
        message_id,
        customer_id,
        channel,
        message_title,
        message_version_id,
        series_id,
        series_title,
        node_id,
        customer_external_id,
        customer_name,
        customer_email,
        company_id,
        to_number,
        from_number,
        body,
        segment_count_text,
        price_text,
        currency_code,
        provider,
        provider_message_id,
        segment_count,
        price,
        sent_at,
        updated_at,
        false as is_carrier_log,
        'outbound' as source,
        'sends' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'outbound', 'sends') }} as is_new
    from application_sends
    {%- for log in carrier_logs('sends', only_loaded=true) %}

    union all

    select
        provider_message_id as send_id,
        message_id,
        to_number as customer_id,
        channel,
        null as message_title,
        null as message_version_id,
        null as series_id,
        null as series_title,
        null as node_id,
        null as customer_external_id,
        null as customer_name,
        null as customer_email,
        null as company_id,
        to_number,
        from_number,
        body,
        segment_count_text,
        price_text,
        currency_code,
        '{{ log.source }}' as provider,
        provider_message_id,
        segment_count,
        price,
        sent_at,
        updated_at,
        true as is_carrier_log,
        '{{ log.source }}' as source,
        '{{ log.table }}' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', log.source, log.table) }} as is_new
    from {{ ref(log.model) }}
    where rejection_reason is null and is_outbound and sent_at is not null
    {%- endfor %}

)

select * from unioned
