"""Contract rules 1 and 2: nothing is lost, order does not matter, twice is once."""

import json
import math
import os
import random
import tempfile
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.edge_extracts import Extracts, generate, together
from tests.pipeline import FOLDS, Pipeline, files_below

# Extracts that have nothing to do with each other, each an example of its own.
WORLDS = 30
ENDINGS = (".csv", ".jsonl", ".csv.gz", ".jsonl.gz")
AUDIT_OF_FILES = ("audit_loads", "audit_rejected_rows", "audit_reconciliation", "audit_unusable_values")


# The page that tells of files, too.
PAGE_OF_FILES = "report/about.html"


def snapshot(pipeline: Pipeline) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """All published tables but those that name files and loads, as sorted texts; and the bytes of such outputs."""
    tables = {}
    with duckdb.connect(str(pipeline.settings.marts_path), read_only=True) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall():
            if name not in AUDIT_OF_FILES:
                columns = (
                    "* exclude (last_extract_number, published_at)" if name == "report_info" else "columns('^[^_]')"
                )
                tables[name] = sorted(map(str, connection.execute(f"select {columns} from {name}").fetchall()))
        unexplained = connection.execute("select sum(unexplained_count) from audit_reconciliation").fetchone()
        assert unexplained == (0,)
    latest = pipeline.settings.output_dir / "latest"
    outputs = files_below(latest)
    manifest = json.loads(outputs.pop("manifest.json"))
    del manifest["files"][PAGE_OF_FILES], outputs[PAGE_OF_FILES]
    return tables, {**outputs, "manifest.json": json.dumps(manifest).encode()}


def drop(pipeline: Pipeline, extracts: Extracts, batch: str, ending: str) -> None:
    for name, rows in extracts.items():
        if rows:
            source, table = name.split(".")
            pipeline.drop_rows(f"{source}/{table}/{batch}{ending}", rows)


@settings(
    max_examples=math.ceil(int(os.environ.get("PROPERTY_EXAMPLES", "30")) / WORLDS),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=WORLDS, max_size=WORLDS, unique=True), days=st.integers(5, 10))
def test_the_same_extracts_give_the_same_tables(tmp_path: Path, seeds: list[int], days: int) -> None:
    """At once as CSV; and shuffled, a quarter repeated, split into daily loads with a build after some of them."""
    chance = random.Random(str(seeds))
    extracts = together(generate(seed, chance.choice([40, 120]), world) for world, seed in enumerate(seeds))
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    at_once = Pipeline(root / "at_once")
    drop(at_once, extracts, "all", ".csv")
    at_once.run()

    by_day = Pipeline(root / "by_day")
    shuffled = {name: rows + chance.sample(rows, len(rows) // 4) for name, rows in extracts.items()}
    for rows in shuffled.values():
        chance.shuffle(rows)
    built_on = chance.randrange(days)
    for day in range(days):
        drop(by_day, {name: rows[day::days] for name, rows in shuffled.items()}, f"day-{day}", ENDINGS[day % 4])
        by_day.load()
        if day == built_on:
            by_day.build(arguments=FOLDS)
    by_day.run()

    expected_tables, expected_outputs = snapshot(at_once)
    tables, outputs = snapshot(by_day)
    assert {name: tables[name] == rows for name, rows in expected_tables.items()} == dict.fromkeys(
        expected_tables, True
    )
    assert outputs == expected_outputs
