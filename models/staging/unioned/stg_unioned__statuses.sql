-- What a status is addressed to: a send by its id, else a message by its provider and the provider's id for it.

with application_statuses as (

    select * from {{ ref('stg_outbound__statuses') }}
    where rejection_reason is null

),

log_rows as (

    select * from {{ ref('stg_carriers__log_rows') }}
    where rejection_reason is null and is_outbound

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
        extract_number
    from application_statuses

    union all

    select
        cast(null as string) as send_id,
        log_rows.source as provider,
        log_rows.provider_message_id,
        coalesce(log_rows.recipient, '') as recipient,
        coalesce(log_rows.part, '') as part,
        log_rows.status,
        log_rows.error_code,
        log_rows.error_code_space,
        log_rows.error_message,
        -- Much later than the send, a log's time is that of another update than the status.
        case
            when
                log_rows.sent_at is null
                or log_rows.status_at <= {{ add_hours('log_rows.sent_at', 'settings.receipt_timeout_hours') }}
                then log_rows.status_at
        end as occurred_at,
        case when log_rows.part is not null then log_rows.price end as part_price,
        true as is_carrier_log,
        log_rows.source,
        log_rows.table_name,
        log_rows.extract_number
    from log_rows
    cross join settings

)

select * from unioned
