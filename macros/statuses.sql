{%- macro status_matches(statuses, sends) -%}
    {#- Statuses with the send that they are of, one row per status and send; those that wait are left out. A send_id decides; without
        one, the carrier's id: the application's own statuses need the same provider, a carrier's log also finds sends that name no
        provider, or that have its id as their own send_id. Where the id is that of several recipients' messages, the number decides.
        statuses: relation with the columns of int_statuses_deduplicated;
        sends: relation with send_id, provider, provider_message_id, to_number. -#}
    {%- set columns = ['status_key', 'status', 'error_code', 'error_code_space', 'error_message', 'occurred_at'] -%}
    select
        {%- for column in columns %}
        statuses.{{ column }},
        {%- endfor %}
        sends.send_id,
        coalesce(sends.provider, statuses.provider) as provider
    from {{ statuses }} as statuses
    inner join {{ sends }} as sends
        on statuses.send_id = sends.send_id

    union all

    select
        {%- for column in columns %}
        statuses.{{ column }},
        {%- endfor %}
        sends.send_id,
        statuses.provider
    from {{ statuses }} as statuses
    inner join {{ sends }} as sends
        on statuses.provider_message_id = sends.provider_message_id
    where
        statuses.send_id is null
        and (
            sends.provider = statuses.provider
            or (statuses.is_carrier_log and sends.provider is null)
        )
        and coalesce(statuses.recipient = sends.to_number, true)
    {%- if carrier_logs('statuses', only_loaded=true) %}

    union all

    select
        {%- for column in columns %}
        statuses.{{ column }},
        {%- endfor %}
        sends.send_id,
        coalesce(sends.provider, statuses.provider) as provider
    from {{ statuses }} as statuses
    inner join {{ sends }} as sends
        on statuses.provider_message_id = sends.send_id
    where
        statuses.is_carrier_log
        and sends.provider_message_id is distinct from sends.send_id
        and coalesce(statuses.recipient = sends.to_number, true)
    {%- endif %}
{%- endmacro -%}

{%- macro delivery_status(sent_at) -%}
    {#- What became of a send (contract rule 3), in a query over its rows in int_send_states as `states`, in int_send_engagements as
        `engagements`, and `settings`. -#}
    case
        when states.has_delivered_status or engagements.has_delivery_evidence then 'delivered'
        when engagements.has_issue_status then 'issue'
        when states.has_canceled_status or engagements.has_canceled_status then 'canceled'
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

{%- macro status_list(statuses) -%}
    {#- Names of statuses as an SQL list. -#}
    ({% for status in statuses %}'{{ status }}'{{ ", " if not loop.last }}{% endfor %})
{%- endmacro -%}
