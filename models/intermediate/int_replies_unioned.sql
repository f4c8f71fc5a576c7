{{ config(materialized='view') }}

with application_replies as (

    select * from {{ ref('stg_outbound__replies') }}
    where rejection_reason is null

),

twilio_messages as (

    select * from {{ ref('stg_twilio__messages') }}
    where rejection_reason is null and not is_outbound

),

unioned as (

    select
        reply_id,
        send_id,
        from_number,
        customer_id,
        channel,
        to_number,
        body,
        provider,
        received_at,
        updated_at,
        'outbound' as source,
        'replies' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'outbound', 'replies') }} as is_new
    from application_replies

    union all

    select
        message_sid as reply_id,
        null as send_id,
        from_number,
        null as customer_id,
        channel,
        to_number,
        body,
        'twilio' as provider,
        sent_at as received_at,
        updated_at,
        'twilio' as source,
        'messages' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'twilio', 'messages') }} as is_new
    from twilio_messages

)

select * from unioned
