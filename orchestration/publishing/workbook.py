"""The workbook: the CSVs as sheets for people, with summaries, and a first sheet that explains every column.

Times stand in the reporting time zone as real dates, numbers as numbers, rates as per cents, and every text as text:
nothing runs as a formula, and phone numbers keep their sign.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from orchestration.publishing.csv_files import CSV_FILES

WORKBOOK_FILE = "sms_report.xlsx"
# Rows that a sheet shows, 1 to 1,048,575 (the format's limit); all rows are in the CSV. Python takes a second for about
# 8,000 rows, and with 10,000 a sheet a workbook still opens at once.
MOST_ROWS = 10_000
# Characters of a text that a cell shows: the format has room for 32,767, of which an emoji takes two, and a longer text
# would be left out. The CSV has all of it.
MOST_CHARACTERS = 16_000
# Rows from which the width of a column is told, and widths in characters.
ROWS_FOR_WIDTHS, LEAST_WIDTH, MOST_WIDTH = 200, 10, 60
# Of the sheet About, in characters; the height of a line of text, in points.
ABOUT_WIDTHS, LINE_HEIGHT = (24, 34, 30, 90), 15


@dataclass(frozen=True)
class Sheet:
    """A sheet of the workbook.

    Attributes:
        title: at most 31 characters.
        view: whose rows it shows.
        order: of the rows; it ends in their key.
        file: the CSV that has all rows; None for a summary.
    """

    title: str
    view: str
    order: str
    file: str | None = None


def _csv_sheet(title: str, file: str) -> Sheet:
    view, order = CSV_FILES[file]
    return Sheet(title, view, order, file)


SHEETS = (
    _csv_sheet("Messages", "messages.csv"),
    Sheet("Since last week", "export_week_changes", "_sort_order, _measure_order"),
    Sheet("Channels", "export_channels", "_sort_order"),
    Sheet("Issues by reason", "export_issue_reasons", "issue_count desc, issue_reason_id"),
    Sheet("Responses by keyword", "export_keyword_groups", "response_count desc, keyword_group"),
    Sheet("Heard too often", "export_over_messaged_customers", "received_7_days_count desc, customer_id"),
    _csv_sheet("Alerts", "deliverability_alerts.csv"),
    _csv_sheet("Fix list", "fix_list.csv"),
    _csv_sheet("Delivery issues", "delivery_issues.csv"),
    _csv_sheet("Responses", "responses.csv"),
    _csv_sheet("Opt-outs to review", "opt_out_review.csv"),
    _csv_sheet("Sent after opt-out", "sends_after_opt_out.csv"),
    _csv_sheet("Sent at quiet hours", "sends_at_quiet_hours.csv"),
    _csv_sheet("SMS delivery", "message_delivery.csv"),
    _csv_sheet("Costs", "message_costs.csv"),
    Sheet(
        "Cost of issues", "export_issue_costs", "currency_code nulls last, issue_cost desc, message_id, issue_reason_id"
    ),
    Sheet("Characters", "export_replaceable_characters", "avoidable_segment_count desc, message_id, character"),
    _csv_sheet("Recipients", "recipients.csv"),
    _csv_sheet("Engagement by day", "customer_engagement.csv"),
)

# Headings in plain words, where a column's name is not one when "_" and a last `_at` or `_count` are taken away.
HEADINGS = {
    "message_title": "Message",
    "last_message_title": "Last message",
    "customer_name": "Customer",
    "to_number": "Number",
    "from_number": "From number",
    "country_code": "Country",
    "channel_name": "Channel",
    "sent_date": "Day of the send",
    "delivery_seconds": "Seconds to delivery",
    "delivery_seconds_p50": "Seconds to delivery, half within",
    "delivery_seconds_p95": "Seconds to delivery, 95 % within",
    "delivery_seconds_p99": "Seconds to delivery, 99 % within",
    "response_seconds": "Seconds to response",
    "response_seconds_p50": "Seconds to response, half within",
    "currency_code": "Currency",
    "segment_count": "SMS segments",
    "issue_at": "Failed",
    "first_issue_at": "First failed",
    "last_issue_at": "Last failed",
    "issue_reason": "Why",
    "meaning": "What it means",
    "fix": "What to do",
    "is_retryable": "Can be sent again",
    "provider_error_code": "Provider's code",
    "error_description": "What the code says",
    "body": "Text",
    "keyword_group_meaning": "What is asked for",
    "response_type": "Kind of response",
    "received_at": "Received",
    "is_provider_blocked": "Blocked by the provider",
    "is_opted_out_by_keyword": "Opted out by keyword",
    "issue_count": "Issues",
    "issue_share": "Part of all issues",
    "response_count": "Responses",
    "goal_count": "Goal reached",
    "pending_count": "Waiting for a status",
    "unconfirmed_count": "Without a final status",
    "keyword_reply_count": "Keyword replies",
    "delivered_send_rate": "Delivered, % of sends",
    "issue_send_rate": "With an issue, % of sends",
    "delivery_rate": "Delivered, % of customers",
    "delivered_rate": "Delivered, % of customers",
    "reply_rate": "Replied, % of customers",
    "opt_out_rate": "Opted out, % of customers",
    "engagement_rate": "Engaged, % of customers",
    "issue_rate": "With an issue, % of customers",
    "goal_rate": "Goal reached, % of customers",
    "response_rate": "Responded, % of customers",
    "issue_customer_count": "Customers with an issue",
    "opt_out_customer_count": "Customers who opted out",
    "opt_out_body": "Text of the opt-out",
    "sent_body": "Text of the SMS",
    "opted_out_by": "Known by",
    "message_version_id": "Edition",
    "sent_after_opt_out_count": "Sent after an opt-out",
    "time_zone_count": "Possible time zones",
    "national_format": "Number as written",
    "number_type_name": "Kind of number",
    "number_fix": "What to do about the number",
    "replied_count": "Answered",
    "issue_cost": "Cost of issues",
    "reporting_currency_code": "In the currency",
    "cost_in_reporting_currency": "Cost in that currency",
    "replacement": "Write",
    "local_time": "Time of day there",
    "sent_at_quiet_hours_count": "Sent at quiet hours",
    "goal_customer_count": "Customers who reached the goal",
    "response_customer_count": "Customers who responded",
    "alert_date": "Day",
    "alert": "What got worse",
    "value": "Now",
    "usual_value": "Usually",
    "unit": "Of what",
    "affected_count": "Sends concerned",
    "affected_customer_count": "Customers concerned",
    "since_date": "Since",
    "measure": "What happened",
    "customer_count": "Customers, last 7 days",
    "week_before_customer_count": "Customers, week before",
    "customer_count_change": "Change",
    "customer_rate": "Last 7 days, %",
    "week_before_customer_rate": "Week before, %",
    "customer_rate_change": "Change, % points",
    "received_7_days_count": "Received in 7 days",
    "received_28_days_count": "Received in 28 days",
    "received_90_days_count": "Received in 90 days",
    "sms_received_7_days_count": "SMS in 7 days",
    "sms_received_28_days_count": "SMS in 28 days",
    "sms_received_90_days_count": "SMS in 90 days",
}


def heading(column: str, kind: str, timezone: str) -> str:
    """A column's heading in plain words; a time's names its zone.

    Args:
        column: its name.
        kind: its DuckDB type.
        timezone: IANA zone in which times are shown.
    """
    text = HEADINGS.get(column)
    if text is None:
        text = re.sub(r"_(at|count)$", "", re.sub(r"(\w+)_customer_count$", r"customers_\1", column))
        text = re.sub(r" id$", " ID", re.sub(r" rate$", ", % of customers", text.replace("_", " ")))
        text = text[:1].upper() + text[1:]
    return f"{text} ({timezone})" if kind == "TIMESTAMP" else text


def column_descriptions(nodes: Mapping[str, Any], view: str) -> dict[str, str]:
    """Descriptions of an export view's columns: its own, else those of the tables that it reads.

    Args:
        nodes: of dbt's manifest.
        view: name of the model.

    Returns:
        Descriptions by column, also of columns that the view does not show.
    """
    node = next(node for node in nodes.values() if node["name"] == view)
    parents = [nodes[parent] for parent in reversed(node["depends_on"]["nodes"]) if parent in nodes]
    known: dict[str, str] = {}
    for parent in parents:
        if parent["name"].startswith("export_"):
            known |= column_descriptions(nodes, parent["name"])
        known |= _described(parent)
    return known | _described(node)


def _described(node: Mapping[str, Any]) -> dict[str, str]:
    return {name: column["description"] for name, column in node["columns"].items() if column["description"]}


def write_workbook(
    connection: duckdb.DuckDBPyConnection, path: Path, nodes: Mapping[str, Any], as_of: datetime, timezone: str
) -> None:
    """Write the workbook; the same data give the same bytes.

    Args:
        connection: to the warehouse, in which the export views stand; a session that nobody else uses meanwhile.
        path: of the file.
        nodes: of dbt's manifest, which describe views and columns.
        as_of: moment of the report, naive UTC.
        timezone: IANA zone in which times are shown.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), {**options, "strings_to_numbers": False}) as workbook:
        workbook.set_properties({"title": "SMS report", "created": as_of})
        writer = _Writer(connection, workbook, timezone)
        about = workbook.add_worksheet("About")
        written = [(sheet, *writer.write(sheet)) for sheet in SHEETS]
        writer.write_about(about, nodes, as_of, written)


