"""A build that adds to what is there ends in the same tables as one that makes everything anew from the raw layer."""

import os
import random
import shutil
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.building.build import DATABASES, extract_groups, remove_databases
from orchestration.building.dbt_runs import incremental_models
from orchestration.loading.raw_layer import LedgerEntry
from tests.oracle.edge_extracts import Extracts, generate
from tests.pipeline import Pipeline, Rows


def tables_of(pipeline: Pipeline) -> dict[str, list[str]]:
    """Rows, as sorted texts, of all that is published, but for report_info's time and the columns of the pipeline."""
    with duckdb.connect(str(pipeline.settings.build_dir / "marts.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, string_agg(column_name, ', ' order by column_index) from duckdb_columns()"
            " where not internal and not starts_with(column_name, '_') and column_name <> 'published_at' group by all"
        ).fetchall()
        return {
            table: sorted(map(str, connection.execute(f"select {names} from {table}").fetchall()))
            for table, names in columns
        }


def assert_equals_a_rebuild(pipeline: Pipeline, root: Path) -> None:
    """Make everything anew from a copy of the raw layer, and compare."""
    rebuilt = Pipeline(root, **{name: pipeline.variables[name] for name in ("AS_OF",)})
    shutil.copytree(pipeline.settings.raw_dir, rebuilt.settings.raw_dir)
    shutil.copytree(pipeline.settings.build_dir / "target", rebuilt.settings.build_dir / "target")
    assert rebuilt.build(full_refresh=True)
    expected, found = tables_of(rebuilt), tables_of(pipeline)
    assert set(found) == set(expected)
    different = {
        name: {"only incremental": surplus[:3], "only rebuilt": missing[:3]}
        for name in expected
        if (surplus := minus(found[name], expected[name])) + (missing := minus(expected[name], found[name]))
    }
    assert different == {}
    shutil.rmtree(root)


def minus(rows: list[str], others: list[str]) -> list[str]:
    left = list(rows)
    for row in others:
        if row in left:
            left.remove(row)
    return left


def with_as_of(pipeline: Pipeline, as_of: str) -> Pipeline:
    """The same folders at another as-of moment."""
    return Pipeline(pipeline.root, **{**pipeline.variables, "AS_OF": as_of})


def split(extracts: Extracts, parts: int, chance: random.Random) -> list[dict[str, Rows]]:
    """Deal the rows, shuffled and some of them repeated, into loads."""
    loads: list[dict[str, Rows]] = [{} for _ in range(parts)]
    for name, rows in extracts.items():
        dealt = rows + chance.sample(rows, len(rows) // 5)
        chance.shuffle(dealt)
        for row in dealt:
            # Most rows come early, so that the later loads are small and touch what is there.
            loads[min(int(chance.expovariate(1) * parts / 2), parts - 1)].setdefault(name, []).append(row)
    return loads


def drop(pipeline: Pipeline, load: dict[str, Rows], batch: str) -> None:
    for name, rows in load.items():
        source, table = name.split(".")
        pipeline.drop_rows(f"{source}/{table}/{batch}.csv", rows)


def with_failovers(extracts: Extracts, chance: random.Random) -> Extracts:
    """Some sends again, later, under another id of the provider, to another number or customer, or of another message."""
    sends = extracts["outbound.sends"]
    logged = [row.get("sid") for row in extracts.get("twilio.messages", [])]
    values: dict[str, list[str | None]] = {
        "provider_message_id": [*(row.get("provider_message_id") for row in sends), *logged, None],
        "to_number": [row.get("to_number") for row in sends],
        "customer_id": [row.get("customer_id") for row in sends],
        "message_id": [row.get("message_id") for row in sends],
    }
    changed = []
    for row in chance.sample(sends, len(sends) // 4):
        again = row | {name: chance.choice(pool) for name, pool in values.items() if chance.random() < 0.4}
        updated_at = f"2026-10-{chance.randint(1, 28):02d}T0{chance.randint(0, 9)}:00:00Z"
        changed.append(again | {"updated_at": updated_at if chance.random() < 0.8 else None})
    return {**extracts, "outbound.sends": sends + changed}


@settings(
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "4")),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10_000), parts=st.integers(2, 4))
def test_a_sequence_of_loads_equals_a_rebuild(tmp_path: Path, parsed_target: Path, seed: int, parts: int) -> None:
    """Loads in random order, with repeated rows, failovers and back, claims of a carrier's log, and AS_OF moving both ways."""
    chance = random.Random(seed)
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    pipeline = Pipeline(root / "pipeline")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    extracts = with_failovers(generate(seed, chance.choice([40, 120])), chance)
    for number, load in enumerate(split(extracts, parts, chance)):
        day = chance.choice(["2026-09-20", "2026-10-02", "2026-10-20", "2026-11-01"])
        pipeline = with_as_of(pipeline, f"{day}T06:00:00Z")
        drop(pipeline, load, f"load-{number}")
        pipeline.load()
        is_full = pipeline.build()
        assert is_full == (number == 0)
    assert_equals_a_rebuild(pipeline, root / "rebuilt")


