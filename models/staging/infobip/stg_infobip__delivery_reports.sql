{%- set declared = source_columns('infobip', 'delivery_reports') -%}

with source as (

    select * from {{ source('infobip', 'delivery_reports') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'infobip'

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        {{ cleaned(adapter.quote('from')) }} as sender,
        {{ cleaned(adapter.quote('to')) }} as recipient_number,
        coalesce(
            {{ lower_case(json_value('status', 'name')) }},
            {{ lower_case(json_value('status', 'groupName')) }},
            {{ lower_case(plain_text('status')) }}
        ) as provider_status,
        {{ json_value('status', 'id') }} as status_code,
        {{ json_value('error', 'id') }} as report_code,
        coalesce(
            case when {{ json_value('error', 'name') }} <> 'NO_ERROR' then {{ json_value('error', 'description') }} end,
            {{ json_value('status', 'description') }}
        ) as error_message,
        coalesce({{ cleaned('smscount') }}, {{ cleaned('messagecount') }}) as segment_count_text,
        {{ json_value('price', 'pricePerMessage') }} as price_text,
        {{ upper_case(json_value('price', 'currency')) }} as currency_code,
        {{ cleaned('sentat') }} as carrier_sent_at_text,
        {{ cleaned('doneat') }} as done_at_text,
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
        {{ issue_code('report_code') }} as report_error_code,
        {{ unsigned_amount('price_text') }} as price_per_part,
        {{ carrier_timestamp('carrier_sent_at_text') }} as carrier_sent_at,
        {{ carrier_timestamp('done_at_text') }} as done_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in messageId'"],
                ["recipient_number is null", "'lacks a value in to'"],
                ["typed.provider_status is null", "'lacks a value in status.name'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
                ["coalesce(carrier_sent_at_text, done_at_text) is null", "'lacks a time: expected sentAt or doneAt'"],
            ]
            + time_conditions('sentAt', 'carrier_sent_at_text', 'carrier_sent_at')
            + time_conditions('doneAt', 'done_at_text', 'done_at')
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
    coalesce(from_number, 'infobip') as message_id,
    from_number,
    to_number,
    cast(null as string) as recipient,
    cast(null as string) as recipients,
    cast(null as string) as body,
    status,
    -- The error says more than the status; where there is none, the status is the code.
    case when status in {{ issue_statuses() }} then coalesce(report_error_code, status_code) end as error_code,
    case when report_error_code is null then 'status' else 'error' end as error_code_space,
    case when status in {{ issue_statuses() }} then error_message end as error_message,
    segment_count,
    -- Without a count it is one part; by a count that can't be, no price is reckoned.
    try_cast(
        cast(price_per_part as decimal(38, 6))
        * coalesce(segment_count, case when coalesce({{ whole_number('segment_count_text') }}, 0) < 1 then 1 end)
        as decimal(18, 6)
    ) as price,
    currency_code,
    segment_count_text,
    price_text,
    coalesce(carrier_sent_at, done_at) as sent_at,
    cast(null as timestamp) as event_at,
    coalesce(done_at, carrier_sent_at) as status_at,
    coalesce(done_at, carrier_sent_at) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
