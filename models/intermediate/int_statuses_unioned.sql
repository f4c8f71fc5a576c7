{{ config(materialized='view') }}

with outbound_statuses as (

    select * from {{ ref('stg_outbound__statuses') }}
    where rejection_reason is null

),

twilio_messages as (

    select * from {{ ref('stg_twilio__messages') }}
    where rejection_reason is null and is_outbound

),

twilio_status_callbacks as (

    select * from {{ ref('stg_twilio__status_callbacks') }}
    where rejection_reason is null

),

unioned as (

    select
        send_id,
        provider,
        provider_message_id,
        status,
        error_code,
        error_code_space,
        error_message,
        occurred_at,
        false as is_carrier_log,
        'outbound' as source,
        'statuses' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'outbound', 'statuses') }} as is_new
    from outbound_statuses

    union all

    select
        null as send_id,
        'twilio' as provider,
        message_sid as provider_message_id,
        status,
        error_code,
        null as error_code_space,
        error_message,
        status_at as occurred_at,
        true as is_carrier_log,
        'twilio' as source,
        'messages' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'twilio', 'messages') }} as is_new
    from twilio_messages

    union all

    select
        null as send_id,
        'twilio' as provider,
        message_sid as provider_message_id,
        status,
        error_code,
        null as error_code_space,
        error_message,
        occurred_at,
        true as is_carrier_log,
        'twilio' as source,
        'status_callbacks' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'twilio', 'status_callbacks') }} as is_new
    from twilio_status_callbacks

)

select * from unioned
