"""Dagster's checks that are not tests of dbt: what a load warns of, and that all tables equal a rebuild of them."""

from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.bindings.failures import failing_in_words
from orchestration.bindings.previews import markdown_table
from orchestration.building.full_check import differences_from_a_rebuild
from orchestration.loading.freshness import newest_loads, stale_tables
from orchestration.loading.raw_layer import RawLayer
from orchestration.settings import Settings

PIPELINE_LOADS_KEY = dg.AssetKey(["pipeline", "loads"])
LOAD_CHECKS = [
    dg.AssetCheckSpec(
        "no_file_is_refused",
        asset=PIPELINE_LOADS_KEY,
        description="Every file in LANDING_DIR could be read. A refused file is tried again when it changes.",
    ),
    dg.AssetCheckSpec(
        "sources_are_fresh",
        asset=PIPELINE_LOADS_KEY,
        description="Every source that ever had an extract had one within STALE_AFTER_HOURS.",
    ),
]
# Rows of a check's finding that are shown.
ROWS_SHOWN = 10

# The check's own asset, which no job makes: a check of a table would run whenever that table is materialized.
REBUILD_ASSET = dg.AssetSpec(
    dg.AssetKey(["published", "rebuild"]),
    group_name="published",
    description="All tables, made anew beside the warehouse by the job full_check; they are compared, and not kept.",
    kinds={"duckdb"},
)


def load_checks(settings: Settings, raw_layer: RawLayer) -> Iterator[dg.AssetCheckResult]:
    """What the load warns of, as results of `LOAD_CHECKS`."""
    refused = [(entry.file, entry.reason) for entry in raw_layer.standing_refusals()]
    yield _warning("no_file_is_refused", ["file", "reason"], refused)
    ledger = raw_layer.read_ledger()
    newest = newest_loads(ledger)
    stale = [
        (name, newest[source, table], hours)
        for name, hours in stale_tables(settings, ledger).items()
        for source, _, table in [name.partition("/")]
    ]
    yield _warning("sources_are_fresh", ["source", "newest extract (UTC)", "hours allowed"], stale)


def _warning(name: str, columns: list[str], rows: Sequence[tuple[object, ...]]) -> dg.AssetCheckResult:
    first_rows = dg.MetadataValue.md(markdown_table(columns, rows[:ROWS_SHOWN]))
    return dg.AssetCheckResult(
        asset_key=PIPELINE_LOADS_KEY,
        check_name=name,
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rows_found": len(rows), **({"first_rows": first_rows} if rows else {})},
    )


def rebuild_check(settings: Settings) -> dg.AssetChecksDefinition:
    """The check of the job `full_check` that makes everything anew; it comes after the data tests."""

    @dg.asset_check(
        asset=REBUILD_ASSET.key,
        name="tables_equal_a_rebuild",
        description="All tables, made anew beside the warehouse from all extracts, equal those that are there.",
        required_resource_keys={"warehouse_lock"},
        # A difference fails the run, so that it shows in the list of runs.
        blocking=True,
        op_tags={"dagster/priority": "-1"},
    )
    def tables_equal_a_rebuild() -> dg.AssetCheckResult:
        with failing_in_words():
            found = differences_from_a_rebuild(settings)
        differing = dg.MetadataValue.md(markdown_table(["table", "rows"], found.items()))
        return dg.AssetCheckResult(
            passed=not found,
            description=f"{sum(found.values()):,} rows of {', '.join(found)} differ from a rebuild." if found else None,
            metadata={"rows_that_differ": differing},
        )

    return tables_equal_a_rebuild
