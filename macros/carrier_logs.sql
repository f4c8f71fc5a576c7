{#- The carriers' own logs. Their staging models give the columns that the branches in `int_statuses_unioned`, `int_sends_unioned` and
    `int_replies_unioned` name, so that a further log is a line here and a staging model. -#}

{%- macro carrier_logs(gives=none, only_loaded=false) -%}
    {#- The logs, of which a test makes sure that all are listed: source, table, staging model, and whether their rows tell of
        statuses, of sends and of replies.
        gives: what a log must tell of to be returned.
        only_loaded: leave out the logs without an extract, so that they cost nothing. -#}
    {%- set logs = [] -%}
    {%- set loaded = loaded_extract_tables() if only_loaded and execute else none -%}
    {%- for source_name, table_name, given in [
        ('aws', 'delivery_logs', ['statuses', 'sends']),
        ('aws', 'messaging_events', ['statuses', 'sends']),
        ('aws', 'pinpoint_events', ['statuses', 'sends']),
        ('aws', 'sms_usage', ['statuses', 'sends']),
        ('bandwidth', 'callbacks', ['statuses', 'replies']),
        ('bandwidth', 'messages', ['statuses', 'sends', 'replies']),
        ('infobip', 'delivery_reports', ['statuses', 'sends']),
        ('plivo', 'message_records', ['statuses', 'sends', 'replies']),
        ('sinch', 'delivery_reports', ['statuses']),
        ('telnyx', 'message_records', ['statuses', 'sends', 'replies']),
        ('twilio', 'messages', ['statuses', 'sends', 'replies']),
        ('twilio', 'status_callbacks', ['statuses']),
        ('vonage', 'delivery_receipts', ['statuses']),
        ('vonage', 'inbound_messages', ['replies']),
        ('vonage', 'reports', ['statuses', 'sends', 'replies']),
    ] -%}
        {%- if (gives is none or gives in given) and (loaded is none or source_name ~ '/' ~ table_name in loaded) -%}
            {%- do logs.append({
                'source': source_name, 'table': table_name, 'gives': given, 'model': 'stg_' ~ source_name ~ '__' ~ table_name
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not execute -%}
        {%- for log in logs -%}
            {%- do ref(log.model) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(logs) }}
{%- endmacro -%}

{%- macro extract_tables(only_loaded=false) -%}
    {#- The extract tables with their staging models: the application's, then the carriers' logs (see carrier_logs). -#}
    {%- set tables = [] -%}
    {%- for table_name in ['sends', 'statuses', 'replies'] -%}
        {%- do tables.append({'source': 'outbound', 'table': table_name, 'model': 'stg_outbound__' ~ table_name}) -%}
    {%- endfor -%}
    {{ return(tables + carrier_logs(only_loaded=only_loaded)) }}
{%- endmacro -%}

{%- macro plain_text(column) -%}
    {#- A column's value where it is no JSON object or array. -#}
    case when substr({{ column }}, 1, 1) not in ('{', '[') then nullif(trim({{ column }}), '') end
{%- endmacro -%}

{%- macro issue_code(code) -%}
    {#- A carrier's error code as delivered; null where it only says that there was no error: 0, 000. -#}
    case when replace({{ code }}, '0', '') <> '' then {{ code }} end
{%- endmacro -%}

{%- macro unsigned_amount(text) -%}
    {#- A price as a number without its sign; null where it is none. -#}
    abs(try_cast({{ text }} as decimal(18, 6)))
{%- endmacro -%}

{%- macro count_or_null(text) -%}
    {#- A count of parts; null where it is no number or 0, which carriers write where they do not know it. -#}
    case when try_cast({{ text }} as integer) > 0 then try_cast({{ text }} as integer) end
{%- endmacro -%}

{%- macro combined_parts(rows, provider, code_space) -%}
    {#- CTEs that give the reports on parts of one message the status of the message, before contract rule 3 applies: any failed
        part makes an issue; it is delivered when all parts that reported are, at the time of the last of them. A part is
        delivered if any of its reports says so. Every row stays, so that each can be accounted for: reports of a delivery that
        is not the message's count as sent. Prices of the parts add up.
        rows: name of a CTE with provider_message_id, part (null where a row tells of no part), status, status_at, error_code, price and
        rejection_reason; the result is the CTE `combined`, with combined_status, combined_status_at and combined_price. -#}
no_receipt_codes as (

    select error_code
    from {{ ref('carrier_error_codes') }}
    where provider = '{{ provider }}' and code_space = '{{ code_space }}' and outcome = 'unknown'

),

part_reports as (

    select
        *,
        -- That no receipt came is no report on the part.
        status in {{ issue_statuses() }}
        and coalesce(error_code in (select error_code from no_receipt_codes), false) as is_without_receipt
    from {{ rows }}
    where rejection_reason is null and part is not null

),

part_states as (

    select
        provider_message_id,
        part,
        bool_or(not is_without_receipt) as is_reported,
        bool_or(status in {{ delivery_statuses() }}) as is_delivered,
        bool_or(status in {{ issue_statuses() }} and not is_without_receipt) as is_issue,
        min(case when status = 'delivered' then status_at end) as delivered_at,
        max(price) as price
    from part_reports
    group by provider_message_id, part

),

message_states as (

    select
        provider_message_id,
        bool_or(is_issue and not is_delivered) as has_failed_part,
        bool_and(is_delivered or not is_reported) as is_delivered,
        max(delivered_at) as delivered_at,
        cast(sum(price) as decimal(18, 6)) as price
    from part_states
    group by provider_message_id

),

combined as (

    select
        reports.*,
        case
            when
                message_states.has_failed_part
                and (reports.status in {{ delivery_statuses() }} or part_states.is_delivered)
                then 'sent'
            when not message_states.is_delivered and reports.status in {{ delivery_statuses() }} then 'sent'
            else reports.status
        end as combined_status,
        case
            when message_states.is_delivered and reports.status = 'delivered' then message_states.delivered_at
            else reports.status_at
        end as combined_status_at,
        coalesce(message_states.price, reports.price) as combined_price
    from {{ rows }} as reports
    left join message_states
        on reports.provider_message_id = message_states.provider_message_id
    left join part_states
        on
            reports.provider_message_id = part_states.provider_message_id
            and reports.part = part_states.part

)
{%- endmacro -%}
