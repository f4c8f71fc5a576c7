"""RETENTION_DAYS: what is older is nowhere any more, and everything that is counted stays as it was."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.errors import UserError
from orchestration.privacy import retention
from orchestration.privacy.old_values import (
    PSEUDONYM,
    REMOVED,
    Listed,
    OldRow,
    Pseudonyms,
    log_value,
    text_shape,
)
from orchestration.privacy.personal_data import personal_columns
from orchestration.privacy.retention_note import cutoff_of, is_due
from orchestration.publishing.state import is_current
from orchestration.settings import Settings
from tests.oracle.edge_extracts import generate
from tests.pipeline import FOLDS, WITHOUT_TESTS, Kept, Pipeline, Rows
from tests.test_forgetting import files_with_traces
from tests.test_incremental import refresh_reason
from tests.test_native_logs import EXTRACTS as CARRIERS_LOGS

AS_OF, DAYS = "2026-11-20T06:00:00Z", "40"
OLD, NEW = "2026-09-15T09:00:00Z", "2026-11-15T09:00:00Z"
NAME, EMAIL, REPLY, NUMBER = (
    "Zoraida Quillfeather",
    "zoraida@quillfeather.example",
    "my cat ate the voucher",
    "4155550199",
)
OLD_TRACES = [NAME, EMAIL, REPLY, NUMBER, "Hello Zoraida", "415) 555-0199", "14255550199"]
NEW_TRACES = ["Ada Newcomer", "4155550177", "unread newcomer"]
# What libphonenumber tells of a number can't be told any more where it is gone.
NOT_KEPT = {"dim_phone_numbers", "rpt_fix_list.number_type", "rpt_fix_list.number_fix", "report_info"}

TOLD = (
    "a rebuild was asked for; what is older than 2026-10-11T06:00:00 UTC has no numbers, names and texts any more (RETENTION_DAYS): what was"
    " told from them is kept as it was read then, and nothing reads them anew\n"
)


def send(send_id: str, sent_at: str, number: str, **values: str | None) -> dict[str, str | None]:
    return {
        "send_id": send_id, "message_id": "retained", "channel": "sms", "customer_id": f"c-{number[-3:]}", "sent_at": sent_at,
        "to_number": number, "body": "Hello Zoraida, it’s sale" if sent_at == OLD else "Hello, it’s sale", "provider": "twilio", "provider_message_id": f"SM-{send_id}",
        **values,
    }  # fmt: skip


def drop_extracts(pipeline: Pipeline) -> None:
    """Extracts with every edge, of every carrier, and of an old customer and a new one."""
    for table, rows in generate(7, 150).items():
        if rows:
            pipeline.drop_rows(f"{table.replace('.', '/')}/edges.csv", rows)
    for file, content in CARRIERS_LOGS.items():
        pipeline.drop(file, content)
    pipeline.drop_rows("outbound/sends/persons.csv", persons())
    replies: Rows = [
        {"reply_id": "kept-1", "from_number": f"001 ({NUMBER[:3]}) 555-0199", "received_at": OLD, "body": REPLY},
        {"reply_id": "kept-2", "from_number": f"+1{NUMBER}", "received_at": OLD, "body": "STOP"},
        {"reply_id": "wrong", "send_id": "old", "from_number": f"+1{NUMBER}", "received_at": OLD, "channel": NAME},
    ]
    pipeline.drop_rows("outbound/replies/persons.csv", replies)
    # A row that could not be read is as old as its load.
    pipeline.drop(
        "outbound/statuses/broken.csv", f"send_id,status,occurred_at\nold,sent,{OLD}\nold,sent,unread newcomer,x\n"
    )


def persons() -> Rows:
    described: dict[str, str | None] = {"customer_name": NAME, "customer_email": EMAIL, "customer_note": NAME}
    return [
        send("old", OLD, f"+1{NUMBER}", **described),
        send("new", NEW, "+14155550177", customer_name="Ada Newcomer"),
        # A customer who is a number to the application too, with old rows and new ones.
        send("both-1", OLD, "+14155550166", customer_id="+14155550166"),
        send("both-2", NEW, "+14155550166", customer_id="+14155550166"),
    ]


def drop_late_extracts(pipeline: Pipeline) -> None:
    """What was delivered before again, with late rows about what was dropped, and the old customer once more."""
    pipeline.drop_rows("outbound/sends/again.csv", [*persons(), send("returned", NEW, f"+1{NUMBER}")])
    late: Rows = [
        {
            "send_id": None,
            "provider": "twilio",
            "provider_message_id": "SM-old",
            "status": "delivered",
            "occurred_at": NEW,
        },
    ]
    pipeline.drop_rows("outbound/statuses/late.csv", late)
    replies: Rows = [
        {
            "reply_id": "late",
            "from_number": f"+1{NUMBER}",
            "received_at": "2026-09-20T09:00:00Z",
            "body": "Late, " + REPLY,
        },
        {"reply_id": "newest", "from_number": f"+1{NUMBER}", "received_at": "2026-11-16T09:00:00Z", "body": "Hi again"},
    ]
    pipeline.drop_rows("outbound/replies/late.csv", replies)


def counted(database: Path) -> dict[str, list[str]]:
    """All tables without their columns of personal data."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables: list[tuple[str, list[str]]] = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where schema_name = 'main' and not internal group by all"
        ).fetchall()
        found = {}
        for table, columns in tables:
            hidden = {*personal_columns(table, columns), *(name for name in columns if f"{table}.{name}" in NOT_KEPT)}
            # The twin loads at another time, and all at once.
            shown = [
                name for name in columns if name not in hidden and not name.endswith(("extract_number", "loaded_at"))
            ]
            if table not in NOT_KEPT and shown:
                rows = connection.execute(f"select {', '.join(shown)} from {table}").fetchall()
                found[table] = sorted(map(repr, rows))
    return found


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Kept:
    """Everything is published, and nothing dropped yet."""
    pipeline = Pipeline(tmp_path_factory.mktemp("first") / "run", AS_OF=AS_OF)
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    drop_extracts(pipeline)
    pipeline.run()
    return Kept(pipeline)


