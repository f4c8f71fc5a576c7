"""What the report is made of: one query per table for all messages, over the published tables.

Tables of facts are read for sums by message; lists of rows are read only from what `OUTPUT_DAYS` covers.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

# Messages that have a page, the ones sent last. A page costs about 2 ms and 15 kB, so that this bounds both.
MOST_MESSAGES = 1_000
# Rows of a page's lists of issues and of replies: at most so many, fewer where there are many pages, so that all pages
# together stay under 25 MB; the CSVs have all.
MOST_ROWS, LEAST_ROWS, ROWS_OF_ALL_PAGES = 500, 15, 15_000
# Rows of the lists on pages that are there once.
MOST_ALERTS, MOST_FIXES, MOST_CONTACTS, MOST_DAYS, MOST_AUDIT_ROWS = 100, 1_000, 200, 1_000, 100
# Characters of a reply or name that a page shows; texts from outside can be of any length.
MOST_CHARACTERS = 600
# Steps of the curve of a message that was sent within two days.
CURVE_STEPS = 48
# A message sent over a longer time is shown by day of the send, the days that were last.
CURVE_DAYS = 90

Frames = dict[str, pd.DataFrame]

_TOTALS = """
    select
        count(*) as message_count,
        coalesce(sum(sent_count), 0)::bigint as sent_count,
        coalesce(sum(delivered_count), 0)::bigint as delivered_count,
        coalesce(sum(issue_count), 0)::bigint as issue_count,
        coalesce(sum(pending_count), 0)::bigint as pending_count,
        coalesce(sum(unconfirmed_count), 0)::bigint as unconfirmed_count,
        coalesce(sum(canceled_count), 0)::bigint as canceled_count
    from rpt_messages
"""
_MESSAGES = f"""
    select
        messages.* replace (left(messages.message_title, {MOST_CHARACTERS}) as message_title),
        dim_messages.series_id,
        left(dim_messages.series_title, {MOST_CHARACTERS}) as series_title
    from rpt_messages as messages
    left join dim_messages
        on messages.message_id = dim_messages.message_id
    order by messages.last_sent_at desc, messages.message_id
    limit {MOST_MESSAGES}
"""
_ALERTS = f"""
    select
        kind,
        alert,
        left(provider, {MOST_CHARACTERS}) as provider,
        country_code,
        left(from_number, {MOST_CHARACTERS}) as from_number,
        message_id,
        left(message_title, {MOST_CHARACTERS}) as message_title,
        issue_reason,
        value,
        usual_value,
        affected_count,
        affected_customer_count,
        strftime(since_date, '%Y-%m-%d') as since_day,
        meaning,
        fix,
        count(*) over () as row_count
    from rpt_deliverability_alerts
    order by
        affected_customer_count desc, kind, dimension, provider, country_code, from_number, message_id, issue_reason_id
    limit {MOST_ALERTS}
"""
_DELIVERY = "select * exclude (message_title, cost, currency_code) from rpt_message_delivery where message_id in $ids"
_COSTS = """
    select
        message_id,
        currency_code,
        cost::varchar as cost,
        issue_cost::varchar as issue_cost,
        avoidable_cost::varchar as avoidable_cost,
        avoidable_segment_count,
        cost_per_delivered::varchar as cost_per_delivered,
        cost_per_response::varchar as cost_per_response,
        reporting_currency_code,
        cost_in_reporting_currency::varchar as cost_in_reporting_currency
    from rpt_message_costs
    where message_id in $ids
    order by message_id, currency_code nulls last
"""
_ISSUE_COSTS = """
    select message_id, issue_reason, currency_code, issue_count, issue_cost::varchar as issue_cost
    from rpt_issue_costs
    where message_id in $ids
    order by message_id, currency_code nulls last, rpt_issue_costs.issue_cost desc, issue_reason_id
"""
_CHARACTERS = """
    select message_id, character, coalesce(replacement, '') as replacement, character_name, sent_count,
        avoidable_segment_count
    from rpt_replaceable_characters
    where message_id in $ids
    order by message_id, avoidable_segment_count desc, character
"""
_ENGAGEMENT = "select * exclude (message_title, channel) from rpt_message_engagement where message_id in $ids"
_ISSUES = """
    select * exclude (message_title)
    from rpt_message_issues
    where message_id in $ids
    order by message_id, issue_count desc, issue_reason_id
"""
_RETRIES = """
    select
        message_id,
        issue_reason_id,
        count(*) filter (where is_retryable) as retryable_count,
        count(*) filter (where not is_retryable) as final_count
    from fct_delivery_issues
    where message_id in $ids
    group by message_id, issue_reason_id
