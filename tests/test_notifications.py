"""Messages to NOTIFY_URLS: when a run fails, when runs work again, and what they warn of, each told once."""

import json
import logging
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import notifications
from orchestration.errors import DISK_IS_FULL, ExtractRefusedError, LoadError, SettingError, in_words, may_pass
from orchestration.loading.freshness import stale_tables
from orchestration.loading.raw_layer import LedgerEntry
from orchestration.notifications import tell_of_failure, tell_of_success, warnings
from orchestration.settings import Settings
from tests.pipeline import Pipeline
from tests.webhook import listening


def settings_in(folder: Path, urls: str, **variables: str) -> Settings:
    (folder / "landing").mkdir(exist_ok=True)
    folders = {f"{name}_DIR": str(folder / name.lower()) for name in ("LANDING", "WAREHOUSE", "OUTPUT")}
    return Settings.from_environment({**folders, "NOTIFY_URLS": urls, **variables})


def test_a_failure_and_its_end_are_told_once_each(tmp_path: Path) -> None:
    with listening() as webhook:
        settings = settings_in(tmp_path, webhook.url)
        tell_of_success(settings, "daily")
        for problem in ("No space left on the disk", "No space left on the disk", "something else"):
            tell_of_failure(settings, "daily", [problem])
        tell_of_success(settings, "daily")
        tell_of_success(settings, "daily")
    assert webhook.titles == ["The job daily failed", "The job daily failed", "The job daily works again"]
    assert webhook.kinds == ["failure", "failure", "success"]
    text = webhook.messages[0][1]
    for words in (
        "No space left on the disk",
        str(settings.warehouse_dir),
        "Nothing is published yet",
        "free disk space",
    ):
        assert words in text
    assert "It had failed since " in webhook.messages[-1][1]


def test_a_rebuild_ends_the_failure_of_the_daily_job(tmp_path: Path) -> None:
    with listening() as webhook:
        settings = settings_in(tmp_path, webhook.url)
        tell_of_failure(settings, "daily", ["x"])
        tell_of_failure(settings, "full_check", ["x"])
        tell_of_success(settings, "rebuild")
    assert webhook.titles[2:] == ["The job daily works again"]


@pytest.fixture
def copied(published: Pipeline, tmp_path: Path) -> Settings:
    """A warehouse that was published, for messages about it."""
    shutil.copytree(published.settings.raw_dir / "pipeline", tmp_path / "warehouse" / "raw" / "pipeline")
    shutil.copyfile(published.settings.marts_path, tmp_path / "warehouse" / "marts.duckdb")
    return replace(published.settings, warehouse_dir=tmp_path / "warehouse")


def test_warnings_are_told_once_a_day_and_only_where_they_grew(
    copied: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"row(s) were rejected": 2, "row(s) wait": 0}
    monkeypatch.setattr(notifications, "warnings", lambda _: dict(counts))
    with listening() as webhook:
        settings = replace(copied, notify_urls=(webhook.url,))

        def told_on(day: str, **changed: int) -> list[str]:
            monkeypatch.setattr(notifications, "_today", lambda: day)
            before = len(webhook.messages)
            counts.update({f"row(s) {name}": count for name, count in changed.items()})
            tell_of_success(settings, "daily")
            return [text for _, text in webhook.messages[before:]]

        (first,) = told_on("2026-11-02")
        assert "2 row(s) were rejected" in first
        assert "wait" not in first
        assert "Published since" in first
        assert told_on("2026-11-02", wait=5) == []
        (second,) = told_on("2026-11-03")
        assert "5 row(s) wait (5 more than last told)" in second
        assert told_on("2026-11-04") == []
        assert told_on("2026-11-05", wait=1) == []
        (third,) = told_on("2026-11-06", wait=3)
        assert "3 row(s) wait (2 more than last told)" in third


