{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['send_id', 'is_log_send']) }}

{%- set placed = ['part', 'source', 'table_name', '_extract_number'] %}
{%- set event_columns = placed + ['status', 'error_code', 'error_code_space', 'error_message', 'occurred_at'] %}
{%- set state_columns = placed + [
    'has_delivered_status', 'has_canceled_status', 'has_issue_status', 'is_reported', 'is_under_way', 'delivered_at',
    'part_price',
] %}
{%- set message = 'partition by send_id, is_log_send, source, table_name' %}

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

matched_states as (

    {{ statuses_of_sends(ref('int_carrier_states'), 'sends', state_columns) }}

),

-- Of a long message that a log reports on part by part, any failed part makes an issue; it is delivered when all parts that
-- reported are, at the time of the last. A part is delivered if any of its reports says so.
states as (

    select
        *,
        bool_or(part <> '' and has_issue_status and not has_delivered_status) over ({{ message }}) as has_failed_part,
        bool_or(part <> '' and is_reported and not has_delivered_status) over ({{ message }}) as has_undelivered_part,
        max(case when part <> '' then delivered_at end) over ({{ message }}) as last_part_at
    from matched_states

),

carried as (

    select
        send_id,
        is_log_send,
        bool_or(has_delivered_status and (part = '' or not has_undelivered_part)) as has_delivered_status,
        bool_or(has_canceled_status) as has_canceled_status,
        bool_or(is_under_way) as is_under_way,
        min(case when part = '' then delivered_at when not has_undelivered_part then last_part_at end) as delivered_at,
        cast(sum(part_price) as decimal(18, 6)) as part_price,
        max(_extract_number) as _states_extract_number
    from states
    group by send_id, is_log_send

),

events as (

    {{ statuses_of_sends(ref('int_status_events'), 'sends', event_columns, can_name_sends=true) }}

),

classified as (

    select
        events.*,
        coalesce(events.error_code_space, providers.default_code_space) as code_space,
        seeded.is_delivery_evidence,
        seeded.is_engaging,
        -- That no receipt came is no failure, nor is a part that was delivered after all, where another failed.
        seeded.is_issue and coalesce(codes.outcome, 'issue') <> 'unknown' and states.send_id is null as is_issue
    from events
    inner join {{ ref('statuses') }} as seeded
        on events.status = seeded.status
    left join {{ ref('providers') }} as providers
        on events.provider = providers.provider
    left join {{ ref('carrier_error_codes') }} as codes
        on
            events.provider = codes.provider
            and events.error_code = codes.error_code
            and coalesce(events.error_code_space, providers.default_code_space) = codes.code_space
    left join states
        on
            {%- for column in ['send_id', 'is_log_send', 'source', 'table_name', 'part'] %}
            events.{{ column }} = states.{{ column }} and
            {%- endfor %}
            states.part <> '' and states.has_delivered_status and states.has_failed_part

),

happened as (

    select
        send_id,
        is_log_send,
        bool_or(is_delivery_evidence) as has_delivery_evidence,
        bool_or(is_issue) as has_issue_status,
        bool_or(is_engaging) as has_engaging_status,
        max(case when is_issue then occurred_at end) as issue_at,
        {{ latest_issue() }} as issue,
        {%- for status, column in engagement_times().items() %}
        min(case when status = '{{ status }}' then occurred_at end) as {{ column }},
        {%- endfor %}
        max(_extract_number) as _events_extract_number
    from classified
    group by send_id, is_log_send

)

select
    sends.send_id,
    sends.is_carrier_log as is_log_send,
    carried.has_delivered_status,
    carried.has_canceled_status,
    carried.is_under_way or happened.send_id is not null as is_under_way,
    happened.has_delivery_evidence,
    happened.has_issue_status,
    happened.has_engaging_status,
    carried.delivered_at,
    carried.part_price,
    happened.issue_at,
    {{ fields_of_issue('happened.issue') }},
    {{ list_columns(engagement_times().values() | list, 'happened') }},
    sends._extract_number as _sends_extract_number,
    happened._events_extract_number,
    carried._states_extract_number
from sends
left join carried
    on sends.send_id = carried.send_id and sends.is_carrier_log = carried.is_log_send
left join happened
    on sends.send_id = happened.send_id and sends.is_carrier_log = happened.is_log_send
where
    carried.send_id is not null
    or happened.send_id is not null
    {%- if is_incremental() %}
    -- A send from which its only statuses went to another.
    or sends.send_id in (select known.send_id from {{ this }} as known)
    {%- endif %}