"""
_GROUPS = """
    select * exclude (message_title)
    from rpt_message_responses
    where message_id in $ids
    order by message_id, response_count desc, keyword_group nulls last
"""
# One pass over the sends: sums of these rows give editions, channels, carriers and countries.
_PARTS = """
    select
        message_id,
        channel,
        message_version_id,
        provider,
        country_code,
        count(*) filter (where delivery_status <> 'canceled') as sent_count,
        count(*) filter (where delivery_status = 'delivered') as delivered_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        count(*) filter (where delivery_status = 'pending') as pending_count,
        count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
        count(*) filter (where delivery_status = 'canceled') as canceled_count,
        count(*) filter (where delivery_status <> 'canceled' and is_replied) as replied_count,
        count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count
    from fct_sends
    where message_id in $ids
    group by all
    order by all
"""
_CURVES = f"""
    with messages as (

        select
            messages.message_id,
            messages.first_sent_at,
            greatest(
                1,
                (epoch(messages.last_sent_at - messages.first_sent_at) + delivery.delivery_seconds_p99)
                / {CURVE_STEPS}
            ) as step_seconds
        from rpt_messages as messages
        inner join rpt_message_delivery as delivery
            on messages.message_id = delivery.message_id
        where
            messages.message_id in $ids
            and delivery.delivery_seconds_p99 is not null
            and messages.last_sent_at - messages.first_sent_at <= interval 2 days

    )

    select
        message_id,
        any_value(step_seconds) as step_seconds,
        least(
            {CURVE_STEPS + 1},
            greatest(1, ceil(epoch(delivered_at - first_sent_at) / step_seconds))
        )::bigint as step,
        count(*) as delivered_count
    from fct_sends
    inner join messages using (message_id)
    where channel = 'sms' and delivery_status = 'delivered' and delivered_at is not null
    group by message_id, step
    order by message_id, step
"""
_MESSAGE_DAYS = f"""
    select
        message_id,
        sent_date,
        sum(sent_count)::bigint as sent_count,
        sum(delivered_count)::bigint as delivered_count,
        sum(issue_count)::bigint as issue_count
    from rpt_customer_engagement_daily
    where message_id in $ids
    group by message_id, sent_date
    qualify row_number() over (partition by message_id order by sent_date desc) <= {CURVE_DAYS}
    order by message_id, sent_date
"""
# Which rows are listed is decided on few columns, since sorting whole rows takes thrice the time.
_ISSUE_ROWS = f"""
    with newest as (

        select send_id
        from fct_delivery_issues
        where message_id in $ids and sent_at > $since and sent_at <= $as_of
        qualify row_number() over (partition by message_id order by sent_at desc, send_id) <= $rows

    )

    select
        message_id,
        left(customer_id, {MOST_CHARACTERS}) as customer_id,
        left(customer_name, {MOST_CHARACTERS}) as customer_name,
        to_number,
        country_code,
        provider,
        provider_error_code,
        error_description,
        issue_reason_id,
        issue_reason,
        is_retryable,
        {{local}} as sent_at
    from fct_delivery_issues
    inner join newest using (send_id)
    order by message_id, fct_delivery_issues.sent_at desc, send_id
"""
_REPLY_ROWS = f"""
    with newest as (

        select replies.reply_id
        from fct_replies as replies
        left join fct_responses as responses
            on replies.reply_id = responses.reply_id
        where replies.message_id in $ids and replies.sent_at > $since and replies.sent_at <= $as_of
        qualify
            row_number() over (
                partition by replies.message_id
                order by responses.reply_id is null, replies.received_at desc, replies.reply_id
            ) <= $rows

    )

    select
        replies.message_id,
        replies.channel,
        left(coalesce(replies.customer_id, ''), {MOST_CHARACTERS}) as customer_id,
        left(customers.customer_name, {MOST_CHARACTERS}) as customer_name,
        replies.from_number,
        left(replies.body, {MOST_CHARACTERS}) as body,
        replies.keyword_group,
        replies.is_possible_opt_out and not coalesce(replies.is_opt_out, false) as is_possible_opt_out,
        coalesce(responses.response_type = 'first_response', false) as is_first,
        coalesce(replies.is_reaction, false) as is_reaction,
        replies.response_seconds,
        {{local}} as received_at
    from fct_replies as replies
    inner join newest
        on replies.reply_id = newest.reply_id
    left join fct_responses as responses
        on replies.reply_id = responses.reply_id
    left join dim_customers as customers
        on replies.customer_id = customers.customer_id
    order by replies.message_id, replies.received_at desc, replies.reply_id