def send(send_id: str, sent_at: str, number: str, **values: str) -> dict[str, str | None]:
    known = {"send_id": send_id, "message_id": "m", "channel": "sms", "customer_id": f"c{number[-1]}"}
    return {**known, "sent_at": sent_at, "to_number": number, "provider": "twilio", **values}


def test_each_kind_of_late_row_ends_in_the_tables_of_a_rebuild(pipeline: Pipeline, tmp_path: Path) -> None:
    """One load each; what it should change is named, and everything equals a rebuild after each."""
    one, two, three = "+14155550001", "+14155550002", "+14155550003"
    loads: list[tuple[str, dict[str, Rows], dict[str, dict[str, object]]]] = [
        (
            "start",
            {
                "outbound.sends": [
                    send("old", "2025-10-15T09:00:00Z", one),
                    send("moved", "2026-10-20T09:00:00Z", two),
                    send("earlier", "2026-10-21T09:00:00Z", three),
                    send("fails", "2026-10-22T09:00:00Z", three, provider_message_id="SM1"),
                ],
                "outbound.replies": [
                    {"reply_id": "named", "send_id": "later", "received_at": "2026-10-23T09:00:00Z", "body": "hello"},
                    {"reply_id": "found", "from_number": three, "received_at": "2026-10-23T09:00:00Z", "body": "hi"},
                ],
                "outbound.statuses": [
                    {"send_id": "later", "status": "delivered", "occurred_at": "2026-10-23T08:00:05Z"},
                    {"send_id": "moved", "status": "delivered", "occurred_at": "2026-10-20T09:00:03Z"},
                ],
            },
            {
                "old": {"delivery_status": "unconfirmed"},
                "fails": {"is_engaged": True},
                "earlier": {"is_engaged": False},
            },
        ),
        (
            "a receipt that is a year late",
            {"outbound.statuses": [{"send_id": "old", "status": "delivered", "occurred_at": "2026-10-16T00:00:00Z"}]},
            {"old": {"delivery_status": "delivered"}},
        ),
        (
            "a send whose row changes its day",
            {
                "outbound.sends": [
                    send("moved", "2026-10-19T09:00:00Z", two, message_id="n", updated_at="2026-10-24T00:00:00Z")
                ]
            },
            {"moved": {"sent_date": date(2026, 10, 19), "message_id": "n", "delivery_seconds": 86403.0}},
        ),
        (
            "a reply and a status whose send arrives later",
            {"outbound.sends": [send("later", "2026-10-23T08:00:00Z", one)]},
            {"later": {"delivery_status": "delivered", "is_engaged": True, "delivery_seconds": 5.0}},
        ),
        (
            "a send that turns into an issue after a reply was attributed to it",
            {
                "outbound.statuses": [
                    {
                        "provider": "twilio",
                        "provider_message_id": "SM1",
                        "status": "undelivered",
                        "error_code": "30006",
                        "occurred_at": "2026-10-25T00:00:00Z",
                    }
                ]
            },
            {
                "fails": {"issue_reason_id": "landline_or_unreachable_carrier", "is_engaged": False},
                "earlier": {"is_engaged": True},
            },
        ),
        (
            "a latest delivery that turns out to be another customer's, and first and last moments that move",
            {
                "outbound.sends": [
                    send("moved", "2026-10-19T08:00:00Z", two, customer_id="c9", updated_at="2026-10-26T00:00:00Z"),
                    send("later", "2026-10-23T07:00:00Z", one, updated_at="2026-10-26T00:00:00Z"),
                ]
            },
            {"moved": {"customer_id": "c9", "message_id": "m"}, "later": {"delivery_seconds": 3605.0}},
        ),
        (
            "the same status again",
            {"outbound.statuses": [{"send_id": "old", "status": "delivered", "occurred_at": "2026-10-16T00:00:00Z"}]},
            {"old": {"delivery_status": "delivered"}},
        ),
    ]
    for number, (name, extracts, expected) in enumerate(loads):
        for table, rows in extracts.items():
            # A column more, so that a row that comes again comes in another file.
            pipeline.drop_rows(
                f"{table.replace('.', '/')}/{number}.csv", [{**row, "batch": str(number)} for row in rows]
            )
        pipeline.load()
        assert pipeline.build() == (number == 0), name
        found = {row["send_id"]: row for row in pipeline.table("fct_sends")}
        for send_id, values in expected.items():
            assert {column: found[send_id][column] for column in values} == values, name
        if number in (2, len(loads) - 1):
            assert_equals_a_rebuild(pipeline, tmp_path / f"rebuilt-{number}")
    statuses = next(row for row in pipeline.table("audit_reconciliation") if row["table_name"] == "statuses")
    # Rows of statuses merge into the state of what they are addressed to, those that come again too.
    assert (statuses["read_count"], statuses["in_marts_count"], statuses["waiting_count"]) == (5, 5, 0)


