{%- set declared = source_columns('vonage', 'inbound_messages') -%}

with source as (

    select * from {{ source('vonage', 'inbound_messages') }}

),

renamed as (

    select
        {{ cleaned('messageid') }} as message_id,
        {{ cleaned(adapter.quote('concat-ref')) }} as part_reference,
        {{ cleaned(adapter.quote('concat-total')) }} as part_total,
        {{ cleaned(adapter.quote('concat-part')) }} as part_number_text,
        {{ cleaned('msisdn') }} as sender,
        {{ cleaned(adapter.quote('to')) }} as recipient_number,
        nullif(text, '') as body,
        coalesce({{ cleaned(adapter.quote('message-timestamp')) }}, {{ cleaned(adapter.quote('timestamp')) }})
            as sent_at_text,
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
        {{ count_or_null('part_number_text') }} as part_number,
        {{ carrier_timestamp('sent_at_text') }} as sent_at
    from renamed

),

checked as (

    select
        *,
        {{ rejection_reason(
            [
                ["message_id is null", "'lacks a value in messageId'"],
                ["sender is null", "'lacks a value in msisdn'"],
                ["sent_at_text is null", "'lacks a value in message-timestamp'"],
            ]
            + time_conditions('message-timestamp', 'sent_at_text', 'sent_at')
        ) }} as rejection_reason
    from typed

)

select
    -- Each part of a long text comes with an id of its own. They are one reply: of the same numbers and day, with the
    -- same reference, which the phone counts up from text to text.
    case
        when part_number is null then message_id
        else 'parts-' || md5(concat_ws('|', from_number, to_number, part_reference, part_total, cast(sent_at as date)))
    end as provider_message_id,
    lpad(cast(part_number as string), 3, '0') as part,
    false as is_outbound,
    'sms' as channel,
    cast(null as string) as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    body,
    cast(null as string) as status,
    cast(null as string) as error_code,
    cast(null as string) as error_code_space,
    cast(null as string) as error_message,
    cast(null as integer) as segment_count,
    cast(null as decimal(18, 6)) as price,
    cast(null as string) as currency_code,
    cast(null as string) as segment_count_text,
    cast(null as string) as price_text,
    sent_at,
    cast(null as timestamp) as event_at,
    cast(null as timestamp) as status_at,
    sent_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
