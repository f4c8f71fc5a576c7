{%- set declared = source_columns('bird', 'messages') -%}

with source as (

    select * from {{ source('bird', 'messages') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'bird'

),

renamed as (

    select
        {{ cleaned('id') }} as provider_message_id,
        {{ word('direction') }} as direction,
        coalesce(
            {{ cleaned('originator') }},
            {{ json_value('sender', 'contact.identifierValue') }},
            {{ json_value('sender', 'connector.identifierValue') }}
        ) as sender,
        coalesce(
            {{ cleaned('recipient') }},
            {{ json_value('receiver', 'contacts[0].identifierValue') }},
            {{ json_value('receiver', 'connector.identifierValue') }},
            {{ json_value('recipients', 'items[0].recipient') }}
        ) as recipient_number,
        {{ json_value('receiver', 'contacts[1]') }} is not null as is_group,
        {{ cleaned('recipient') }} as report_recipient,
        {{ lower_case(json_value('recipients', 'items[0].status')) }} as first_status,
        case when {{ json_value('recipients', 'items[1]') }} is not null then {{ json_text('recipients', 'items') }} end
            as recipients,
        {{ cleaned('channelid') }} as channel_id,
        coalesce({{ json_text('body', 'text.text') }}, {{ plain_text('body') }}) as body,
        {{ word('status') }} as message_status,
        coalesce(
            {{ cleaned('statuserrorcode') }},
            {{ json_value('failure', 'source.code') }},
            {{ json_value('recipients', 'items[0].statusErrorCode') }}
        ) as provider_code,
        coalesce(
            {{ cleaned('statusreason') }},
            {{ json_value('recipients', 'items[0].statusReason') }},
            {{ cleaned('reason') }}
        ) as provider_reason,
        {{ json_value('recipients', 'items[0].messagePartCount') }} as segment_count_text,
        {{ json_value('recipients', 'items[0].price.amount') }} as price_text,
        {{ upper_case(json_value('recipients', 'items[0].price.currency')) }} as currency_code,
        coalesce({{ cleaned('createdat') }}, {{ cleaned('createddatetime') }}) as sent_at_text,
        coalesce(
            {{ cleaned('laststatusat') }},
            {{ cleaned('statusdatetime') }},
            {{ json_value('recipients', 'items[0].statusDatetime') }},
            {{ cleaned('updatedat') }}
        ) as status_at_text,
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
        -- A status report of the older interface names no direction; only what was sent has one.
        coalesce(direction not in ('incoming', 'mo'), true) as is_outbound,
        coalesce(first_status, message_status) as provider_status,
        (is_group or recipients is not null) and report_recipient is null and first_status is null as has_shared_status,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('sent_at_text') }} as sent_at,
        {{ carrier_timestamp('status_at_text') }} as status_at
    from renamed

),

checked as (

    select
        typed.*,
        {{ status_unless_shared('provider_statuses.status', 'has_shared_status') }} as status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in id'"],
                ["direction not in ('outgoing', 'incoming', 'mt', 'mo')", "'unknown direction: ' || direction"],
                ["coalesce(sent_at_text, status_at_text) is null", "'lacks a time: expected createdAt, lastStatusAt or statusDatetime'"],
                ["is_outbound and recipient_number is null", "'lacks a value in receiver or recipient'"],
                ["not is_outbound and sender is null", "'lacks a value in sender or originator'"],
                ["is_outbound and typed.provider_status is null and recipients is null", "'lacks a value in status'"],
                ["is_outbound and typed.provider_status is not null and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('createdAt', 'sent_at_text', 'sent_at')
            + time_conditions('lastStatusAt', 'status_at_text', 'status_at')
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
    coalesce(channel_id, from_number, 'bird') as message_id,
    from_number,
    to_number,
    case when (is_group or recipients is not null) and not has_shared_status then to_number end as recipient,
    recipients,
    body,
    status,
    -- The code says more than the reason.
    case when status in {{ issue_statuses() }} then coalesce(provider_code, provider_reason) end as error_code,
    case when provider_code is null then 'status_reason' else 'error' end as error_code_space,
    case when status in {{ issue_statuses() }} then provider_reason end as error_message,
    segment_count,
    price,
    currency_code,
    segment_count_text,
    price_text,
    case when is_outbound then sent_at else coalesce(sent_at, status_at) end as sent_at,
    cast(null as timestamp) as event_at,
    coalesce(status_at, sent_at) as status_at,
    status_at as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
