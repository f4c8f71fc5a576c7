{%- set declared = source_columns('vonage', 'reports') -%}

with source as (

    select * from {{ source('vonage', 'reports') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'vonage'

),

renamed as (

    select
        {{ cleaned('message_id') }} as provider_message_id,
        coalesce({{ word('direction') }}, 'outbound') as direction,
        {{ cleaned(adapter.quote('from')) }} as sender,
        {{ cleaned(adapter.quote('to')) }} as recipient_number,
        nullif(message_body, '') as body,
        {{ word('status') }} as provider_status,
        {{ cleaned('error_code') }} as provider_code,
        nullif(error_code_description, '') as error_message,
        {{ cleaned('total_price') }} as price_text,
        {{ upper_case(cleaned('currency')) }} as currency_code,
        {{ cleaned('date_received') }} as sent_at_text,
        {{ cleaned('date_finalized') }} as finalized_at_text,
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
        direction = 'outbound' as is_outbound,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ issue_code('provider_code') }} as error_code,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('sent_at_text') }} as sent_at,
        {{ carrier_timestamp('finalized_at_text') }} as finalized_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in message_id'"],
                ["not is_outbound and direction not like 'in%'", "'unknown direction: ' || direction"],
                ["sent_at_text is null", "'lacks a value in date_received'"],
                ["sender is null", "'lacks a value in from'"],
                ["is_outbound and recipient_number is null", "'lacks a value in to'"],
                ["is_outbound and typed.provider_status is null", "'lacks a value in status'"],
                ["is_outbound and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('date_received', 'sent_at_text', 'sent_at')
            + time_conditions('date_finalized', 'finalized_at_text', 'finalized_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

),

reports as (

    select
        *,
        coalesce(finalized_at, sent_at) as status_at,
        -- Each part of a long message may have its own report; without a number, each final one is taken for a part.
        case
            when status in {{ issue_statuses() }} or status in {{ delivery_statuses() }}
                then concat_ws('|', status, error_code, finalized_at)
        end as part
    from checked

)

select
    provider_message_id,
    part,
    is_outbound,
    'sms' as channel,
    from_number as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    error_message,
    cast(null as integer) as segment_count,
    price,
    currency_code,
    cast(null as string) as segment_count_text,
    price_text,
    sent_at,
    cast(null as timestamp) as event_at,
    status_at,
    case when is_outbound then finalized_at end as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from reports
