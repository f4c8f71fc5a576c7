"""The CSVs for stakeholders, each the rows of an export view.

Escaping stands here alone, for every column of type text, so that no view can forget it.
"""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

# CSV file, view that gives its shape, and the order of its rows: the newest first. The order ends in the rows' key, so
# that the same data give the same bytes.
CSV_FILES: dict[str, tuple[str, str]] = {
    "messages.csv": ("export_messages", "last_sent_at desc, message_id"),
    "message_delivery.csv": ("export_message_delivery", "last_delivered_at desc nulls last, message_id"),
    "message_costs.csv": ("export_message_costs", "currency_code nulls last, cost desc, message_id"),
    "recipients.csv": ("export_recipients", "sent_at desc, send_id"),
    "delivery_issues.csv": ("export_delivery_issues", "sent_at desc, send_id"),
    "responses.csv": ("export_responses", "received_at desc, reply_id"),
    "opt_out_review.csv": ("export_opt_out_review", "received_at desc, reply_id"),
    "sends_after_opt_out.csv": ("export_sends_after_opt_out", "sent_at desc, send_id"),
    "sends_at_quiet_hours.csv": ("export_sends_at_quiet_hours", "sent_at desc, send_id"),
    "customer_engagement.csv": ("export_customer_engagement", "sent_date desc, channel, message_id"),
    "deliverability_alerts.csv": (
        "export_deliverability_alerts",
        "affected_customer_count desc, kind, dimension, provider, country_code, from_number, message_id,"
        " issue_reason_id",
    ),
    "fix_list.csv": ("export_fix_list", "last_issue_at desc nulls last, customer_id, to_number, issue_reason_id"),
}

# That are sorted at once, of whole days and at least one: to sort ten million rows of fifty columns takes more memory
# than a run may have.
MOST_ROWS_AT_ONCE = 1_000_000

# Times are ISO 8601 in UTC, with a fraction of six digits where they have one.
# A text that a spreadsheet would run, which begins with = + - @ (also full-width, or behind quotes), a tab or a line
# break, gets an apostrophe before it. A phone number or -1 (sign and digits) is a number to a spreadsheet and stays.
# Where cells are split at ";", as in many countries, they are split within the quotes of all cells but a line's first:
# the signs get their apostrophe behind ; | tab and line break too. ;-) is no formula. Nearly every text begins with a
# plain letter or digit and has no such place, which is told faster than by a pattern.
_MACROS = r"""
set TimeZone = 'UTC';
create or replace temp macro iso_8601(moment) as
    replace(strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z');
create or replace temp macro csv_text(text) as case
    when (text >= 'A' and text < '[' or text >= 'a' and text < '{' or text >= '0' and text < ':')
        and not (contains(text, ';') or contains(text, '|') or contains(text, chr(9)) or contains(text, chr(10))
            or contains(text, chr(13)))
        then text
    when regexp_full_match(text, '[+-][0-9]+') then text
    else
        case when regexp_matches(text, '^([\t\r\n]|[\s\p{Z}\p{C}"]*[=+\-@＝＋－＠])') then '''' else '' end
        || regexp_replace(
            text, '((?:[;|\r\n]|[^\t]\t)[\s\p{Z}\p{C}"]*)([=@＝＠]|[+\-＋－](?:[^);|\t\r\n]|$))', '\1''\2', 'g'
        )
end;
"""


@dataclass(frozen=True)
class Table:
    """What a file holds where it is a table: its rows, without the header, and its columns."""

    rows: int
    columns: list[str]


def write_csv_files(open_session: Callable[[], duckdb.DuckDBPyConnection], folder: Path) -> dict[str, Table]:
    """Write every CSV of `CSV_FILES`.

    Args:
        open_session: gives a session on the warehouse, in which the export views stand.
        folder: an existing folder.

    Returns:
        What was written, by file, in the order of `CSV_FILES`.
    """

    # Two at a time: writing one waits for its rows, then for the disk. Each needs a session of its own.
    def write(name: str) -> Table:
        view, order = CSV_FILES[name]
        return write_csv(open_session(), f"select * from {view}", order, folder / name)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(CSV_FILES, pool.map(write, CSV_FILES), strict=True))


def write_csv(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    order: str,
    path: Path,
    parameters: Mapping[str, object] | None = None,
) -> Table:
    """Write the rows of a query as CSV: UTF-8, a header, RFC 4180, no text that a spreadsheet runs.

    Args:
        connection: a session that nobody else uses meanwhile.
        query: columns that begin with "_" are left out.
        order: of the rows, as behind `order by`. Where a time stands first in it, many rows are sorted day by day.
        path: of the file.
        parameters: of the query, by name.

    Returns:
        What was written.
    """
    connection.execute(_MACROS)
    described = connection.execute(f"describe {query}", parameters).fetchall()
    kinds = {str(column): str(kind) for column, kind, *_ in described if not str(column).startswith("_")}
    values = ", ".join(
        {"VARCHAR": f'csv_text("{column}")', "TIMESTAMP": f'iso_8601("{column}")'}.get(kind, f'"{column}"')
        + f' as "{column}"'
        for column, kind in kinds.items()
    )
    # Texts are quoted, so that programs do not take them for numbers or dates.
    texts = ", ".join(f'"{column}"' for column, kind in kinds.items() if kind == "VARCHAR")
    quoted = f", force_quote ({texts})" if texts else ""
    leading = order.split(",", maxsplit=1)[0]
    is_by_day = kinds.get(leading.split()[0]) == "TIMESTAMP" and "nulls" not in leading
    conditions = _spans(connection, query, leading, parameters) if is_by_day else []
    part = path.with_name(f"{path.name}.part")
    rows = 0
    for number, condition in enumerate(conditions or ["true"]):
        target, header = (part, "false") if number else (path, "true")
        quoted_target = str(target).replace("'", "''")
        result = connection.execute(
            f"copy (select {values} from (select * from ({query}) where {condition} order by {order}))"
            f" to '{quoted_target}' (format csv, header {header}, delimiter ','{quoted})",
            parameters,
        ).fetchone()
        rows += int(result[0]) if result else 0
        if target is part:
            with part.open("rb") as written, path.open("ab") as file:
                shutil.copyfileobj(written, file, 1 << 20)
            part.unlink()
    return Table(rows, list(kinds))


def _spans(
    connection: duckdb.DuckDBPyConnection, query: str, order: str, parameters: Mapping[str, object] | None
) -> list[str]:
    """Conditions of the rows that are sorted at a time, those of one day or several, in the order of the file."""
    column, *direction = order.split()
    counted = connection.execute(
        f"select {column}::date as day, count(*) from ({query}) group by day order by day {' '.join(direction)}",
        parameters,
    ).fetchall()
    spans: list[tuple[date, date]] = []
    rows = 0
    for day, count in counted:
        rows += count
        if day and spans and rows <= MOST_ROWS_AT_ONCE:
            spans[-1] = (spans[-1][0], day)
        elif day:
            spans.append((day, day))
            rows = count
    conditions = [
        f"{column} >= date '{min(span)}' and {column} < date '{max(span) + timedelta(days=1)}'" for span in spans
    ]
    return [*conditions, f"{column} is null"] if None in dict(counted) else conditions
