-- From a Twilio log, and nothing else, to a row per send and per reply: what duckdb_load.sql and duckdb_facts.sql are
-- for the application's extracts. A row of the log is a send with its status, or a reply. Variable: landing, the folder
-- of the extracts.

create temp table log_rows as
with loaded as (
    select *
    from read_csv(
        getvariable('landing') || '/twilio/messages/*.csv',
        auto_detect = false,
        header = true,
        delim = ',',
        quote = '"',
        escape = '"',
        columns = {
            sid: 'varchar',
            account_sid: 'varchar',
            messaging_service_sid: 'varchar',
            direction: 'varchar',
            'from': 'varchar',
            'to': 'varchar',
            body: 'varchar',
            status: 'varchar',
            error_code: 'varchar',
            error_message: 'varchar',
            num_segments: 'integer',
            num_media: 'varchar',
            price: 'decimal(18, 6)',
            price_unit: 'varchar',
            date_created: 'timestamp',
            date_sent: 'timestamp',
            date_updated: 'timestamp'
        }
    )
),

typed as (
    select
        sid,
        direction = 'inbound' as is_inbound,
        case when "to" like 'whatsapp:%' then 'whatsapp' else 'sms' end as channel,
        messaging_service_sid,
        e164(replace("from", 'whatsapp:', '')) as from_number,
        e164(replace("to", 'whatsapp:', '')) as to_number,
        case when direction = 'inbound' then body end as reply_body,
        length(body) > 1800 as is_too_long,
        status,
        error_code,
        case
            when num_segments between 1 and 255 then num_segments
            -- Not known yet; these texts are all of the basic alphabet.
            when "to" not like 'whatsapp:%' and length(body) <= 160 then 1
            when "to" not like 'whatsapp:%' then ceil(length(body) / 153)::integer
        end as segment_count,
        price,
        upper(price_unit) as currency_code,
        coalesce(date_sent, date_created) as sent_at,
        date_updated as updated_at,
        coalesce(date_updated, date_sent, date_created) as status_at
    from loaded
)

select
    typed.* exclude (status, status_at),
    typed.status in ('delivered', 'read') as is_delivered,
    typed.status in ('undelivered', 'failed', 'partially_delivered')
    and carrier_error_codes.outcome is distinct from 'unknown' as has_issue,
    typed.status = 'canceled' as is_canceled,
    typed.status in ('accepted', 'scheduled') as is_waiting,
    typed.status = 'delivered' as is_receipt,
    typed.status = 'read' as is_opened,
    -- Much later than the send, the time is that of another update than the status.
    case when typed.status_at <= typed.sent_at + interval 72 hours then typed.status_at end as occurred_at,
    carrier_error_codes.issue_reason_id,
    carrier_error_codes.is_retryable::boolean as is_retryable
from typed
left join carrier_error_codes
    on
        carrier_error_codes.provider = 'twilio'
        and carrier_error_codes.code_space = 'message'
        and carrier_error_codes.error_code = typed.error_code;

-- Most messages have one row. Of several, all statuses count, and the rest is that of the latest.

create temp table repeated as
select sid
from log_rows
where not is_inbound
group by sid
having count(*) > 1;

create temp table sends as
select
    sid as send_id,
    coalesce(messaging_service_sid, from_number) as message_id,
    channel,
    from_number,
    to_number,
    is_too_long,
    segment_count,
    price,
    currency_code,
    sent_at,
    delivery_status_of(is_delivered, has_issue, is_canceled, is_waiting, sent_at) as delivery_status,
    false as has_conflicting_statuses,
    case when is_receipt then occurred_at end as delivered_at,
    is_opened,
    case when is_opened then occurred_at end as opened_at,
    case when has_issue then occurred_at end as issue_at,
    case when has_issue then error_code end as error_code,
    case when has_issue then issue_reason_id end as issue_reason_id,
    case when has_issue then is_retryable end as is_retryable
from log_rows
where not is_inbound and sid not in (select sid from repeated)

union all

select
    latest.sid,
    coalesce(latest.messaging_service_sid, latest.from_number),
    latest.channel,
    latest.from_number,
    latest.to_number,
    latest.is_too_long,
    latest.segment_count,
    latest.price,
    latest.currency_code,
    latest.sent_at,
    delivery_status_of(states.is_delivered, states.has_issue, states.is_canceled, states.is_waiting, latest.sent_at),
    states.has_receipt and states.has_issue,
    states.delivered_at,
    states.is_opened,
    states.opened_at,
    states.issue_at,
    states.issue.error_code,
    states.issue.issue_reason_id,
    states.issue.is_retryable
