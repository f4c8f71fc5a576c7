{%- set declared = source_columns('vonage', 'inbound_messages') -%}

with source as (

    {{ extract_rows('vonage', 'inbound_messages') }}

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        {{ cleaned('msisdn') }} as sender,
        {{ cleaned('"to"') }} as recipient_number,
        nullif(text, '') as body,
        coalesce({{ cleaned('"message-timestamp"') }}, {{ cleaned('"timestamp"') }}) as sent_at_text,
        {{ raw_record(declared) }} as record,
        _file as file,
        _content_hash as content_hash,
        coalesce(_extract_number, 0) as extract_number,
        _line as line_number,
        _loaded_at as loaded_at
    from source

),

typed as (

    select
        *,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ carrier_timestamp('sent_at_text') }} as sent_at
    from renamed

),

checked as (

    select
        *,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in messageId'"],
                ["sender is null", "'lacks a value in msisdn'"],
                ["sent_at_text is null", "'lacks a value in message-timestamp'"],
            ]
            + time_conditions('message-timestamp', 'sent_at_text', 'sent_at')
        ) }} as rejection_reason
    from typed

)

select
    provider_message_id,
    false as is_outbound,
    'sms' as channel,
    from_number,
    to_number,
    body,
    sent_at,
    sent_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number,
    loaded_at
from checked