def test_a_changed_setting_rebuilds_everything(pipeline: Pipeline) -> None:
    number = "+14155550001"
    pipeline.drop_rows("outbound/sends/a.csv", [send("a", "2026-10-01T09:00:00Z", number)])
    pipeline.drop_rows(
        "outbound/replies/a.csv", [{"reply_id": "r", "from_number": number, "received_at": "2026-10-05T09:00:00Z"}]
    )
    pipeline.load()
    assert pipeline.build()
    assert [row["send_id"] for row in pipeline.table("fct_replies")] == ["a"]
    shorter = Pipeline(pipeline.root, REPLY_WINDOW_DAYS="3")
    shorter.load()
    assert shorter.build()
    assert [row["send_id"] for row in shorter.table("fct_replies")] == [None]
    assert not shorter.build()


def test_a_build_in_groups_of_extracts_equals_one_at_once(tmp_path: Path, parsed_target: Path) -> None:
    chance = random.Random(7)
    pipeline = Pipeline(tmp_path / "groups", MAX_ROWS_AT_ONCE="100")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    for number, load in enumerate(split(generate(7, 60), 3, chance)):
        drop(pipeline, load, f"load-{number}")
    pipeline.load()
    assert len(extract_groups(pipeline.raw_layer.read_ledger(), {}, 100)) > 2
    assert pipeline.build()
    assert not pipeline.build()
    at_once = Pipeline(tmp_path / "at_once")
    shutil.copytree(pipeline.settings.raw_dir, at_once.settings.raw_dir)
    shutil.copytree(parsed_target, at_once.settings.build_dir / "target")
    assert at_once.build()
    assert tables_of(pipeline) == tables_of(at_once)


