-- From the application's extracts to a row per send and per reply, as one would write it by hand for this job and no
-- other: what the reports do not need is not read or kept. Needs the relations of duckdb_seeds.sql and duckdb_load.sql.

-- Sends. Of several rows of a send one counts.

create temp table sends as
select
    send_id,
    message_id,
    message_title,
    channel,
    customer_id,
    e164(to_number) as to_number,
    e164(from_number) as from_number,
    length(body) > 1800 as is_too_long,
    segment_count,
    price,
    currency_code,
    provider,
    provider_message_id,
    sent_at,
    updated_at
from sends_loaded;

-- What describes a message is told by all rows, also those that do not count.
create table dim_messages as
select
    message_id,
    max_by(message_title, (sent_at, send_id, coalesce(updated_at, timestamp '0001-01-01'), message_title))
        filter (where message_title is not null) as message_title,
    max_by(channel, (sent_at, send_id, coalesce(updated_at, timestamp '0001-01-01'), channel)) as channel
from sends
group by message_id;

delete from sends
where rowid in (
    select rowid
    from (
        select
            rowid,
            row_number() over (
                partition by send_id
                order by
                    updated_at desc nulls last, sent_at desc, message_id desc, channel desc, customer_id desc,
                    provider desc nulls last, provider_message_id desc nulls last, to_number desc nulls last,
                    from_number desc nulls last, segment_count desc nulls last, price desc nulls last,
                    currency_code desc nulls last
            ) as recency
        from sends
        where send_id in (select send_id from sends group by send_id having count(*) > 1)
    )
    where recency > 1
);

-- Statuses. Those of progress change nothing where another came.

create temp table statuses as
select
    send_id,
    provider,
    provider_message_id,
    status,
    error_code,
    error_code_space,
    occurred_at
from statuses_loaded
where status not in ('accepted', 'scheduled', 'queued', 'sending', 'sent', 'dismissed', 'spam_complaint');

create temp table carrier_sends as
select
    provider,
    provider_message_id,
    send_id
from sends
where
    provider_message_id in (select provider_message_id from statuses where send_id is null)
    and provider is not null;

create temp table resolved_statuses as
select
    send_id,
    provider,
    status,
    error_code,
    error_code_space,
    occurred_at
from statuses
where send_id is not null

union all

select
    carrier_sends.send_id,
    statuses.provider,
    statuses.status,
    statuses.error_code,
    statuses.error_code_space,
    statuses.occurred_at
from statuses
inner join carrier_sends
    on
        statuses.provider_message_id = carrier_sends.provider_message_id
        and statuses.provider = carrier_sends.provider
where statuses.send_id is null;

-- The code that counts is the latest, and the time that of the latest issue, with a code or without.
create temp table issues as
select
    resolved_statuses.send_id,
    resolved_statuses.error_code,
    max(resolved_statuses.occurred_at) over (partition by resolved_statuses.send_id) as occurred_at,
    carrier_error_codes.issue_reason_id,
    carrier_error_codes.is_retryable::boolean as is_retryable
from resolved_statuses
inner join sends
    on resolved_statuses.send_id = sends.send_id
left join providers
    on providers.provider = coalesce(sends.provider, resolved_statuses.provider)
left join carrier_error_codes
    on
        carrier_error_codes.provider = coalesce(sends.provider, resolved_statuses.provider)
        and carrier_error_codes.error_code = resolved_statuses.error_code
        and carrier_error_codes.code_space = coalesce(resolved_statuses.error_code_space, providers.default_code_space)
where
    resolved_statuses.status in ('undelivered', 'failed', 'rejected', 'expired', 'hard_bounced', 'soft_bounced')
    and carrier_error_codes.outcome is distinct from 'unknown'
qualify
    row_number() over (
        partition by resolved_statuses.send_id
        order by
            resolved_statuses.error_code is not null desc,
            resolved_statuses.occurred_at desc,
            resolved_statuses.error_code desc nulls last,
            resolved_statuses.error_code_space desc nulls last
    ) = 1;

