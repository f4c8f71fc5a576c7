"""Dagster's assets: extracts, raw tables, dbt's models, the published database and the output files.

Bodies only bind: call, count, return metadata. The work is in the modules that import no Dagster.
"""

import csv
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets

from orchestration.dbt_build import (
    PROJECT_DIR,
    build_arguments,
    dbt_environment,
    dbt_executable,
    manifest_path,
    target_dir,
)
from orchestration.declarations import ExtractTable
from orchestration.outputs import CSV_FILES, MANIFEST_FILE
from orchestration.previews import PREVIEW_ROWS, Previews, markdown_table
from orchestration.publishing import publish
from orchestration.raw_layer import REFUSED, LedgerEntry, RawLayer
from orchestration.settings import Settings
from orchestration.warehouse_lock import WarehouseLock

PIPELINE_TABLES = {
    "settings": "The settings of the run, as the models read them.",
    "loads": "The ledger of the extract files: what was loaded, skipped or refused.",
    "rejected_records": "Rows that could not be read from their file.",
}
MARTS_KEY = dg.AssetKey(["published", "marts_duckdb"])


def extract_assets(tables: Mapping[tuple[str, str], ExtractTable]) -> list[dg.AssetSpec]:
    """The folders of the landing folder, as the graph's left edge; other systems fill them."""
    return [
        dg.AssetSpec(
            dg.AssetKey(["landing", *key]),
            group_name="extracts",
            description=f"Extract files in LANDING_DIR/{'/'.join(key)}/. {table.description}",
            kinds={"csv"},
        )
        for key, table in tables.items()
    ]


def load_assets(settings: Settings, tables: dict[tuple[str, str], ExtractTable]) -> dg.AssetsDefinition:
    """One asset per raw table, loaded side by side in one step."""
    specs = [
        dg.AssetSpec(
            dg.AssetKey(list(key)),
            deps=[dg.AssetKey(["landing", *key])],
            group_name="raw",
            description=f"Raw layer, as delivered. {table.description}",
            kinds={"parquet"},
            skippable=True,
        )
        for key, table in tables.items()
    ]
    specs += [
        dg.AssetSpec(
            dg.AssetKey(["pipeline", name]),
            deps=[dg.AssetKey(["landing", *key]) for key in tables],
            group_name="raw",
            description=description,
            kinds={"parquet"},
            skippable=True,
        )
        for name, description in PIPELINE_TABLES.items()
    ]

    @dg.multi_asset(name="load_extracts", specs=specs, can_subset=True)
    def load_extracts(
        context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock
    ) -> Iterator[dg.MaterializeResult[Any]]:
        started = time.monotonic()
        settings.check_landing_dir()
        raw_layer = RawLayer(settings, tables)
        summaries = raw_layer.load()
        ledger = raw_layer.read_ledger()
        if not ledger:
            context.log.info(f"no extracts in {settings.landing_dir} yet: nothing to build, nothing published")
            return
        as_of = raw_layer.write_settings()
        settings.build_dir.mkdir(parents=True, exist_ok=True)
        for entry in (entry for summary in summaries.values() for entry in summary.new_entries):
            if entry.outcome == REFUSED:
                context.log.warning(f"refused {entry.file}: {entry.reason}")
        selected = context.selected_asset_keys
        seconds = round(time.monotonic() - started, 3)
        for key, summary in summaries.items():
            if dg.AssetKey(list(key)) in selected:
                metadata = load_metadata(key, ledger, summary.new_entries, seconds)
                yield dg.MaterializeResult(asset_key=dg.AssetKey(list(key)), metadata=metadata)
        for name in PIPELINE_TABLES:
            if dg.AssetKey(["pipeline", name]) in selected:
                yield dg.MaterializeResult(
                    asset_key=dg.AssetKey(["pipeline", name]),
                    metadata={"as_of": f"{as_of.isoformat()}Z", "duration_seconds": seconds},
                )

    return load_extracts


def load_metadata(
    key: tuple[str, str], ledger: list[LedgerEntry], new_entries: list[LedgerEntry], seconds: float
) -> dict[str, Any]:
    """What Dagster shows of a raw table after a load.

    Args:
        key: source and table.
        ledger: all extract file versions.
        new_entries: those that this load added for the table.
        seconds: duration of the load of all tables.

    Returns:
        Metadata by label; "dagster/row_count" counts the table's rows after the load.
    """
    entries = [entry for entry in ledger if (entry.source, entry.table_name) == key and entry.outcome == "loaded"]
    rows = [
        (entry.file, entry.outcome, entry.row_count, entry.rejected_count, entry.reason) for entry in new_entries[:50]
    ]
    return {
        "dagster/row_count": sum(entry.row_count - entry.rejected_count for entry in entries),
        "new_files": len(new_entries),
        "new_rows": sum(entry.row_count - entry.rejected_count for entry in new_entries),
        "rejected_rows": sum(entry.rejected_count for entry in new_entries),
        "refused_files": sum(entry.outcome == REFUSED for entry in new_entries),
        "duration_seconds": seconds,
        "preview": dg.MetadataValue.md(markdown_table(["file", "outcome", "rows", "rejected", "reason"], rows)),
    }