def test_groups_hold_so_many_rows_and_a_larger_extract_is_one_by_itself() -> None:
    def entry(number: int, rows: int, outcome: str = "loaded") -> LedgerEntry:
        loaded_at = datetime(2026, 11, 1)
        return LedgerEntry("outbound", "sends", "f", f"h{number}", number, loaded_at, rows, 0, outcome, None, 1, 1)

    ledger = [entry(1, 60), entry(2, 40), entry(3, 500), entry(4, 10), entry(5, 9), entry(6, 0, "refused")]
    assert extract_groups(ledger, {}, 100) == [2, 3, 6]
    assert extract_groups(ledger, {1: "h1", 2: "h2", 3: "h3"}, 100) == [6]
    assert extract_groups([], {}, 100) == [0]


def test_a_killed_build_is_continued_and_not_rebuilt(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that ends after any of the models that fold: the next one ends where an undisturbed one would."""
    first, second = split(generate(11, 60), 2, random.Random(11))
    drop(pipeline, first, "first")
    pipeline.load()
    assert pipeline.build()
    drop(pipeline, second, "second")
    pipeline.load()
    states = tmp_path / "states"

    def keep(event: Any) -> None:
        """Keep what a kill between this model and the next would leave: databases, and their logs of what was written."""
        if event.info.name == "NodeFinished":
            files = [path for name in DATABASES for path in pipeline.settings.build_dir.glob(f"{name}*")]
            state = states / event.data.node_info.node_name
            state.mkdir(parents=True)
            for path in files:
                shutil.copyfile(path, state / path.name)

    folding = ["run", "--select", "config.materialized:incremental"]
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.building.dbt_runs._print_event", keep)
        pipeline.dbt(*folding, "--threads", "1")
    names = {unique_id.split(".")[-1] for unique_id in incremental_models(pipeline.settings)}
    assert {state.name for state in states.iterdir()} == names
    expected = {name: rows for name, rows in tables_of(pipeline).items() if name in names}
    assert set(expected) == {"fct_sends", "fct_replies", "dim_phone_numbers"}
    for state in sorted(states.iterdir()):
        remove_databases(pipeline.settings)
        shutil.copytree(state, pipeline.settings.build_dir, dirs_exist_ok=True)
        pipeline.dbt(*folding)
        found = tables_of(pipeline)
        same = {table: found[table] == rows for table, rows in expected.items()}
        assert same == dict.fromkeys(expected, True), state.name
    assert not pipeline.build()
    assert_equals_a_rebuild(pipeline, tmp_path / "rebuilt")


def test_a_second_build_changes_nothing_and_dbt_by_hand_does_what_the_job_does(pipeline: Pipeline) -> None:
    first, second = split(generate(13, 60), 2, random.Random(13))
    drop(pipeline, first, "first")
    pipeline.load()
    pipeline.dbt("build", "--exclude-resource-type", "unit_test", "test")
    by_hand = tables_of(pipeline)
    assert pipeline.build()
    assert tables_of(pipeline) == by_hand
    drop(pipeline, second, "second")
    pipeline.load()
    assert not pipeline.build()
    built = tables_of(pipeline)
    for selection in ([], ["--select", "fct_sends+"]):
        pipeline.dbt("build", "--exclude-resource-type", "unit_test", "test", *selection)
        assert tables_of(pipeline) == built


def test_damaged_databases_are_made_anew(pipeline: Pipeline) -> None:
    drop(pipeline, generate(5, 40), "all")
    pipeline.load()
    assert pipeline.build()
    built = tables_of(pipeline)
    # Which damages are noticed: tests/test_commands.py.
    (pipeline.settings.build_dir / "warehouse.duckdb").write_bytes(b"truncated")
    assert pipeline.build()
    assert tables_of(pipeline) == built
    (pipeline.settings.build_dir / "marts.duckdb").unlink()
    assert pipeline.build()
    assert tables_of(pipeline) == built