"""
_AFTER_OPT_OUT_ROWS = f"""
    select
        message_id,
        left(customer_id, {MOST_CHARACTERS}) as customer_id,
        left(customer_name, {MOST_CHARACTERS}) as customer_name,
        number,
        opted_out_by,
        left(opt_out_body, {MOST_CHARACTERS}) as opt_out_body,
        left(sent_body, {MOST_CHARACTERS}) as sent_body,
        opted_out_at,
        delivery_status,
        sent_at
    from rpt_sends_after_opt_out
    where message_id in $ids and sent_at > $since and sent_at <= $as_of
    qualify row_number() over (partition by message_id order by sent_at desc, send_id) <= $rows
    order by message_id, rpt_sends_after_opt_out.sent_at desc, send_id
"""
# How many rows the lists would have, were they not cut.
_ISSUE_TOTALS = """
    select message_id, count(*) as row_count
    from fct_delivery_issues
    where message_id in $ids and fct_delivery_issues.sent_at > $since and fct_delivery_issues.sent_at <= $as_of
    group by message_id
"""
_REPLY_TOTALS = """
    select
        message_id,
        count(*) filter (where sent_at > $since and sent_at <= $as_of) as row_count,
        count(*) as reply_count,
        count(distinct customer_id) as replier_count,
        count(*) filter (where is_possible_opt_out and not coalesce(is_opt_out, false)) as possible_opt_out_count
    from fct_replies
    where message_id in $ids
    group by message_id
"""
_CHANNEL_DAYS = """
    select
        sent_date,
        channel,
        sum(sent_count)::bigint as sent_count,
        sum(delivered_count)::bigint as delivered_count,
        sum(issue_count)::bigint as issue_count,
        sum(opened_count)::bigint as opened_count,
        sum(clicked_count)::bigint as clicked_count,
        sum(replied_count)::bigint as replied_count,
        sum(goal_count)::bigint as goal_count,
        sum(unsubscribed_count)::bigint as unsubscribed_count,
        sum(engaged_count)::bigint as engaged_count
    from rpt_customer_engagement_daily
    group by sent_date, channel
    order by sent_date desc, channel
"""
_CONTACTS = f"""
    select
        left(customer_id, {MOST_CHARACTERS}) as customer_id,
        left(customer_name, {MOST_CHARACTERS}) as customer_name,
        * exclude (customer_id, customer_name, is_over_messaged),
        count(*) over () as row_count
    from rpt_customer_contacts
    where is_over_messaged
    order by received_7_days_count desc, received_28_days_count desc, rpt_customer_contacts.customer_id
    limit {MOST_CONTACTS}
"""
_FIXES = """
    select
        fixes.issue_reason_id,
        any_value(fixes.issue_reason) as issue_reason,
        any_value(reasons.meaning) as meaning,
        any_value(fixes.fix) as fix,
        count(distinct fixes.customer_id) as customer_count,
        count(*) as row_count,
        sum(fixes.issue_count)::bigint as issue_count
    from rpt_fix_list as fixes
    left join issue_reasons as reasons
        on fixes.issue_reason_id = reasons.issue_reason_id
    group by fixes.issue_reason_id
    order by customer_count desc, fixes.issue_reason_id
"""
_FIX_ROWS = f"""
    select
        left(customer_id, {MOST_CHARACTERS}) as customer_id,
        left(customer_name, {MOST_CHARACTERS}) as customer_name,
        to_number,
        number_type_name,
        number_fix,
        issue_reason_id,
        issue_reason,
        issue_count,
        {{local}} as last_issue_at,
        last_message_id,
        left(message_title, {MOST_CHARACTERS}) as message_title
    from rpt_fix_list as fixes
    left join number_types
        on fixes.number_type = number_types.number_type
    left join dim_messages as messages
        on fixes.last_message_id = messages.message_id
    order by fixes.last_issue_at desc nulls last, fixes.customer_id, to_number, issue_reason_id
    limit {MOST_FIXES}
"""
_LOADS = """
    select
        source,
        table_name,
        count(*) filter (where outcome = 'loaded') as loaded_count,
        count(*) filter (where outcome = 'duplicate') as duplicate_count,
        count(*) filter (where outcome = 'refused') as refused_count,
        coalesce(sum(row_count) filter (where outcome = 'loaded'), 0)::bigint as row_count
    from audit_loads
    group by source, table_name
    order by source, table_name
"""
_REFUSED = f"""
    select file, reason, count(*) over () as row_count
    from audit_loads
    where outcome = 'refused'
    order by file, content_hash
    limit {MOST_AUDIT_ROWS}
