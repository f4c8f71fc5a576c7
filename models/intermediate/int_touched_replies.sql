-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on([
    'stg_pipeline__touched_keys', 'int_replies_deduplicated', 'int_sends_deduplicated', 'int_touched_sends',
    'stg_pipeline__settings',
]) }}

-- The replies whose send this build looks for anew; none in a full build. A reply is touched by its own rows, by the
-- send that it names or was attributed to, and by any send that it could answer, as that send was or as it is now.

{%- if is_full_build() %}

select cast(null as varchar) as reply_id
where false

{%- else %}

with replies as (

    select * from {{ ref('int_replies_deduplicated') }}

),

touched_keys as (

    select * from {{ ref('stg_pipeline__touched_keys') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

touched_sends as (

    select
        customer_id,
        channel,
        to_number,
        sent_at
    from {{ ref('int_sends_deduplicated') }}

    union

    select
        customer_id,
        channel,
        to_number,
        sent_at
    from {{ ref('int_touched_sends') }}

),

touched as (

    select reply_id
    from replies
    where reply_id in (select key from touched_keys)

    union

    select reply_id
    from replies
    where send_id in (select key from touched_keys where is_send)

    union

    select reply_id
    from {{ existing('fct_replies') }}
    where send_id in (select key from touched_keys where is_send)

    union

    select replies.reply_id
    from replies
    cross join settings
    inner join touched_sends
        on
            replies.from_number = touched_sends.to_number
            and replies.channel = touched_sends.channel
            and replies.received_at >= touched_sends.sent_at
    where
        replies.send_id is null
        and replies.received_at <= {{ add_days('touched_sends.sent_at', 'settings.reply_window_days') }}

    union

    select replies.reply_id
    from replies
    cross join settings
    inner join touched_sends
        on
            replies.customer_id = touched_sends.customer_id
            and replies.channel = touched_sends.channel
            and replies.received_at >= touched_sends.sent_at
    where
        replies.send_id is null
        and replies.from_number is null
        and replies.received_at <= {{ add_days('touched_sends.sent_at', 'settings.reply_window_days') }}

)

select reply_id from touched
{%- endif %}
