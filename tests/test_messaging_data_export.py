"""The messaging data export, read as programs read the product's own: by the names of files and the order of columns."""

import csv
import io
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.errors import SettingError
from orchestration.publishing import messaging_data_export
from orchestration.publishing.messaging_data_export import export_range
from tests.outputs_extracts import HOSTILE
from tests.pipeline import Pipeline
from tests.test_outputs import latest

RECEIPT = (
    "user_id user_external_id company_id company_external_id email name ruleset_id content_id "
    "content_type content_title created_via device ruleset_version_id receipt_id received_at "
    "conversation_id series_id series_title node_id first_reply first_completion first_series_completion "
    "first_series_disengagement first_series_exit first_goal_success first_tour_step_failure "
    "first_tour_step_view first_reaction first_open first_click first_dismissal first_collected_email "
    "first_unsubscribe first_hard_bounce first_soft_bounce first_spam_complaint first_permission_grant "
    "first_button_tap first_screen_view first_webhook_failure first_sms_failure first_whatsapp_failure "
    "first_push_failure first_answer first_keyword_reply first_people_reached_receipt "
    "first_checklist_step_receipt first_checklist_step_open first_checklist_step_click "
    "first_checklist_step_completion first_fin_helpful_answer first_fin_step_reached"
)
OVERVIEW = (
    "ruleset_id created_at audience_type content_title content_id content_type series_id series_title "
    "state last_sent_at last_state_change_by last_state_change_at last_edited_by last_edited_at url "
    "receipt_total receipt_unique"
)
METRICS = (
    "reply completion goal_success tour_step_failure tour_step_view reaction open click dismissal "
    "collected_email unsubscribe hard_bounce spam_complaint permission_grant button_tap screen_view "
    "webhook_failure sms_failure whatsapp_failure push_failure answer keyword_reply "
    "people_reached_receipt checklist_step_receipt checklist_step_open checklist_step_click "
    "checklist_step_completion fin_helpful_answer fin_step_reached email_failure"
)
EVENTS = {
    "answer": "receipt_id answered_at question_id question response_type response",
    "click": "receipt_id clicked_at link_type url",
    "completion": "receipt_id completed_at",
    "dismissal": "receipt_id dismissed_at",
    "goal_success": "receipt_id goal_hit_at",
    "hard_bounce": "receipt_id hard_bounced_at",
    "open": "receipt_id opened_at",
    "reaction": "receipt_id reacted_at reaction",
    "reply": "receipt_id replied_at",
    "soft_bounce": "receipt_id soft_bounced_at",
    "unsubscribe": "receipt_id unsubscribed_at",
    "keyword_reply": "receipt_id replied_at keyword_group keyword",
    "sms_failure": "receipt_id failed_at reason",
    "push_failure": "receipt_id failed_at",
    "collected_email": "receipt_id collected_at",
    "button_tap": "receipt_id tapped_at",
    "spam_complaint": "receipt_id complained_at",
}


def read_export(path: Path) -> dict[str, list[dict[str, str]]]:
    """Rows by data group, as a parser of the product's export reads them; it refuses another order of columns."""
    overview = [
        *OVERVIEW.split(),
        *(
            f"{metric}_{part}"
            for metric in METRICS.split()
            for part in ("total", "unique", "rate")
            if part != "rate" or metric not in ("tour_step_view", "keyword_reply")
        ),
    ]
    assert (len(overview), len(RECEIPT.split())) == (105, 52)
    headers = {
        "receipt": RECEIPT.split(),
        "overview": overview,
        **{group: text.split() for group, text in EVENTS.items()},
    }
    groups = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            found = re.fullmatch(r"(\w+)_20261102-060000\.csv", name)
            assert found, name
            group = found[1]
            header, *rows = csv.reader(io.TextIOWrapper(archive.open(name), "utf-8", newline=""))
            assert header == headers[group]
            groups[group] = [dict(zip(header, row, strict=True)) for row in rows]
    return groups


@pytest.fixture(scope="module")
def groups(published: Pipeline) -> dict[str, list[dict[str, str]]]:
    return read_export(latest(published) / "messaging_data_export.zip")


def test_there_is_a_receipt_for_each_send(published: Pipeline, groups: dict[str, list[dict[str, str]]]) -> None:
    found = sorted(
        (row["receipt_id"], row["ruleset_id"], row["content_type"], row["user_id"]) for row in groups["receipt"]
    )
    assert found == published.query("select send_id, message_id, channel, customer_id from fct_sends order by all")
    sent = dict(published.query("select message_id, count(*) from fct_sends group by all"))
    assert Counter(row["ruleset_id"] for row in groups["receipt"]) == sent
    assert {row["ruleset_id"]: int(row["receipt_total"]) for row in groups["overview"]} == sent


def test_groups_without_rows_have_no_file_and_absent_ids_are_minus_one(groups: dict[str, list[dict[str, str]]]) -> None:
    assert set(groups) == {
        "receipt",
        "overview",
        "open",
        "click",
        "reply",
        "keyword_reply",
        "unsubscribe",
        "sms_failure",
    }
    for row in groups["receipt"]:
        assert (row["company_id"], row["series_id"], row["content_id"], row["device"]) == ("-1", "-1", "", "")
    assert {row["series_id"] for row in groups["overview"]} == {"-1"}


