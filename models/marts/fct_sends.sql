-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key='send_id',
    incremental_predicates=['delivery_status is not null'],
) }}

{%- set replied = ['_first_reply_at', '_first_opt_out_at', '_has_engaging_reply'] %}

-- Each send with all that is known of it. A run makes those anew of which anything changed.

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

events as {{ inlined() }} (

    select
        *,
        greatest(_events_extract_number, _states_extract_number) as _extract_number
    from {{ ref('int_send_events') }}

),

replies as (

    select
        send_id,
        min(received_at) as _first_reply_at,
        min(case when is_opt_out then received_at end) as _first_opt_out_at,
        bool_or(not is_opt_out) as _has_engaging_reply
    from {{ ref('fct_replies') }}
    where send_id is not null
    group by send_id

),
{%- if is_incremental() %}

touched as (

    select send_id from {{ ref('int_sends') }}
    where {{ is_above_mark('_extract_number', '_sends_extract_number') }}

    union all

    select send_id from {{ ref('int_send_states') }}
    where {{ is_above_mark('_extract_number', '_states_extract_number') }}

    union all

    select send_id from events
    where {{ is_above_mark('_extract_number', '_events_extract_number') }}

    union all

    {{ ids_of_claims(ref('int_sends'), is_above_mark('_extract_number', '_sends_extract_number')) }}

    union all

    -- Replies can come, change, and turn out to answer another send.
    select coalesce(known.send_id, replies.send_id) as send_id
    from replies
    full outer join (select * from {{ this }} where _first_reply_at is not null) as known
        on replies.send_id = known.send_id
    where
        {%- for column in replied %}
        {{ "or " if not loop.first }}known.{{ column }} is distinct from replies.{{ column }}
        {%- endfor %}

    union all

    -- The time to become unconfirmed has come, or has gone where AS_OF moved back.
    select known.send_id
    from {{ this }} as known
    cross join settings
    where
        known.delivery_status in ('pending', 'unconfirmed')
        and (known.delivery_status = 'unconfirmed')
        <> (settings.as_of >= {{ add_hours('known.sent_at', 'settings.receipt_timeout_hours') }})

),
{%- endif %}

sends as (

    select
        *,
        {{ is_claimed() }} as is_claimed
    from {{ ref('int_sends') }}
    {%- if is_incremental() %}
    where send_id in (select touched.send_id from touched)
    {%- endif %}

),

delivered as (

    select
        sends.*,
        {{ local_date('sends.sent_at', 'settings.reporting_timezone') }} as sent_date,
        -- A claimed row of a log is no send: it has no status, and goes.
        case when not sends.is_claimed then {{ delivery_status('sends.sent_at') }} end as delivery_status,
        least(states.delivered_at, events.delivered_at) as delivered_at,
        coalesce((states.has_delivered_status or events.has_delivered_status) and events.has_issue_status, false)
            as has_conflicting_statuses,
        coalesce(events.has_engaging_status, false)
        or coalesce(replies._has_engaging_reply, false) as is_engaged,
        {{ column_list(engagement_flags().values() | list, 'events', 8) }},
        events.issue_at,
        events.issue_provider,
        events.error_code,
        events.error_code_space,
        events.error_message,
        events.part_price,
        {{ column_list(engagement_times().values() | list, 'events', 8) }},
        {{ column_list(replied, 'replies', 8) }},
        states._row_count as _status_row_count,
        states._extract_number as _states_extract_number,
        events._extract_number as _events_extract_number
    from sends
    cross join settings
    left join {{ ref('int_send_states') }} as states
        on sends.send_id = states.send_id
    left join events
        on sends.send_id = events.send_id and sends.is_carrier_log = events.is_log_send
    left join replies
        on sends.send_id = replies.send_id

)

select
    delivered.send_id,
    delivered.message_id,
    delivered.channel,
    delivered.customer_id,
    delivered.provider,
    delivered.provider_message_id,
    delivered.to_number,
    delivered.from_number,
    delivered.country_code,
    delivered.message_version_id,
    delivered.series_id,
    delivered.node_id,
    -- Contract rule 4.
    case
        when delivered.delivery_status <> 'issue' or delivered.channel <> 'sms' then null
        when codes.issue_reason_id is not null then codes.issue_reason_id
        when delivered.is_too_long then 'content_too_long'
        when not delivered.is_country_supported then 'country_unsupported'
        else 'something_went_wrong'
    end as issue_reason_id,
    delivered.delivery_status,
    case when delivered.delivery_status = 'issue' then delivered.error_code end as provider_error_code,
    delivered.encoding,
    delivered.segment_count,
    delivered.computed_segment_count,
    delivered.avoidable_segment_count,
    delivered.replaceable_characters,
    case
        when delivered.is_carrier_log and delivered.part_price is not null
            then try_cast(delivered.part_price as decimal(18, 6))
        else delivered.price
    end as price,
    delivered.currency_code,
    case
        when delivered.delivered_at is not null
            then greatest(0, {{ seconds_between('delivered.sent_at', 'delivered.delivered_at') }})
    end as delivery_seconds,
    delivered.has_conflicting_statuses,
    coalesce(delivered.is_opened, false) as is_opened,
    coalesce(delivered.is_clicked, false) as is_clicked,
    coalesce(delivered.is_replied, false) or delivered._first_reply_at is not null as is_replied,
    coalesce(delivered.is_goal_reached, false) as is_goal_reached,
    coalesce(delivered.is_completed, false) as is_completed,
    coalesce(delivered.is_unsubscribed, false) or delivered._first_opt_out_at is not null as is_unsubscribed,
    delivered.is_engaged,
    delivered.is_carrier_log,
    delivered.sent_date,
    delivered.sent_at,
    delivered.delivered_at,
    case when delivered.delivery_status = 'issue' then delivered.issue_at end as issue_at,
    delivered.opened_at,
    delivered.clicked_at,
    least(delivered.replied_at, delivered._first_reply_at) as replied_at,
    delivered.reacted_at,
    delivered.completed_at,
    delivered.dismissed_at,
    delivered.answered_at,
    delivered.goal_at,
    delivered.collected_email_at,
    delivered.button_tapped_at,
    least(delivered.unsubscribed_at, delivered._first_opt_out_at) as unsubscribed_at,
    delivered.hard_bounced_at,
    delivered.soft_bounced_at,
    delivered.spam_complaint_at,
    case when delivered.delivery_status = 'issue' then delivered.issue_provider end as _issue_provider,
    case when delivered.delivery_status = 'issue' then delivered.error_code_space end as _error_code_space,
    case when delivered.delivery_status = 'issue' then delivered.error_message end as _error_message,
    delivered._first_reply_at,
    delivered._first_opt_out_at,
    delivered._has_engaging_reply,
    case when not delivered.is_carrier_log then delivered._row_count end as _row_count,
    delivered._status_row_count,
    delivered._extract_number as _sends_extract_number,
    delivered._states_extract_number,
    delivered._events_extract_number
from delivered
left join {{ ref('carrier_error_codes') }} as codes
    on
        delivered.issue_provider = codes.provider
        and delivered.error_code_space = codes.code_space
        and delivered.error_code = codes.error_code
{%- if not is_incremental() %}
where not delivered.is_claimed
{%- endif %}
