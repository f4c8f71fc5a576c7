-- noqa: disable=layout.indent,aliasing.unused

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['message_id', 'sent_date', 'channel'],
    post_hook="delete from {{ this }} where send_count = 0"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- A build that adds to what is there adds the differences of the counts, and takes the earlier and the later moments.
-- Only where a first or last moment was taken away are the sends of its group looked through again.

{%- set is_counted = {
    'send': 'true',
    'sent': "delivery_status <> 'canceled'",
    'delivered': "delivery_status = 'delivered'",
    'issue': "delivery_status = 'issue'",
    'pending': "delivery_status = 'pending'",
    'unconfirmed': "delivery_status = 'unconfirmed'",
    'canceled': "delivery_status = 'canceled'",
    'opened': "delivery_status <> 'canceled' and opened_at is not null",
    'clicked': "delivery_status <> 'canceled' and clicked_at is not null",
    'replied': "delivery_status <> 'canceled' and replied_at is not null",
    'goal': "delivery_status <> 'canceled' and goal_at is not null",
    'unsubscribed': "delivery_status <> 'canceled' and unsubscribed_at is not null",
    'engaged': "delivery_status <> 'canceled' and is_engaged",
    'segmented': "delivery_status <> 'canceled' and segment_count is not null",
} %}
{%- set moments = {
    'first_sent_at': 'min(sent_at)',
    'last_sent_at': 'max(sent_at)',
    'first_delivered_at': 'min(delivered_at)',
    'last_delivered_at': 'max(delivered_at)',
    'last_send_id': value_at_latest('send_id', 'sent_at', 'send_id'),
    'last_sent_title': value_at_latest('sent_title', 'sent_at', 'send_id'),
} %}

{%- if is_full_build() %}

select
    message_id,
    sent_date,
    channel,
    {%- for name, condition in is_counted.items() %}
    count(*) filter (where {{ condition }}) as {{ name }}_count,
    {%- endfor %}
    cast(sum(case when delivery_status <> 'canceled' then segment_count end) as bigint) as segment_count,
    {%- for name, moment in moments.items() %}
    {{ moment }} as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('fct_sends') }}
group by message_id, sent_date, channel

{%- else %}

with changes as (

    select * from {{ ref('int_send_changes') }}

),

known as (

    select known.*
    from {{ existing('int_message_days') }} as known
    where exists (
        select 1
        from changes
        where
            known.message_id = changes.message_id
            and known.sent_date = changes.sent_date
            and known.channel = changes.channel
    )

),

-- The moments of a send that its group had and that it no longer has.
moments_taken_away as (

    select
        before.message_id,
        before.sent_date,
        before.channel,
        case
            when after.sent_at = before.sent_at and after.sent_title is not distinct from before.sent_title then null
            else before.sent_at
        end as sent_at,
        case when after.delivered_at = before.delivered_at then null else before.delivered_at end as delivered_at
    from changes as before
    left join changes as after
        on
            before.send_id = after.send_id
            and before.message_id = after.message_id
            and before.sent_date = after.sent_date
            and before.channel = after.channel
            and after.change = 1
    where before.change = -1

),

looked_through as (

    select distinct
        known.message_id,
        known.sent_date,
        known.channel
    from known
    inner join moments_taken_away
        on
            known.message_id = moments_taken_away.message_id
            and known.sent_date = moments_taken_away.sent_date
            and known.channel = moments_taken_away.channel
    where
        moments_taken_away.sent_at in (known.first_sent_at, known.last_sent_at)
        or moments_taken_away.delivered_at in (known.first_delivered_at, known.last_delivered_at)

),

known_moments as (

    select * from known
    where not exists (
        select 1
        from looked_through
        where
            known.message_id = looked_through.message_id
            and known.sent_date = looked_through.sent_date
            and known.channel = looked_through.channel
    )

),

sends as (

    select
        message_id,
        sent_date,
        channel,
        send_id,
        sent_title,
        sent_at,
        delivered_at
    from changes
    where change = 1

    union all

    select
        message_id,
        sent_date,
        channel,
        last_send_id as send_id,
        last_sent_title as sent_title,
        last_sent_at as sent_at,
        last_delivered_at as delivered_at
    from known_moments

    union all

    -- The latest send again, at the group's first moments: it is the latest only where the first moment is the last.
    select
        message_id,
        sent_date,
        channel,
        last_send_id as send_id,
        last_sent_title as sent_title,
        first_sent_at as sent_at,
        first_delivered_at as delivered_at
    from known_moments

    union all

    select
        sends.message_id,
        sends.sent_date,
        sends.channel,
        sends.send_id,
        sends.sent_title,
        sends.sent_at,
        sends.delivered_at
    from {{ ref('fct_sends') }} as sends
    inner join looked_through
        on
            sends.message_id = looked_through.message_id
            and sends.sent_date = looked_through.sent_date
            and sends.channel = looked_through.channel

),

moments as (

    select
        message_id,
        sent_date,
        channel,
        {%- for name, moment in moments.items() %}
        {{ moment }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from sends
    group by message_id, sent_date, channel

),

differences as (

    select
        message_id,
        sent_date,
        channel,
        {%- for name, condition in is_counted.items() %}
        sum(case when {{ condition }} then change else 0 end) as {{ name }}_count,
        {%- endfor %}
        sum(case when delivery_status <> 'canceled' then change * segment_count end) as segment_count
    from changes
    group by message_id, sent_date, channel

    union all

    select
        message_id,
        sent_date,
        channel,
        {%- for name in is_counted %}
        {{ name }}_count,
        {%- endfor %}
        segment_count
    from known

),

counts as (

    select
        message_id,
        sent_date,
        channel,
        {%- for name in is_counted %}
        cast(sum({{ name }}_count) as bigint) as {{ name }}_count,
        {%- endfor %}
        cast(sum(segment_count) as bigint) as segment_count
    from differences
    group by message_id, sent_date, channel

)

select
    counts.message_id,
    counts.sent_date,
    counts.channel,
    {%- for name in is_counted %}
    counts.{{ name }}_count,
    {%- endfor %}
    case when counts.segmented_count > 0 then counts.segment_count end as segment_count,
    {%- for name in moments %}
    moments.{{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from counts
left join moments
    on
        counts.message_id = moments.message_id
        and counts.sent_date = moments.sent_date
        and counts.channel = moments.channel
{%- endif %}
