{%- set declared = source_columns('sinch', 'delivery_reports') -%}

with source as (

    select * from {{ source('sinch', 'delivery_reports') }}

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}
    where provider = 'sinch'

),

renamed as (

    select
        {{ cleaned('batch_id') }} as provider_message_id,
        {{ word('status') }} as provider_status,
        {{ cleaned('code') }} as provider_code,
        coalesce({{ cleaned('recipient') }}, {{ json_value('recipients', '[0]') }}) as recipient_number,
        case when {{ json_value('recipients', '[1]') }} is not null then recipients end as recipients,
        {{ cleaned(adapter.quote('at')) }} as status_at_text,
        {{ cleaned('operator_status_at') }} as operator_status_at_text,
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
        {{ e164('recipient_number') }} as recipient,
        {{ issue_code('provider_code') }} as error_code,
        {{ carrier_timestamp('status_at_text') }} as status_at,
        {{ carrier_timestamp('operator_status_at_text') }} as operator_status_at
    from renamed

),

checked as (

    select
        typed.*,
        provider_statuses.status,
        {{ rejection_reason(
            [
                ["provider_message_id is null", "'lacks a value in batch_id'"],
                ["recipient_number is null", "'lacks a value in recipient or recipients'"],
                ["typed.provider_status is null", "'lacks a value in status'"],
                ["provider_statuses.status is null", "'unknown status: ' || typed.provider_status"],
            ]
            + time_conditions('at', 'status_at_text', 'status_at')
            + time_conditions('operator_status_at', 'operator_status_at_text', 'operator_status_at')
        ) }} as rejection_reason
    from typed
    left join provider_statuses
        on typed.provider_status = provider_statuses.provider_status

)

select
    provider_message_id,
    cast(null as string) as part,
    true as is_outbound,
    cast(null as string) as channel,
    cast(null as string) as message_id,
    cast(null as string) as from_number,
    cast(null as string) as to_number,
    -- A batch may have many recipients, each a send of its own. Its own report names those of a status together.
    recipient,
    recipients,
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
    coalesce(status_at, operator_status_at) as status_at,
    cast(null as timestamp) as updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