def test_what_got_worse_is_told_in_words_and_again_where_it_is_another_thing(
    copied: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_alert(day: str, provider: str, customers: int) -> list[str]:
        monkeypatch.setattr(notifications, "_today", lambda: day)
        with duckdb.connect(str(copied.marts_path)) as connection:
            connection.execute("delete from rpt_deliverability_alerts")
            connection.execute(
                "insert into rpt_deliverability_alerts by name select date '2026-10-31' as alert_date,"
                " 'issue_rate' as kind, 'More issues' as alert, 'provider' as dimension, $1 as provider,"
                " 'carrier_unavailable' as issue_reason_id, 'Carrier unavailable.' as issue_reason,"
                " 'share of sends' as unit, 0.42 as value, 0.025 as usual_value, 76 as sent_count,"
                " $2 as affected_count, $2 as affected_customer_count, date '2026-10-30' as since_date,"
                " 'More fail.' as meaning, 'Send it again.' as fix, 7 as score",
                [provider, customers],
            )
        before = len(webhook.messages)
        tell_of_success(replace(copied, notify_urls=(webhook.url,)), "daily")
        return [text for _, text in webhook.messages[before:]]

    with listening() as webhook:
        (first,) = one_alert("2026-11-02", "vonage", 32)
        assert (
            "\n- More issues (Carrier unavailable): vonage; 42.0\N{NO-BREAK SPACE}%, usually 2.5\N{NO-BREAK SPACE}%;"
            " 32 customer(s), since 2026-10-30. Send it again.\n"
        ) in first
        assert one_alert("2026-11-03", "vonage", 40) == []
        (other,) = one_alert("2026-11-04", "plivo", 32)
        assert "plivo" in other
        assert "vonage" not in other
    assert webhook.kinds == ["warning", "warning"]


def test_warnings_are_counted_in_what_is_published(copied: Settings) -> None:
    before = warnings(copied)
    with duckdb.connect(str(copied.marts_path)) as connection:
        connection.execute("insert into audit_unmapped_codes (error_code) values ('x')")
        connection.execute("create or replace table rpt_deliverability_alerts as select 1 as kind from range(3)")
    after = warnings(copied)
    code, alert = (
        next(words for words in notifications.COUNTED_WARNINGS if name in words) for name in ("codes", "alerts")
    )
    assert after[code] == before[code] + 1
    assert after[alert] == 3
    assert not any(value for words, value in before.items() if "without a new extract" in words)


def test_a_notification_that_can_not_be_sent_fails_nothing_and_tells_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, "json://someone:secret@127.0.0.1:1/token")
    with caplog.at_level(logging.DEBUG):
        tell_of_failure(settings, "daily", ["x"])
    assert "could not be sent to URL 1 of NOTIFY_URLS (json:…)" in caplog.text
    assert "secret" not in caplog.text
    # It was not told, so the next try tells it.
    with listening() as webhook:
        tell_of_failure(replace(settings, notify_urls=(webhook.url,)), "daily", ["x"])
    assert webhook.titles == ["The job daily failed"]


@pytest.mark.parametrize("urls", ["nonsense", "nosuchservice://secret@host", "json://127.0.0.1/x, slack://secret"])
def test_a_wrong_url_stops_the_run_and_is_not_shown(urls: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment({"NOTIFY_URLS": urls})
    message = str(error.value)
    assert "NOTIFY_URLS" in message
    assert "secret" not in message
    assert "\n" not in message


def test_several_urls_are_told(tmp_path: Path) -> None:
    with listening() as one, listening() as other:
        tell_of_failure(settings_in(tmp_path, f"{one.url}, {other.url}"), "daily", ["x"])
    assert one.titles == other.titles == ["The job daily failed"]


def test_a_table_is_stale_after_the_hours_of_its_source() -> None:
    newest = datetime(2026, 11, 1, 6)

    def entry(source: str, table: str, outcome: str = "loaded") -> LedgerEntry:
        return LedgerEntry(source, table, "a.csv", "", 1, newest, 1, 0, outcome, None, 1, 1)

    ledger = [
        entry("outbound", "sends"),
        entry("twilio", "messages"),
        entry("aws", "sms_usage"),
        entry("plivo", "x", "refused"),
    ]
    settings = Settings.from_environment({"STALE_AFTER_HOURS": "24, twilio=48 aws/sms_usage=0"})
    assert stale_tables(settings, ledger, newest + timedelta(hours=24)) == {}
    assert stale_tables(settings, ledger, newest + timedelta(hours=25)) == {"outbound/sends": 24}
    assert stale_tables(settings, ledger, newest + timedelta(hours=49)) == {"outbound/sends": 24, "twilio/messages": 48}


def test_an_error_is_told_without_the_values_in_it(tmp_path: Path) -> None:
    try:
        int("+447700900123")
    except ValueError as error:
        assert "+44" not in in_words(error)
        assert "ValueError in test_notifications.py, line" in in_words(error)
    assert in_words(ExtractRefusedError("lacks the column x")) == "lacks the column x"


def test_only_what_may_pass_is_tried_again() -> None:
    full = LoadError("can't write to the raw layer")
    full.__cause__ = OSError(28, "No space left on device")
    assert may_pass(full)
    assert in_words(full) == DISK_IS_FULL
    wrapped = RuntimeError("while it was noted")
    wrapped.__context__ = full
    assert may_pass(wrapped)
    assert in_words(wrapped) == DISK_IS_FULL
    wrapped.__suppress_context__ = True
    assert not may_pass(wrapped)
    # A wrong setting stays wrong, whatever it came of.
    setting = SettingError("LANDING_DIR", "x", "a folder")
    setting.__cause__ = FileNotFoundError(2, "No such file or directory")
    assert not may_pass(setting)
    assert may_pass(FileNotFoundError(2, "No such file or directory"))
    assert may_pass(duckdb.IOException("Could not set lock on file"))
    assert not may_pass(LoadError("the load took more memory than this machine has"))
    assert not may_pass(PermissionError(13, "Permission denied"))
    assert not may_pass(ValueError("x"))


def test_what_was_told_survives_a_damaged_note(tmp_path: Path) -> None:
    with listening() as webhook:
        settings = settings_in(tmp_path, webhook.url)
        tell_of_failure(settings, "daily", ["x"])
        note = settings.build_dir / "told.json"
        assert json.loads(note.read_text())["failures"]["daily"]["summary"] == "x"
        note.write_text("{")
        tell_of_failure(settings, "daily", ["x"])
    assert len(webhook.messages) == 2
