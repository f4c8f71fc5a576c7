{%- set declared = source_columns('vonage', 'delivery_receipts') -%}

with source as (

    select * from {{ source('vonage', 'delivery_receipts') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'vonage'

),

renamed as (

    select
        {{ cleaned('messageid') }} as provider_message_id,
        {{ word('status') }} as provider_status,
        {{ cleaned(adapter.quote('err-code')) }} as provider_code,
        {{ cleaned(adapter.quote('message-timestamp')) }} as pushed_at_text,
        {{ cleaned(adapter.quote('timestamp')) }} as signed_at_text,
        {{ cleaned('scts') }} as receipt_minute_text,
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
        {{ issue_code('provider_code') }} as error_code,
        {{ carrier_timestamp('pushed_at_text') }} as pushed_at,
        {{ carrier_timestamp('signed_at_text') }} as signed_at,
        {{ receipt_minute('receipt_minute_text') }} as receipt_minute
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in messageId'"],
                ["typed.provider_status is null", "'lacks a value in status'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('message-timestamp', 'pushed_at_text', 'pushed_at')
            + time_conditions('timestamp', 'signed_at_text', 'signed_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

),

reports as (

    select
        *,
        -- The minute of the carrier's receipt is often not in UTC: only where there is nothing better.
        coalesce(pushed_at, signed_at, receipt_minute) as status_at,
        -- Each part of a long message has its own receipt; without a number, each final receipt is taken for one part.
        case
            when status in {{ issue_statuses() }} or status in {{ delivery_statuses() }}
                then concat_ws('|', status, error_code, pushed_at, signed_at, receipt_minute)
        end as part
    from checked

)

select
    provider_message_id,
    part,
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
    cast(null as string) as error_message,
    cast(null as integer) as segment_count,
    cast(null as decimal(18, 6)) as price,
    cast(null as string) as currency_code,
    cast(null as string) as segment_count_text,
    cast(null as string) as price_text,
    cast(null as timestamp) as sent_at,
    cast(null as timestamp) as event_at,
    status_at,
    cast(null as timestamp) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from reports
