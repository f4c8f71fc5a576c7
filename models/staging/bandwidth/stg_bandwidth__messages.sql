{%- set declared = source_columns('bandwidth', 'messages') -%}

with source as (

    select * from {{ source('bandwidth', 'messages') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'bandwidth'

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        {{ word('messagedirection') }} as direction,
        {{ cleaned('sourcetn') }} as sender,
        {{ cleaned('destinationtn') }} as recipient_number,
        {{ word('messagestatus') }} as provider_status,
        {{ cleaned('errorcode') }} as provider_code,
        {{ cleaned('segmentcount') }} as segment_count_text,
        {{ cleaned('receivetime') }} as sent_at_text,
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
        direction like 'out%' as is_outbound,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ issue_code('provider_code') }} as error_code,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ carrier_timestamp('sent_at_text') }} as sent_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in messageId'"],
                ["direction is null", "'lacks a value in messageDirection'"],
                ["not is_outbound and direction not like 'in%'", "'unknown direction: ' || direction"],
                ["sent_at_text is null", "'lacks a value in receiveTime'"],
                ["sender is null", "'lacks a value in sourceTn'"],
                ["is_outbound and recipient_number is null", "'lacks a value in destinationTn'"],
                ["is_outbound and typed.provider_status is null", "'lacks a value in messageStatus'"],
                ["is_outbound and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('receiveTime', 'sent_at_text', 'sent_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    is_outbound,
    'sms' as channel,
    from_number as message_id,
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
    cast(null as decimal(18, 6)) as price,
    cast(null as string) as currency_code,
    segment_count_text,
    cast(null as string) as price_text,
    sent_at,
    cast(null as timestamp) as event_at,
    sent_at as status_at,
    cast(null as timestamp) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
