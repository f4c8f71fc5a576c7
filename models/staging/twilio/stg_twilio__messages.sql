{%- set declared = source_columns('twilio', 'messages') -%}

with source as (

    select * from {{ source('twilio', 'messages') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'twilio'

),

channels as (

    select * from {{ ref('channels') }}

),

-- The four shapes (console CSV, REST, BulkExport, connector) name the same things in two or three ways.
renamed as (

    select
        coalesce({{ cleaned('sid') }}, {{ cleaned('id') }}) as message_sid,
        coalesce({{ cleaned('messaging_service_sid') }}, {{ cleaned('messagingservicesid') }}) as messaging_service_sid,
        {{ word('direction') }} as direction,
        {{ cleaned(adapter.quote('from')) }} as sender,
        {{ cleaned(adapter.quote('to')) }} as recipient,
        nullif(body, '') as body,
        {{ word('status') }} as provider_status,
        coalesce({{ cleaned('error_code') }}, {{ cleaned('errorcode') }}) as error_code,
        nullif(error_message, '') as error_message,
        coalesce({{ cleaned('num_segments') }}, {{ cleaned('numsegments') }}) as segment_count_text,
        {{ cleaned('price') }} as price_text,
        coalesce({{ upper_case(cleaned('price_unit')) }}, {{ upper_case(cleaned('priceunit')) }}) as currency_code,
        coalesce({{ cleaned('date_created') }}, {{ cleaned('created_at') }}) as created_at_text,
        coalesce({{ cleaned('date_sent') }}, {{ cleaned('sentdate') }}) as sent_at_text,
        coalesce({{ cleaned('date_updated') }}, {{ cleaned('updated_at') }}) as updated_at_text,
        {{ raw_record(declared) }} as record,
        _file as file,
        _content_hash as content_hash,
        _extract_number as extract_number,
        _line as line_number,
        _loaded_at as loaded_at
    from source

),

typed as (

    select
        *,
        direction like 'outbound%' as is_outbound,
        -- Another channel than SMS stands before the number: whatsapp:+15550100001.
        case
            when sender like '%:%' then {{ lower_case("split_part(sender, ':', 1)") }}
            when recipient like '%:%' then {{ lower_case("split_part(recipient, ':', 1)") }}
            else 'sms'
        end as channel,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient') }} as to_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('created_at_text') }} as created_at,
        {{ carrier_timestamp('sent_at_text') }} as carrier_sent_at,
        {{ carrier_timestamp('updated_at_text') }} as updated_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                missing_condition('message_sid'),
                missing_condition('direction'),
                ["direction <> 'inbound' and not is_outbound", "'unknown direction: ' || direction"],
                ["is_outbound and channels.channel is null", "'unknown channel: ' || typed.channel"],
                ["not is_outbound and coalesce(sent_at_text, created_at_text) is null",
                    "'lacks a time: expected the date sent or created'"],
                ["is_outbound and recipient is null", "'lacks a value in to'"],
                ["is_outbound and coalesce(messaging_service_sid, sender) is null",
                    "'lacks a value in from or messaging_service_sid'"],
                ["not is_outbound and sender is null", "'lacks a value in from'"],
                ["is_outbound and typed.provider_status is null", "'lacks a value in status'"],
                ["is_outbound and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('date sent', 'sent_at_text', 'carrier_sent_at')
            + time_conditions('date created', 'created_at_text', 'created_at')
            + time_conditions('date updated', 'updated_at_text', 'updated_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status
    left join channels
        on typed.channel = channels.channel

)

select
    message_sid as provider_message_id,
    cast(null as string) as part,
    is_outbound,
    channel,
    coalesce(messaging_service_sid, from_number) as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    error_message,
    segment_count,
    price,
    currency_code,
    segment_count_text,
    price_text,
    -- Without a time, as the console has messages that never were sent, a row gives a status and no send.
    coalesce(carrier_sent_at, created_at) as sent_at,
    cast(null as timestamp) as event_at,
    coalesce(updated_at, carrier_sent_at, created_at) as status_at,
    updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
