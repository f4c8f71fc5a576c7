-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='reply_id') }}

{%- set columns = ['send_id', 'customer_id', 'channel', 'body', 'from_number', 'to_number', 'provider'] %}
{%- set by_number -%}
    {{ address_number('replies.from_number', 'replies.channel') }}
        = {{ address_number('sends.to_number', 'sends.channel') }}
        and (not {{ is_phone_channel('replies.channel') }} or {{ is_digits('replies.from_number') }})
{%- endset %}
{%- set by_customer = 'replies.customer_id = sends.customer_id and replies.from_number is null' %}
{%- set in_window -%}
    replies.send_id is null
        and replies.channel = sends.channel
        and replies.received_at >= sends.sent_at
        and replies.received_at <= {{ add_days('sends.sent_at', 'settings.reply_window_days') }}
{%- endset %}

-- A reply answers the send that it names, else the latest that it can answer (contract rule 5). Which that is can
-- change with the reply and with any send that it could answer, so that those replies are attributed anew.

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

sends as {{ inlined() }} (

    select * from {{ ref('int_sends') }}
    where not ({{ is_claimed() }})

),

events as {{ inlined() }} (

    select
        *,
        greatest(_events_extract_number, _states_extract_number) as _extract_number
    from {{ ref('int_send_events') }}

),
{%- if is_incremental() %}

changed_sends as (

    select * from {{ ref('int_sends') }}
    where
        {{ is_above_mark('_extract_number', '_sends_extract_number') }}
        or send_id in (
            select states.send_id from {{ ref('int_send_states') }} as states
            where {{ is_above_mark('states._extract_number', '_states_extract_number') }}
            union all
            select events.send_id from events
            where {{ is_above_mark('events._extract_number', '_events_extract_number') }}
            union all
            {{ ids_of_claims(ref('int_sends'), is_above_mark('_extract_number', '_sends_extract_number')) }}
        )

),

touched as (

    select reply_id
    from {{ ref('int_replies') }}
    where
        {{ is_above_mark('_extract_number', '_replies_extract_number') }}
        or send_id in (select changed_sends.send_id from changed_sends)

    union

    select reply_id
    from {{ this }}
    where send_id in (select changed_sends.send_id from changed_sends)
    {%- for condition in [by_number, by_customer] %}

    union

    select replies.reply_id
    from {{ ref('int_replies') }} as replies
    cross join settings
    inner join changed_sends as sends
        on {{ condition }}
    where {{ in_window }}
    {%- endfor %}

),
{%- endif %}

replies as (

    select * from {{ ref('int_replies') }}
    {%- if is_incremental() %}
    where reply_id in (select touched.reply_id from touched)
    {%- endif %}
    qualify
        row_number() over (
            partition by reply_id
            order by
                updated_at desc nulls last,
                received_at desc nulls last,
                {{ columns | join(' desc nulls last, ') }} desc nulls last,
                source desc,
                table_name desc
        ) = 1

),

candidates as (
    {%- for condition in [by_number, by_customer] %}
    {{ "union all" if not loop.first }}

    select
        replies.reply_id,
        sends.send_id,
        sends.is_carrier_log,
        sends.sent_at
    from replies
    cross join settings
    inner join sends
        on {{ condition }}
    where
        {{ in_window }}
        -- A messaging service may have sent from any of its numbers.
        and coalesce(
            {{ address_number('replies.to_number', 'replies.channel') }}
            = {{ address_number('sends.from_number', 'sends.channel') }}
            or {{ is_pool('sends.from_number') }},
            true
        )
    {%- endfor %}

),

answered as (

    select
        candidates.reply_id,
        candidates.send_id
    from candidates
    cross join settings
    left join {{ ref('int_send_states') }} as states
        on candidates.send_id = states.send_id
    left join events
        on candidates.send_id = events.send_id and candidates.is_carrier_log = events.is_log_send
    where {{ delivery_status('candidates.sent_at') }} not in ('issue', 'canceled')
    qualify
        row_number() over (
            partition by candidates.reply_id
            order by candidates.sent_at desc, candidates.send_id desc
        ) = 1

)

select
    replies.reply_id,
    sends.message_id,
    sends.send_id,
    coalesce(sends.customer_id, replies.customer_id) as customer_id,
    replies.channel,
    sends.channel as send_channel,
    replies.from_number,
    replies.to_number,
    replies.body,
    replies.provider,
    replies.keyword,
    replies.keyword_group,
    {{ seconds_between('sends.sent_at', 'replies.received_at') }} as response_seconds,
    replies.keyword is not null as is_keyword,
    replies.is_opt_out,
    replies.is_possible_opt_out,
    replies.is_reaction,
    replies.send_id is not null and sends.send_id is null as is_waiting,
    sends.sent_at,
    replies.received_at,
    replies.source as _source,
    replies.table_name as _table_name,
    replies._extract_number as _replies_extract_number,
    sends._extract_number as _sends_extract_number,
    states._extract_number as _states_extract_number,
    events._extract_number as _events_extract_number
from replies
left join answered
    on replies.reply_id = answered.reply_id
left join sends
    on coalesce(replies.send_id, answered.send_id) = sends.send_id
left join {{ ref('int_send_states') }} as states
    on sends.send_id = states.send_id
left join events
    on sends.send_id = events.send_id and sends.is_carrier_log = events.is_log_send
