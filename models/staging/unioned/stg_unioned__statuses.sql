{%- set addressed = [
    'source', 'table_name', 'provider_message_id', 'recipient', 'part', 'status', 'error_code', 'error_code_space',
    'error_message', 'sent_at', 'status_at', 'extract_number',
] -%}

-- What a status is addressed to: a send by its id, else a message by its provider and the provider's id for it.

with application_statuses as (

    select * from {{ ref('stg_outbound__statuses') }}
    where rejection_reason is null

),

log_rows as (

    select * from {{ ref('stg_carriers__log_rows') }}
    where rejection_reason is null and is_outbound

),

-- A row counts once, however many recipients it tells of.
addressed as (

    select
        {{ column_list(addressed, indent=8) }},
        price,
        false as is_further_recipient
    from log_rows

    union all

    select
        {{ column_list(addressed, indent=8) }},
        cast(null as decimal(18, 6)) as price,
        true as is_further_recipient
    from {{ ref('stg_carriers__recipients') }}
    where status is not null

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

unioned as (

    select
        send_id,
        provider,
        case when send_id is null then provider_message_id end as provider_message_id,
        '' as recipient,
        '' as part,
        status,
        error_code,
        error_code_space,
        error_message,
        occurred_at,
        cast(null as decimal(18, 6)) as part_price,
        false as is_carrier_log,
        'outbound' as source,
        'statuses' as table_name,
        false as is_further_recipient,
        extract_number
    from application_statuses

    union all

    select
        cast(null as string) as send_id,
        addressed.source as provider,
        addressed.provider_message_id,
        coalesce(addressed.recipient, '') as recipient,
        coalesce(addressed.part, '') as part,
        addressed.status,
        addressed.error_code,
        addressed.error_code_space,
        addressed.error_message,
        -- Much later than the send, a log's time is that of another update than the status.
        case
            when
                addressed.sent_at is null
                or addressed.status_at <= {{ add_hours('addressed.sent_at', 'settings.receipt_timeout_hours') }}
                then addressed.status_at
        end as occurred_at,
        case when addressed.part is not null then addressed.price end as part_price,
        true as is_carrier_log,
        addressed.source,
        addressed.table_name,
        addressed.is_further_recipient,
        addressed.extract_number
    from addressed
    cross join settings

)

select * from unioned