from (
    select *
    from log_rows
    where not is_inbound and sid in (select sid from repeated)
    qualify
        row_number() over (
            partition by sid
            order by
                updated_at desc nulls last, sent_at desc, coalesce(messaging_service_sid, from_number) desc,
                channel desc, to_number desc, from_number desc nulls last, segment_count desc nulls last,
                price desc nulls last, currency_code desc nulls last
        ) = 1
) as latest
inner join (
    select
        sid,
        bool_or(is_delivered) as is_delivered,
        bool_or(has_issue) as has_issue,
        bool_or(is_canceled) as is_canceled,
        bool_and(is_waiting) as is_waiting,
        bool_or(is_receipt) as has_receipt,
        min(occurred_at) filter (where is_receipt) as delivered_at,
        bool_or(is_opened) as is_opened,
        min(occurred_at) filter (where is_opened) as opened_at,
        max(occurred_at) filter (where has_issue) as issue_at,
        max_by(
            {error_code: error_code, issue_reason_id: issue_reason_id, is_retryable: is_retryable},
            (error_code is not null, coalesce(occurred_at, timestamp '0001-01-01'), coalesce(error_code, ''))
        ) filter (where has_issue) as issue
    from log_rows
    where not is_inbound and sid in (select sid from repeated)
    group by sid
) as states
    on latest.sid = states.sid;

create table dim_messages as
select
    message_id,
    null::varchar as message_title,
    max_by(channel, (sent_at, send_id)) as channel
from sends
group by message_id;

-- Replies, each with the send that it answers.

create temp table replies as
select
    sid as reply_id,
    channel,
    from_number,
    to_number,
    reply_body as body,
    sent_at as received_at
from log_rows
where is_inbound
qualify
    row_number() over (
        partition by sid
        order by
            updated_at desc nulls last, sent_at desc, from_number desc, channel desc, to_number desc nulls last,
            reply_body desc nulls last
    ) = 1;

create table fct_replies as
with answered as (
    select
        replies.reply_id,
        sends.send_id,
        sends.message_id,
        sends.to_number as customer_id,
        sends.sent_at
    from replies
    inner join sends
        on
            replies.from_number = sends.to_number
            and replies.channel = sends.channel
            and replies.received_at between sends.sent_at and sends.sent_at + interval 720 hours
    where
        sends.delivery_status not in ('issue', 'canceled')
        and coalesce(replies.to_number = sends.from_number, true)
    qualify row_number() over (partition by replies.reply_id order by sends.sent_at desc, sends.send_id desc) = 1
)

select
    replies.reply_id,
    answered.message_id,
    answered.send_id,
    answered.customer_id,
    replies.channel,
    case when answered.send_id is not null then replies.channel end as send_channel,
    replies.from_number,
    replies.body,
    keywords.keyword,
    keywords.keyword_group,
    coalesce(keywords.is_opt_out, false) as is_opt_out,
    seconds_between(answered.sent_at, replies.received_at) as response_seconds,
    answered.sent_at,
    replies.received_at
from replies
left join answered
    on replies.reply_id = answered.reply_id
left join keywords
    on
        replies.channel = 'sms'
        and keyword_text(replies.body) = keywords.normalized;

create table fct_sends as
with replies_of_sends as (
    select
        send_id,
        min(received_at) as replied_at,
        min(case when is_opt_out then received_at end) as opted_out_at,
        bool_or(not is_opt_out) as is_engaging
    from fct_replies
    where send_id is not null
    group by send_id
),

unsupported_numbers as (
    select numbers.to_number
    from (
        select distinct to_number
        from sends
        where delivery_status = 'issue' and issue_reason_id is null
    ) as numbers
    inner join countries
        on numbers.to_number[2:1 + length(countries.calling_prefix)] = countries.calling_prefix
    group by numbers.to_number
    having max_by(countries.is_supported, length(countries.calling_prefix)) = 'false'
)

select
    sends.send_id,
    sends.message_id,
    sends.channel,
    sends.to_number as customer_id,
    'twilio' as provider,
    sends.send_id as provider_message_id,
    sends.to_number,
    sends.from_number,
    sends.segment_count,
    sends.price,
    sends.currency_code,
    sends.sent_at,
    sends.sent_at::date as sent_date,
    sends.delivery_status,
    sends.has_conflicting_statuses,
    sends.delivered_at,
    case
        when sends.delivered_at is not null then greatest(0, seconds_between(sends.sent_at, sends.delivered_at))
    end as delivery_seconds,
    case when sends.delivery_status = 'issue' then sends.issue_at end as issue_at,
    case
        when sends.channel <> 'sms' or sends.delivery_status <> 'issue' then null
        when sends.issue_reason_id is not null then sends.issue_reason_id
        when sends.is_too_long then 'content_too_long'
        when unsupported_numbers.to_number is not null then 'country_unsupported'
        else 'something_went_wrong'
    end as issue_reason_id,
    case when sends.delivery_status = 'issue' then sends.error_code end as provider_error_code,
    case when sends.delivery_status = 'issue' then sends.is_retryable end as is_retryable,
    sends.is_opened,
    sends.opened_at,
    null::timestamp as clicked_at,
    null::timestamp as completed_at,
    null::timestamp as goal_at,
    replies_of_sends.replied_at,
    replies_of_sends.opted_out_at as unsubscribed_at,
    null::timestamp as status_unsubscribed_at,
    coalesce(replies_of_sends.is_engaging, false) as is_engaged
from sends
left join replies_of_sends
    on sends.send_id = replies_of_sends.send_id
left join unsupported_numbers
    on sends.to_number = unsupported_numbers.to_number;
