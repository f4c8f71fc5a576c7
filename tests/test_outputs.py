"""The generated files: what programs and people read in them equals the marts, and nothing in them runs."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from orchestration.building.build import connect_to_build
from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.publishing import csv_files, workbook
from orchestration.publishing.csv_files import CSV_FILES, Table
from orchestration.publishing.marts import publish
from orchestration.publishing.outputs import OUTPUT_FILES, place_outputs, remove_old_outputs, write_manifest
from orchestration.publishing.workbook import HEADINGS, SHEETS, column_descriptions, heading
from tests.outputs_extracts import HOSTILE, ZONE
from tests.pipeline import Pipeline

# The columns in the order in which people read them, the ids last.
COLUMNS = {
    "messages.csv": "message_title channel first_sent_at last_sent_at sent_count delivered_count issue_count"
    " pending_count unconfirmed_count canceled_count delivered_send_rate issue_send_rate sent_customer_count delivered_customer_count delivery_rate"
    " issue_customer_count issue_rate replied_customer_count reply_rate engaged_customer_count engagement_rate"
    " keyword_reply_count opt_out_customer_count opt_out_rate sent_after_opt_out_count sent_at_quiet_hours_count message_id",
    "message_delivery.csv": "message_title sent_count delivered_count issue_count delivered_send_rate issue_send_rate"
    " sent_customer_count delivered_customer_count delivery_rate first_delivered_at last_delivered_at delivery_seconds_p50 delivery_seconds_p95 delivery_seconds_p99"
    " segment_count cost currency_code message_id",
    "message_costs.csv": "message_title currency_code sent_count delivered_count replied_count cost issue_cost"
    " cost_per_delivered cost_per_response avoidable_segment_count avoidable_cost reporting_currency_code"
    " cost_in_reporting_currency message_id",
    "recipients.csv": "message_title customer_name to_number sent_at delivery_status delivered_at delivery_seconds"
    " issue_reason country_code provider message_id customer_id send_id",
    "delivery_issues.csv": "message_title customer_name to_number country_code sent_at issue_at issue_reason meaning"
    " fix is_retryable provider provider_error_code error_description issue_reason_id message_id customer_id send_id",
    "responses.csv": "message_title customer_name received_at body response_type keyword keyword_group"
    " response_seconds sent_at message_id customer_id send_id reply_id",
    "opt_out_review.csv": "message_title customer_name channel from_number received_at body is_provider_blocked"
    " is_opted_out_by_keyword to_number sent_at message_id customer_id send_id reply_id",
    "sends_after_opt_out.csv": "customer_name number opted_out_at opted_out_by opt_out_body message_title"
    " message_version_id sent_body sent_at delivery_status opted_in_at message_id customer_id send_id",
    "sends_at_quiet_hours.csv": "message_title customer_name number country_code local_time time_zone time_zone_count"
    " sent_at message_id customer_id send_id",
    "customer_engagement.csv": "sent_date channel message_title sent_count delivered_count issue_count opened_count"
    " clicked_count replied_count goal_count unsubscribed_count engaged_count message_id",
    "deliverability_alerts.csv": "alert_date alert provider country_code from_number message_title issue_reason value"
    " usual_value unit sent_count affected_count affected_customer_count since_date meaning fix kind dimension"
    " issue_reason_id message_id",
    "fix_list.csv": "customer_name to_number national_format number_type_name number_fix issue_reason fix issue_count first_issue_at last_issue_at"
    " last_message_title issue_reason_id last_message_id customer_id",
}


def latest(pipeline: Pipeline) -> Path:
    return pipeline.settings.output_dir / "latest"


def view_rows(pipeline: Pipeline, view: str, order: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Rows of an export view, with the columns that files show."""
    with connect_to_build(pipeline.settings) as connection:
        names = [str(name) for name, *_ in connection.execute(f"describe {view}").fetchall()]
        shown = [name for name in names if not name.startswith("_")]
        rows = connection.execute(f"select {', '.join(shown)} from {view} order by {order}").fetchall()
    return shown, rows


def as_csv(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, float) and value == int(value):
        return f"{value:.1f}"
    text = str(value)
    runs = isinstance(value, str) and re.match(r"[\s\x00-\x1f]*[=+\-@＝]", text) and not re.fullmatch(r"[+-]\d+", text)
    return f"'{text}" if runs else text


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("file", CSV_FILES)
def test_a_csv_holds_the_rows_of_the_marts_in_the_order_people_read(published: Pipeline, file: str) -> None:
    view, order = CSV_FILES[file]
    columns, rows = view_rows(published, view, order)
    header, *found = read_csv(latest(published) / file)
    assert header == columns == COLUMNS[file].split()
    assert rows
    assert found == [[as_csv(value) for value in row] for row in rows]