def test_first_times_and_events_agree_with_the_facts(
    published: Pipeline, groups: dict[str, list[dict[str, str]]]
) -> None:
    receipts = {row["receipt_id"]: row for row in groups["receipt"]}
    for group, column, first in (
        ("open", "opened_at", "first_open"),
        ("click", "clicked_at", "first_click"),
        ("reply", "replied_at", "first_reply"),
        ("keyword_reply", "replied_at", "first_keyword_reply"),
        ("unsubscribe", "unsubscribed_at", "first_unsubscribe"),
        ("sms_failure", "failed_at", "first_sms_failure"),
    ):
        earliest: dict[str, str] = {}
        for row in groups[group]:
            earliest[row["receipt_id"]] = min(row[column], earliest.get(row["receipt_id"], row[column]))
        assert earliest == {send_id: row[first] for send_id, row in receipts.items() if row[first]}, group
    assert [row["clicked_at"] for row in groups["click"]] == ["2026-11-01T04:30:09Z", "2026-11-01T04:30:11Z"]
    failures = published.query("select send_id, issue_reason from fct_delivery_issues order by all")
    assert sorted((row["receipt_id"], row["reason"]) for row in groups["sms_failure"]) == failures
    replies = published.query("select send_id from fct_replies where not is_keyword order by all")
    assert sorted((row["receipt_id"],) for row in groups["reply"]) == replies


def test_the_overview_counts_events_customers_and_receipts(
    published: Pipeline, groups: dict[str, list[dict[str, str]]]
) -> None:
    marts = published.query(
        "select message_id, count(*), count(distinct customer_id), count(opened_at), count(opened_at) / count(*),"
        " count(issue_reason_id) from fct_sends group by all order by all"
    )
    found = [
        (row["ruleset_id"], int(row["receipt_total"]), int(row["receipt_unique"]), int(row["open_total"]),
         float(row["open_rate"]), int(row["sms_failure_total"]))
        for row in groups["overview"]
    ]  # fmt: skip
    assert found == marts
    assert sum(int(row["click_total"]) for row in groups["overview"]) == 2
    assert sum(int(row["click_unique"]) for row in groups["overview"]) == 1
    assert {row["screen_view_total"] for row in groups["overview"]} == {""}


def test_nothing_in_the_export_runs(groups: dict[str, list[dict[str, str]]]) -> None:
    names = {row["name"] for row in groups["receipt"]}
    assert f"'{HOSTILE[0]}" in names
    assert not {name for name in names if name[:1] in "=+-@\t"}


@pytest.fixture
def exports(published: Pipeline) -> Iterator[Path]:
    folder = published.settings.output_dir / "exports"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_command_exports_days_of_the_reporting_time_zone(published: Pipeline, exports: Path) -> None:
    result = published.make_run("export", FROM="2026-10-31", TO="2026-10-31")
    assert result.returncode == 0, result.stderr
    path = exports / "messaging_data_export_2026-10-31_2026-10-31.zip"
    assert result.stdout == f"5 receipts: {path}\n"
    found = read_export(path)
    assert {row["receipt_id"] for row in found["receipt"]} == {f"s{number:02}" for number in range(5)}
    assert {row["receipt_id"] for row in found["sms_failure"]} == {"s01"}
    # Statistics are of all time, for the messages that were sent in the range.
    assert sum(int(row["receipt_total"]) for row in found["overview"]) == 116
    both, _ = export_range(published.settings, "2026-10-31", "2026-11-01", "m1")
    assert both.name == "messaging_data_export_2026-10-31_2026-11-01_m1.zip"
    assert {row["ruleset_id"] for row in read_export(both)["receipt"]} == {"m1"}
    assert [row["ruleset_id"] for row in read_export(both)["overview"]] == ["m1"]
    empty, receipts = export_range(published.settings, "2020-01-01", "2020-01-02", "")
    assert receipts == 0
    assert read_export(empty) == {"receipt": [], "overview": []}


@pytest.mark.parametrize(
    ("first", "last", "message_id", "name"),
    [
        ("", "2026-10-31", "", "FROM"),
        ("2026-10-31", "soon", "", "TO"),
        ("2026-10-31", "2026-10-30", "", "TO"),
        ("2026-10-30", "2026-10-31", "m'; drop", "MESSAGE"),
    ],
)
def test_a_wrong_range_is_one_line(published: Pipeline, first: str, last: str, message_id: str, name: str) -> None:
    with pytest.raises(SettingError) as error:
        export_range(published.settings, first, last, message_id)
    assert str(error.value).startswith(f"{name}=")


def test_an_export_that_fails_leaves_the_one_that_is_there(
    published: Pipeline,
    exports: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, _ = export_range(published.settings, "2026-10-31", "2026-10-31", "")
    before = path.read_bytes()
    (exports / ".left-by-a-killed-run.zip.tmp").touch()

    def breaking(*arguments: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(messaging_data_export.shutil, "copyfileobj", breaking)
        with pytest.raises(OSError, match="no space left"):
            export_range(published.settings, "2026-10-31", "2026-10-31", "")
    assert [file.name for file in exports.iterdir()] == [path.name]
    assert path.read_bytes() == before
    export_range(published.settings, "2026-10-31", "2026-10-31", "")
    assert path.read_bytes() == before
