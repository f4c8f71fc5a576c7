{%- set declared = source_columns('telnyx', 'message_records') -%}

with source as (

    select * from {{ source('telnyx', 'message_records') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'telnyx'

),

renamed as (

    select
        coalesce({{ cleaned('id') }}, {{ cleaned('uuid') }}) as provider_message_id,
        {{ word('direction') }} as direction,
        coalesce(
            {{ json_value(adapter.quote('from'), 'phone_number') }},
            {{ cleaned('cli') }},
            {{ plain_text(adapter.quote('from')) }}
        ) as sender,
        coalesce(
            {{ json_value(adapter.quote('to'), '[0].phone_number') }},
            {{ cleaned('cld') }},
            {{ plain_text(adapter.quote('to')) }}
        ) as recipient_number,
        case
            when {{ json_value(adapter.quote('to'), '[1].phone_number') }} is not null then {{ adapter.quote('to') }}
        end as recipients,
        {{ json_value(adapter.quote('to'), '[1].phone_number') }} is not null
        and {{ json_value(adapter.quote('to'), '[0].status') }} is null as has_shared_status,
        coalesce({{ cleaned('messaging_profile_id') }}, {{ cleaned('profile_id') }}) as messaging_profile_id,
        coalesce({{ word('type') }}, {{ word('message_type') }}) as message_type,
        nullif(text, '') as body,
        coalesce(
            {{ lower_case(json_value(adapter.quote('to'), '[0].status')) }},
            {{ word('status') }},
            {{ word('delivery_status') }}
        ) as provider_status,
        coalesce(
            {{ json_value('errors', '[0].code') }},
            {{ plain_text(json_value('errors', '[0]')) }},
            {{ plain_text('errors') }}
        ) as provider_code,
        coalesce({{ json_value('errors', '[0].title') }}, {{ json_value('errors', '[0].detail') }}) as error_message,
        {{ cleaned('parts') }} as segment_count_text,
        coalesce({{ json_value('cost', 'amount') }}, {{ plain_text('cost') }}) as price_text,
        coalesce({{ upper_case(json_value('cost', 'currency')) }}, {{ upper_case(cleaned('currency')) }})
            as currency_code,
        coalesce({{ cleaned('created_at') }}, {{ cleaned('received_at') }}) as created_at_text,
        {{ cleaned('sent_at') }} as carrier_sent_at_text,
        {{ cleaned('completed_at') }} as completed_at_text,
        {{ cleaned('updated_at') }} as updated_at_text,
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
        direction like 'outbound%' as is_outbound,
        case when message_type in ('whatsapp', 'rcs') then message_type else 'sms' end as channel,
        {{ e164('sender') }} as from_number,
        {{ e164('recipient_number') }} as to_number,
        {{ issue_code('provider_code') }} as error_code,
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ carrier_timestamp('created_at_text') }} as created_at,
        {{ carrier_timestamp('carrier_sent_at_text') }} as carrier_sent_at,
        {{ carrier_timestamp('completed_at_text') }} as completed_at,
        {{ carrier_timestamp('updated_at_text') }} as updated_at
    from renamed

),

checked as (

    select
        typed.*,
        {{ status_unless_shared('provider_statuses.status', 'has_shared_status') }} as status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in id'"],
                ["direction is null", "'lacks a value in direction'"],
                ["not is_outbound and direction not like 'in%'", "'unknown direction: ' || direction"],
                ["coalesce(carrier_sent_at_text, created_at_text) is null", "'lacks a time: expected sent_at, created_at or received_at'"],
                ["is_outbound and recipient_number is null", "'lacks a value in to'"],
                ["is_outbound and coalesce(messaging_profile_id, sender) is null", "'lacks a value in from or messaging_profile_id'"],
                ["not is_outbound and sender is null", "'lacks a value in from'"],
                ["is_outbound and typed.provider_status is null and recipients is null", "'lacks a value in status'"],
                ["is_outbound and typed.provider_status is not null and provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('created_at', 'created_at_text', 'created_at')
            + time_conditions('sent_at', 'carrier_sent_at_text', 'carrier_sent_at')
            + time_conditions('completed_at', 'completed_at_text', 'completed_at')
            + time_conditions('updated_at', 'updated_at_text', 'updated_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    is_outbound,
    channel,
    coalesce(messaging_profile_id, from_number) as message_id,
    from_number,
    to_number,
    case when recipients is not null and not has_shared_status then to_number end as recipient,
    recipients,
    body,
    status,
    error_code,
    cast(null as string) as error_code_space,
    error_message,
    segment_count,
    price,
    currency_code,
    segment_count_text,
    price_text,
    coalesce(carrier_sent_at, created_at) as sent_at,
    cast(null as timestamp) as event_at,
    coalesce(completed_at, updated_at, carrier_sent_at, created_at) as status_at,
    coalesce(completed_at, updated_at) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