create temp table states as
select
    send_id,
    bool_or(status in ('delivered', 'opened', 'clicked', 'replied')) as is_delivered,
    bool_or(status = 'canceled') as is_canceled,
    bool_or(
        status in ('clicked', 'replied', 'reacted', 'completed', 'answered', 'goal_success', 'collected_email', 'button_tapped')
    ) as is_engaged,
    min(case when status = 'delivered' then occurred_at end) as delivered_at,
    min(case when status = 'opened' then occurred_at end) as opened_at,
    min(case when status = 'clicked' then occurred_at end) as clicked_at,
    min(case when status = 'replied' then occurred_at end) as replied_at,
    min(case when status = 'completed' then occurred_at end) as completed_at,
    min(case when status = 'goal_success' then occurred_at end) as goal_at,
    min(case when status = 'unsubscribed' then occurred_at end) as unsubscribed_at
from resolved_statuses
where status not in ('undelivered', 'failed', 'rejected', 'expired', 'hard_bounced', 'soft_bounced')
group by send_id;

-- A send that is only accepted or scheduled waits, however long. Few sends have statuses of progress alone, so they are
-- looked for once more instead of being kept for all.

create temp table undecided as
select
    send_id,
    provider,
    provider_message_id
from sends
where
    send_id not in (select send_id from resolved_statuses)
    and sent_at <= getvariable('as_of') - interval 72 hours;

create temp table progress as
select
    send_id,
    provider,
    provider_message_id,
    status
from statuses_loaded
where
    send_id in (select send_id from undecided)
    or (send_id is null and provider_message_id in (select provider_message_id from undecided));

create temp table waiting as
select send_id
from (
    select
        send_id,
        status
    from progress
    where send_id is not null

    union all

    select
        undecided.send_id,
        progress.status
    from progress
    inner join undecided
        on
            progress.provider = undecided.provider
            and progress.provider_message_id = undecided.provider_message_id
    where progress.send_id is null
)
group by send_id
having bool_and(status in ('accepted', 'scheduled'));

-- Replies, each with the send that it answers.

create temp table replies as
select
    replies_loaded.* replace (e164(from_number) as from_number, e164(to_number) as to_number, coalesce(channel, 'sms') as channel)
from replies_loaded
qualify
    row_number() over (
        partition by reply_id
        order by
            updated_at desc nulls last, received_at desc, send_id desc nulls last, from_number desc nulls last,
            customer_id desc nulls last, channel desc, to_number desc nulls last, body desc nulls last
    ) = 1;

create temp table answerable as
select
    sends.send_id,
    sends.message_id,
    sends.customer_id,
    sends.channel,
    sends.to_number,
    sends.from_number,
    -- What is waiting and what is unconfirmed can both be answered.
    delivery_status_of(states.is_delivered, issues.send_id is not null, states.is_canceled, false, sends.sent_at)
        as delivery_status,
    sends.sent_at
from sends
left join states
    on sends.send_id = states.send_id
left join issues
    on sends.send_id = issues.send_id
where
    sends.to_number in (select from_number from replies)
    or sends.customer_id in (select customer_id from replies where from_number is null)
    or sends.send_id in (select send_id from replies);

create temp table found_sends as
select
    reply_id,
    send_id
from (
    select
        replies.reply_id,
        answerable.send_id,
        answerable.sent_at
    from replies
    inner join answerable
        on
            replies.channel = answerable.channel
            and replies.from_number = answerable.to_number
            and replies.received_at between answerable.sent_at and answerable.sent_at + interval 720 hours
    where
        replies.send_id is null
        and answerable.delivery_status not in ('issue', 'canceled')
        and coalesce(replies.to_number = answerable.from_number, true)

    union all

    select
        replies.reply_id,
        answerable.send_id,
        answerable.sent_at
    from replies
    inner join answerable
        on
            replies.channel = answerable.channel
            and replies.customer_id = answerable.customer_id
            and replies.received_at between answerable.sent_at and answerable.sent_at + interval 720 hours
    where
        replies.send_id is null
        and replies.from_number is null
        and answerable.delivery_status not in ('issue', 'canceled')
        and coalesce(replies.to_number = answerable.from_number, true)
)
qualify row_number() over (partition by reply_id order by sent_at desc, send_id desc) = 1;

