"""The messaging data export: a ZIP of CSVs in the format of the product's own, see docs/outputs.md."""

import os
import re
import shutil
import tempfile
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.building.build import connect_to_build
from orchestration.building.engines import engine_of
from orchestration.errors import SettingError, UserError
from orchestration.loading.warehouse_lock import warehouse_lock
from orchestration.privacy.personal_data import show_personal_data
from orchestration.publishing.csv_files import write_csv
from orchestration.publishing.state import check_is_publishable
from orchestration.settings import Settings

EXPORT_FILE = "messaging_data_export.zip"
# Folder, in OUTPUT_DIR, of the exports that were asked for by range.
EXPORTS_DIR = "exports"
RECEIPTS, EVENTS, OVERVIEW = (
    "export_messaging_data_receipts",
    "export_messaging_data_events",
    "export_messaging_data_overview",
)
# Columns of the per-event files after receipt_id: the time, then what describes the event. The first eleven groups are
# documented by the product; the columns of the others are ours.
EVENT_COLUMNS: dict[str, tuple[str, ...]] = {
    "answer": ("answered_at", "question_id", "question", "response_type", "response"),
    "click": ("clicked_at", "link_type", "url"),
    "completion": ("completed_at",),
    "dismissal": ("dismissed_at",),
    "goal_success": ("goal_hit_at",),
    "hard_bounce": ("hard_bounced_at",),
    "open": ("opened_at",),
    "reaction": ("reacted_at", "reaction"),
    "reply": ("replied_at",),
    "soft_bounce": ("soft_bounced_at",),
    "unsubscribe": ("unsubscribed_at",),
    "keyword_reply": ("replied_at", "keyword_group", "keyword"),
    "sms_failure": ("failed_at", "reason"),
    "push_failure": ("failed_at",),
    "collected_email": ("collected_at",),
    "button_tap": ("tapped_at",),
    "spam_complaint": ("complained_at",),
}
# What an event can be described by; of the other columns nothing is known, and they stay empty.
KNOWN_COLUMNS = ("keyword_group", "keyword", "reason")
# Of the database while an export of a range is written, GB. Rows that it does not hold go to disk.
EXPORT_MEMORY_GB = 1
# 1 to 9; 6 would take three times as long, for a file a quarter smaller.
COMPRESSION_LEVEL = 1


def write_recent_export(connection: duckdb.DuckDBPyConnection, path: Path, as_of: datetime, days: int) -> None:
    """Write the export of the sends of the last days.

    Args:
        connection: to the warehouse, in which the export views stand; a session that nobody else uses meanwhile.
        path: of the ZIP.
        as_of: moment of the report, naive UTC.
        days: before it, that the export covers.
    """
    condition = "_sent_at > $since and _sent_at <= $until"
    _write_export(connection, path, as_of, condition, {"since": as_of - timedelta(days=days), "until": as_of})


