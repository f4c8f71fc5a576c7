{{ config(materialized='table') }}

-- A table, so that the texts of extracts are typed once; all that follows reads its columns.

with application_sends as (

    select * from {{ ref('stg_outbound__sends') }}
    where rejection_reason is null

),

twilio_messages as (

    select * from {{ ref('stg_twilio__messages') }}
    where rejection_reason is null and is_outbound

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

    union all

    select
        message_sid as send_id,
        coalesce(messaging_service_sid, from_number) as message_id,
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
        'twilio' as provider,
        message_sid as provider_message_id,
        segment_count,
        price,
        sent_at,
        updated_at,
        true as is_carrier_log,
        'twilio' as source,
        'messages' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'twilio', 'messages') }} as is_new
    from twilio_messages

)

select * from unioned