def test_a_customers_timeline_has_all_events_in_order(published: Pipeline) -> None:
    query = (PROJECT_DIR / "docs" / "customer_timeline.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(published.settings.marts_path), read_only=True) as connection:
        connection.execute("set variable customer_id = 'c3'")
        found = connection.execute(query).fetchall()
    own = "from fct_sends where customer_id = 'c3'"
    counts = {
        event: sum(row[1] == event for row in found) for event in ("sent", "delivered", "issue", "clicked", "reply")
    }
    assert counts == {
        "sent": published.query(f"select count(*) {own}")[0][0],
        "delivered": published.query(f"select count(delivered_at) {own}")[0][0],
        "issue": published.query(f"select count(issue_at) {own}")[0][0],
        "clicked": 1,
        "reply": published.query("select count(*) from fct_replies where customer_id = 'c3'")[0][0],
    }
    assert min(counts.values()) > 0
    times = [row[0] for row in found]
    assert times == sorted(times)
    assert {row[4] for row in found if row[1] == "reply"} == {
        body for (body,) in published.query("select body from fct_replies where customer_id = 'c3'")
    }
    assert {row[4] for row in found if row[1] == "issue"} == {
        reason for (reason,) in published.query("select issue_reason from fct_delivery_issues where customer_id = 'c3'")
    }
    for send_id in {row[6] for row in found}:
        assert next(row[1] for row in found if row[6] == send_id) == "sent"


def test_csvs_are_utf_8_without_a_byte_order_mark(published: Pipeline) -> None:
    for file in CSV_FILES:
        content = (latest(published) / file).read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf")
        assert content.endswith(b"\n") and b"\r\n" not in content


def test_row_lists_are_the_marts_rows_the_newest_first(published: Pipeline) -> None:
    header, *rows = read_csv(latest(published) / "delivery_issues.csv")
    found = [dict(zip(header, row, strict=True)) for row in rows]
    marts = published.query("select send_id, sent_at, fix from fct_delivery_issues order by sent_at desc, send_id")
    assert [
        (row["send_id"], datetime.fromisoformat(row["sent_at"]).replace(tzinfo=None), row["fix"]) for row in found
    ] == marts
    sms = published.query("select send_id from fct_sends where channel = 'sms' order by sent_at desc, send_id")
    assert [row[-1] for row in read_csv(latest(published) / "recipients.csv")[1:]] == [send_id for (send_id,) in sms]


def test_nothing_in_a_csv_runs_and_texts_stay_readable(published: Pipeline) -> None:
    cells = [cell for file in CSV_FILES for row in read_csv(latest(published) / file) for cell in row]
    running = [cell for cell in cells if cell.strip()[:1] in ("=", "@", "＝") or re.match(r"[+-]\d*\D", cell)]
    assert running == []
    assert {"'" + text for text in HOSTILE[:5]} <= set(cells)
    assert "+14155550001" in cells and "+15005550006" in cells


def expected_cell(column: str, value: object) -> object:
    """A value as the workbook holds it for openpyxl."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        local = value.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
        # openpyxl gives milliseconds.
        return local + timedelta(microseconds=round(local.microsecond, -3) - local.microsecond)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return float(value) if isinstance(value, Decimal) else value or (None if value == "" else value)


def test_the_workbook_holds_the_rows_of_the_marts_cell_by_cell(published: Pipeline) -> None:
    book = openpyxl.load_workbook(latest(published) / "sms_report.xlsx")
    assert book.sheetnames == ["About", *(sheet.title for sheet in SHEETS)]
    for sheet in SHEETS:
        columns, rows = view_rows(published, sheet.view, sheet.order)
        assert rows, sheet.title
        head, *found = book[sheet.title].iter_rows()
        assert len({cell.value for cell in head}) == len(columns), sheet.title
        assert not any("_" in str(cell.value) for cell in head if ZONE not in str(cell.value)), sheet.title
        assert len(found) == len(rows)
        for row, cells in zip(rows, found, strict=True):
            for column, value, cell in zip(columns, row, cells, strict=True):
                expected = expected_cell(column, value)
                shown = (sheet.title, column, expected)
                assert cell.data_type != "f", shown
                if isinstance(expected, float):
                    assert cell.value == pytest.approx(expected, abs=1e-12), shown
                elif isinstance(expected, datetime):
                    assert abs(cell.value - expected) <= timedelta(milliseconds=1), shown
                else:
                    # openpyxl leaves what stands for control characters as it is.
                    assert (unescape(cell.value) if cell.data_type == "s" else cell.value) == expected, shown
                if column.endswith(("_rate", "_share")) and value is not None:
                    assert cell.number_format == "0.0%", shown
                if column.endswith("_at") and value is not None:
                    assert cell.is_date, shown


def test_a_sheet_is_frozen_filtered_and_says_its_zone(published: Pipeline) -> None:
    book = openpyxl.load_workbook(latest(published) / "sms_report.xlsx")
    for sheet in SHEETS:
        assert book[sheet.title].freeze_panes == "A2"
        assert book[sheet.title].auto_filter.ref.startswith("A1:")
    issues = [cell.value for cell in book["Delivery issues"][1]]
    assert issues[:8] == [
        "Message", "Customer", "Number", "Country", f"Sent ({ZONE})", f"Failed ({ZONE})", "Why", "What it means",
    ]  # fmt: skip


def test_the_first_sheet_explains_every_column_as_the_models_do(published: Pipeline) -> None:
    book = openpyxl.load_workbook(latest(published) / "sms_report.xlsx")
    rows = [[cell.value for cell in row] for row in book["About"].iter_rows()]
    assert [row[:2] for row in rows[:2]] == [["SMS report", None], ["As of", f"2026-11-02 01:00:00 ({ZONE})"]]
    explained = {(row[0], row[1]): row[3] for row in rows}
    for sheet in SHEETS:
        for cell in book[sheet.title][1]:
            assert explained[sheet.title, cell.value], (sheet.title, cell.value)
    comment = published.query(
        "select comment from duckdb_columns() where table_name = 'fct_sends' and column_name = 'delivery_status'"
    )
    assert [(explained["Recipients", "Delivery status"],)] == comment


def test_summaries_add_up_to_the_lists(published: Pipeline) -> None:
    book = openpyxl.load_workbook(latest(published) / "sms_report.xlsx")

    def total(title: str, name: str) -> float:
        head, *rows = ([cell.value for cell in row] for row in book[title].iter_rows())
        return sum(row[head.index(name)] for row in rows)

    assert total("Issues by reason", "Issues") == book["Delivery issues"].max_row - 1
    assert total("Issues by reason", "Part of all issues") == pytest.approx(1)
    assert total("Responses by keyword", "Responses") == book["Responses"].max_row - 1
    sent = published.query("select count(*) from fct_sends where delivery_status <> 'canceled'")
    assert [(total("Channels", "Sent"),)] == sent


def test_rows_beyond_a_sheets_limit_are_told_of_and_left_to_the_csv(
    published: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 7)
    nodes = json.loads((published.settings.build_dir / "target" / "manifest.json").read_text())["nodes"]
    with connect_to_build(published.settings) as connection:
        workbook.write_workbook(connection, tmp_path / "small.xlsx", nodes, datetime(2026, 11, 2, 6), ZONE)
    sheet = openpyxl.load_workbook(tmp_path / "small.xlsx")["Recipients"]
    assert sheet.max_row == 10
    assert sheet["A10"].value == "The first 7 of 106 rows; all are in recipients.csv"
    assert sheet.auto_filter.ref.endswith("8")


def test_every_heading_belongs_to_a_column_and_every_column_is_described(published: Pipeline) -> None:
    nodes = json.loads((published.settings.build_dir / "target" / "manifest.json").read_text())["nodes"]
    columns = {sheet.view: view_rows(published, sheet.view, "all")[0] for sheet in SHEETS}
    assert set(HEADINGS) <= {name for names in columns.values() for name in names}
    lacking = [
        f"{view}.{name}" for view, names in columns.items() for name in names
        if not column_descriptions(nodes, view).get(name)
    ]  # fmt: skip
    assert lacking == []
    assert heading("opened_customer_count", "BIGINT", ZONE) == "Customers opened"
    assert heading("send_id", "VARCHAR", ZONE) == "Send ID"


def test_the_same_data_give_the_same_bytes(
    published: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are so many rows that each day is sorted by itself."""
    monkeypatch.setattr(csv_files, "MOST_ROWS_AT_ONCE", 1)
    other = Pipeline(published.root, **{**published.variables, "OUTPUT_DIR": str(tmp_path / "other")})
    # From tables that were built in another order: tests/test_order.py.
    publish(other.settings)
    files = {
        path.relative_to(latest(published)): path.read_bytes()
        for path in latest(published).rglob("*")
        if path.is_file()
    }
    assert set(OUTPUT_FILES) <= {path.as_posix() for path in files}
    for path, content in files.items():
        assert (latest(other) / path).read_bytes() == content, path


def test_the_manifest_lists_every_file_also_in_folders(published: Pipeline, tmp_path: Path) -> None:
    manifest = json.loads((latest(published) / "manifest.json").read_text())
    assert {name for name in manifest["files"] if not name.startswith("report/")} == set(OUTPUT_FILES)
    assert "report/index.html" in manifest["files"]
    for name, facts in manifest["files"].items():
        content = (latest(published) / name).read_bytes()
        assert (facts["bytes"], facts["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        if name.endswith(".csv"):
            header, *rows = read_csv(latest(published) / name)
            assert (facts["rows"], facts["columns"]) == (len(rows), header)
        else:
            assert (facts["rows"], facts["columns"]) == (None, [])
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("<p>")
    (tmp_path / "a.csv").write_text("x\n1\n")
    files = write_manifest(tmp_path, datetime(2026, 11, 2), {"a.csv": Table(1, ["x"])})
    assert [(file.name, file.rows, file.columns) for file in files] == [
        ("a.csv", 1, ["x"]), ("report/index.html", None, []),
    ]  # fmt: skip
    assert set(json.loads((tmp_path / "manifest.json").read_text())["files"]) == {"a.csv", "report/index.html"}


@pytest.mark.parametrize("damage", ["none", "gone", "cut off", "another"])
def test_a_file_that_is_gone_or_damaged_is_put_back_under_the_same_manifest(tmp_path: Path, damage: str) -> None:
    for folder in (tmp_path / "20261101-060000", tmp_path / ".staged"):
        (folder / "report").mkdir(parents=True)
        (folder / "report" / "index.html").write_text("<p>")
        write_manifest(folder, datetime(2026, 11, 1, 6), {})
    file = tmp_path / "20261101-060000" / "report" / "index.html"
    untouched = file.stat().st_ino
    if damage == "gone":
        file.unlink()
    elif damage != "none":
        file.write_text({"cut off": "<", "another": "<q>"}[damage])
    place_outputs(tmp_path / ".staged", tmp_path, "20261101-060000")
    assert file.read_text() == "<p>"
    assert (file.stat().st_ino == untouched) == (damage == "none")


def test_older_outputs_go_but_never_the_latest(tmp_path: Path) -> None:
    for name in ("20260101-000000", "20260102-000000", "20260103-000000", "20260104-000000", "exports", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "latest").symlink_to("20260101-000000")
    assert remove_old_outputs(tmp_path, 4) == []
    assert remove_old_outputs(tmp_path, 2) == ["20260103-000000", "20260102-000000"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "20260101-000000", "20260104-000000", "exports", "latest", "mine",
    ]  # fmt: skip
    assert remove_old_outputs(tmp_path, 1) == ["20260104-000000"]
    assert (tmp_path / "latest" / "file").exists()


def converted(path: Path, folder: Path, *options: str) -> None:
    """Let LibreOffice open a file, and write what it shows as CSV: quoted, one file a sheet."""
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", *options, "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,-1", "--outdir", str(folder), str(path)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_shows_what_the_marts_hold(published: Pipeline, tmp_path: Path) -> None:
    converted(latest(published) / "sms_report.xlsx", tmp_path)
    for sheet in SHEETS:
        columns, rows = view_rows(published, sheet.view, sheet.order)
        header, *found = read_csv(tmp_path / f"sms_report-{sheet.title}.csv")
        assert len(header) == len(columns)
        assert len(found) == len(rows), sheet.title
        for row, cells in zip(rows, found, strict=True):
            for column, value, cell in zip(columns, row, cells, strict=True):
                expected = expected_cell(column, value)
                shown = (sheet.title, column, value, cell)
                if isinstance(expected, datetime):
                    seconds = expected.replace(microsecond=0)
                    assert cell in (f"{seconds}", f"{seconds:%Y-%m-%d}", f"{seconds + timedelta(seconds=1)}"), shown
                elif isinstance(expected, str):
                    assert cell == expected, shown
                elif expected is None:
                    assert cell == "", shown
                else:
                    number = float(cell.rstrip("%")) / (100 if cell.endswith("%") else 1)
                    assert number == pytest.approx(float(expected), abs=1e-9), shown
    # The CSVs, quoted cells taken as text: each cell is what stands in the file.
    for file in CSV_FILES:
        converted(latest(published) / file, tmp_path, "--infilter=CSV:44,34,76,1,,0,true,false")
        shown_rows = read_csv(next(tmp_path.glob(f"{Path(file).stem}*.csv")))
        expected_rows = read_csv(latest(published) / file)
        assert [[plain(cell) for cell in row] for row in shown_rows] == [
            [plain(cell) for cell in row] for row in expected_rows
        ]


def plain(cell: str) -> str | float:
    """A cell as it counts: LibreOffice writes 2 for 2.0, and TRUE for true."""
    try:
        return round(float(cell), 9)
    except ValueError:
        return cell.lower() if cell.lower() in ("true", "false") else cell
