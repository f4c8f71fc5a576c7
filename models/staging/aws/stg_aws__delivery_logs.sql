{%- set declared = source_columns('aws', 'delivery_logs') -%}

with source as (

    select * from {{ source('aws', 'delivery_logs') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'aws'

),

renamed as (

    select
        {{ json_value('notification', 'messageId') }} as message_id_text,
        {{ word('status') }} as log_status,
        trim(trailing '.' from {{ json_value('delivery', 'providerResponse') }}) as provider_response,
        {{ json_value('delivery', 'destination') }} as recipient_number,
        {{ json_value('delivery', 'smsType') }} as message_type,
        {{ json_value('delivery', 'numberOfMessageParts') }} as segment_count_text,
        {{ json_value('delivery', 'priceInUSD') }} as price_text,
        {{ json_value('notification', 'timestamp') }} as sent_at_text,
        {{ json_value('delivery', 'dwellTimeMs') }} as dwell_text,
        {{ json_value('delivery', 'dwellTimeMsUntilDeviceAck') }} as dwell_until_device_text,
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
        {{ cleaned('message_id_text') }} as provider_message_id,
        -- Of a success the response says more than the status: whether the phone or only the carrier took the message.
        case
            when log_status = 'success' then coalesce({{ lower_case('provider_response') }}, log_status)
            else log_status
        end as provider_status,
        {{ e164('recipient_number') }} as to_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        coalesce(
            case
                when log_status = 'success'
                    then {{ count_up_to(var('longest_dwell_milliseconds'), 'dwell_until_device_text') }}
            end,
            {{ count_up_to(var('longest_dwell_milliseconds'), 'dwell_text') }},
            0
        ) as dwell_milliseconds,
        {{ carrier_timestamp('sent_at_text') }} as sent_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in notification.messageId'"],
                ["typed.provider_status is null", "'lacks a value in status'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
                ["recipient_number is null", "'lacks a value in delivery.destination'"],
                ["sent_at_text is null", "'lacks a value in notification.timestamp'"],
            ]
            + time_conditions('notification.timestamp', 'sent_at_text', 'sent_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    true as is_outbound,
    'sms' as channel,
    -- The log names no sender.
    coalesce(message_type, 'aws') as message_id,
    cast(null as string) as from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    case when status in {{ issue_statuses() }} then provider_response end as error_code,
    'provider_response' as error_code_space,
    cast(null as string) as error_message,
    segment_count,
    price,
    'USD' as currency_code,
    segment_count_text,
    price_text,
    sent_at,
    cast(null as timestamp) as event_at,
    case when rejection_reason is null then {{ add_milliseconds('sent_at', 'dwell_milliseconds') }} end as status_at,
    sent_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
