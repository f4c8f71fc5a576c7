{%- set declared = source_columns('aws', 'pinpoint_events') -%}

with source as (

    select * from {{ source('aws', 'pinpoint_events') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'aws'

),

renamed as (

    select
        {{ json_value('attributes', 'message_id') }} as message_id_text,
        {{ word('event_type') }} as event_type,
        {{ lower_case(json_value('attributes', 'record_status')) }} as record_status,
        {{ json_value('attributes', 'origination_phone_number') }} as sender,
        {{ json_value('attributes', 'destination_phone_number') }} as recipient_number,
        {{ json_value('attributes', 'campaign_id') }} as campaign_id,
        {{ json_value('application', 'app_id') }} as application_id,
        {{ json_value('attributes', 'number_of_message_parts') }} as segment_count_text,
        {{ json_value('metrics', 'price_in_millicents_usd') }} as price_text,
        {{ cleaned('event_timestamp') }} as status_at_text,
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
        -- The record's status says more than the event's type.
        case
            when event_type = '_sms.optout' then event_type
            else coalesce(record_status, event_type)
        end as provider_status,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        record_status in (
            'duplicate', 'opt_out', 'permanent_failure', 'temporary_failure', 'throttled', 'timeout', 'unknown_failure'
        ) as is_request_result,
        cast({{ amount_per(unsigned_amount('price_text'), 100000) }} as decimal(18, 6)) as price,
        {{ carrier_timestamp('status_at_text') }} as status_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in attributes.message_id'"],
                ["typed.provider_status is null", "'lacks a value in event_type'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
                ["recipient_number is null", "'lacks a value in attributes.destination_phone_number'"],
                ["status_at_text is null", "'lacks a value in event_timestamp'"],
            ]
            + time_conditions('event_timestamp', 'status_at_text', 'status_at')
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
    -- A campaign plays the part of a messaging service.
    coalesce(campaign_id, from_number, application_id, 'aws') as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    -- The words of records are those of the events of End User Messaging; answers to the request have their own.
    case
        when status not in {{ issue_statuses() }} then null
        when is_request_result then {{ upper_case('record_status') }}
        else 'TEXT_' || {{ upper_case('record_status') }}
    end as error_code,
    case when is_request_result then 'pinpoint_status' else 'event_type' end as error_code_space,
    cast(null as string) as error_message,
    segment_count,
    price,
    'USD' as currency_code,
    segment_count_text,
    price_text,
    -- An event has no time of the send: the first of the message stands in. An opt-out alone is no send.
    case when status <> 'unsubscribed' then status_at end as sent_at,
    case when status <> 'unsubscribed' then status_at end as event_at,
    status_at,
    status_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
