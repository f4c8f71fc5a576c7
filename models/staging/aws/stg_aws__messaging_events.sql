{%- set declared = source_columns('aws', 'messaging_events') -%}

with source as (

    select * from {{ source('aws', 'messaging_events') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'aws'

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        coalesce({{ word('eventtype') }}, 'text_' || {{ word('messagestatus') }}) as provider_status,
        nullif(messagestatusdescription, '') as error_message,
        {{ cleaned('originationphonenumber') }} as sender,
        {{ cleaned('destinationphonenumber') }} as recipient_number,
        {{ cleaned('messagetype') }} as message_type,
        {{ word('isfinal') }} = 'false' as is_provisional,
        {{ cleaned('totalmessageparts') }} as segment_count_text,
        {{ cleaned('totalmessageprice') }} as price_text,
        {{ cleaned('messagerequesttimestamp') }} as requested_at_text,
        {{ cleaned('eventtimestamp') }} as status_at_text,
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
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('requested_at_text') }} as requested_at,
        {{ carrier_timestamp('status_at_text') }} as status_at
    from renamed

),

checked as (

    select
        typed.*,
        -- A word that is not final may be followed by any other (contract rule 3).
        case when typed.is_provisional then 'sending' else provider_statuses.status end as status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in messageId'"],
                ["typed.provider_status is null", "'lacks a value in eventType'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
                ["recipient_number is null", "'lacks a value in destinationPhoneNumber'"],
                ["status_at_text is null", "'lacks a value in eventTimestamp'"],
            ]
            + time_conditions('messageRequestTimestamp', 'requested_at_text', 'requested_at')
            + time_conditions('eventTimestamp', 'status_at_text', 'status_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    true as is_outbound,
    case when provider_status like 'rcs%' then 'rcs' else 'sms' end as channel,
    coalesce(from_number, message_type, 'aws') as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    -- The type of the event is its code.
    case when status in {{ issue_statuses() }} then {{ upper_case('provider_status') }} end as error_code,
    cast(null as string) as error_code_space,
    error_message,
    segment_count,
    price,
    'USD' as currency_code,
    segment_count_text,
    price_text,
    coalesce(requested_at, status_at) as sent_at,
    cast(null as timestamp) as event_at,
    status_at,
    status_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
