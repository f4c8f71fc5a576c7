"""A build that adds to what is there ends in the same tables as one that makes everything anew from the raw layer."""

import random
import shutil
import tempfile
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.edge_extracts import Extracts, generate
from tests.pipeline import Pipeline, Rows

# Tables of the working database that the next build reads, beside all that is published.
KEPT_BY_THE_BUILD = (
    "int_replies_deduplicated",
    "int_send_states",
    "int_waiting_keys",
    "int_message_days",
    "int_message_customer_counts",
    "int_message_delivery_seconds",
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
        return {name: sorted(map(str, connection.execute(f"from {name}").fetchall())) for name in names}


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
