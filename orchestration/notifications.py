"""Messages to those who run the pipeline: a run failed, runs work again, the data holds warnings.

They go to the Apprise URLs of NOTIFY_URLS, and hold neither personal data nor what stands in the URLs.

    WAREHOUSE_DIR/build/told.json   what was told last, so that nothing is told twice
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.loading.freshness import stale_tables
from orchestration.loading.raw_layer import RawLayer
from orchestration.notes import read_note, write_note
from orchestration.outside_text import shown
from orchestration.reporting.formats import alert_value
from orchestration.settings import Settings

LOGGER = logging.getLogger("orchestration")
# Each warning: its sentence, and the query on the published database that counts it.
COUNTED_WARNINGS = {
    "row(s) were rejected: select * from audit_rejected_rows": "select count(*) from audit_rejected_rows",
    "row(s) hold values of no use: select * from audit_unusable_values": (
        "select sum(row_count) from audit_unusable_values"
    ),
    "error code(s) have no reason yet: select * from audit_unmapped_codes": "select count(*) from audit_unmapped_codes",
    "row(s) wait for their send: select * from audit_reconciliation": (
        "select sum(waiting_count) from audit_reconciliation"
    ),
    "deliverability alert(s): select * from rpt_deliverability_alerts": (
        "select count(*) from rpt_deliverability_alerts"
    ),
}
# Alerts that a message holds in words.
MOST_ALERTS = 10


def tell_of_failure(settings: Settings, job_name: str, problems: Sequence[str]) -> None:
    """Say that a run failed: what, where, what stays published, what to do.

    The same failure again is told once a day. What can't be sent is logged; it fails nothing.

    Args:
        settings: with the URLs.
        job_name: of the job that failed.
        problems: what went wrong, in sentences without personal data.
    """
    told = read_note(_told_path(settings))
    summary = "\n".join(problems) or "It ended without a word."
    known = told.get("failures", {}).get(job_name)
    if not settings.notify_urls or (known and known["summary"] == summary and known["day"] == _today()):
        return
    text = [summary, "", f"Where: the job {job_name} on {settings.warehouse_dir}.", _published(settings)]
    text.append(f"What to do: {advice(summary)} The whole log: {settings.build_dir / 'logs'}, or the run in make dev.")
    if _send(settings, "failure", f"The job {job_name} failed", "\n".join(text)):
        failure = {"summary": summary, "day": _today(), "since": (known or {}).get("since", _now())}
        _write(settings, {**told, "failures": {**told.get("failures", {}), job_name: failure}})


def tell_of_success(settings: Settings, job_name: str) -> None:
    """Say that a job works again, where its failure was told, and what it warns of, once a day at most.

    Args:
        settings: with the URLs.
        job_name: of the job that succeeded; that of a rebuild mends the daily one too.
    """
    if not settings.notify_urls:
        return
    told = read_note(_told_path(settings))
    failures = dict(told.get("failures", {}))
    for name in [job_name, "daily"] if job_name == "rebuild" else [job_name]:
        if name in failures and _send(
            settings,
            "success",
            f"The job {name} works again",
            f"It had failed since {failures[name]['since']}.\n{_published(settings)}",
        ):
            del failures[name]
    told["failures"] = failures
    counts = warnings(settings)
    known: dict[str, int] = told.get("warnings", {})
    grown = {warning: count for warning, count in counts.items() if count > known.get(warning, 0)}
    # What became less is told again when it grows.
    told["warnings"] = {warning: min(count, counts.get(warning, 0)) for warning, count in known.items()}
    worse = deliverability_alerts(settings)
    # As many alerts as yesterday can be others.
    told["alerts"] = [alert for alert in told.get("alerts", []) if alert in worse]
    if (grown or len(told["alerts"]) < len(worse)) and told.get("warned_on") != _today():
        lines = [
            f"{count:,} {warning}" + (f" ({count - known.get(warning, 0):,} more than last told)" if known else "")
            for warning, count in counts.items()
            if count
        ]
        lines += [f"- {sentence}" for sentence in [*worse.values()][:MOST_ALERTS]]
        if _send(settings, "warning", "Warnings of the SMS reporting", "\n".join([*lines, "", _published(settings)])):
            told |= {"warnings": counts, "alerts": [*worse], "warned_on": _today()}
    _write(settings, told)


def warnings(settings: Settings) -> dict[str, int]:
    """What a run warns of: how many there are, by the sentence that goes on after the number."""
    raw_layer = RawLayer(settings, {})
    refused, stale = raw_layer.standing_refusals(), stale_tables(settings, raw_layer.read_ledger())
    counts = {
        "file(s) were refused: select * from audit_loads where outcome = 'refused'": len(refused),
        **{f"source without a new extract for {hours} hours: {name}": 1 for name, hours in stale.items()},
    }
    if settings.marts_path.exists():
        with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
            tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
            for warning, query in COUNTED_WARNINGS.items():
                if query.split(" from ")[1] in tables:
                    row = connection.execute(query).fetchone()
                    counts[warning] = int(row[0] or 0) if row else 0
    return counts


def deliverability_alerts(settings: Settings) -> dict[str, str]:
    """What got worse, in words, the most customers first, by what makes an alert the same one on all of its days."""
    if not settings.marts_path.exists():
        return {}
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        alerts = connection.execute(
            "select concat_ws(' ', kind, dimension, provider, country_code, from_number, message_id, issue_reason_id),"
            " alert, rtrim(issue_reason, '.'), coalesce(message_title, message_id), provider, country_code,"
            " from_number, kind, value, usual_value, affected_customer_count, since_date, fix"
            " from rpt_deliverability_alerts order by affected_customer_count desc, 1"
        ).fetchall()
    sentences = {}
    for key, alert, reason, *names, kind, value, usual_value, customers, since, fix in alerts:
        what = f"{alert} ({reason})" if reason else alert
        where = ", ".join(shown(name) for name in names if name) or "all SMS"
        sentences[key] = (
            f"{what}: {where}; {alert_value(value, kind)}, usually {alert_value(usual_value, kind)};"
            f" {customers:,} customer(s), since {since}. {fix}"
        )
    return sentences


def advice(summary: str) -> str:
    """What to do about a failure, told by the words of its summary."""
    for words, sentence in (
        (("process died",), "see the system's log for why; the next run goes on where this one stopped."),
        (("No space left", "disk"), "free disk space; the next run goes on where this one stopped."),
        (("memory",), "raise MEMORY_LIMIT_GB, or give the machine more memory; the next run goes on."),
        (("open in another program", "lock"), "close that program; the next run goes on."),
        (("is not accepted",), "correct the setting, then make run."),
        (
            ("rows are otherwise", "row is otherwise"),
            "look at these rows. Where tables were changed by hand, make rebuild mends them.",
        ),
        (("differ from a rebuild",), "make rebuild makes everything anew."),
    ):
        if any(word in summary for word in words):
            return sentence
    return "make run goes on where this run stopped; if it fails again, see the log."


def _published(settings: Settings) -> str:
    """What readers see just now."""
    try:
        with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
            row = connection.execute("select as_of, published_at from report_info").fetchone()
    except duckdb.Error:
        row = None
    if row is None:
        return "Nothing is published yet."
    as_of, published_at = (moment.strftime("%Y-%m-%d %H:%M UTC") for moment in row)
    return f"Published since {published_at}: the numbers as of {as_of}."


def _send(settings: Settings, kind: str, title: str, text: str) -> bool:
    """Send a message of one of Apprise's kinds to every URL; returns whether any took it."""
    # Imported where it is needed: it takes half a second. Its own log would show the URLs' passwords.
    from apprise import Apprise, NotifyFormat, NotifyType

    logging.getLogger("apprise").disabled = True
    sent = 0
    for number, url in enumerate(settings.notify_urls, start=1):
        try:
            target = Apprise()
            is_sent = target.add(url) and target.notify(
                title=title, body=text, notify_type=NotifyType(kind), body_format=NotifyFormat.TEXT
            )
        except Exception:  # a plugin's own faults; their text may hold the URL
            is_sent = False
        if is_sent:
            sent += 1
        else:
            LOGGER.warning(
                "%s", f"a notification could not be sent to URL {number} of NOTIFY_URLS ({url.split(':')[0]}:…)"
            )
    return sent > 0


def _told_path(settings: Settings) -> Path:
    return settings.build_dir / "told.json"


def _write(settings: Settings, told: dict[str, Any]) -> None:
    path = _told_path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_note(path, told)
    except OSError as error:
        LOGGER.warning("%s", f"{path} can't be written: {error.strerror}")


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M UTC}"


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
