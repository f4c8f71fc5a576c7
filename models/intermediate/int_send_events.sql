-- noqa: disable=layout.indent
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['send_id', 'is_log_send']) }}

{%- set placed = ['source', 'table_name', '_extract_number'] %}
{%- set event_columns = placed + ['status', 'error_code', 'error_code_space', 'error_message', 'occurred_at'] %}
{%- set has_statuses = ['has_delivered_status', 'has_canceled_status', 'has_issue_status'] %}
{%- set state_columns = placed + has_statuses + ['delivered_at', 'part_price', 'is_reported', 'is_under_way'] %}
{%- set key, message = 'send_id, is_log_send', 'partition by send_id, is_log_send, source, table_name' %}

-- What few statuses of a send say: issues, engagements, and all that is addressed by the provider's id.

with sends as (

    select * from {{ ref('int_sends') }}
    {%- if is_incremental() %}
    where
        {{ is_above_mark('_extract_number', '_sends_extract_number') }}
        {%- for id in ['send_id', 'provider_message_id'] %}
        or {{ id }} in (
            select coalesce(send_id, provider_message_id) from {{ ref('int_status_events') }}
            where {{ is_above_mark('_extract_number', '_events_extract_number') }}
            union all
            select provider_message_id from {{ ref('int_carrier_states') }}
            where {{ is_above_mark('_extract_number', '_states_extract_number') }}
        )
        {%- endfor %}
    {%- endif %}

),

-- Of a long message that a log reports on part by part, any failed part makes an issue; it is delivered when all parts
-- that reported are, at the time of the last. A part is delivered if any of its reports says so.
states as (

    select
        *,
        bool_or(piece <> '' and is_reported and not has_delivered_status) over ({{ message }}) as has_undelivered_part,
        max(case when piece <> '' then delivered_at end) over ({{ message }}) as last_part_at
    from ({{ statuses_of_sends(ref('int_carrier_states'), 'sends', state_columns) }}) as matched

),

carried as (

    select
        {{ key }},
        bool_or(has_delivered_status and (piece = '' or not has_undelivered_part)) as has_delivered_status,
        bool_or(has_canceled_status) as has_canceled_status,
        bool_or(is_under_way) as is_under_way,
        min(case when piece = '' then delivered_at when not has_undelivered_part then last_part_at end) as delivered_at,
        case when max(piece) = '' then max(part_price) else sum(part_price) end as part_price,
        max(_extract_number) as _states_extract_number
    from states
    group by {{ key }}

),

events as (

    {{ statuses_of_sends(ref('int_status_events'), 'sends', event_columns, can_name_sends=true) }}

),

classified as (

    select
        events.*,
        coalesce(events.error_code_space, providers.default_code_space) as code_space,
        {{ column_list(['is_delivery_evidence', 'is_engaging'], 'seeded', 8) }},
        -- No failure: that no receipt came; a part that was delivered after all, where another was not.
        seeded.is_issue and coalesce(codes.outcome, 'issue') <> 'unknown' and states.send_id is null as is_issue
    from events
    inner join {{ ref('statuses') }} as seeded
        on events.status = seeded.status
    {{ code_joins('events') }}
    left join states
        on
            {{ same(['piece', 'source', 'table_name', 'send_id', 'is_log_send'], 'events', 'states') }}
            and states.piece <> '' and states.has_delivered_status and states.has_undelivered_part

),

happened as (

    select
        {{ key }},
        bool_or(is_delivery_evidence) as has_delivery_evidence,
        bool_or(is_issue) as has_issue_status,
        bool_or(is_engaging) as has_engaging_status,
        max(case when is_issue then occurred_at end) as issue_at,
        {{ latest_issue() }} as issue,
        {%- for status, column in engagement_times().items() %}
        min(case when status = '{{ status }}' then occurred_at end) as {{ column }},
        {{ "bool_or(status = '%s') as %s," % (status, engagement_flags()[status]) if status in engagement_flags() }}
        {%- endfor %}
        max(_extract_number) as _events_extract_number
    from classified
    group by {{ key }}

)

select
    sends.send_id,
    sends.is_carrier_log as is_log_send,
    {{ column_list(['has_delivered_status', 'has_canceled_status', 'delivered_at', 'part_price'], 'carried') }},
    carried.is_under_way or happened.send_id is not null as is_under_way,
    {{ column_list(['has_delivery_evidence', 'has_issue_status', 'has_engaging_status', 'issue_at']
        + (engagement_flags().values() | list) + (engagement_times().values() | list), 'happened') }},
    {{ fields_of_issue('happened.issue') }},
    sends._extract_number as _sends_extract_number,
    happened._events_extract_number,
    carried._states_extract_number
from sends
left join carried
    on sends.send_id = carried.send_id and sends.is_carrier_log = carried.is_log_send
left join happened
    on sends.send_id = happened.send_id and sends.is_carrier_log = happened.is_log_send
where coalesce(carried.send_id, happened.send_id) is not null
    {{ "or sends.send_id in (select known.send_id from " ~ this ~ " as known)" if is_incremental() }}