class _Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, workbook: xlsxwriter.Workbook, timezone: str) -> None:
        self._connection = connection
        self._workbook = workbook
        self._timezone = timezone
        self._bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._formats = {
            shown: workbook.add_format({"num_format": shown})
            for shown in ("@", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "0.0%", "#,##0", "#,##0.0", "#,##0.00####")
        }

    def write(self, sheet: Sheet) -> tuple[dict[str, str], int]:
        """Write a sheet; returns its columns' types by name, and the number of all rows, shown or not."""
        described = self._connection.execute(f"describe {sheet.view}").fetchall()
        kinds = {str(name): str(kind) for name, kind, *_ in described if not str(name).startswith("_")}
        values = ", ".join(self._value(name, kind) for name, kind in kinds.items())
        result = self._connection.execute(
            f"select {values} from (select * from {sheet.view} order by {sheet.order} limit {MOST_ROWS})"
        )
        worksheet = self._workbook.add_worksheet(sheet.title)
        headings = [heading(name, kind, self._timezone) for name, kind in kinds.items()]
        rows = result.fetchmany(ROWS_FOR_WIDTHS)
        for place, (name, kind) in enumerate(kinds.items()):
            cells = [len(str(row[place])) for row in rows if kind == "VARCHAR" and row[place] is not None]
            least = 20 if kind == "TIMESTAMP" else max(LEAST_WIDTH, min(len(headings[place]), 18) + 3)
            width = max(least, min(max(cells, default=0) + 2, MOST_WIDTH))
            worksheet.set_column(place, place, width, self._formats[_shown(name, kind)])
        worksheet.freeze_panes(1, 0)
        # No small triangles where digits are text on purpose.
        worksheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS + 1}"})
        _fit_to_paper(worksheet)
        worksheet.repeat_rows(0)
        # Two lines of headings; not every program finds the height by itself.
        worksheet.set_row(0, 2 * LINE_HEIGHT)
        for place, text in enumerate(headings):
            worksheet.write_string(0, place, text, self._bold)
        is_text = [kind in ("VARCHAR", "BOOLEAN") for kind in kinds.values()]
        number = 0
        while rows:
            for row in rows:
                number += 1
                for place, value in enumerate(row):
                    if value is not None:
                        write = worksheet.write_string if is_text[place] else worksheet.write_number
                        write(number, place, value)
            rows = result.fetchmany(2_000)
        worksheet.autofilter(0, 0, max(1, number), len(kinds) - 1)
        total = self._count(sheet.view) if number == MOST_ROWS else number
        if total > number:
            told = f"The first {number:,} of {total:,} rows"
            worksheet.write_string(number + 2, 0, f"{told}; all are in {sheet.file}" if sheet.file else told)
        return kinds, total

    def _count(self, view: str) -> int:
        """The number of all rows: those that are not shown are told of."""
        counted = self._connection.execute(f"select count(*) from {view}").fetchone()
        return int(counted[0]) if counted else 0

    def _value(self, name: str, kind: str) -> str:
        """SQL: a column's value as a workbook holds it: times and dates as days since the end of 1899."""
        quoted = f'"{name}"'
        if kind == "TIMESTAMP":
            zone = self._timezone.replace("'", "''")
            return f"epoch_us(timezone('{zone}', timezone('UTC', {quoted}))) / 86400e6 + 25569"
        if kind == "DATE":
            return f"{quoted} - date '1899-12-30'"
        if kind == "BOOLEAN":
            return f"case when {quoted} then 'yes' when not {quoted} then 'no' end"
        if kind == "VARCHAR":
            cut = f"left({quoted}, {MOST_CHARACTERS - 1}) || '…'"
            return f"case when length({quoted}) > {MOST_CHARACTERS} then {cut} else {quoted} end"
        return f"{quoted}::double"

    def _settings(self) -> list[tuple[str, ...]]:
        """The settings that descriptions name, with their values."""
        described = (
            ("OUTPUT_DAYS", "output_days", "days before the as-of time, whose sends the lists show"),
            ("RECEIPT_TIMEOUT_HOURS", "receipt_timeout_hours", "hours, after which a send without a status counts so"),
            (
                "ALERT_LEAST_SENDS",
                "alert_least_sends",
                "sends of a carrier, country, sender or message, from which it is judged",
            ),
            ("OVER_MESSAGED_COUNT", "over_messaged_count", "messages in 7 days, from which a customer hears too often"),
        )
        columns = ", ".join(column for _, column, _ in described)
        values = self._connection.execute(f"select {columns} from stg_pipeline__settings").fetchone() or ()
        return [(name, f"{value} {text}") for (name, _, text), value in zip(described, values, strict=True)]

    def write_about(
        self,
        worksheet: Worksheet,
        nodes: Mapping[str, Any],
        as_of: datetime,
        written: list[tuple[Sheet, dict[str, str], int]],
    ) -> None:
        """Write the first sheet: as of when, in which zone, what each sheet shows and each column means."""
        for place, width in enumerate(ABOUT_WIDTHS):
            worksheet.set_column(place, place, width)
        _fit_to_paper(worksheet)
        local = self._connection.execute(
            "select strftime(timezone($zone, timezone('UTC', $as_of)), '%Y-%m-%d %H:%M:%S')",
            {"zone": self._timezone, "as_of": as_of},
        ).fetchone()
        lines: list[tuple[str, ...]] = [
            ("SMS report",),
            ("As of", f"{local[0] if local else ''} ({self._timezone})"),
            ("Times", f"All times in this workbook are in the time zone {self._timezone}; in the CSVs they are UTC."),
            *self._settings(),
            (
                "Percentages",
                "Of customers who were sent to or of sends, as headings say; exact in the cell, rounded for the eye.",
            ),
            (),
            ("Sheet", "Rows", "All rows in", "What it shows"),
        ]
        descriptions = {node["name"]: node["description"] for node in nodes.values()}
        for sheet, _, total in written:
            rows = f"{total:,}" if total <= MOST_ROWS else f"the first {MOST_ROWS:,} of {total:,}"
            lines.append((sheet.title, rows, sheet.file or "", descriptions[sheet.view]))
        lines += [(), ("Sheet", "Column", "Name in the CSV", "What it means")]
        for sheet, kinds, _ in written:
            meanings = column_descriptions(nodes, sheet.view)
            for name, kind in kinds.items():
                shown = heading(name, kind, self._timezone)
                lines.append((sheet.title, shown, name if sheet.file else "", _for_people(meanings.get(name, ""))))
        for number, cells in enumerate(lines):
            is_head = number == 0 or cells[:1] == ("Sheet",)
            # Not every program finds the height of a text of several lines by itself.
            text_lines = [math.ceil(len(text) / (width - 4)) for text, width in zip(cells, ABOUT_WIDTHS, strict=False)]
            worksheet.set_row(number, LINE_HEIGHT * max([1, *text_lines]))
            for place, text in enumerate(cells):
                worksheet.write_string(number, place, text, self._bold if is_head or not place else self._wrapped)


def _fit_to_paper(worksheet: Worksheet) -> None:
    """Print all columns on one page's width."""
    worksheet.set_landscape()
    worksheet.fit_to_pages(1, 0)


def _shown(name: str, kind: str) -> str:
    """A column's number format."""
    if name.endswith(("_rate", "_share", "_rate_change")):
        return "0.0%"
    by_kind = {"VARCHAR": "@", "BOOLEAN": "@", "TIMESTAMP": "yyyy-mm-dd hh:mm:ss", "DATE": "yyyy-mm-dd"}
    if kind.startswith("DECIMAL"):
        return "#,##0.00####"
    return by_kind.get(kind, "#,##0.0" if kind == "DOUBLE" else "#,##0")


def _for_people(description: str) -> str:
    """A description as it holds in the workbook: its times are not UTC, and its cells are empty, not null."""
    return re.sub(r"\bnull\b", "empty", " ".join(description.replace(", UTC", "").split()))