create table fct_replies as
select
    replies.reply_id,
    answerable.message_id,
    answerable.send_id,
    coalesce(answerable.customer_id, replies.customer_id) as customer_id,
    replies.channel,
    answerable.channel as send_channel,
    replies.from_number,
    replies.body,
    keywords.keyword,
    keywords.keyword_group,
    coalesce(keywords.is_opt_out, false) as is_opt_out,
    seconds_between(answerable.sent_at, replies.received_at) as response_seconds,
    answerable.sent_at,
    replies.received_at
from replies
left join found_sends
    on replies.reply_id = found_sends.reply_id
left join answerable
    on answerable.send_id = coalesce(replies.send_id, found_sends.send_id)
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
        select distinct sends.to_number
        from issues
        inner join sends
            on issues.send_id = sends.send_id
        where sends.channel = 'sms' and issues.issue_reason_id is null
    ) as numbers
    inner join countries
        on numbers.to_number[2:1 + length(countries.calling_prefix)] = countries.calling_prefix
    group by numbers.to_number
    having max_by(countries.is_supported, length(countries.calling_prefix)) = 'false'
),

stated as (
    select
        sends.* exclude (message_title),
        delivery_status_of(
            states.is_delivered,
            issues.send_id is not null,
            states.is_canceled,
            waiting.send_id is not null,
            sends.sent_at
        ) as delivery_status,
        coalesce(issues.send_id is not null and states.delivered_at is not null, false) as has_conflicting_statuses,
        coalesce(states.is_engaged, false) as has_engaging_status,
        states.* exclude (send_id, is_delivered, is_canceled, is_engaged),
        issues.issue_reason_id as seeded_issue_reason_id,
        issues.is_retryable,
        issues.error_code,
        issues.occurred_at as latest_issue_at
    from sends
    left join states
        on sends.send_id = states.send_id
    left join issues
        on sends.send_id = issues.send_id
    left join waiting
        on sends.send_id = waiting.send_id
)

select
    stated.send_id,
    stated.message_id,
    stated.channel,
    stated.customer_id,
    stated.provider,
    stated.provider_message_id,
    stated.to_number,
    stated.from_number,
    stated.segment_count,
    stated.price,
    stated.currency_code,
    stated.sent_at,
    stated.sent_at::date as sent_date,
    stated.delivery_status,
    stated.has_conflicting_statuses,
    stated.delivered_at,
    case
        when stated.delivered_at is not null then greatest(0, seconds_between(stated.sent_at, stated.delivered_at))
    end as delivery_seconds,
    case when stated.delivery_status = 'issue' then stated.latest_issue_at end as issue_at,
    case
        when stated.channel <> 'sms' or stated.delivery_status <> 'issue' then null
        when stated.seeded_issue_reason_id is not null then stated.seeded_issue_reason_id
        when stated.is_too_long then 'content_too_long'
        when unsupported_numbers.to_number is not null then 'country_unsupported'
        else 'something_went_wrong'
    end as issue_reason_id,
    case when stated.delivery_status = 'issue' then stated.error_code end as provider_error_code,
    case when stated.delivery_status = 'issue' then stated.is_retryable end as is_retryable,
    stated.opened_at is not null as is_opened,
    stated.opened_at,
    stated.clicked_at,
    stated.completed_at,
    stated.goal_at,
    least(stated.replied_at, replies_of_sends.replied_at) as replied_at,
    least(stated.unsubscribed_at, replies_of_sends.opted_out_at) as unsubscribed_at,
    stated.unsubscribed_at as status_unsubscribed_at,
    stated.has_engaging_status or coalesce(replies_of_sends.is_engaging, false) as is_engaged
from stated
left join replies_of_sends
    on stated.send_id = replies_of_sends.send_id
left join unsupported_numbers
    on stated.to_number = unsupported_numbers.to_number;