def dbt_model_assets(settings: Settings) -> dg.AssetsDefinition:
    """Dbt's seeds, models and tests; the tests are asset checks."""

    @dbt_assets(
        manifest=manifest_path(settings),
        name="dbt_build",
        dagster_dbt_translator=DagsterDbtTranslator(
            settings=DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_tests_as_checks=True)
        ),
        exclude="resource_type:unit_test",
    )
    def dbt_build(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse_lock: WarehouseLock
    ) -> Iterator[Any]:
        events: list[Any] = []
        try:
            os.environ.update(dbt_environment(settings))
            invocation = dbt.cli(build_arguments(), context=context, target_path=target_dir(settings))
            events.extend(invocation.stream())
        finally:
            # dbt has let go of its databases; what it built is counted and shown even where it failed later on.
            yield from with_previews(events, settings.build_dir)

    return dbt_build


def with_previews(events: list[Any], build_dir: Path) -> Iterator[Any]:
    """Add row counts and previews to dbt's events.

    Args:
        events: what dagster-dbt made of dbt's events.
        build_dir: folder of the databases being built.

    Yields:
        The same events, materializations with "dagster/row_count" and "preview".
    """
    if not events or not (build_dir / "warehouse.duckdb").exists():
        yield from events
        return
    with Previews(build_dir) as previews:
        for event in events:
            if not isinstance(event, dg.Output):
                yield event
                continue
            name = _node_name(event)
            preview, row_count = previews.markdown(name), previews.row_count(name)
            metadata = dict(event.metadata)
            if row_count is not None:
                metadata["dagster/row_count"] = dg.IntMetadataValue(row_count)
            if preview is not None:
                metadata["preview"] = dg.MetadataValue.md(preview)
            yield event.with_metadata(metadata)


def _node_name(output: dg.Output[Any]) -> str:
    """Name of the dbt node that an output stands for."""
    unique_id = output.metadata.get("unique_id")
    return str(unique_id.value if unique_id is not None else "").rsplit(".", 1)[-1]


def csv_preview(path: Path) -> str:
    """The first rows of a CSV as a Markdown table."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = itertools.islice(csv.reader(file), PREVIEW_ROWS + 1)
    return markdown_table(header, rows)


def publish_assets(settings: Settings) -> dg.AssetsDefinition:
    """The published database and the output files, one step: all of them change, or none."""
    manifest = json.loads(manifest_path(settings).read_text(encoding="utf-8"))
    published_tables = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["config"].get("database") == "marts"
    ]
    exports = {file: view for file, (view, _) in CSV_FILES.items()}
    specs = [
        dg.AssetSpec(
            MARTS_KEY,
            deps=sorted(published_tables),
            group_name="published",
            description="WAREHOUSE_DIR/marts.duckdb: what analysts query; replaced in one step.",
            kinds={"duckdb"},
        )
    ]
    specs += [
        dg.AssetSpec(
            output_key(file),
            deps=[view],
            group_name="outputs",
            description=f"OUTPUT_DIR/latest/{file}",
            kinds={"csv"},
        )
        for file, view in exports.items()
    ]
    specs.append(
        dg.AssetSpec(
            output_key(MANIFEST_FILE),
            deps=[output_key(file) for file in exports],
            group_name="outputs",
            description=f"OUTPUT_DIR/latest/{MANIFEST_FILE}: each file's rows, bytes, SHA-256 and columns.",
            kinds={"json"},
        )
    )

    @dg.multi_asset(name="publish", specs=specs)
    def publish_step(
        context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock
    ) -> Iterator[dg.MaterializeResult[Any]]:
        started = time.monotonic()
        published = publish(settings)
        seconds = round(time.monotonic() - started, 3)
        tables = markdown_table(["table", "rows"], published.tables.items())
        yield dg.MaterializeResult(
            asset_key=MARTS_KEY,
            metadata={
                "path": dg.MetadataValue.path(published.marts_path),
                "dagster/row_count": sum(published.tables.values()),
                "duration_seconds": seconds,
                "preview": dg.MetadataValue.md(tables),
            },
        )
        for file in published.files:
            path = published.output_dir / file.name
            yield dg.MaterializeResult(
                asset_key=output_key(file.name),
                metadata={
                    "path": dg.MetadataValue.path(path),
                    "dagster/row_count": file.rows,
                    "bytes": file.bytes,
                    "duration_seconds": seconds,
                    "preview": dg.MetadataValue.md(csv_preview(path)),
                },
            )
        manifest_file = published.output_dir / MANIFEST_FILE
        yield dg.MaterializeResult(
            asset_key=output_key(MANIFEST_FILE),
            metadata={
                "path": dg.MetadataValue.path(manifest_file),
                "as_of": f"{published.as_of.isoformat()}Z",
                "preview": dg.MetadataValue.json(json.loads(manifest_file.read_text(encoding="utf-8"))),
            },
        )

    return publish_step


def output_key(file: str) -> dg.AssetKey:
    """Asset key of an output file: outputs / its name with "_" for "."."""
    return dg.AssetKey(["outputs", file.replace(".", "_")])


def dbt_resource() -> DbtCliResource:
    """The dbt command, of this Python environment."""
    return DbtCliResource(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=dbt_executable())
