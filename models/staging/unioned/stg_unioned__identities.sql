{%- set lineage = ['content_hash', 'line_number'] -%}

-- Whom each row is about, when it happened and what it says, so that a person can be forgotten and old personal data be
-- dropped (docs/privacy.md); rows that are set apart are here too.

with identities as (

    select
        'outbound' as source,
        'sends' as table_name,
        {{ column_list(lineage, indent=8) }},
        customer_id,
        to_number as number,
        from_number as own_number,
        channel,
        send_id,
        provider,
        -- A send that gives no id of the provider is claimed by a log's row whose id is its own.
        coalesce(provider_message_id, send_id) as provider_message_id,
        cast(null as string) as reply_id,
        cast(null as string) as part,
        body,
        rejection_reason is not null as is_rejected,
        sent_at as happened_at
    from {{ ref('stg_outbound__sends') }}

    union all

    select
        'outbound' as source,
        'statuses' as table_name,
        {{ column_list(lineage, indent=8) }},
        cast(null as string) as customer_id,
        cast(null as string) as number,
        cast(null as string) as own_number,
        cast(null as string) as channel,
        send_id,
        provider,
        provider_message_id,
        cast(null as string) as reply_id,
        cast(null as string) as part,
        cast(null as string) as body,
        rejection_reason is not null as is_rejected,
        occurred_at as happened_at
    from {{ ref('stg_outbound__statuses') }}

    union all

    select
        'outbound' as source,
        'replies' as table_name,
        {{ column_list(lineage, indent=8) }},
        customer_id,
        from_number as number,
        to_number as own_number,
        channel,
        send_id,
        provider,
        cast(null as string) as provider_message_id,
        reply_id,
        '' as part,
        body,
        rejection_reason is not null as is_rejected,
        received_at as happened_at
    from {{ ref('stg_outbound__replies') }}

    union all

    select
        source,
        table_name,
        {{ column_list(lineage, indent=8) }},
        cast(null as string) as customer_id,
        case when is_outbound then coalesce(to_number, recipient) else coalesce(from_number, to_number) end as number,
        case when is_outbound then from_number else to_number end as own_number,
        channel,
        -- Of a message to several recipients, a row is of one of them.
        case when is_outbound and recipient is null then provider_message_id end as send_id,
        source as provider,
        case when is_outbound and recipient is null then provider_message_id end as provider_message_id,
        case when not is_outbound then provider_message_id end as reply_id,
        coalesce(part, '') as part,
        body,
        rejection_reason is not null as is_rejected,
        coalesce(sent_at, event_at, status_at, updated_at) as happened_at
    from {{ ref('stg_carriers__log_rows') }}

)

select
    source,
    table_name,
    {{ column_list(lineage) }},
    customer_id,
    {{ address_number('number', "'whatsapp'") }} as person_number,
    number,
    {{ address_number('number', "coalesce(channel, 'sms')") }} as matched_number,
    own_number,
    send_id,
    provider,
    provider_message_id,
    reply_id,
    part,
    body,
    is_rejected,
    happened_at
from identities