def export_range(settings: Settings, first: str, last: str, message_id: str) -> tuple[Path, int]:
    """Write the export of a range of send days, to a file of its own in `OUTPUT_DIR/exports/`.

    Args:
        settings: where the build and the outputs lie.
        first: the first day, as YYYY-MM-DD, in the reporting time zone.
        last: the last day, included.
        message_id: the only message whose sends are taken; empty for all.

    Returns:
        The file, which appears in one step when it is complete, and its number of receipts.

    Raises:
        SettingError: a day is none, the last is before the first, or no send was of the message.
        UserError: there is no build that passed its tests.
    """
    first_day, last_day = _day("FROM", first), _day("TO", last)
    if last_day < first_day:
        raise SettingError("TO", last, f"a day that is not before FROM={first}")
    parameters: dict[str, object] = {"first_day": first_day, "last_day": last_day}
    condition = "_sent_date between $first_day and $last_day"
    name = f"messaging_data_export_{first_day}_{last_day}"
    if message_id:
        parameters["message_id"] = message_id
        condition += " and _message_id = $message_id"
        name += "_" + re.sub(r"[^\w.-]+", "-", message_id)[:80]
    folder = settings.output_dir / EXPORTS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / f"{name}.zip", folder / f".{name}-{os.getpid()}.zip.tmp"
    with warehouse_lock(settings):
        check_is_publishable(settings)
        for leftover in folder.glob(".*.zip.tmp"):
            leftover.unlink()
        try:
            with connect_to_build(settings) as connection:
                connection.execute(f"set memory_limit = '{min(EXPORT_MEMORY_GB, settings.memory_limit_gb)}GB'")
                _check_message(connection, message_id)
                row = connection.execute("select as_of from marts.main.report_info").fetchone()
                as_of: datetime = row[0] if row else datetime.now(UTC).replace(tzinfo=None)
                _check_day(connection, settings, as_of, first_day)
                show_personal_data(connection, settings, settings.personal_data_export)
                receipts = _write_export(connection, unfinished, as_of, condition, parameters)
            unfinished.replace(path)
        except duckdb.CatalogException as error:
            raise UserError(f"the build is of another version ({error}); run the job daily first") from None
        finally:
            unfinished.unlink(missing_ok=True)
    return path, receipts


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(name, text, "a day such as 2026-10-01") from None


def _check_message(connection: duckdb.DuckDBPyConnection, message_id: str) -> None:
    known = connection.execute("select 1 from marts.main.dim_messages where message_id = ?", [message_id]).fetchone()
    if message_id and not known:
        raise SettingError("MESSAGE", message_id, "the message_id of a message that was sent")


def _check_day(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, day: date) -> None:
    """Make sure that all sends from a day on are there."""
    since = engine_of(settings).facts_since(settings, as_of)
    begin = (
        datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.reporting_timezone))
        .astimezone(UTC)
        .replace(tzinfo=None)
    )
    if since is None or begin > since:
        return
    older = "select 1 from marts.main.rpt_messages where first_sent_at <= ? limit 1"
    if connection.execute(older, [since]).fetchone():
        raise SettingError(
            "FROM",
            str(day),
            f"a day after {since:%Y-%m-%d}: ENGINE={settings.engine} publishes the"
            " sends of OUTPUT_DAYS; for older ones run again with more",
        )


def _write_export(
    connection: duckdb.DuckDBPyConnection, path: Path, as_of: datetime, condition: str, parameters: dict[str, object]
) -> int:
    """Write the ZIP of the sends that meet a condition; returns the number of receipts.

    A CSV goes to disk before it goes into the ZIP, so that memory holds neither.
    """
    connection.execute(
        f"create or replace temp table sent_events as select * exclude (_sent_at, _sent_date, _message_id)"
        f" from {EVENTS} where {condition}",
        parameters,
    )
    of_range = f"select _message_id from {RECEIPTS} where {condition}"
    queries = {
        "receipt": (f"select * from {RECEIPTS} where {condition}", "received_at, receipt_id"),
        "overview": (f"select * from {OVERVIEW} where ruleset_id in ({of_range})", "ruleset_id"),
    }
    for event, (time, *described) in EVENT_COLUMNS.items():
        values = "".join(f", {name if name in KNOWN_COLUMNS else 'null::varchar'} as {name}" for name in described)
        known = ", ".join(f"{name} as _{name}" for name in KNOWN_COLUMNS)
        queries[event] = (
            f"select receipt_id, occurred_at as {time}{values}, {known} from sent_events where event = '{event}'",
            f"{time}, receipt_id, {', '.join(f'_{name}' for name in KNOWN_COLUMNS)}",
        )
    receipts = 0
    with (
        tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as work,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive,
    ):
        for group, (query, order) in queries.items():
            csv = Path(work) / f"{group}.csv"
            rows = write_csv(connection, query, order, csv, parameters if "$" in query else None).rows
            receipts = rows if group == "receipt" else receipts
            if rows or group in ("receipt", "overview"):
                name = f"{group}_{as_of:%Y%m%d-%H%M%S}.csv"
                with csv.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            csv.unlink()
    connection.execute("drop table sent_events")
    return receipts
