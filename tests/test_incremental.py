"""A build that adds to what is there ends in the same tables as one that makes everything anew from the raw layer."""

import math
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.building.build import (
    DATABASES,
    connect_to_build,
    extract_groups,
    reason_for_a_refresh,
    remove_databases,
    taken_extracts,
)
from orchestration.building.dbt_runs import NodeResult, incremental_models, run_dbt
from orchestration.loading.raw_layer import LedgerEntry
from orchestration.settings import Settings
from tests.oracle.edge_extracts import Extracts, generate, together
from tests.pipeline import FOLDS, Kept, Pipeline, Rows
from tests.test_native_logs import PARTS_BY_LOAD, assert_parts_are_combined

# Extracts that have nothing to do with each other: each is an example, and one sequence of loads tries them all.
WORLDS = 30


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
    rebuilt = beside(pipeline, root)
    assert rebuilt.build(full_refresh=True)
    assert_same_tables(pipeline, rebuilt)
    shutil.rmtree(root)


def beside(pipeline: Pipeline, root: Path, **variables: str) -> Pipeline:
    """A warehouse with the same raw layer, of which nothing is built."""
    other = Pipeline(root, AS_OF=pipeline.variables["AS_OF"], **variables)
    shutil.copytree(pipeline.settings.raw_dir, other.settings.raw_dir)
    shutil.copytree(pipeline.settings.build_dir / "target", other.settings.build_dir / "target")
    return other


def assert_same_tables(pipeline: Pipeline, rebuilt: Pipeline) -> None:
    expected, found = tables_of(rebuilt), tables_of(pipeline)
    assert set(found) == set(expected)
    different = {
        name: {"only incremental": surplus[:3], "only rebuilt": missing[:3]}
        for name in expected
        if (surplus := minus(found[name], expected[name])) + (missing := minus(expected[name], found[name]))
    }
    assert different == {}


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
    max_examples=math.ceil(int(os.environ.get("PROPERTY_EXAMPLES", "30")) / WORLDS),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seeds=st.lists(st.integers(0, 10_000), min_size=WORLDS, max_size=WORLDS, unique=True),
    days=st.permutations(["2026-10-02", "2026-10-20", "2026-09-20", "2026-11-01"]),
)
def test_a_sequence_of_loads_equals_a_rebuild(
    tmp_path: Path, parsed_target: Path, seeds: list[int], days: list[str]
) -> None:
    """Loads in random order, with repeated rows, failovers and back, claims of a carrier's log, and AS_OF moving both ways."""
    chance = random.Random(str(seeds))
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    pipeline = Pipeline(root / "pipeline")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    worlds = [
        split(with_failovers(generate(seed, chance.choice([40, 120]), world), chance), chance.randint(2, 4), chance)
        for world, seed in enumerate(seeds)
    ]
    for number, (day, loads) in enumerate(zip(days, zip_longest(*worlds, fillvalue={}), strict=True)):
        pipeline = with_as_of(pipeline, f"{day}T06:00:00Z")
        drop(pipeline, together(loads), f"load-{number}")
        pipeline.load()
        # Between the first build and the last one, only what goes from build to build.
        assert pipeline.build(arguments=FOLDS if 0 < number < len(days) - 1 else ()) == (number == 0)
    assert_equals_a_rebuild(pipeline, root / "rebuilt")


def send(send_id: str, sent_at: str, number: str, **values: str) -> dict[str, str | None]:
    known = {"send_id": send_id, "message_id": "m", "channel": "sms", "customer_id": f"late-{number[-1]}"}
    return {**known, "sent_at": sent_at, "to_number": number, "provider": "twilio", **values}


