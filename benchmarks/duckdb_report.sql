-- From the extracts to the numbers and files, as one would write it by hand for this job and no other: what the reports do not
-- need is not read or kept. Variables: seeds, folder of the seeds; as_of, the moment of the report. Files go to the
-- working directory.

set preserve_insertion_order = false;

create macro e164_of_digits(digits) as case
    when digits like '00%' then '+' || digits[3:]
    when regexp_full_match(digits, '[0-9]{8,15}') then '+' || digits
    else digits
end;

create macro e164(number) as case
    when number is null or regexp_full_match(number, '\+[0-9]+') then number
    else e164_of_digits(regexp_replace(number, '[\s().\-/]', '', 'g'))
end;

create macro csv_text(text) as case
    when regexp_full_match(text, '\+[0-9]+') then text
    when regexp_matches(text, '^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠]') or regexp_matches(text, '^[\t\r\n]') then '''' || text
    else text
end;

create macro keyword_text(text) as lower(regexp_replace(
    nfc_normalize(text), '^[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+|[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+$', '', 'g'
));

create macro delivery_status_of(is_delivered, has_issue, is_canceled, sent_at) as case
    when is_delivered then 'delivered'
    when has_issue then 'issue'
    when is_canceled then 'canceled'
    when getvariable('as_of') >= sent_at + interval 72 hours then 'unconfirmed'
    else 'pending'
end;

create macro iso_8601(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ');

create macro seconds_between(earlier, later) as (epoch_us(later) - epoch_us(earlier)) / 1000000.0::double;

create temp table issue_reasons as
from read_csv(getvariable('seeds') || '/issue_reasons.csv', header = true, all_varchar = true);

create temp table carrier_error_codes as
from read_csv(getvariable('seeds') || '/carrier_error_codes.csv', header = true, all_varchar = true);

create temp table providers as
from read_csv(getvariable('seeds') || '/providers.csv', header = true, all_varchar = true);

create temp table countries as
from read_csv(getvariable('seeds') || '/countries.csv', header = true, all_varchar = true);

create temp table keywords as
select
    keyword_text(keywords.keyword) as normalized,
    keywords.keyword,
    keywords.keyword_group,
    keyword_groups.is_opt_out::boolean as is_opt_out
from read_csv(getvariable('seeds') || '/keywords.csv', header = true, all_varchar = true) as keywords
inner join read_csv(getvariable('seeds') || '/keyword_groups.csv', header = true, all_varchar = true) as keyword_groups
    on keywords.keyword_group = keyword_groups.keyword_group;

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
    updated_at,
    body
from sends_loaded;

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
                    message_title desc nulls last, to_number desc nulls last, from_number desc nulls last,
                    body desc nulls last, segment_count desc nulls last, price desc nulls last,
                    currency_code desc nulls last, provider desc nulls last, provider_message_id desc nulls last
            ) as recency
        from sends
        where send_id in (select send_id from sends group by send_id having count(*) > 1)
    )
    where recency > 1
);

-- Statuses. Those of progress change nothing.

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

create temp table issues as
select
    resolved_statuses.send_id,
    resolved_statuses.error_code,
    resolved_statuses.occurred_at,
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
    delivery_status_of(states.is_delivered, issues.send_id is not null, states.is_canceled, sends.sent_at) as delivery_status,
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

create table fct_responses as
with responses as (
    select * from fct_replies
    where channel = 'sms' and send_channel = 'sms'
)

select
    *,
    'keyword' as response_type
from responses
where keyword is not null

union all

select
    *,
    'first_response' as response_type
from responses
where keyword is null
qualify row_number() over (partition by message_id, customer_id order by received_at, reply_id) = 1;

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
        sends.*,
        delivery_status_of(states.is_delivered, issues.send_id is not null, states.is_canceled, sends.sent_at) as delivery_status,
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
)

select
    stated.send_id,
    stated.message_id,
    stated.message_title,
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
    greatest(0, seconds_between(stated.sent_at, stated.delivered_at)) as delivery_seconds,
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
    stated.opened_at,
    stated.clicked_at,
    stated.completed_at,
    stated.goal_at,
    least(stated.replied_at, replies_of_sends.replied_at) as replied_at,
    least(stated.unsubscribed_at, replies_of_sends.opted_out_at) as unsubscribed_at,
    stated.has_engaging_status or coalesce(replies_of_sends.is_engaging, false) as is_engaged
from stated
left join replies_of_sends
    on stated.send_id = replies_of_sends.send_id
left join unsupported_numbers
    on stated.to_number = unsupported_numbers.to_number;

-- Reports.

create temp table titles as
select
    message_id,
    max_by({title: message_title, channel: channel}, (sent_at, send_id)) as latest
from fct_sends
group by message_id;

create temp table message_customers as
select
    message_id,
    count(*) filter (where sent > 0) as sent_customer_count,
    count(*) filter (where delivered > 0) as delivered_customer_count,
    count(*) filter (where sms_delivered > 0) as sms_delivered_customer_count,
    count(*) filter (where issue > 0) as issue_customer_count,
    count(*) filter (where opened > 0) as opened_customer_count,
    count(*) filter (where clicked > 0) as clicked_customer_count,
    count(*) filter (where replied > 0) as replied_customer_count,
    count(*) filter (where goal > 0) as goal_customer_count,
    count(*) filter (where completed > 0) as completed_customer_count,
    count(*) filter (where unsubscribed > 0) as unsubscribed_customer_count,
    count(*) filter (where engaged > 0) as engaged_customer_count
from (
    select
        message_id,
        customer_id,
        count(*) filter (where delivery_status <> 'canceled') as sent,
        count(*) filter (where delivery_status = 'delivered') as delivered,
        count(*) filter (where delivery_status = 'delivered' and channel = 'sms') as sms_delivered,
        count(*) filter (where delivery_status = 'issue') as issue,
        count(opened_at) filter (where delivery_status <> 'canceled') as opened,
        count(clicked_at) filter (where delivery_status <> 'canceled') as clicked,
        count(replied_at) filter (where delivery_status <> 'canceled') as replied,
        count(goal_at) filter (where delivery_status <> 'canceled') as goal,
        count(completed_at) filter (where delivery_status <> 'canceled') as completed,
        count(unsubscribed_at) filter (where delivery_status <> 'canceled') as unsubscribed,
        count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged
    from fct_sends
    group by message_id, customer_id
)
group by message_id;

create temp table message_days as
select
    message_id,
    channel,
    sent_date,
    count(*) filter (where delivery_status <> 'canceled') as sent_count,
    count(*) filter (where delivery_status = 'delivered') as delivered_count,
    count(*) filter (where delivery_status = 'issue') as issue_count,
    count(*) filter (where delivery_status = 'pending') as pending_count,
    count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
    count(*) filter (where delivery_status = 'canceled') as canceled_count,
    count(opened_at) filter (where delivery_status <> 'canceled') as opened_count,
    count(clicked_at) filter (where delivery_status <> 'canceled') as clicked_count,
    count(replied_at) filter (where delivery_status <> 'canceled') as replied_count,
    count(goal_at) filter (where delivery_status <> 'canceled') as goal_count,
    count(unsubscribed_at) filter (where delivery_status <> 'canceled') as unsubscribed_count,
    count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count,
    sum(segment_count) filter (where delivery_status <> 'canceled') as segment_count,
    sum(abs(price)) as cost,
    min(currency_code) filter (where price is not null) as least_currency_code,
    max(currency_code) filter (where price is not null) as currency_code,
    bool_or(price is not null and currency_code is null) as has_unknown_currency,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at,
    min(delivered_at) as first_delivered_at,
    max(delivered_at) as last_delivered_at
from fct_sends
group by message_id, channel, sent_date;

create table rpt_messages as
select
    message_days.message_id,
    titles.latest.title as message_title,
    titles.latest.channel as channel,
    min(message_days.first_sent_at) as first_sent_at,
    max(message_days.last_sent_at) as last_sent_at,
    sum(message_days.sent_count)::bigint as sent_count,
    sum(message_days.delivered_count)::bigint as delivered_count,
    sum(message_days.issue_count)::bigint as issue_count,
    sum(message_days.pending_count)::bigint as pending_count,
    sum(message_days.unconfirmed_count)::bigint as unconfirmed_count,
    sum(message_days.canceled_count)::bigint as canceled_count,
    any_value(message_customers.sent_customer_count) as sent_customer_count,
    any_value(message_customers.delivered_customer_count) as delivered_customer_count,
    any_value(message_customers.issue_customer_count) as issue_customer_count,
    any_value(message_customers.replied_customer_count) as replied_customer_count,
    coalesce(any_value(keyword_replies.keyword_reply_count), 0) as keyword_reply_count,
    coalesce(any_value(keyword_replies.opt_out_customer_count), 0) as opt_out_customer_count,
    any_value(message_customers.engaged_customer_count) as engaged_customer_count,
    any_value(message_customers.delivered_customer_count / nullif(message_customers.sent_customer_count, 0)) as delivery_rate,
    any_value(message_customers.issue_customer_count / nullif(message_customers.sent_customer_count, 0)) as issue_rate,
    any_value(message_customers.replied_customer_count / nullif(message_customers.sent_customer_count, 0)) as reply_rate,
    any_value(message_customers.engaged_customer_count / nullif(message_customers.sent_customer_count, 0)) as engagement_rate
from message_days
inner join titles
    on message_days.message_id = titles.message_id
inner join message_customers
    on message_days.message_id = message_customers.message_id
left join (
    select
        message_id,
        count(*) as keyword_reply_count,
        count(distinct case when is_opt_out then customer_id end) as opt_out_customer_count
    from fct_responses
    where response_type = 'keyword'
    group by message_id
) as keyword_replies
    on message_days.message_id = keyword_replies.message_id
group by all;

create table rpt_message_delivery as
with seconds as (
    select
        message_id,
        quantile_cont(delivery_seconds, [0.50, 0.95, 0.99]) as percentiles
    from fct_sends
    where channel = 'sms' and delivery_status = 'delivered' and delivery_seconds is not null
    group by message_id
)

select
    message_days.message_id,
    sum(message_days.sent_count)::bigint as sent_count,
    sum(message_days.delivered_count)::bigint as delivered_count,
    sum(message_days.issue_count)::bigint as issue_count,
    any_value(message_customers.sms_delivered_customer_count) as delivered_customer_count,
    min(message_days.first_delivered_at) as first_delivered_at,
    max(message_days.last_delivered_at) as last_delivered_at,
    any_value(seconds.percentiles[1]) as delivery_seconds_p50,
    any_value(seconds.percentiles[2]) as delivery_seconds_p95,
    any_value(seconds.percentiles[3]) as delivery_seconds_p99,
    sum(message_days.segment_count)::bigint as segment_count,
    case
        when
            min(message_days.least_currency_code) = max(message_days.currency_code)
            and not bool_or(message_days.has_unknown_currency)
            or max(message_days.currency_code) is null
            then sum(message_days.cost)
    end as cost,
    case
        when
            min(message_days.least_currency_code) = max(message_days.currency_code)
            and not bool_or(message_days.has_unknown_currency)
            then max(message_days.currency_code)
    end as currency_code
from message_days
inner join message_customers
    on message_days.message_id = message_customers.message_id
left join seconds
    on message_days.message_id = seconds.message_id
where message_days.channel = 'sms'
group by message_days.message_id;

create temp table delivery_issues as
select
    fct_sends.send_id,
    fct_sends.message_id,
    titles.latest.title as message_title,
    fct_sends.customer_id,
    null::varchar as customer_name,
    fct_sends.to_number,
    fct_sends.provider,
    fct_sends.provider_error_code,
    fct_sends.issue_reason_id,
    issue_reasons.issue_reason,
    issue_reasons.meaning,
    issue_reasons.fix,
    fct_sends.is_retryable,
    fct_sends.sent_at,
    fct_sends.issue_at
from fct_sends
inner join titles
    on fct_sends.message_id = titles.message_id
inner join issue_reasons
    on fct_sends.issue_reason_id = issue_reasons.issue_reason_id;

create table rpt_message_issues as
select
    message_id,
    issue_reason_id,
    issue_reason,
    meaning,
    fix,
    count(*) as issue_count,
    count(distinct customer_id) as issue_customer_count,
    count(*) / sum(count(*)) over (partition by message_id) as issue_share
from delivery_issues
group by message_id, issue_reason_id, issue_reason, meaning, fix;

create table rpt_message_responses as
select
    message_id,
    keyword_group,
    count(*) as response_count,
    count(distinct customer_id) as response_customer_count,
    quantile_cont(response_seconds, 0.5) as response_seconds_p50
from fct_responses
group by message_id, keyword_group;

create table rpt_message_engagement as
select
    message_customers.message_id,
    titles.latest.channel as channel,
    message_customers.sent_customer_count,
    message_customers.opened_customer_count,
    message_customers.clicked_customer_count,
    message_customers.replied_customer_count,
    message_customers.goal_customer_count,
    message_customers.completed_customer_count,
    message_customers.unsubscribed_customer_count,
    message_customers.engaged_customer_count
from message_customers
inner join titles
    on message_customers.message_id = titles.message_id;

create table rpt_customer_engagement_daily as
select
    message_days.sent_date,
    message_days.channel,
    message_days.message_id,
    titles.latest.title as message_title,
    message_days.sent_count,
    message_days.delivered_count,
    message_days.issue_count,
    message_days.opened_count,
    message_days.clicked_count,
    message_days.replied_count,
    message_days.goal_count,
    message_days.unsubscribed_count,
    message_days.engaged_count
from message_days
inner join titles
    on message_days.message_id = titles.message_id;

create table rpt_customer_contacts as
select
    *,
    received_7_days_count >= 10 as is_over_messaged
from (
    select
        customer_id,
        count(*) filter (where age < 7) as received_7_days_count,
        count(*) filter (where age < 28) as received_28_days_count,
        count(*) filter (where age < 90) as received_90_days_count,
        count(*) filter (where age < 7 and channel = 'sms') as sms_received_7_days_count,
        count(*) filter (where age < 28 and channel = 'sms') as sms_received_28_days_count,
        count(*) filter (where age < 90 and channel = 'sms') as sms_received_90_days_count
    from (
        select
            customer_id,
            channel,
            case
                when delivery_status = 'delivered' and sent_at <= getvariable('as_of')
                    then seconds_between(sent_at, getvariable('as_of')) / 86400
            end as age
        from fct_sends
    )
    group by customer_id
);

create table rpt_fix_list as
with last_deliveries as (
    select
        customer_id,
        to_number,
        max((sent_at, send_id)) as latest
    from fct_sends
    where
        channel = 'sms'
        and delivery_status = 'delivered'
        and customer_id in (select customer_id from delivery_issues)
    group by customer_id, to_number
)

select
    delivery_issues.customer_id,
    delivery_issues.to_number,
    delivery_issues.issue_reason_id,
    delivery_issues.issue_reason,
    delivery_issues.fix,
    count(*) as issue_count,
    min(delivery_issues.issue_at) as first_issue_at,
    max(delivery_issues.issue_at) as last_issue_at,
    max_by(delivery_issues.message_id, (delivery_issues.sent_at, delivery_issues.send_id)) as last_message_id
from delivery_issues
left join last_deliveries
    on
        delivery_issues.customer_id = last_deliveries.customer_id
        and delivery_issues.to_number is not distinct from last_deliveries.to_number
where coalesce((delivery_issues.sent_at, delivery_issues.send_id) > last_deliveries.latest, true)
group by all;

-- Files.

copy (
    select
        csv_text(message_id) as message_id,
        csv_text(message_title) as message_title,
        channel,
        iso_8601(first_sent_at) as first_sent_at,
        iso_8601(last_sent_at) as last_sent_at,
        * exclude (message_id, message_title, channel, first_sent_at, last_sent_at)
    from rpt_messages
    order by rpt_messages.last_sent_at desc, message_id
) to 'messages.csv' (header);

copy (
    select
        csv_text(delivery.message_id) as message_id,
        csv_text(titles.latest.title) as message_title,
        delivery.sent_count,
        delivery.delivered_count,
        delivery.issue_count,
        delivery.delivered_customer_count,
        iso_8601(delivery.first_delivered_at) as first_delivered_at,
        iso_8601(delivery.last_delivered_at) as last_delivered_at,
        delivery.delivery_seconds_p50,
        delivery.delivery_seconds_p95,
        delivery.delivery_seconds_p99,
        delivery.segment_count,
        delivery.cost,
        csv_text(delivery.currency_code) as currency_code
    from rpt_message_delivery as delivery
    inner join titles
        on delivery.message_id = titles.message_id
    order by delivery.message_id
) to 'message_delivery.csv' (header);

copy (
    select
        csv_text(send_id) as send_id,
        csv_text(message_id) as message_id,
        csv_text(message_title) as message_title,
        csv_text(customer_id) as customer_id,
        csv_text(customer_name) as customer_name,
        csv_text(to_number) as to_number,
        csv_text(provider) as provider,
        csv_text(provider_error_code) as provider_error_code,
        issue_reason_id,
        issue_reason,
        meaning,
        fix,
        is_retryable,
        iso_8601(sent_at) as sent_at,
        iso_8601(issue_at) as issue_at
    from delivery_issues
    where
        delivery_issues.sent_at > getvariable('as_of') - interval 90 days
        and delivery_issues.sent_at <= getvariable('as_of')
    order by delivery_issues.sent_at, send_id
) to 'delivery_issues.csv' (header);

copy (
    select
        csv_text(responses.reply_id) as reply_id,
        csv_text(responses.message_id) as message_id,
        csv_text(titles.latest.title) as message_title,
        csv_text(responses.send_id) as send_id,
        csv_text(responses.customer_id) as customer_id,
        csv_text(responses.body) as body,
        responses.response_type,
        csv_text(responses.keyword) as keyword,
        csv_text(responses.keyword_group) as keyword_group,
        responses.response_seconds,
        iso_8601(responses.sent_at) as sent_at,
        iso_8601(responses.received_at) as received_at
    from fct_responses as responses
    inner join titles
        on responses.message_id = titles.message_id
    where
        responses.sent_at > getvariable('as_of') - interval 90 days
        and responses.sent_at <= getvariable('as_of')
    order by responses.received_at, responses.reply_id
) to 'responses.csv' (header);

copy (
    select * replace (csv_text(message_id) as message_id, csv_text(message_title) as message_title)
    from rpt_customer_engagement_daily
    order by sent_date, channel, message_id
) to 'customer_engagement.csv' (header);

copy (
    select
        csv_text(customer_id) as customer_id,
        csv_text(to_number) as to_number,
        issue_reason_id,
        issue_reason,
        fix,
        issue_count,
        iso_8601(first_issue_at) as first_issue_at,
        iso_8601(last_issue_at) as last_issue_at,
        csv_text(last_message_id) as last_message_id
    from rpt_fix_list
    order by customer_id, to_number, issue_reason_id
) to 'fix_list.csv' (header);
