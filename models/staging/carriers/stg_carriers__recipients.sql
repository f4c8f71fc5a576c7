-- Of a log's row that tells of several recipients, those behind the first, who is the row's own.

with log_rows as (

    select * from {{ ref('stg_carriers__log_rows') }}
    where rejection_reason is null and is_outbound and recipients is not null

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}

),

given as (

    select
        *,
        {{ each_of_json('recipients') }} as recipient_of_row
    from log_rows

),

renamed as (

    select
        source,
        table_name,
        channel,
        provider_message_id,
        part,
        coalesce(
            {{ json_value('recipient_of_row', 'phone_number') }}, {{ json_value('recipient_of_row', 'recipient') }}
        ) as recipient_number,
        {{ lower_case(json_value('recipient_of_row', 'status')) }} as provider_status,
        {{ json_value('recipient_of_row', 'statusErrorCode') }} as own_error_code,
        -- What Telnyx tells of errors is told of the message.
        case when source = 'telnyx' then error_code end as message_error_code,
        case when source = 'telnyx' then error_message end as message_error,
        {{ json_value('recipient_of_row', 'statusReason') }} as status_reason,
        {{ json_value('recipient_of_row', 'statusDatetime') }} as status_at_text,
        recipient as first_recipient,
        sent_at,
        status_at,
        content_hash,
        extract_number,
        line_number
    from given

),

typed as (

    select
        *,
        {{ e164('recipient_number') }} as recipient,
        {{ carrier_timestamp('status_at_text') }} as own_status_at
    from renamed

)

select
    typed.source,
    typed.table_name,
    typed.provider_message_id,
    typed.part,
    typed.recipient,
    {{ address_number('typed.recipient', "'whatsapp'") }} as person_number,
    provider_statuses.status,
    case
        when provider_statuses.status in {{ issue_statuses() }}
            then coalesce(typed.own_error_code, typed.status_reason, typed.message_error_code)
    end as error_code,
    case
        when typed.source = 'bird' then case when typed.own_error_code is null then 'status_reason' else 'error' end
    end as error_code_space,
    case
        when provider_statuses.status in {{ issue_statuses() }} then coalesce(typed.status_reason, typed.message_error)
    end as error_message,
    typed.sent_at,
    case when typed.status_at_text is null then typed.status_at else typed.own_status_at end as status_at,
    typed.content_hash,
    typed.extract_number,
    typed.line_number
from typed
left join provider_statuses
    on typed.source = provider_statuses.provider and typed.provider_status = provider_statuses.provider_status
where typed.recipient is not null and typed.recipient <> typed.first_recipient
