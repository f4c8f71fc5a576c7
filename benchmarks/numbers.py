"""Whether contenders came to the same numbers: a time counts only then.

Counts, texts and times have to be equal, seconds and rates to one in a million.
"""

from pathlib import Path

import duckdb

from benchmarks.duckdb_script import NUMBERS_FILE

# Table, and its key. What the tables hold beside these columns is not compared.
TABLES: dict[str, tuple[list[str], list[str]]] = {
    "dim_messages": (["message_id"], ["message_title", "channel"]),
    "rpt_messages": (
        ["message_id"],
        [
            "message_title",
            "channel",
            "first_sent_at",
            "last_sent_at",
            "sent_count",
            "delivered_count",
            "issue_count",
            "pending_count",
            "unconfirmed_count",
            "canceled_count",
            "sent_customer_count",
            "delivered_customer_count",
            "issue_customer_count",
            "replied_customer_count",
            "keyword_reply_count",
            "opt_out_customer_count",
            "engaged_customer_count",
            "delivery_rate",
            "issue_rate",
            "reply_rate",
            "engagement_rate",
        ],
    ),
    "rpt_message_costs": (
        ["message_id", "currency_code"],
        ["sent_count", "cost", "issue_cost", "cost_per_delivered"],
    ),
    "rpt_message_delivery": (
        ["message_id"],
        [
            "sent_count",
            "delivered_count",
            "issue_count",
            "delivered_customer_count",
            "first_delivered_at",
            "last_delivered_at",
            "delivery_seconds_p50",
            "delivery_seconds_p95",
            "delivery_seconds_p99",
            "segment_count",
            "cost",
            "currency_code",
        ],
    ),
    "rpt_message_issues": (["message_id", "issue_reason_id"], ["issue_count", "issue_customer_count", "issue_share"]),
    "rpt_message_responses": (
        ["message_id", "keyword_group"],
        ["response_count", "response_customer_count", "response_seconds_p50"],
    ),
    "rpt_message_engagement": (
        ["message_id"],
        [
            "channel",
            "sent_customer_count",
            "opened_customer_count",
            "clicked_customer_count",
            "replied_customer_count",
            "goal_customer_count",
            "completed_customer_count",
            "unsubscribed_customer_count",
            "engaged_customer_count",
        ],
    ),
    "rpt_customer_engagement_daily": (
        ["sent_date", "channel", "message_id"],
        [
            "message_title",
            "sent_count",
            "delivered_count",
            "issue_count",
            "opened_count",
            "clicked_count",
            "replied_count",
            "goal_count",
            "unsubscribed_count",
            "engaged_count",
        ],
    ),
    "rpt_customer_contacts": (
        ["customer_id"],
        [
            "received_7_days_count",
            "received_28_days_count",
            "received_90_days_count",
            "sms_received_7_days_count",
            "sms_received_28_days_count",
            "sms_received_90_days_count",
            "is_over_messaged",
        ],
    ),
    "rpt_opted_out_numbers": (["number"], ["opted_out_by", "customer_count", "sent_after_count", "opted_out_at"]),
    "rpt_fix_list": (
        ["customer_id", "to_number", "issue_reason_id"],
        ["issue_count", "first_issue_at", "last_issue_at", "last_message_id"],
    ),
}
# File, its key, and its columns that are numbers with a fraction; all other columns are compared as text.
FILES: dict[str, tuple[list[str], list[str]]] = {
    "messages.csv": (["message_id"], ["delivery_rate", "issue_rate", "reply_rate", "engagement_rate"]),
    "message_delivery.csv": (
        ["message_id"],
        ["delivery_seconds_p50", "delivery_seconds_p95", "delivery_seconds_p99", "cost"],
    ),
    "recipients.csv": (["send_id"], ["delivery_seconds"]),
    "delivery_issues.csv": (["send_id"], []),
    "responses.csv": (["reply_id"], ["response_seconds"]),
    "customer_engagement.csv": (["sent_date", "channel", "message_id"], []),
    "fix_list.csv": (["customer_id", "to_number", "issue_reason_id"], []),
}
# Made by the pipeline alone, no part of the contenders' task: phrases that find requests in ordinary language, alerts,
# what should not have been sent, what would have been cheaper, and what describes a number or a code.
PIPELINE_FILES = (
    "message_costs.csv",
    "opt_out_review.csv",
    "sends_after_opt_out.csv",
    "sends_at_quiet_hours.csv",
    "deliverability_alerts.csv",
)
PIPELINE_REPORTS = (
    "rpt_deliverability_alerts",
    "rpt_deliverability_changes",
    "rpt_deliverability_days",
    "rpt_delivery_breakdown",
    "rpt_issue_costs",
    "rpt_replaceable_characters",
    "rpt_sends_after_opt_out",
    "rpt_sends_at_quiet_hours",
)
_SEND_RATES = ("delivered_send_rate", "issue_send_rate")
PIPELINE_COLUMNS: dict[str, tuple[str, ...]] = {
    "messages.csv": (*_SEND_RATES, "opt_out_rate", "sent_after_opt_out_count", "sent_at_quiet_hours_count"),
    "message_delivery.csv": (*_SEND_RATES, "sent_customer_count", "delivery_rate"),
    "recipients.csv": ("country_code",),
    "delivery_issues.csv": ("country_code", "error_description"),
    "fix_list.csv": ("national_format", "number_type_name", "number_fix"),
}
TOLERANCE = 1e-6
FRACTIONAL = ("DOUBLE", "FLOAT", "DECIMAL")