def test_what_is_too_old_is_nowhere_and_what_is_counted_stays(
    first_run: Kept,
    tmp_path: Path,
    parsed_target: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipeline, twin = first_run.put_back(), Pipeline(tmp_path / "twin", AS_OF=AS_OF)
    shutil.copytree(parsed_target, twin.settings.build_dir / "target")
    drop_extracts(twin)
    kept = [pipeline.settings.warehouse_dir, pipeline.settings.output_dir]
    before = counted(pipeline.settings.marts_path)
    assert len(files_with_traces(*kept, traces=OLD_TRACES)) > 10

    retaining = Pipeline(pipeline.root, AS_OF=AS_OF, RETENTION_DAYS=DAYS)
    settings = retaining.settings
    capsys.readouterr()
    _, reason = retention.build_and_drop(settings, retaining.raw_layer, arguments=WITHOUT_TESTS)
    assert (reason, capsys.readouterr().err) == ("personal data older than RETENTION_DAYS were dropped", "")
    assert counted(settings.build_dir / "marts.duckdb") == before
    assert files_with_traces(settings.raw_dir, settings.build_dir, traces=OLD_TRACES) == []
    assert files_with_traces(settings.build_dir, traces=NEW_TRACES) != []

    # Late rows, what was delivered before again, and a run that is killed while it drops.
    drop_late_extracts(pipeline)
    drop_late_extracts(twin)
    retaining.load()
    retaining.build(arguments=FOLDS)
    rewrite, rewritten = retention._rewrite, []

    def die_at_the_second_file(*arguments: Any) -> None:
        if rewritten:
            raise KeyboardInterrupt
        rewritten.append(arguments)
        rewrite(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_rewrite", die_at_the_second_file)
        with pytest.raises(KeyboardInterrupt):
            retention.drop_old_data(settings, retaining.raw_layer)
    assert not is_current(settings, retaining.raw_layer)
    assert refresh_reason(retaining) == "there is no finished build"
    result = retaining.make_run("rebuild")
    assert (result.returncode, result.stderr) == (0, TOLD)
    assert len(list(settings.published_dir.iterdir())) == len(list(settings.output_dir.glob("2*"))) == 1
    assert "Nothing new" in retaining.make_run().stdout
    twin.load()
    twin.build()
    assert counted(pipeline.settings.marts_path) == counted(twin.settings.build_dir / "marts.duckdb")
    found = files_with_traces(*kept, traces=[trace for trace in OLD_TRACES if trace != NUMBER])
    assert found == []
    # A number that is back is back in all rows of it, so that they match; the reply's send is the old one.
    assert pipeline.query("select reply_id, send_id, body from fct_replies where reply_id in ('late', 'newest', 'kept-2')"
                          " order by 1") == [
        ("kept-2", "old", "stop"), ("late", "old", REMOVED), ("newest", "returned", "Hi again"),
    ]  # fmt: skip
    assert pipeline.query(
        "select send_id, opt_out_body from rpt_sends_after_opt_out where message_id = 'retained'"
    ) == [("returned", "stop")]

    # Half a year later all of it is old, also the row that could not be read.
    later = Pipeline(pipeline.root, AS_OF="2027-06-01T06:00:00Z", RETENTION_DAYS=DAYS)
    assert retention.drop_old_data(later.settings, later.raw_layer)
    assert later.build()
    assert files_with_traces(settings.raw_dir, settings.build_dir, traces=[*OLD_TRACES, *NEW_TRACES]) == []
    assert later.query_built("select sum(abs(unexplained_count)) from audit_reconciliation") == [(0,)]
    assert later.query_built("select count(*) from fct_sends") == [(len(twin.table("fct_sends")),)]


PREFIXES = {"1": ("US",), "1415": ("US", "Los Angeles"), "1628": ("US", "Los Angeles"), "44": ("GB",)}


def test_a_pseudonym_tells_country_and_time_zone_and_stays_the_same() -> None:
    pseudonyms = Pseudonyms(b"k" * 32, PREFIXES)
    first, second = pseudonyms.of("+14155550199"), pseudonyms.of("+16285550199")
    assert first != second
    # Prefixes of which the same is told have the same digits.
    assert first[:11] == second[:11] == "+141500000x"
    assert pseudonyms.of("+447700900111")[:3] == "+44"
    assert pseudonyms.of("+999700900111").startswith("+x")
    # What is no number, and what lacks its country, can still be told.
    assert [pseudonyms.of(number)[:2] for number in ("4.479E+11", "07700900111", "+12")] == [
        "X" + pseudonyms.of("4.479E+11")[1],
        "0x",
        "+1",
    ]
    assert "X" in pseudonyms.of("+12")
    assert pseudonyms.of("72975") == "72975"
    for number in (first, second, pseudonyms.of("4.479E+11"), pseudonyms.of("07700900111")):
        assert PSEUDONYM.fullmatch(number)
        assert pseudonyms.of(number) == number


def test_a_logs_value_loses_the_persons_numbers_and_texts_wherever_they_stand() -> None:
    pseudonyms, listed = Pseudonyms(b"k" * 32, PREFIXES), Listed(frozenset(), frozenset({"sms"}))
    person = pseudonyms.of("+14155550199")
    row = OldRow("+14155550199", person, "+15550000001", "Yes", REMOVED, False, listed)

    def told(value: str, column: str = "payload") -> str | None:
        return log_value(value, column, row, pseudonyms)

    assert told("14155550199", "msisdn") == person
    assert told("whatsapp:+1 (415) 555-0199") == f"whatsapp:{person}"
    assert told("+15550000001", "to") == "+15550000001"
    assert told('="14155550199"', "msisdn") == told("'14155550199", "msisdn") == person
    both = told('["14155550199", 447700900111]', "recipients") or ""
    assert json.loads(both) == [person, pseudonyms.of("+447700900111")]
    assert told("Yes") == REMOVED
    assert told("no handset 14155550199 for a@b.example") == f"no handset {REMOVED} for {REMOVED}"
    assert json.loads(told(json.dumps({"to": [{"phone_number": "+447700900111"}], "at": 1790900103470, "n": 14155550199})) or "") == {
        "to": [{"phone_number": pseudonyms.of("+447700900111")}], "at": 1790900103470, "n": person,
    }  # fmt: skip
    rejected = OldRow("+14155550199", person, None, None, None, True, listed)
    shown = [
        log_value(value, "status", rejected, pseudonyms) for value in ("Zoraida", "SMS", "2026-10-01T09:00:00Z", "12.5")
    ]
    assert shown == [REMOVED, "SMS", "2026-10-01T09:00:00Z", "12.5"]


@pytest.mark.parametrize("text", ["Hi Zoé, 10 % off – “now”", "Привет, Anna 🎉", "€uro", "ΔΦ ñ 中文"])
def test_the_shape_of_a_text_takes_the_same_segments(text: str) -> None:
    shape = text_shape(text, frozenset("–“”"))
    assert len(shape) == len(text)
    assert len(shape.encode("utf-16")) == len(text.encode("utf-16"))
    assert text_shape(shape, frozenset("–“”")) == shape
    assert not any(letter in shape for letter in "ZoPaAn中Δ")


def test_the_days_move_once_a_day_and_count_from_as_of() -> None:
    settings = Settings.from_environment({"AS_OF": AS_OF, "RETENTION_DAYS": DAYS})
    cutoff = datetime(2026, 10, 11, 6)
    assert cutoff_of(settings, {}) == cutoff
    noted = {"day": "2026-11-20", "days": 40, "cutoff": "2026-10-11T01:00:00"}
    assert cutoff_of(settings, noted) == datetime(2026, 10, 11, 1)
    assert cutoff_of(settings, {**noted, "day": "2026-11-19"}) == cutoff
    assert cutoff_of(settings, {**noted, "days": 400}) == cutoff
    # Without the setting, what was dropped stays dropped.
    assert cutoff_of(Settings.from_environment({"AS_OF": AS_OF}), noted) == datetime(2026, 10, 11, 1)


def test_another_key_stops_dropping_and_without_the_setting_nothing_is_due(first_run: Kept) -> None:
    pipeline = first_run.put_back()
    assert not is_due(pipeline.settings, pipeline.raw_layer)
    variables = {**pipeline.variables, "RETENTION_DAYS": "36500"}
    settings = Settings.from_environment({**variables, "PRIVACY_KEY": "k" * 32})
    assert is_due(settings, pipeline.raw_layer)
    assert not retention.drop_old_data(settings, pipeline.raw_layer)
    assert not is_due(settings, pipeline.raw_layer)
    other = Settings.from_environment({**variables, "PRIVACY_KEY": "l" * 32})
    with pytest.raises(UserError, match="the privacy key is not the one with which numbers were replaced"):
        retention.drop_old_data(other, pipeline.raw_layer)
