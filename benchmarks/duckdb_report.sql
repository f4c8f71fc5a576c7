-- From fct_sends, fct_replies and dim_messages to the numbers and files, whatever they were made from. Files go to the
-- working directory. Variable: as_of, the moment of the report.

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
-- A picture is the first only where the customer wrote nothing.
qualify
    row_number() over (
        partition by message_id, customer_id
        order by coalesce(trim(body), '') = '', received_at, reply_id
    ) = 1;

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
        count(*) filter (where delivery_status <> 'canceled' and is_opened) as opened,
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
    count(*) filter (where delivery_status <> 'canceled' and is_opened) as opened_count,
    count(clicked_at) filter (where delivery_status <> 'canceled') as clicked_count,
    count(replied_at) filter (where delivery_status <> 'canceled') as replied_count,
    count(goal_at) filter (where delivery_status <> 'canceled') as goal_count,
    count(unsubscribed_at) filter (where delivery_status <> 'canceled') as unsubscribed_count,
    count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count,
    sum(segment_count) filter (where delivery_status <> 'canceled') as segment_count,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at,
    min(delivered_at) as first_delivered_at,
    max(delivered_at) as last_delivered_at
from fct_sends
group by message_id, channel, sent_date;

create table rpt_messages as
select
    message_days.message_id,
    dim_messages.message_title,
    dim_messages.channel,
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
inner join dim_messages
    on message_days.message_id = dim_messages.message_id
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

create table rpt_message_costs as
select
    *,
    (cost / nullif(delivered_count, 0))::decimal(38, 6) as cost_per_delivered
from (
    select
        message_id,
        currency_code,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        sum(abs(price)) as cost,
        coalesce(sum(abs(price)) filter (where delivery_status = 'issue'), 0) as issue_cost
    from fct_sends
    where channel = 'sms' and price is not null
    group by message_id, currency_code
);

create table rpt_message_delivery as
with seconds as (
    select
        message_id,
        quantile_cont(delivery_seconds, [0.50, 0.95, 0.99]) as percentiles
    from fct_sends
    where channel = 'sms' and delivery_seconds is not null
    group by message_id
),

-- Prices in several currencies have no sum.
costs as (
    select
        message_id,
        any_value(cost) as cost,
        any_value(currency_code) as currency_code
    from rpt_message_costs
    group by message_id
    having count(*) = 1
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
    any_value(costs.cost) as cost,
    any_value(costs.currency_code) as currency_code
from message_days
inner join message_customers
    on message_days.message_id = message_customers.message_id
left join seconds
    on message_days.message_id = seconds.message_id
left join costs
    on message_days.message_id = costs.message_id
where message_days.channel = 'sms'
group by message_days.message_id;

create temp table delivery_issues as
select
    fct_sends.send_id,
    fct_sends.message_id,
    dim_messages.message_title,
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
inner join dim_messages
    on fct_sends.message_id = dim_messages.message_id
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
    dim_messages.channel,
    message_customers.sent_customer_count,
    message_customers.opened_customer_count,
    message_customers.clicked_customer_count,
    message_customers.replied_customer_count,
    message_customers.goal_customer_count,
    message_customers.completed_customer_count,
    message_customers.unsubscribed_customer_count,
    message_customers.engaged_customer_count
from message_customers
inner join dim_messages
    on message_customers.message_id = dim_messages.message_id;

create table rpt_customer_engagement_daily as
select
    message_days.sent_date,
    message_days.channel,
    message_days.message_id,
    dim_messages.message_title,
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
inner join dim_messages
    on message_days.message_id = dim_messages.message_id;

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

create table rpt_opted_out_numbers as
with words as (
    select
        coalesce(fct_replies.from_number, fct_sends.to_number) as number,
        fct_replies.keyword_group,
        fct_replies.is_opt_out,
        fct_replies.received_at
    from fct_replies
    left join fct_sends
        on fct_replies.send_id = fct_sends.send_id and fct_sends.channel = 'sms'
    where fct_replies.keyword_group is not null
),

opt_outs as (
    select number, received_at as opted_out_at, 'keyword' as opted_out_by, 1 as precedence from words where is_opt_out
    union all
    select to_number, coalesce(issue_at, sent_at), 'provider', 2
    from fct_sends where channel = 'sms' and issue_reason_id = 'recipient_unsubscribed'
    union all
    select to_number, status_unsubscribed_at, 'status', 3
    from fct_sends where channel = 'sms' and status_unsubscribed_at is not null
),

opt_ins as (select number, max(received_at) as opted_in_at from words where keyword_group = 'opt_in' group by number),

standing as (
    select opt_outs.*
    from opt_outs
    left join opt_ins
        on opt_outs.number = opt_ins.number
    where opt_outs.number is not null and coalesce(opt_outs.opted_out_at >= opt_ins.opted_in_at, true)
    qualify row_number() over (partition by opt_outs.number order by opt_outs.opted_out_at, opt_outs.precedence) = 1
)

select
    standing.number,
    standing.opted_out_by,
    count(distinct fct_sends.customer_id) as customer_count,
    count(*) filter (where fct_sends.sent_at > standing.opted_out_at and fct_sends.delivery_status <> 'canceled')
        as sent_after_count,
    standing.opted_out_at
from standing
left join fct_sends
    on standing.number = fct_sends.to_number and fct_sends.channel = 'sms'
group by all;

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
        csv_text(message_title) as message_title,
        channel,
        iso_8601(first_sent_at) as first_sent_at,
        iso_8601(last_sent_at) as last_sent_at,
        sent_count,
        delivered_count,
        issue_count,
        pending_count,
        unconfirmed_count,
        canceled_count,
        sent_customer_count,
        delivered_customer_count,
        delivery_rate,
        issue_customer_count,
        issue_rate,
        replied_customer_count,
        reply_rate,
        engaged_customer_count,
        engagement_rate,
        keyword_reply_count,
        opt_out_customer_count,
        csv_text(message_id) as message_id
    from rpt_messages
    order by rpt_messages.last_sent_at desc, rpt_messages.message_id
) to 'messages.csv' (header);