def test_each_kind_of_late_row_ends_in_the_tables_of_a_rebuild(pipeline: Pipeline, tmp_path: Path) -> None:
    """What each kind should change is named; those of one load have no number, customer or message in common.

    With the parts of carriers' long messages, which have nothing in common with them either.
    """
    one, two, three, four = (f"+1415555000{n}" for n in range(1, 5))
    started = {
        "outbound.sends": [
            send("old", "2025-10-15T09:00:00Z", four, message_id="o"),
            send("moved", "2026-10-20T09:00:00Z", two, message_id="p"),
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
    }
    receipt = {"send_id": "old", "status": "delivered", "occurred_at": "2026-10-16T00:00:00Z"}
    failed = {
        "provider": "twilio",
        "provider_message_id": "SM1",
        "status": "undelivered",
        "error_code": "30006",
        "occurred_at": "2026-10-25T00:00:00Z",
    }
    moved = send("moved", "2026-10-19T09:00:00Z", two, message_id="n", updated_at="2026-10-24T00:00:00Z")
    later = send("later", "2026-10-23T08:00:00Z", one, message_id="l")
    loads: list[tuple[dict[str, Rows], dict[str, tuple[str, dict[str, object]]]]] = [
        (
            started,
            {
                "at first: old": ("old", {"delivery_status": "unconfirmed"}),
                "at first: fails": ("fails", {"is_engaged": True}),
                "at first: earlier": ("earlier", {"is_engaged": False}),
            },
        ),
        (
            {"outbound.sends": [moved, later], "outbound.statuses": [receipt, failed]},
            {
                "a receipt that is a year late": ("old", {"delivery_status": "delivered"}),
                "a send whose row changes its day": (
                    "moved",
                    {"sent_date": date(2026, 10, 19), "message_id": "n", "delivery_seconds": 86403.0},
                ),
                "a reply and a status whose send arrives later": (
                    "later",
                    {"delivery_status": "delivered", "is_engaged": True, "delivery_seconds": 5.0},
                ),
                "a send that turns into an issue after a reply was attributed to it": (
                    "fails",
                    {"issue_reason_id": "landline_or_unreachable_carrier", "is_engaged": False},
                ),
                "and the send before it, which gets the reply": ("earlier", {"is_engaged": True}),
            },
        ),
        (
            {
                "outbound.sends": [
                    send("moved", "2026-10-19T08:00:00Z", two, message_id="p", customer_id="c9", updated_at="2026-10-26T00:00:00Z"),
                    {**later, "sent_at": "2026-10-23T07:00:00Z", "updated_at": "2026-10-26T00:00:00Z"},
                ],
                "outbound.statuses": [receipt],
            },
            {
                "a latest delivery that turns out to be another customer's": (
                    "moved",
                    {"customer_id": "c9", "message_id": "p"},
                ),
                "first and last moments that move": ("later", {"delivery_seconds": 3605.0}),
                "the same status again": ("old", {"delivery_status": "delivered"}),
            },
        ),
    ]  # fmt: skip
    for number, ((extracts, expected), parts) in enumerate(zip_longest(loads, PARTS_BY_LOAD, fillvalue={})):
        # A column more, so that a row that comes again comes in another file.
        drop(
            pipeline,
            {table: [{**row, "batch": str(number)} for row in rows] for table, rows in extracts.items()},
            str(number),
        )
        for file, content in parts.items():
            pipeline.drop(file, content)
        pipeline.load()
        assert pipeline.build(arguments=FOLDS if 0 < number < len(loads) - 1 else ()) == (number == 0)
        sends = {row["send_id"]: row for row in pipeline.table("fct_sends")}
        found = {
            kind: (send_id, {column: sends[send_id][column] for column in values})
            for kind, (send_id, values) in expected.items()
        }
        assert found == expected
    assert_parts_are_combined(pipeline, {send_id for _, expected in loads for send_id, _ in expected.values()})
    assert_equals_a_rebuild(pipeline, tmp_path / "rebuilt")
    statuses = next(row for row in pipeline.table("audit_reconciliation") if row["table_name"] == "statuses")
    # Rows of statuses merge into the state of what they are addressed to, those that come again too.
    assert (statuses["read_count"], statuses["in_marts_count"], statuses["waiting_count"]) == (5, 5, 0)


@pytest.fixture(scope="module")
def half_built(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Kept:
    """A first half of extracts is built, the second only loaded."""
    pipeline = Pipeline(tmp_path_factory.mktemp("half") / "pipeline")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    first, second = split(generate(11, 60), 2, random.Random(11))
    drop(pipeline, first, "first")
    number = "+14155559999"
    reply = {"reply_id": "r", "from_number": number, "received_at": "2026-10-05T09:00:00Z"}
    drop(
        pipeline,
        {"outbound.sends": [send("a", "2026-10-01T09:00:00Z", number)], "outbound.replies": [reply]},
        "four-days-later",
    )
    pipeline.load()
    assert pipeline.build()
    drop(pipeline, second, "second")
    pipeline.load()
    return Kept(pipeline)


@pytest.fixture(scope="module")
def by_hand(half_built: Kept, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """All tables as dbt by hand makes them anew; its tests only read."""
    pipeline = beside(half_built.put_back(), tmp_path_factory.mktemp("by_hand") / "pipeline")
    pipeline.dbt("build", "--exclude-resource-type", "unit_test", "test")
    return pipeline


def refresh_reason(pipeline: Pipeline) -> str:
    """Why the next build would make everything anew; empty where it would not."""
    return reason_for_a_refresh(pipeline.settings, pipeline.raw_layer.read_ledger(), taken_extracts(pipeline.settings))


def test_a_changed_setting_rebuilds_everything(half_built: Kept) -> None:
    pipeline = half_built.put_back()
    answered = "select send_id from fct_replies where reply_id = 'r'"
    assert pipeline.query_built(answered) == [("a",)]
    shorter = Pipeline(pipeline.root, REPLY_WINDOW_DAYS="3")
    shorter.load()
    assert shorter.build(arguments=FOLDS)
    assert shorter.query_built(answered) == [(None,)]
    assert refresh_reason(shorter) == ""


def test_groups_hold_so_many_rows_and_a_larger_extract_is_one_by_itself() -> None:
    def entry(number: int, rows: int, outcome: str = "loaded") -> LedgerEntry:
        loaded_at = datetime(2026, 11, 1)
        return LedgerEntry("outbound", "sends", "f", f"h{number}", number, loaded_at, rows, 0, outcome, None, 1, 1)

    ledger = [entry(1, 60), entry(2, 40), entry(3, 500), entry(4, 10), entry(5, 9), entry(6, 0, "refused")]
    assert extract_groups(ledger, {}, 100) == [2, 3, 6]
    assert extract_groups(ledger, {1: "h1", 2: "h2", 3: "h3"}, 100) == [6]
    assert extract_groups([], {}, 100) == [0]


def test_a_killed_build_is_continued_and_not_rebuilt(
    half_built: Kept, by_hand: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that is killed after each of the models that fold: they hold what they hold after an undisturbed one."""
    pipeline = half_built.put_back()
    finished: list[str] = []

    def keep(event: Any) -> None:
        """Keep what a kill after this model would leave: databases, and their logs of what was written."""
        if event.info.name == "NodeFinished":
            finished.append(event.data.node_info.node_name)
            state = tmp_path / finished[-1]
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir()
            for path in (path for name in DATABASES for path in pipeline.settings.build_dir.glob(f"{name}*")):
                shutil.copyfile(path, state / path.name)

    monkeypatch.setattr("orchestration.building.dbt_runs._print_event", keep)
    pipeline.dbt("run", "--select", "config.materialized:incremental", "--threads", "1")
    models = list(finished)
    assert set(models) == {unique_id.split(".")[-1] for unique_id in incremental_models(pipeline.settings)}
    undisturbed = {model: rows_of(pipeline, model) for model in models}
    half_built.put_back()
    for number, model in enumerate(models):
        # The next build finds the model before finished, and is killed after this one.
        pipeline.dbt("run", "--select", *models[max(number - 1, 0) : number + 1], "--threads", "1")
        remove_databases(pipeline.settings)
        shutil.copytree(tmp_path / model, pipeline.settings.build_dir, dirs_exist_ok=True)
        assert rows_of(pipeline, model) == undisturbed[model], model
    # With nothing new left, another build changes nothing.
    pipeline.dbt("run", "--select", *models)
    same = {model: rows_of(pipeline, model) == undisturbed[model] for model in models}
    assert same == dict.fromkeys(models, True)
    assert not pipeline.build()
    assert_same_tables(pipeline, by_hand)


def test_a_first_build_that_is_killed_is_continued_too(
    half_built: Kept, by_hand: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its first group of extracts, when few tables are there, and in its last one, when some hold that one already."""
    pipeline = beside(half_built.put_back(), tmp_path / "pipeline", MAX_ROWS_AT_ONCE="300")
    ledger = pipeline.raw_layer.read_ledger()
    assert len(extract_groups(ledger, {}, 300)) == 2
    calls: list[Sequence[str]] = []

    def run_until(last_call: int, *models: str) -> Callable[[Settings, list[str]], list[NodeResult]]:
        def run(settings: Settings, arguments: list[str]) -> list[NodeResult]:
            calls.append(arguments)
            if len(calls) < last_call:
                return run_dbt(settings, arguments)
            without_selection = arguments[: arguments.index("--select")] if "--select" in arguments else arguments
            run_dbt(settings, [*without_selection, "--select", *models])
            raise KeyboardInterrupt

        return run

    for last_call, models in ((1, ["+int_sends"]), (3, ["+int_sends", "+int_send_states"])):
        with monkeypatch.context() as patch:
            patch.setattr("orchestration.building.build.run_dbt", run_until(last_call, *models))
            with pytest.raises(KeyboardInterrupt):
                pipeline.build()
        assert refresh_reason(pipeline) == ""
    assert ["--full-refresh" in arguments for arguments in calls] == [True, False, False]
    assert not pipeline.build(with_tests=True)
    assert_same_tables(pipeline, by_hand)


def rows_of(pipeline: Pipeline, model: str) -> list[str]:
    with connect_to_build(pipeline.settings) as connection:
        connection.execute("set search_path = 'main,marts.main'")
        return sorted(map(str, connection.execute(f"select * from {model}").fetchall()))


def test_dbt_by_hand_does_what_the_job_does(half_built: Kept, by_hand: Pipeline) -> None:
    pipeline = half_built.put_back()
    for selection in ([], ["--select", "fct_sends+"]):
        pipeline.dbt("build", "--exclude-resource-type", "unit_test", "test", *selection)
        assert_same_tables(pipeline, by_hand)
    # The job goes on from what dbt by hand did, but for what it made at first: that is made anew.
    assert refresh_reason(pipeline) == ""
    assert refresh_reason(by_hand) == "there is no finished build"