class NumbersDifferError(Exception):
    """Two contenders came to different numbers; the message says where."""


def assert_same_numbers(first_name: str, first: Path, second_name: str, second: Path) -> None:
    """Compare all tables and files of two contenders.

    Args:
        first_name: of a contender.
        first: folder of its results: `marts.duckdb` or `numbers.duckdb`, and the CSVs.
        second_name: of the other contender.
        second: folder of its results.

    Raises:
        NumbersDifferError: they differ; the message names table, key and columns with both values.
    """
    differences = []
    with duckdb.connect() as connection:
        for table, (key, compared) in TABLES.items():
            left, right = _table(connection, "first", first, table), _table(connection, "second", second, table)
            differences += _differences(connection, table, left, right, key, compared)
        for file, (key, fractions) in FILES.items():
            left, right = _file(first / file, fractions), _file(second / file, fractions)
            columns, others = (
                [name for name in _columns(connection, side) if name not in PIPELINE_COLUMNS.get(file, ())]
                for side in (left, right)
            )
            if columns != others:
                differences.append(f"{file}: the columns are {columns} and {others}")
                continue
            compared = [column for column in columns if column not in key]
            differences += _differences(connection, file, left, right, key, compared)
    if differences:
        listed = "\n".join(f"  {difference}" for difference in differences)
        raise NumbersDifferError(f"{first_name} and {second_name} came to different numbers:\n{listed}")


def _table(connection: duckdb.DuckDBPyConnection, alias: str, folder: Path, table: str) -> str:
    """SQL: a contender's table."""
    path = next(folder / name for name in ("marts.duckdb", NUMBERS_FILE) if (folder / name).exists())
    connection.execute(f"attach if not exists {_quoted(path)} as {alias}_results (read_only)")
    return f"{alias}_results.{table}"


def _file(path: Path, fractions: list[str]) -> str:
    """SQL: a CSV, with all columns as text but those that are numbers with a fraction."""
    types = "{" + ", ".join(f"'{column}': 'double'" for column in fractions) + "}"
    types = f", types = {types}" if fractions else ""
    return (
        f"read_csv({_quoted(path)}, header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ','{types})"
    )


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """The columns of a file."""
    return [str(name) for name, *_ in connection.execute(f"describe from {relation}").fetchall()]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _differences(
    connection: duckdb.DuckDBPyConnection, name: str, left: str, right: str, key: list[str], compared: list[str]
) -> list[str]:
    """Up to three rows that differ, told as text."""
    described = connection.execute(f"describe select {', '.join(compared)} from {left}").fetchall()
    types = {str(column): str(kind) for column, kind, *_ in described}
    conditions = {
        column: f"abs(l.{column}::double - r.{column}::double) > {TOLERANCE} * greatest(1, abs(l.{column}::double))"
        f" or (l.{column} is null) <> (r.{column} is null)"
        if types[column].startswith(FRACTIONAL)
        else f"l.{column} is distinct from r.{column}"
        for column in compared
    }
    joined = " and ".join(f"l.{column} is not distinct from r.{column}" for column in key)
    shown = ", ".join(f"coalesce(l.{column}, r.{column})" for column in key)
    told = ", ".join(
        f"case when l.present and r.present and ({condition}) then '{column} '"
        f" || coalesce(l.{column}::varchar, 'null') || ' and ' || coalesce(r.{column}::varchar, 'null') end"
        for column, condition in conditions.items()
    )
    only = "case when l.present is null then 'only in the second' when r.present is null then 'only in the first' end"
    rows = connection.execute(
        f"""
        select concat_ws(', ', {shown}), concat_ws('; ', {only}, {told}) as difference, count(*) over ()
        from (select true as present, * from {left}) as l
        full join (select true as present, * from {right}) as r on {joined}
        where difference <> ''
        order by all
        limit 3
        """
    ).fetchall()
    total = rows[0][2] if rows else 0
    return [f"{name} ({total} rows differ), row {row_key}: {difference}" for row_key, difference, _ in rows]
