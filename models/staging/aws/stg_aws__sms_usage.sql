{%- set declared = source_columns('aws', 'sms_usage') -%}

with source as (

    select * from {{ source('aws', 'sms_usage') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'aws'

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        trim(trailing '.' from {{ word('deliverystatus') }}) as provider_status,
        trim(trailing '.' from {{ cleaned('deliverystatus') }}) as provider_response,
        {{ cleaned('destinationphonenumber') }} as recipient_number,
        {{ cleaned('messagetype') }} as message_type,
        {{ cleaned('partnumber') }} as part_number_text,
        {{ cleaned('totalparts') }} as segment_count_text,
        {{ cleaned('priceinusd') }} as price_text,
        {{ cleaned('publishtimeutc') }} as sent_at_text,
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
        {{ e164('recipient_number') }} as to_number,
        {{ count_or_null('part_number_text') }} as part_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('sent_at_text') }} as sent_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in MessageId'"],
                ["typed.provider_status is null", "'lacks a value in DeliveryStatus'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
                ["recipient_number is null", "'lacks a value in DestinationPhoneNumber'"],
                ["sent_at_text is null", "'lacks a value in PublishTimeUTC'"],
            ]
            + time_conditions('PublishTimeUTC', 'sent_at_text', 'sent_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

),

reports as (

    select
        *,
        sent_at as status_at,
        case when status in {{ issue_statuses() }} then provider_response end as error_code,
        -- Where part numbers are not known (0), rows that differ are taken for parts, unless there is but one.
        coalesce(
            cast(part_number as string),
            case when segment_count = 1 then '1' else concat_ws('|', '0', provider_response, sent_at, price) end
        ) as part
    from checked

)

select
    provider_message_id,
    part,
    true as is_outbound,
    'sms' as channel,
    -- The report names no sender.
    coalesce(message_type, 'aws') as message_id,
    cast(null as string) as from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    error_code,
    'provider_response' as error_code_space,
    cast(null as string) as error_message,
    segment_count,
    price,
    'USD' as currency_code,
    segment_count_text,
    price_text,
    sent_at,
    cast(null as timestamp) as event_at,
    status_at,
    sent_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from reports