copy (
    select
        csv_text(dim_messages.message_title) as message_title,
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
        csv_text(delivery.currency_code) as currency_code,
        csv_text(delivery.message_id) as message_id
    from rpt_message_delivery as delivery
    inner join dim_messages
        on delivery.message_id = dim_messages.message_id
    order by delivery.last_delivered_at desc nulls last, delivery.message_id
) to 'message_delivery.csv' (header);

copy (
    select
        csv_text(dim_messages.message_title) as message_title,
        null::varchar as customer_name,
        csv_text(sends.to_number) as to_number,
        iso_8601(sends.sent_at) as sent_at,
        sends.delivery_status,
        iso_8601(sends.delivered_at) as delivered_at,
        sends.delivery_seconds,
        issue_reasons.issue_reason,
        csv_text(sends.provider) as provider,
        csv_text(sends.message_id) as message_id,
        csv_text(sends.customer_id) as customer_id,
        csv_text(sends.send_id) as send_id
    from fct_sends as sends
    inner join dim_messages
        on sends.message_id = dim_messages.message_id
    left join issue_reasons
        on sends.issue_reason_id = issue_reasons.issue_reason_id
    where
        sends.channel = 'sms'
        and sends.sent_at > getvariable('as_of') - interval 90 days
        and sends.sent_at <= getvariable('as_of')
    order by sends.sent_at desc, sends.send_id
) to 'recipients.csv' (header);

copy (
    select
        csv_text(message_title) as message_title,
        csv_text(customer_name) as customer_name,
        csv_text(to_number) as to_number,
        iso_8601(sent_at) as sent_at,
        iso_8601(issue_at) as issue_at,
        issue_reason,
        meaning,
        fix,
        is_retryable,
        csv_text(provider) as provider,
        csv_text(provider_error_code) as provider_error_code,
        issue_reason_id,
        csv_text(message_id) as message_id,
        csv_text(customer_id) as customer_id,
        csv_text(send_id) as send_id
    from delivery_issues
    where
        delivery_issues.sent_at > getvariable('as_of') - interval 90 days
        and delivery_issues.sent_at <= getvariable('as_of')
    order by delivery_issues.sent_at desc, delivery_issues.send_id
) to 'delivery_issues.csv' (header);

copy (
    select
        csv_text(dim_messages.message_title) as message_title,
        null::varchar as customer_name,
        iso_8601(responses.received_at) as received_at,
        csv_text(responses.body) as body,
        responses.response_type,
        csv_text(responses.keyword) as keyword,
        csv_text(responses.keyword_group) as keyword_group,
        responses.response_seconds,
        iso_8601(responses.sent_at) as sent_at,
        csv_text(responses.message_id) as message_id,
        csv_text(responses.customer_id) as customer_id,
        csv_text(responses.send_id) as send_id,
        csv_text(responses.reply_id) as reply_id
    from fct_responses as responses
    inner join dim_messages
        on responses.message_id = dim_messages.message_id
    where
        responses.sent_at > getvariable('as_of') - interval 90 days
        and responses.sent_at <= getvariable('as_of')
    order by responses.received_at desc, responses.reply_id
) to 'responses.csv' (header);

copy (
    select
        sent_date,
        channel,
        csv_text(message_title) as message_title,
        * exclude (sent_date, channel, message_id, message_title),
        csv_text(message_id) as message_id
    from rpt_customer_engagement_daily
    order by sent_date desc, channel, rpt_customer_engagement_daily.message_id
) to 'customer_engagement.csv' (header);

copy (
    select
        null::varchar as customer_name,
        csv_text(fixes.to_number) as to_number,
        fixes.issue_reason,
        fixes.fix,
        fixes.issue_count,
        iso_8601(fixes.first_issue_at) as first_issue_at,
        iso_8601(fixes.last_issue_at) as last_issue_at,
        csv_text(dim_messages.message_title) as last_message_title,
        fixes.issue_reason_id,
        csv_text(fixes.last_message_id) as last_message_id,
        csv_text(fixes.customer_id) as customer_id
    from rpt_fix_list as fixes
    inner join dim_messages
        on fixes.last_message_id = dim_messages.message_id
    order by fixes.last_issue_at desc nulls last, fixes.customer_id, fixes.to_number, fixes.issue_reason_id
) to 'fix_list.csv' (header);
