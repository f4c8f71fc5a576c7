"""Damaged and hostile extracts, loaded in one go: each has its outcome, and the run goes on without them."""

import contextlib
import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from orchestration import commands
from orchestration.bindings.assets import load_metadata
from orchestration.loading.raw_layer import LedgerEntry
from orchestration.publishing.workbook import MOST_CHARACTERS as MOST_SHOWN
from tests.extract_corpus import CASES, MOST_CHARACTERS, MOST_COLUMNS, MOST_UNPACKED, Case
from tests.pipeline import Pipeline
from tests.test_raw_layer import raw_rows, rejected


class Loaded:
    """The corpus in a warehouse: its cases by the name that users see, and what became of them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        landing_dir = pipeline.settings.landing_dir
        self.cases = {
            case.write(landing_dir, str(number)): (case, str(number)) for number, case in enumerate(CASES, 100)
        }
        layer = pipeline.raw_layer
        layer.limits = replace(
            layer.limits, columns=MOST_COLUMNS, field_characters=MOST_CHARACTERS, unpacked_bytes=MOST_UNPACKED
        )
        layer.load()
        layer.write_settings()
        self.again = layer.load()
        self.entries = {entry.file: entry for entry in layer.read_ledger()}
        self.kept: dict[str, list[tuple[int, str, str | None]]] = defaultdict(list)
        for row in raw_rows(pipeline):
            self.kept[row["_file"]].append((row["_line"], row["send_id"], row["body"]))
        self.apart: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for file, *rest in rejected(pipeline):
            self.apart[file].append((rest[0], rest[1], rest[2]))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Iterator[Loaded]:
    pipeline = Pipeline(tmp_path_factory.mktemp("corpus"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    yield Loaded(pipeline)
    # Paths that are too long are more than pytest removes.
    shutil.rmtree(pipeline.settings.landing_dir, ignore_errors=True)


def found_wrong(loaded: Loaded, file: str, case: Case, number: str) -> list[str]:
    """What is otherwise than a case says."""
    entry: LedgerEntry | None = loaded.entries.get(file)
    kept = [(line, body.replace("$", number) if body else body) for line, body in case.kept]
    rows = sorted(loaded.kept[file])
    apart = [(line, reason) for line, _, reason in loaded.apart[file]]
    checks = {
        "outcome": (entry.outcome if entry else "left") == case.outcome,
        "reason": case.refused in ((entry and entry.reason) or ""),
        "rows": [(line, body) for line, _, body in rows] == kept,
        "ids": case.name == "a header twice" or all(not id_ or id_.startswith(f"{number}-") for _, id_, _ in rows),
        "apart": len(apart) == len(case.apart)
        and all(line == at and part in reason for (at, part), (line, reason) in zip(case.apart, apart, strict=True)),
        "counts": entry is None
        or case.outcome != "loaded"
        or (entry.row_count, entry.rejected_count) == (len(kept) + len(apart), len(apart)),
    }
    return [f"{case.name}: {name}: {entry}, {rows[:3]}, {apart}"[:700] for name, right in checks.items() if not right]


def test_every_extract_has_its_outcome(loaded: Loaded) -> None:
    assert len(loaded.cases) == len(CASES) >= 150
    wrong = [text for file, (case, number) in loaded.cases.items() for text in found_wrong(loaded, file, case, number)]
    assert wrong == []


def test_nothing_but_the_corpus_is_in_the_ledger(loaded: Loaded) -> None:
    others = [entry for file, entry in loaded.entries.items() if file not in loaded.cases]
    assert [(entry.outcome, entry.reason) for entry in others] == [("refused", "can't be reached: File name too long")]


# --- the run goes on, and text stays text --------------------------------------------------------------------------

# What spreadsheets, browsers, terminals, templates and Markdown react to, in every position; none of them is to act.
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
LONG_WORD = "x" * 40_000
HOSTILE = [
    *(f"{before}{sign}cmd|' /C calc'!A0" for sign in SIGNS for before in ("", '"', " ", "\t", "\r", "\n", "a;", 'a; "', "a|", "a\t", "a\n", "a\r\n")),
    "<script>document.title = 'taken'</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><!-- --><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}{# x #}${7*7}",
    "{{ env_var('HOME') }}",
    "[click](javascript:alert(1)) `code` | # **b**",
    "\x1b[2J\x1b]0;title\x07\x9b31m",
    "a\nPublished /tmp/marts.duckdb and /tmp/latest in 0.1 s\nrefused: b",
    "\u202egnp.exe\u202c \u2067x\u2069",
    "'; drop table fct_sends; --",
    '"; drop table fct_sends; --',
    LONG_WORD,
    "%s%n%x \\u0000 \\x1b $(id) `id`",
]  # fmt: skip
NUMBER = "+15550123456"


def drop_hostile_texts(pipeline: Pipeline) -> None:
    """Hostile texts in every column that people, or other systems, fill."""
    sends, statuses, replies = [], [], []
    for number, text in enumerate(HOSTILE):
        names = ("message_id", "message_title", "series_id", "series_title", "node_id", "customer_id", "customer_name",
                 "customer_external_id", "customer_email", "company_id", "body", "provider_message_id", "currency_code")  # fmt: skip
        send = dict.fromkeys(names, text)
        send |= {
            "send_id": f"h{number}",
            "channel": "sms",
            "sent_at": "2026-10-30T09:00:00Z",
            "provider": "twilio",
            "to_number": f"{NUMBER}{number:02}",
        }
        sends += [{**send, "price": "0.01"}, {**send, "send_id": f"h{number}-answered"}]
        statuses.append(
            {
                "send_id": f"h{number}",
                "status": "undelivered",
                "occurred_at": "2026-10-30T09:00:05Z",
                "error_code": text,
                "error_message": text,
            }
        )
        replies.append(
            {
                "reply_id": f"{number}{text}",
                "received_at": "2026-10-30T10:00:00Z",
                "from_number": f"{NUMBER}{number:02}",
                "body": text,
            }
        )
        # A row that staging sets apart, whose reason holds the text.
        statuses.append({"send_id": f"h{number}", "status": text, "occurred_at": text})
    pipeline.drop_rows("outbound/sends/texts/sends.jsonl", sends)
    pipeline.drop_rows("outbound/statuses/statuses\x1b[2J\n.jsonl", statuses)
    pipeline.drop_rows("outbound/replies/=1+1.jsonl", replies)


@pytest.fixture(scope="module")
def ran(loaded: Loaded) -> subprocess.CompletedProcess[str]:
    """The job on the corpus and on hostile texts."""
    drop_hostile_texts(loaded.pipeline)
    return loaded.pipeline.make_run()


def test_the_run_goes_on_and_every_row_is_accounted_for(loaded: Loaded, ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stdout + ran.stderr
    query = loaded.pipeline.query
    assert query("select * from audit_reconciliation where unexplained_count <> 0") == []
    kept = {send_id for rows in loaded.kept.values() for _, send_id, _ in rows if send_id and send_id != "send_id"}
    published = {send_id for (send_id,) in query("select send_id from fct_sends where send_id not like 'h%'")}
    assert published == kept
    assert {(file, outcome) for file, outcome in query("select file, outcome from audit_loads")} >= {
        (entry.file, entry.outcome) for entry in loaded.entries.values()
    }


def test_texts_are_kept_and_numbers_stay_joinable(loaded: Loaded, ran: subprocess.CompletedProcess[str]) -> None:
    query = loaded.pipeline.query
    assert sorted(body for (body,) in query("select body from fct_replies")) == sorted(HOSTILE)
    answered = query("select send_id, from_number from fct_replies")
    assert sorted(answered) == sorted((f"h{number}-answered", f"{NUMBER}{number:02}") for number in range(len(HOSTILE)))
    for column in ("message_title", "series_title"):
        assert {text for (text,) in query(f"select {column} from dim_messages")} - {None} <= set(HOSTILE)
    assert {text for (text,) in query("select customer_name from dim_customers")} - {None} <= set(HOSTILE)


def runs_as_formula(cell: str) -> bool:
    found = cell.lstrip("".join(chr(code) for code in (*range(33), 0xA0)) + '"\u200b')
    return found.startswith(SIGNS) and not re.fullmatch(r"[+-][0-9]+(,.*)?|[+-]\).*", found, re.DOTALL)


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_no_cell_runs_wherever_a_spreadsheet_splits(
    loaded: Loaded, ran: subprocess.CompletedProcess[str], delimiter: str
) -> None:
    latest = loaded.pipeline.settings.output_dir / "latest"
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(latest.glob("*.csv"))]
    with zipfile.ZipFile(latest / "messaging_data_export.zip") as archive:
        texts += [(name, archive.read(name).decode()) for name in archive.namelist()]
    assert len(texts) > 8
    # Split at the wrong sign, a cell may be long.
    usual_limit = csv.field_size_limit(1 << 30)
    running = [
        (name, cell[:80])
        for name, text in texts
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cell in cells
        if runs_as_formula(cell)
    ]
    csv.field_size_limit(usual_limit)
    assert running == []
    with zipfile.ZipFile(latest / "sms_report.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist()]
    assert not any(b"<f>" in sheet for sheet in sheets)
    # A longer text than a cell has room for is cut and not left out.
    shown = LONG_WORD[: MOST_SHOWN - 1].encode() + "…".encode()
    assert any(shown in sheet and LONG_WORD[:MOST_SHOWN].encode() not in sheet for sheet in sheets)


class Acting(HTMLParser):
    """What acts in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [
            f"{tag} {name}" for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")
        ]
        if tag in ("img", "iframe", "object", "embed") or (tag == "script" and "taken" in str(values)):
            self.found.append(tag)


