{%- set declared = source_columns('outbound', 'statuses') -%}

with source as (

    select * from {{ source('outbound', 'statuses') }}

),

statuses as (

    select * from {{ ref('statuses') }}

),

provider_aliases as (

    select * from {{ ref('provider_aliases') }}

),

renamed as (

    select
        {{ cleaned('send_id') }} as send_id,
        {{ word('provider') }} as provider,
        {{ cleaned('provider_message_id') }} as provider_message_id,
        {{ word('status') }} as status,
        {{ cleaned('status_id') }} as status_id,
        {{ cleaned('error_code') }} as error_code,
        {{ word('error_code_space') }} as error_code_space,
        nullif(error_message, '') as error_message,
        {{ cleaned('occurred_at') }} as occurred_at_text,
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
        {{ utc_timestamp('occurred_at_text') }} as occurred_at
    from renamed

),

checked as (

    select
        typed.*,
        coalesce(provider_aliases.provider, typed.provider) as known_provider,
        {{ rejection_reason(
            [
                ["send_id is null and (typed.provider is null or provider_message_id is null)",
                    "'lacks a value in send_id, or in both provider and provider_message_id'"],
                missing_condition('status', 'typed.status'),
                ["occurred_at_text is null", "'lacks a value in occurred_at'"],
                ["statuses.status is null", "'unknown status: ' || typed.status"],
            ]
            + time_conditions('occurred_at', 'occurred_at_text', 'occurred_at')
        ) }} as rejection_reason
    from typed
    left join statuses
        on typed.status = statuses.status
    left join provider_aliases
        on {{ provider_alias('typed.provider') }} = {{ provider_alias('provider_aliases.provider_alias') }}

)

select
    status_id,
    send_id,
    known_provider as provider,
    provider_message_id,
    status,
    error_code,
    error_code_space,
    error_message,
    occurred_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
