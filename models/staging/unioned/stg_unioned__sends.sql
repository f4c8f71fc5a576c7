-- noqa: disable=references.consistent

-- What the rows of the application and of carriers' logs tell of sends, with what is counted from their texts. What
-- describes messages and customers is left to int_described_messages and int_described_customers.

with application_sends as (

    select
        send_id,
        message_id,
        channel,
        customer_id,
        provider,
        provider_message_id,
        to_number,
        from_number,
        message_version_id,
        series_id,
        node_id,
        body,
        segment_count,
        price,
        currency_code,
        sent_at,
        cast(null as timestamp) as event_at,
        updated_at,
        false as is_carrier_log,
        extract_number
    from {{ ref('stg_outbound__sends') }}
    where rejection_reason is null

),

log_sends as (

    select
        provider_message_id as send_id,
        message_id,
        channel,
        to_number as customer_id,
        source as provider,
        provider_message_id,
        to_number,
        from_number,
        cast(null as string) as message_version_id,
        cast(null as string) as series_id,
        cast(null as string) as node_id,
        body,
        segment_count,
        price,
        currency_code,
        sent_at,
        event_at,
        updated_at,
        true as is_carrier_log,
        extract_number
    from {{ ref('stg_carriers__log_rows') }}
    where rejection_reason is null and is_outbound and sent_at is not null

),

unioned as (

    select
        *,
        case when channel = 'sms' then {{ text_kind('body') }} end as text_kind
    from application_sends

    union all

    select
        *,
        case when channel = 'sms' then {{ text_kind('body') }} end as text_kind
    from log_sends

),

replacements as (

    select {{ replacements_of_characters('character', "coalesce(replacement, '')") }} as replacements
    from {{ ref('character_replacements') }}

),

counted as (

    select
        unioned.*,
        replacements.replacements,
        case when unioned.text_kind is not null then {{ segment_count('unioned.body', 'unioned.text_kind') }} end
            as computed_segment_count,
        {{ text_of_plain_characters('unioned.body', 'unioned.text_kind', 'replacements.replacements') }} as plain_text
    from unioned
    cross join replacements

),

plain as (

    select
        *,
        {{ text_kind('plain_text') }} as plain_text_kind
    from counted

),

-- A carrier that puts plain characters in itself bills fewer segments than the text has.
compared as (

    select
        *,
        case
            when plain_text is not null
                then greatest(
                    0,
                    least(segment_count, computed_segment_count)
                    - {{ segment_count('plain_text', 'plain_text_kind') }}
                )
            when text_kind is not null then 0
        end as avoidable_segment_count
    from plain

)

select
    send_id,
    message_id,
    channel,
    customer_id,
    provider,
    provider_message_id,
    to_number,
    from_number,
    message_version_id,
    series_id,
    node_id,
    case text_kind when 'ucs2' then 'ucs2' when 'basic' then 'gsm7' when 'extended' then 'gsm7' end as encoding,
    coalesce(segment_count, computed_segment_count) as segment_count,
    computed_segment_count,
    avoidable_segment_count,
    case
        when avoidable_segment_count > 0
            then {{ replaceable_characters('body', 'replacements') }}
    end as replaceable_characters,
    price,
    currency_code,
    case when channel = 'sms' then body end as body,
    coalesce(length(body) > {{ var('longest_body_characters') }}, false) as is_too_long,
    sent_at,
    event_at,
    updated_at,
    is_carrier_log,
    extract_number
from compared
