"""Dagster's check that is not a test of dbt: that all tables equal a rebuild of them."""

import dagster as dg

from orchestration.bindings.previews import markdown_table
from orchestration.building.full_check import differences_from_a_rebuild
from orchestration.settings import Settings

# The check's own asset, which no job makes: a check of a table would run whenever that table is materialized.
REBUILD_ASSET = dg.AssetSpec(
    dg.AssetKey(["published", "rebuild"]),
    group_name="published",
    description="All tables, made anew beside the warehouse by the job full_check; they are compared, and not kept.",
    kinds={"duckdb"},
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
        found = differences_from_a_rebuild(settings)
        differing = dg.MetadataValue.md(markdown_table(["table", "rows"], found.items()))
        return dg.AssetCheckResult(passed=not found, metadata={"rows_that_differ": differing})

    return tables_equal_a_rebuild
