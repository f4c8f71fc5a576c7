-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='reply_id') }}

{%- set columns = ['send_id', 'customer_id', 'channel', 'body', 'from_number', 'to_number', 'provider'] %}
{%- set addresses = {'number': address_number('to_number', 'channel'), 'customer': 'customer_id'} %}
{%- set address = ['channel', 'address_kind', 'address'] %}

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

-- Whom a reply that names no send is from: a number or, where it has none, a customer.
known_replies as {{ inlined() }} (

    select
        *,
        case when from_number is null then 'customer' else 'number' end as address_kind,
        case
            when send_id is not null then null
            when from_number is null then customer_id
            when not {{ is_phone_channel('channel') }} or {{ is_digits('from_number') }}
                then {{ address_number('from_number', 'channel') }}
        end as address,
        {{ address_number('to_number', 'channel') }} as own_number
    from {{ ref('int_replies') }}

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

changed_addresses as (
    {%- for kind, address_of_send in addresses.items() %}
    {{ "union all" if not loop.first }}

    select
        channel,
        '{{ kind }}' as address_kind,
        {{ address_of_send }} as address,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from changed_sends
    group by 1, 2, 3
    {%- endfor %}

),

touched as (

    select reply_id
    from known_replies
    where
        {{ is_above_mark('_extract_number', '_replies_extract_number') }}
        or send_id in (select changed_sends.send_id from changed_sends)

    union

    select reply_id
    from {{ this }}
    where send_id in (select changed_sends.send_id from changed_sends)

    union

    select known_replies.reply_id
    from known_replies
    cross join settings
    inner join changed_addresses as changed
        on {{ same(address, 'known_replies', 'changed') }}
    where
        known_replies.received_at >= changed.first_sent_at
        and known_replies.received_at <= {{ add_days('changed.last_sent_at', 'settings.reply_window_days') }}

),
{%- endif %}

replies as (

    select * from known_replies
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

-- Sends to whom these replies are from.
answerable as (
    {%- for kind, address_of_send in addresses.items() %}
    {{ "union all" if not loop.first }}

    select
        send_id,
        is_carrier_log,
        channel,
        '{{ kind }}' as address_kind,
        {{ address_of_send }} as address,
        -- A messaging service may have sent from any of its numbers.
        case when not {{ is_pool('from_number') }} then {{ address_number('from_number', 'channel') }} end
            as own_number,
        sent_at
    from sends
    where
        {{ address_of_send }} in (
            select replies.address from replies
            where replies.address_kind = '{{ kind }}'
        )
    {%- endfor %}

),

timeline as (

    select
        {{ column_list(address + ['own_number'], 'answerable', 8) }},
        answerable.sent_at as happened_at,
        null as reply_id,
        {{ ordered_row({'sent_at': 'answerable.sent_at', 'send_id': 'answerable.send_id'}) }} as send
    from answerable
    cross join settings
    left join {{ ref('int_send_states') }} as states
        on answerable.send_id = states.send_id
    left join events
        on answerable.send_id = events.send_id and answerable.is_carrier_log = events.is_log_send
    where {{ delivery_status('answerable.sent_at') }} not in ('issue', 'canceled')

    union all

    select
        {{ column_list(address + ['own_number', 'received_at', 'reply_id']) }},
        null as send
    from replies
    where address is not null

),

-- The latest send until each moment. Where a reply tells which number it came to, of the sends from that number and
-- from what may be that number.
preceded as (

    select
        reply_id,
        happened_at,
        case
            when own_number is null then max(send) over until_then
            else greatest(
                max(case when own_number is null then send end) over until_then,
                max(send) over from_number_until_then
            )
        end as send
    from timeline
    window
        until_then as (partition by {{ address | join(', ') }} order by happened_at),
        from_number_until_then as (partition by {{ address | join(', ') }}, own_number order by happened_at)

),

answered as (

    select
        preceded.reply_id,
        preceded.send.send_id -- noqa: references.from
    from preceded
    cross join settings
    where
        preceded.reply_id is not null
        and preceded.happened_at <= {{ add_days('preceded.send.sent_at', 'settings.reply_window_days') }}

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
