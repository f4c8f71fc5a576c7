{%- set lineage = ['content_hash', 'line_number'] -%}

-- Whom each row is about, so that a person can be forgotten (docs/privacy.md); rows that are set apart are here too.

with identities as (

    select
        'outbound' as source,
        'sends' as table_name,
        {{ column_list(lineage, indent=8) }},
        customer_id,
        to_number as person_number,
        send_id,
        provider,
        -- A send that gives no id of the provider is claimed by a log's row whose id is its own.
        coalesce(provider_message_id, send_id) as provider_message_id
    from {{ ref('stg_outbound__sends') }}

    union all

    select
        'outbound' as source,
        'statuses' as table_name,
        {{ column_list(lineage, indent=8) }},
        cast(null as string) as customer_id,
        cast(null as string) as person_number,
        send_id,
        provider,
        provider_message_id
    from {{ ref('stg_outbound__statuses') }}

    union all

    select
        'outbound' as source,
        'replies' as table_name,
        {{ column_list(lineage, indent=8) }},
        customer_id,
        from_number as person_number,
        send_id,
        provider,
        cast(null as string) as provider_message_id
    from {{ ref('stg_outbound__replies') }}

    union all

    select
        source,
        table_name,
        {{ column_list(lineage, indent=8) }},
        cast(null as string) as customer_id,
        case when is_outbound then to_number else coalesce(from_number, to_number) end as person_number,
        -- Of a message to several recipients, a row is of one of them.
        case when is_outbound and recipient is null then provider_message_id end as send_id,
        source as provider,
        case when is_outbound and recipient is null then provider_message_id end as provider_message_id
    from {{ ref('stg_carriers__log_rows') }}

)

select
    source,
    table_name,
    {{ column_list(lineage) }},
    customer_id,
    {{ address_number('person_number', "'whatsapp'") }} as person_number,
    send_id,
    provider,
    provider_message_id
from identities
