{%- set declared = source_columns('outbound', 'replies') -%}

with source as (

    select * from {{ source('outbound', 'replies') }}

),

channels as (

    select * from {{ ref('channels') }}

),

provider_aliases as (

    select * from {{ ref('provider_aliases') }}

),

-- Inlined, since the marks of the models that read this would not reach the files past a table kept in memory.
numbers as {{ inlined() }} (

    select * from {{ ref('stg_pipeline__numbers') }}

),

renamed as (

    select
        {{ cleaned('reply_id') }} as reply_id,
        {{ cleaned('send_id') }} as send_id,
        {{ e164('from_number', is_completed=true) }} as from_number,
        {{ cleaned('customer_id') }} as customer_id,
        replace(coalesce({{ word('channel') }}, 'sms'), 'mms', 'sms') as channel,
        {{ e164('to_number', is_completed=true) }} as to_number,
        nullif(body, '') as body,
        {{ word('provider') }} as provider,
        {{ cleaned('received_at') }} as received_at_text,
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
        {{ utc_timestamp('received_at_text') }} as received_at,
        {{ utc_timestamp('updated_at_text') }} as updated_at
    from renamed

),

checked as (

    select
        typed.*,
        coalesce(provider_aliases.provider, typed.provider) as known_provider,
        -- A number that was too old to be kept is back with a newer row of it.
        coalesce(numbers.number, typed.from_number) as known_number,
        coalesce(customer_numbers.number, typed.customer_id) as known_customer_id,
        {{ rejection_reason(
            [
                missing_condition('reply_id'),
                ["received_at_text is null", "'lacks a value in received_at'"],
                ["coalesce(send_id, from_number, customer_id) is null",
                    "'lacks a value in send_id, from_number or customer_id'"],
                ["channels.channel is null", "'unknown channel: ' || typed.channel"],
            ]
            + time_conditions('received_at', 'received_at_text', 'received_at')
            + time_conditions('updated_at', 'updated_at_text', 'updated_at')
        ) }} as rejection_reason
    from typed
    left join channels
        on typed.channel = channels.channel
    left join provider_aliases
        on {{ provider_alias('typed.provider') }} = {{ provider_alias('provider_aliases.provider_alias') }}
    left join numbers
        on typed.from_number = numbers.pseudonym
    left join numbers as customer_numbers
        on typed.customer_id = customer_numbers.pseudonym

)

select
    reply_id,
    send_id,
    known_customer_id as customer_id,
    channel,
    known_number as from_number,
    to_number,
    body,
    known_provider as provider,
    received_at,
    updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
