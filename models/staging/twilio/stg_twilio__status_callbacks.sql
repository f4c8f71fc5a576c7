{%- set declared = source_columns('twilio', 'status_callbacks') -%}

with source as (

    select * from {{ source('twilio', 'status_callbacks') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'twilio'

),

renamed as (

    select
        coalesce({{ cleaned('messagesid') }}, {{ cleaned('smssid') }}) as message_sid,
        coalesce({{ word('messagestatus') }}, {{ word('smsstatus') }}) as provider_status,
        {{ cleaned('errorcode') }} as error_code,
        nullif(errormessage, '') as error_message,
        coalesce({{ cleaned('occurred_at') }}, {{ cleaned('received_at') }}, {{ cleaned(adapter.quote('timestamp')) }})
            as occurred_at_text,
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
        {{ carrier_timestamp('occurred_at_text') }} as occurred_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["message_sid is null", "'lacks a value in MessageSid'"],
                ["typed.provider_status is null", "'lacks a value in MessageStatus'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('the time of receipt', 'occurred_at_text', 'occurred_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    message_sid as provider_message_id,
    cast(null as string) as part,
    true as is_outbound,
    cast(null as string) as channel,
    cast(null as string) as message_id,
    cast(null as string) as from_number,
    cast(null as string) as to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    error_message,
    cast(null as integer) as segment_count,
    cast(null as decimal(18, 6)) as price,
    cast(null as string) as currency_code,
    cast(null as string) as segment_count_text,
    cast(null as string) as price_text,
    cast(null as timestamp) as sent_at,
    cast(null as timestamp) as event_at,
    occurred_at as status_at,
    cast(null as timestamp) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
