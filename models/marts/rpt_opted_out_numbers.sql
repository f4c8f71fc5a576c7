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
        replies.keyword_group,
        replies.is_opt_out,
        replies.received_at
    from {{ ref('fct_replies') }} as replies
    left join sends
        on replies.send_id = sends.send_id
    where replies.is_keyword

),

-- A provider that refuses knows of the opt-out at the latest then; a refusal or a status without a time is as of its
-- send.
opt_outs as (

    select
        number,
        received_at as opted_out_at,
        'keyword' as opted_out_by,
        1 as precedence
    from keyword_replies
    where is_opt_out

    union all

    select
        to_number as number,
        coalesce(issue_at, sent_at) as opted_out_at,
        'provider' as opted_out_by,
        2 as precedence
    from sends
    where issue_reason_id = 'recipient_unsubscribed'

    union all

    select
        sends.to_number as number,
        coalesce(send_events.unsubscribed_at, sends.sent_at) as opted_out_at,
        'status' as opted_out_by,
        3 as precedence
    from sends
    inner join send_events
        on sends.send_id = send_events.send_id and sends.is_carrier_log = send_events.is_log_send
    where send_events.is_unsubscribed

),

opt_ins as (

    select
        number,
        max(received_at) as opted_in_at
    from keyword_replies
    where keyword_group = 'opt_in'
    group by number

),

-- The first opt-out since the number last opted in: what was sent after it should not have been.
standing as (

    select opt_outs.*
    from opt_outs
    left join opt_ins
        on opt_outs.number = opt_ins.number
    where
        opt_outs.number is not null
        and (opt_ins.opted_in_at is null or opt_outs.opted_out_at >= opt_ins.opted_in_at)
    qualify
        row_number() over (
            partition by opt_outs.number
            order by opt_outs.opted_out_at, opt_outs.precedence
        ) = 1

)

select
    standing.number,
    standing.opted_out_by,
    count(distinct sends.customer_id) as customer_count,
    count(*) filter (where sends.sent_at > standing.opted_out_at and sends.delivery_status <> 'canceled')
        as sent_after_count,
    standing.opted_out_at
from standing
left join sends
    on standing.number = sends.to_number
group by standing.number, standing.opted_out_by, standing.opted_out_at