"""
_REJECTED = f"""
    select source, table_name, reason, count(*) as rejected_count, count(*) over () as row_count
    from audit_rejected_rows
    group by source, table_name, reason
    order by rejected_count desc, source, table_name, reason
    limit {MOST_AUDIT_ROWS}
"""
_RECONCILIATION = """
    select * from audit_reconciliation where read_count > 0 order by source, table_name
"""
_UNMAPPED = f"""
    select
        provider,
        error_code,
        left(error_message, {MOST_CHARACTERS}) as error_message,
        issue_count,
        {{local}} as last_seen_at,
        count(*) over () as row_count
    from audit_unmapped_codes
    order by issue_count desc, provider, error_code
    limit {MOST_AUDIT_ROWS}
"""
_KEYWORD_GROUPS = "select keyword_group, description, is_opt_out from keyword_groups order by keyword_group"
_CHANNELS = "select channel, channel_name from channels order by sort_order"


@dataclass(frozen=True)
class ReportData:
    """The published tables as the report shows them.

    Attributes:
        as_of: moment of the report, naive UTC.
        info: the row of `report_info`, by column.
        rows_per_list: most rows of a message's lists of issues and of replies.
        frames: of the queries of this module, by name; texts that are null are None.
    """

    as_of: datetime
    info: dict[str, Any]
    rows_per_list: int
    frames: Frames


def read_report_data(connection: duckdb.DuckDBPyConnection) -> ReportData:
    """Read all that the report shows.

    Args:
        connection: whose default database holds the published tables; it is only read.

    Returns:
        The data.

    Raises:
        duckdb.Error: a table or column is not there.
    """
    info = {str(name): value for name, value in connection.execute("select * from report_info").df().iloc[0].items()}
    as_of, days = connection.execute("select as_of, to_days(output_days) from report_info").fetchall()[0]

    def frame(sql: str, local: str = "null", **parameters: object) -> pd.DataFrame:
        """Run a query; the time `local` is shown in the reporting time zone."""
        if "{local}" in sql:
            shown = f"strftime(timezone($zone, timezone('UTC', {local})), '%Y-%m-%d %H:%M:%S')"
            sql, parameters["zone"] = sql.format(local=shown), info["reporting_timezone"]
        result = connection.execute(sql, parameters).df()
        return result.astype(object).where(result.notna(), None)

    messages = frame(_MESSAGES)
    # DuckDB knows no type of an empty list.
    ids = messages["message_id"].tolist() or [""]
    window = {"ids": ids, "since": as_of - days, "as_of": as_of}
    rows = max(LEAST_ROWS, min(MOST_ROWS, ROWS_OF_ALL_PAGES // max(1, len(messages))))
    by_message = {
        "delivery": _DELIVERY,
        "costs": _COSTS,
        "issue_costs": _ISSUE_COSTS,
        "characters": _CHARACTERS,
        "engagement": _ENGAGEMENT,
        "issues": _ISSUES,
        "retries": _RETRIES,
        "groups": _GROUPS,
        "parts": _PARTS,
        "curves": _CURVES,
        "message_days": _MESSAGE_DAYS,
    }
    frames = {name: frame(sql, ids=ids) for name, sql in by_message.items()}
    frames |= {
        "totals": frame(_TOTALS),
        "messages": messages,
        "issue_rows": frame(_ISSUE_ROWS, "fct_delivery_issues.sent_at", rows=rows, **window),
        "after_opt_out_rows": frame(_AFTER_OPT_OUT_ROWS, rows=rows, **window),
        "issue_totals": frame(_ISSUE_TOTALS, **window),
        "reply_rows": frame(_REPLY_ROWS, "replies.received_at", rows=rows, **window),
        "reply_totals": frame(_REPLY_TOTALS, **window),
        "alerts": frame(_ALERTS),
        "channel_days": frame(_CHANNEL_DAYS),
        "contacts": frame(_CONTACTS),
        "fixes": frame(_FIXES),
        "fix_rows": frame(_FIX_ROWS, "fixes.last_issue_at"),
        "loads": frame(_LOADS),
        "refused": frame(_REFUSED),
        "rejected": frame(_REJECTED),
        "reconciliation": frame(_RECONCILIATION),
        "unmapped": frame(_UNMAPPED, "audit_unmapped_codes.last_seen_at"),
        "keyword_groups": frame(_KEYWORD_GROUPS),
        "channels": frame(_CHANNELS),
    }
    return ReportData(as_of, info, rows, frames)
