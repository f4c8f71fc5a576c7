"""A build that adds to what is there ends in the same tables as one that makes everything anew from the raw layer."""

import random
import shutil
import tempfile
from datetime import date
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.edge_extracts import Extracts, generate
from tests.pipeline import Pipeline, Rows

# Tables of the working database that the next build reads, beside all that is published.
KEPT_BY_THE_BUILD = (
    "int_replies_deduplicated",
    "int_message_days",
    "int_last_deliveries",
    "int_message_customer_counts",
    "int_message_delivery_buckets",
    "int_message_costs",
    "int_unmapped_issues",
    "int_row_places",
)


def tables_of(pipeline: Pipeline) -> dict[str, list[str]]:
    """Rows, as sorted texts, of all that a build keeps."""
    build_dir = pipeline.settings.build_dir
    with duckdb.connect(str(build_dir / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{build_dir / 'marts.duckdb'}' as marts (read_only)")
        names = [
            name
            for (name,) in connection.execute(
                "select database_name || '.main.' || table_name from duckdb_tables()"
                " where database_name = 'marts' or list_contains(?, table_name) order by 1",
                [list(KEPT_BY_THE_BUILD)],
            ).fetchall()
        ]
        tables = {name: sorted(map(str, connection.execute(f"from {name}").fetchall())) for name in names}
        # Rows that are only appended; their sum counts.
        seconds = connection.execute(
            "select * exclude (send_count), sum(send_count) from int_message_delivery_seconds group by all"
            " having sum(send_count) <> 0"
        )
        return {**tables, "int_message_delivery_seconds": sorted(map(str, seconds.fetchall()))}


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


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10_000), parts=st.integers(2, 4))
def test_a_sequence_of_loads_equals_a_rebuild(tmp_path: Path, parsed_target: Path, seed: int, parts: int) -> None:
    chance = random.Random(seed)
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    pipeline = Pipeline(root / "pipeline")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    for number, load in enumerate(split(generate(seed, chance.choice([40, 120, 300])), parts, chance)):
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
    assert (statuses["read_count"], statuses["duplicate_count"], statuses["waiting_count"]) == (5, 1, 0)


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


def test_a_build_in_parts_equals_one_at_once(pipeline: Pipeline) -> None:
    drop(pipeline, generate(7, 150), "all")
    pipeline.load()
    pipeline.build()
    at_once = tables_of(pipeline)
    # At most six sends a part, where the default is millions.
    assert pipeline.build(full_refresh=True, arguments=["--vars", "{sends_per_gigabyte: 2}"])
    assert tables_of(pipeline) == at_once
