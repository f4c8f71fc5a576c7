{%- set declared = source_columns('bandwidth', 'callbacks') -%}

with source as (

    select * from {{ source('bandwidth', 'callbacks') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'bandwidth'

),

renamed as (

    select
        {{ json_value('message', 'id') }} as message_id_text,
        {{ word('type') }} as provider_status,
        {{ json_value('message', 'from') }} as sender,
        coalesce(
            {{ json_value(adapter.quote('to'), '[0]') }},
            {{ cleaned(adapter.quote('to')) }},
            {{ json_value('message', 'to[0]') }}
        ) as recipient_number,
        {{ json_value('message', 'to[1]') }} is not null as is_group,
        case
            when {{ cleaned(adapter.quote('to')) }} is null then {{ json_value('message', 'to[1]') }} is not null
            else {{ json_value(adapter.quote('to'), '[1]') }} is not null
        end as has_shared_status,
        {{ json_text('message', 'text') }} as body,
        {{ cleaned('errorcode') }} as provider_code,
        nullif(description, '') as error_message,
        {{ cleaned('time') }} as status_at_text,
        {{ json_value('message', 'time') }} as received_at_text,
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
        coalesce(provider_status, '') <> 'message-received' as is_outbound,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ issue_code('provider_code') }} as error_code,
        {{ carrier_timestamp('status_at_text') }} as status_at,
        {{ carrier_timestamp('received_at_text') }} as received_at
    from renamed

),

checked as (

    select
        typed.*,
        {{ status_unless_shared('provider_statuses.status', 'has_shared_status') }} as status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in message.id'"],
                ["typed.provider_status is null", "'lacks a value in type'"],
                ["is_outbound and provider_statuses.status is null", "'unknown type: ' || typed.provider_status"],
                ["coalesce(status_at_text, received_at_text) is null", "'lacks a value in time'"],
                ["not is_outbound and sender is null", "'lacks a value in message.from'"],
            ]
            + time_conditions('time', 'status_at_text', 'status_at')
            + time_conditions('message.time', 'received_at_text', 'received_at')
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
    cast(null as string) as message_id,
    from_number,
    to_number,
    -- Of a message to several recipients, each event is of the one that it names.
    case when is_group and not has_shared_status then to_number end as recipient,
    cast(null as string) as recipients,
    body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    case when is_outbound then error_message end as error_message,
    cast(null as integer) as segment_count,
    cast(null as decimal(18, 6)) as price,
    cast(null as string) as currency_code,
    cast(null as string) as segment_count_text,
    cast(null as string) as price_text,
    case when not is_outbound then coalesce(received_at, status_at) end as sent_at,
    cast(null as timestamp) as event_at,
    coalesce(status_at, received_at) as status_at,
    coalesce(status_at, received_at) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
