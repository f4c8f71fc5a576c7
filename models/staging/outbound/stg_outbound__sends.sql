{%- set declared = source_columns('outbound', 'sends') -%}

with source as (

    select * from {{ source('outbound', 'sends') }}

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
        {{ cleaned('send_id') }} as send_id,
        {{ cleaned('message_id') }} as message_id,
        replace({{ word('channel') }}, 'mms', 'sms') as channel,
        {{ cleaned('customer_id') }} as customer_id,
        nullif(message_title, '') as message_title,
        {{ cleaned('message_version_id') }} as message_version_id,
        {{ cleaned('series_id') }} as series_id,
        nullif(series_title, '') as series_title,
        {{ cleaned('node_id') }} as node_id,
        {{ cleaned('customer_external_id') }} as customer_external_id,
        nullif(customer_name, '') as customer_name,
        {{ cleaned('customer_email') }} as customer_email,
        {{ cleaned('company_id') }} as company_id,
        {{ e164('to_number', is_completed=true) }} as to_number,
        {{ e164('from_number', is_completed=true) }} as from_number,
        nullif(body, '') as body,
        {{ cleaned('segment_count') }} as segment_count_text,
        {{ cleaned('price') }} as price_text,
        {{ upper_case(cleaned('currency_code')) }} as currency_code,
        {{ word('provider') }} as provider,
        {{ cleaned('provider_message_id') }} as provider_message_id,
        {{ cleaned('sent_at') }} as sent_at_text,
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
        {{ count_or_null('segment_count_text') }} as segment_count,
        {{ unsigned_amount('price_text') }} as price,
        {{ utc_timestamp('sent_at_text') }} as sent_at,
        {{ utc_timestamp('updated_at_text') }} as updated_at
    from renamed

),

checked as (

    select
        typed.*,
        coalesce(provider_aliases.provider, typed.provider) as known_provider,
        -- A number that was too old to be kept is back with a newer row of it.
        coalesce(numbers.number, typed.to_number) as known_number,
        coalesce(customer_numbers.number, typed.customer_id) as known_customer_id,
        typed.price_text is not null and typed.price is null as has_unusable_price,
        {{ is_unusable_count('typed.segment_count_text', 'typed.segment_count') }} as has_unusable_segment_count,
        {{ rejection_reason(
            [
                missing_condition('send_id'),
                missing_condition('message_id'),
                missing_condition('channel', 'typed.channel'),
                missing_condition('customer_id'),
                ["sent_at_text is null", "'lacks a value in sent_at'"],
                ["channels.channel is null", "'unknown channel: ' || typed.channel"],
            ]
            + time_conditions('sent_at', 'sent_at_text', 'sent_at')
            + time_conditions('updated_at', 'updated_at_text', 'updated_at')
        ) }} as rejection_reason
    from typed
    left join channels
        on typed.channel = channels.channel
    left join provider_aliases
        on {{ provider_alias('typed.provider') }} = {{ provider_alias('provider_aliases.provider_alias') }}
    left join numbers
        on typed.to_number = numbers.pseudonym
    left join numbers as customer_numbers
        on typed.customer_id = customer_numbers.pseudonym

)

select
    send_id,
    message_id,
    channel,
    known_customer_id as customer_id,
    message_title,
    message_version_id,
    series_id,
    series_title,
    node_id,
    customer_external_id,
    customer_name,
    customer_email,
    company_id,
    known_number as to_number,
    from_number,
    body,
    segment_count,
    price,
    currency_code,
    has_unusable_price,
    has_unusable_segment_count,
    known_provider as provider,
    provider_message_id,
    sent_at,
    updated_at,
    rejection_reason,
    case when rejection_reason is not null then {{ record_as_json('record') }} end as record,
    file,
    content_hash,
    extract_number,
    line_number
from checked
