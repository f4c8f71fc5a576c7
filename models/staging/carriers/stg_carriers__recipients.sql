-- Of a log's row that tells of several recipients, those behind the first, who is the row's own.

with log_rows as (

    select * from {{ ref('stg_carriers__log_rows') }}
    where rejection_reason is null and is_outbound and recipients is not null

),

provider_statuses as (

    select * from {{ ref('provider_statuses') }}

),

numbers as (

    select * from {{ ref('stg_pipeline__numbers') }}

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
            {{ json_value('recipient_of_row', 'phone_number') }},
            {{ json_value('recipient_of_row', 'recipient') }},
            case when source = 'sinch' then replace({{ plain_text('recipient_of_row') }}, '"', '') end
        ) as recipient_number,
        {{ lower_case(json_value('recipient_of_row', 'status')) }} as provider_status,
        -- Sinch names the recipients of a status.
        case when source = 'sinch' then status end as message_status,
        {{ json_value('recipient_of_row', 'statusErrorCode') }} as own_error_code,
        -- What Telnyx tells of errors is told of the message.
        case when source in ('telnyx', 'sinch') then error_code end as message_error_code,
        case when source in ('telnyx', 'sinch') then error_message end as message_error,
        {{ json_value('recipient_of_row', 'statusReason') }} as status_reason,
        {{ json_value('recipient_of_row', 'statusDatetime') }} as status_at_text,
        coalesce(recipient, to_number) as first_recipient,
        sent_at,
        status_at,
        file,
        content_hash,
        extract_number,
        line_number
    from given

),

typed as (

    select
        renamed.*,
        {{ e164('renamed.recipient_number') }} as given_recipient,
        coalesce(provider_statuses.status, renamed.message_status) as status,
        {{ carrier_timestamp('renamed.status_at_text') }} as own_status_at
    from renamed
    left join provider_statuses
        on renamed.source = provider_statuses.provider and renamed.provider_status = provider_statuses.provider_status

),

-- A number that was too old to be kept is back with a newer row of it.
known as (

    select
        typed.*,
        coalesce(numbers.number, typed.given_recipient) as recipient
    from typed
    left join numbers
        on typed.given_recipient = numbers.pseudonym

)

select
    source,
    table_name,
    provider_message_id,
    part,
    recipient,
    {{ address_number('recipient', "'whatsapp'") }} as person_number,
    status,
    case when status is null then provider_status end as unknown_status,
    case
        when status in {{ issue_statuses() }} then coalesce(own_error_code, status_reason, message_error_code)
    end as error_code,
    case when source = 'bird' then case when own_error_code is null then 'status_reason' else 'error' end end
        as error_code_space,
    case when status in {{ issue_statuses() }} then coalesce(status_reason, message_error) end as error_message,
    sent_at,
    case when status_at_text is null then status_at else own_status_at end as status_at,
    file,
    content_hash,
    extract_number,
    line_number
from known
where recipient is not null and recipient <> first_recipient