def test_nothing_acts_in_the_report(loaded: Loaded, ran: subprocess.CompletedProcess[str]) -> None:
    pages = list((loaded.pipeline.settings.output_dir / "latest" / "report").rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        acting, text = Acting(), page.read_text(encoding="utf-8")
        acting.feed(text)
        assert acting.found == [], page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), page
        assert "<script>document.title" not in text
    assert any("{{ 7 * 7 }}" in page.read_text(encoding="utf-8") for page in pages)


ACTING = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\x1b(?!\\[[0-9;]*m)")


def test_terminal_log_and_dagster_show_no_line_of_an_extract(
    loaded: Loaded, ran: subprocess.CompletedProcess[str]
) -> None:
    lines = [*ran.stdout.splitlines(), *ran.stderr.splitlines()]
    assert [line for line in lines if not line.isprintable()] == []
    assert [line.split()[0] for line in lines].count("Published") == 1
    for log in sorted((loaded.pipeline.settings.build_dir / "logs").glob("*.log*")):
        assert [line for line in log.read_text(encoding="utf-8").split("\n") if ACTING.search(line)] == [], log
        assert "\nPublished /tmp" not in log.read_text(encoding="utf-8")
    events = 0
    for database in loaded.pipeline.settings.dagster_home.rglob("*.db"):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            tables = {name for (name,) in connection.execute("select name from sqlite_master")}
            for (event,) in connection.execute("select event from event_logs") if "event_logs" in tables else ():
                events += 1
                assert not [text for text in texts_of(json.loads(event)) if ACTING.search(text)]
    assert events > 100


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_of(inner)


def test_every_refusal_is_one_line(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "REFUSALS_SHOWN", 1_000)
    refused = loaded.pipeline.raw_layer.standing_refusals()
    commands._say_refused(refused, "audit_loads")
    lines = capsys.readouterr().out.split("\n")[:-1]
    assert len(lines) == len(refused) > 100
    assert all(line.startswith("refused: ") and line.isprintable() for line in lines)
    key = ("outbound", "sends")
    entries = [entry for entry in loaded.entries.values() if "names/" in entry.file]
    preview = load_metadata(key, entries, entries, 1.0)["preview"].value.split("\n")
    assert len(preview) == 2 + min(50, len(entries))
    assert all(line.isprintable() for line in preview)
