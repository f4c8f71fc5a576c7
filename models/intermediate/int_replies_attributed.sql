-- noqa: disable=layout.indent,references.qualification

{{ also_depends_on(['int_touched_replies', 'int_touched_sends', 'stg_pipeline__settings']) }}

{%- if execute and not is_full_build() %}
{%- set moments = run_query(
    "select min(replies.received_at), max(replies.received_at), max(settings.reply_window_days) from "
    ~ ref('int_replies_deduplicated') ~ " as replies cross join " ~ ref('stg_pipeline__settings') ~ " as settings"
    ~ " where replies.send_id is null and replies.reply_id in (select reply_id from " ~ ref('int_touched_replies') ~ ")"
).rows[0] %}
{%- endif %}

with replies as (

    select * from {{ ref('int_replies_deduplicated') }}
    {%- if not is_full_build() %}
    where reply_id in (select reply_id from {{ ref('int_touched_replies') }})
    {%- endif %}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

-- Chosen before they are joined, and their states with them: few sends could have been answered.
chosen_sends as (

    select
        send_id,
        message_id,
        customer_id,
        channel,
        to_number,
        from_number,
        sent_at
    from {{ ref('int_sends_deduplicated') }}
    where
        to_number in (select from_number from replies)
        or customer_id in (select customer_id from replies where from_number is null)
        or send_id in (select send_id from replies)

),

states as (

    select * from {{ ref('int_send_states') }}
    where send_id in (select send_id from chosen_sends)

),

engagements as (

    select * from {{ ref('int_send_engagements') }}
    where send_id in (select send_id from chosen_sends)

),

sends as (

    select
        chosen_sends.send_id,
        chosen_sends.message_id,
        chosen_sends.customer_id,
        chosen_sends.channel,
        chosen_sends.to_number,
        chosen_sends.from_number,
        {{ delivery_status('chosen_sends.sent_at') }} as delivery_status,
        chosen_sends.sent_at
    from chosen_sends
    cross join settings
    left join states
        on chosen_sends.send_id = states.send_id
    left join engagements
        on chosen_sends.send_id = engagements.send_id
    {%- if not is_full_build() %}

    union all

    select
        send_id,
        message_id,
        customer_id,
        channel,
        to_number,
        from_number,
        delivery_status,
        sent_at
    from {{ existing('fct_sends') }}
    -- A reply that names its send touches it; the others reach back to sends of their window.
    {%- if moments[0] is none %}
    where false
    {%- else %}
    where
        sent_at >= {{ add_days("timestamp '" ~ moments[0] ~ "'", -moments[2]) }}
        and sent_at <= timestamp '{{ moments[1] }}'
        and send_id not in (select send_id from {{ ref('int_touched_sends') }})
        and (
            to_number in (select from_number from replies)
            or customer_id in (select customer_id from replies where from_number is null)
        )
    {%- endif %}
    {%- endif %}

),

-- Sends that a reply without a send_id can answer; a number decides, and the customer where there is none.
answerable as (

    select * from sends
    where delivery_status not in ('issue', 'canceled')

),

candidates as (

    select
        replies.reply_id,
        answerable.send_id,
        answerable.sent_at
    from replies
    cross join settings
    inner join answerable
        on
            replies.channel = answerable.channel
            and replies.from_number = answerable.to_number
            and replies.received_at >= answerable.sent_at
    where
        replies.send_id is null
        and replies.received_at <= {{ add_days('answerable.sent_at', 'settings.reply_window_days') }}
        and (
            replies.to_number is null
            or answerable.from_number is null
            or replies.to_number = answerable.from_number
        )

    union all

    select
        replies.reply_id,
        answerable.send_id,
        answerable.sent_at
    from replies
    cross join settings
    inner join answerable
        on
            replies.channel = answerable.channel
            and replies.customer_id = answerable.customer_id
            and replies.received_at >= answerable.sent_at
    where
        replies.send_id is null
        and replies.from_number is null
        and replies.received_at <= {{ add_days('answerable.sent_at', 'settings.reply_window_days') }}
        and (
            replies.to_number is null
            or answerable.from_number is null
            or replies.to_number = answerable.from_number
        )

),

latest_candidates as (

    select
        reply_id,
        send_id
    from candidates
    qualify
        row_number() over (
            partition by reply_id
            order by sent_at desc nulls last, send_id desc nulls last
        ) = 1

),

named_or_found as (

    select
        replies.*,
        coalesce(replies.send_id, latest_candidates.send_id) as answered_send_id
    from replies
    left join latest_candidates
        on replies.reply_id = latest_candidates.reply_id

)

select
    named_or_found.reply_id,
    sends.send_id,
    sends.message_id,
    coalesce(sends.customer_id, named_or_found.customer_id) as customer_id,
    named_or_found.channel,
    sends.channel as send_channel,
    named_or_found.from_number,
    named_or_found.to_number,
    named_or_found.body,
    named_or_found.provider,
    named_or_found.keyword,
    named_or_found.keyword_group,
    named_or_found.is_opt_out,
    named_or_found.is_possible_opt_out,
    named_or_found.send_id is not null and sends.send_id is null as is_waiting,
    {{ seconds_between('sends.sent_at', 'named_or_found.received_at') }} as response_seconds,
    sends.sent_at,
    named_or_found.received_at,
    named_or_found.source,
    named_or_found.table_name
from named_or_found
left join sends
    on named_or_found.answered_send_id = sends.send_id
