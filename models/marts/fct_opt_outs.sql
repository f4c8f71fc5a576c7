with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms'

),

send_events as (

    select * from {{ ref('int_send_events') }}

),

-- The number that wrote, else that of the send which a reply without a number answers.
keyword_replies as (

    select
        coalesce(replies.from_number, sends.to_number) as number,
        replies.reply_id,
        replies.keyword_group,
        replies.is_opt_out,
        replies.received_at
    from {{ ref('fct_replies') }} as replies
    left join sends
        on replies.send_id = sends.send_id
    where replies.is_keyword

),

-- Of what happens to a number at the same moment an opt-in comes first, so that the opt-out beside it stands; then the
-- keyword names it, then the provider. A provider that refuses knows of the opt-out at the latest then; a refusal or a
-- status without a time is as of its send.
events as (

    select
        number,
        received_at as happened_at,
        0 as precedence,
        cast(null as string) as opted_out_by,
        cast(null as string) as reply_id
    from keyword_replies
    where keyword_group = 'opt_in'

    union all

    select
        number,
        received_at as happened_at,
        1 as precedence,
        'keyword' as opted_out_by,
        reply_id
    from keyword_replies
    where is_opt_out

    union all

    select
        to_number as number,
        coalesce(issue_at, sent_at) as happened_at,
        2 as precedence,
        'provider' as opted_out_by,
        cast(null as string) as reply_id
    from sends
    where issue_reason_id = 'recipient_unsubscribed'

    union all

    select
        sends.to_number as number,
        coalesce(send_events.unsubscribed_at, sends.sent_at) as happened_at,
        3 as precedence,
        'status' as opted_out_by,
        cast(null as string) as reply_id
    from sends
    inner join send_events
        on sends.send_id = send_events.send_id and sends.is_carrier_log = send_events.is_log_send
    where send_events.is_unsubscribed

),

-- An opt-out lasts until the next later opt-in. What is no number can be anybody's.
opt_outs as (

    select
        *,
        min(case when precedence = 0 then happened_at end) over (
            partition by number
            order by happened_at, precedence
            rows between 1 following and unbounded following
        ) as opted_in_at
    from events
    where {{ is_digits('number') }}

),

-- Several opt-outs in a row are one, that of the first.
first_opt_outs as (

    select * from opt_outs
    where precedence > 0
    qualify
        row_number() over (
            partition by number, opted_in_at
            order by happened_at, precedence, reply_id
        ) = 1

)

select
    number,
    opted_out_by,
    reply_id,
    happened_at as opted_out_at,
    opted_in_at
from first_opt_outs
