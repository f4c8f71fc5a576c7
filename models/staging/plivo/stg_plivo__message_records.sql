{%- set declared = source_columns('plivo', 'message_records') -%}

with source as (

    select * from {{ source('plivo', 'message_records') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'plivo'

),

renamed as (

    select
        {{ cleaned('message_uuid') }} as provider_message_id,
        {{ word('message_direction') }} as direction,
        {{ cleaned('from_number') }} as sender,
        {{ cleaned('to_number') }} as recipient_number,
        coalesce({{ cleaned('powerpack_uuid') }}, {{ cleaned('powerpack_id') }}) as powerpack_id,
        {{ word('message_type') }} as message_type,
        {{ word('message_state') }} as provider_status,
        {{ cleaned('error_code') }} as provider_code,
        {{ cleaned('units') }} as segment_count_text,
        {{ cleaned('total_amount') }} as price_text,
        {{ cleaned('message_time') }} as created_at_text,
        {{ cleaned('message_sent_time') }} as carrier_sent_at_text,
        {{ cleaned('message_updated_time') }} as updated_at_text,
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
        case when message_type in ('whatsapp', 'rcs') then message_type else 'sms' end as channel,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ issue_code('provider_code') }} as error_code,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('created_at_text') }} as created_at,
        {{ carrier_timestamp('carrier_sent_at_text') }} as carrier_sent_at,
        {{ carrier_timestamp('updated_at_text') }} as updated_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in message_uuid'"],
                ["direction is null", "'lacks a value in message_direction'"],
                ["not is_outbound and direction not like 'in%'", "'unknown direction: ' || direction"],
                ["created_at_text is null", "'lacks a value in message_time'"],
                ["sender is null", "'lacks a value in from_number'"],
                ["is_outbound and recipient_number is null", "'lacks a value in to_number'"],
                ["is_outbound and typed.provider_status is null", "'lacks a value in message_state'"],
                ["is_outbound and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('message_time', 'created_at_text', 'created_at')
            + time_conditions('message_sent_time', 'carrier_sent_at_text', 'carrier_sent_at')
            + time_conditions('message_updated_time', 'updated_at_text', 'updated_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    is_outbound,
    channel,
    coalesce(powerpack_id, from_number) as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    cast(null as string) as error_message,
    segment_count,
    price,
    'USD' as currency_code,
    segment_count_text,
    price_text,
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
