{%- macro statuses_of_sends(statuses, sends, columns, can_name_sends=false) -%}
    {#- Query: statuses with each send that they are of; those whose send is not known yet are left out. A status is of the send that it
        names. Else it is of the sends with that id of the provider; or, in a carrier's log, also of one that names no provider, or that
        gives no such id and has it as its own send_id. Where a log tells of several recipients, the number decides.
        statuses: relation with provider, provider_message_id (null where a status names its send), recipient, is_carrier_log and the
        columns, and send_id where they can name sends; sends: rows of int_sends; columns: of the statuses, to be given. -#}
    {%- set conditions = [
        "statuses.provider_message_id = sends.provider_message_id"
        " and (sends.provider = statuses.provider or (statuses.is_carrier_log and sends.provider is null))",
        "statuses.provider_message_id = sends.send_id and sends.provider_message_id is null and statuses.is_carrier_log",
    ] + (["statuses.send_id = sends.send_id"] if can_name_sends else []) -%}
    {%- for condition in conditions %}
    {{ "union all" if not loop.first }}

    select
        sends.send_id,
        sends.is_carrier_log as is_log_send,
        coalesce(sends.provider, statuses.provider) as provider,
        -- A message of one part has no parts: what a log reports of it again is a later receipt.
        case when sends.segment_count = 1 then '' else statuses.part end as piece,
        {{ column_list(columns, 'statuses', 8) }}
    from {{ statuses }} as statuses
    inner join {{ sends }} as sends
        on {{ condition }}
    where statuses.recipient = '' or coalesce(statuses.recipient = sends.to_number, true)
    {%- endfor %}
{%- endmacro -%}

{%- macro code_joins(statuses) -%}
    {#- Joins: the seeds that explain a status's code, as `providers` and `codes`. statuses: relation with provider, error_code and
        error_code_space; without a space, the code is from that of the provider's delivery receipts. -#}
    left join {{ ref('providers') }} as providers
        on {{ statuses }}.provider = providers.provider
    left join {{ ref('carrier_error_codes') }} as codes
        on
            {{ statuses }}.provider = codes.provider
            and {{ statuses }}.error_code = codes.error_code
            and coalesce({{ statuses }}.error_code_space, providers.default_code_space) = codes.code_space
{%- endmacro -%}

{%- macro latest_issue() -%}
    {#- Aggregate over classified events: the issue whose code and reason count, the latest that has a code or else the latest
        (contract rule 3), as a value that fields_of_issue takes apart. -#}
    max(case when is_issue then {{ ordered_row({
        'has_code': "error_code is not null",
        'occurred_at': "coalesce(occurred_at, timestamp '0001-01-01 00:00:00')",
        'error_code': "coalesce(error_code, '')",
        'code_space': "coalesce(code_space, '')",
        'error_message': "coalesce(error_message, '')",
        'provider': "coalesce(provider, '')",
    }) }} end)
{%- endmacro -%}

{%- macro fields_of_issue(issue) -%}
    nullif({{ issue }}.provider, '') as issue_provider,
    nullif({{ issue }}.error_code, '') as error_code,
    nullif({{ issue }}.code_space, '') as error_code_space,
    nullif({{ issue }}.error_message, '') as error_message
{%- endmacro -%}

{%- macro delivery_status(sent_at) -%}
    {#- What became of a send (contract rule 3), in a query over its row in int_send_states as `states`, in int_send_events as `events`,
        and `settings`. -#}
    case
        when states.has_delivered_status or events.has_delivered_status or events.has_delivery_evidence then 'delivered'
        when events.has_issue_status then 'issue'
        when states.has_canceled_status or events.has_canceled_status then 'canceled'
        -- A message that is only accepted or scheduled has not been handed on yet.
        when not coalesce(greatest(states.is_under_way, events.is_under_way), true) then 'pending'
        when settings.as_of >= {{ add_hours(sent_at, 'settings.receipt_timeout_hours') }} then 'unconfirmed'
        else 'pending'
    end
{%- endmacro -%}

{%- macro sending_statuses() -%}
    {#- The statuses on the way of a send, which say all they say by themselves: no code explains them, and no customer did anything.
        A test holds them against the seed `statuses`. -#}
    ('accepted', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'canceled')
{%- endmacro -%}

{%- macro issue_statuses() -%}
    {#- The statuses that mean an issue, written out so that a scan can leave the others aside before it reads the rest of a row.
        A test holds them against the seed `statuses`. -#}
    ('undelivered', 'failed', 'rejected', 'expired', 'hard_bounced', 'soft_bounced')
{%- endmacro -%}

{%- macro delivery_statuses() -%}
    {#- The statuses that prove delivery. -#}
    ('delivered', 'opened', 'clicked', 'replied')
{%- endmacro -%}

{%- macro engagement_flags() -%}
    {#- The statuses that reports count, with the column that tells of one with or without a time (contract rule 8). -#}
    {{ return({
        'opened': 'is_opened',
        'clicked': 'is_clicked',
        'replied': 'is_replied',
        'goal_success': 'is_goal_reached',
        'completed': 'is_completed',
        'unsubscribed': 'is_unsubscribed',
    }) }}
{%- endmacro -%}

{%- macro engagement_times() -%}
    {#- The statuses whose earliest time a send keeps, with the column of that time. Bounces are issues as well. -#}
    {{ return({
        'opened': 'opened_at',
        'clicked': 'clicked_at',
        'replied': 'replied_at',
        'reacted': 'reacted_at',
        'completed': 'completed_at',
        'dismissed': 'dismissed_at',
        'answered': 'answered_at',
        'goal_success': 'goal_at',
        'collected_email': 'collected_email_at',
        'button_tapped': 'button_tapped_at',
        'unsubscribed': 'unsubscribed_at',
        'hard_bounced': 'hard_bounced_at',
        'soft_bounced': 'soft_bounced_at',
        'spam_complaint': 'spam_complaint_at',
    }) }}
{%- endmacro -%}
