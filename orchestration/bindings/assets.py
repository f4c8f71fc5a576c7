"""Dagster's assets: extracts, raw tables, dbt's models, the published database and the output files.

Bodies only bind: call, count, return metadata. The work is in the modules that import no Dagster.
"""

import contextlib
import csv
import itertools
import json
import sys
import time
import traceback
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import dbt_assets

from orchestration.bindings.checks import LOAD_CHECKS, PIPELINE_LOADS_KEY, load_checks
from orchestration.bindings.failures import failing_in_words, retries
from orchestration.bindings.previews import PREVIEW_ROWS, Previews, markdown_table
from orchestration.bindings.resources import WarehouseLock
from orchestration.bindings.translation import Translator
from orchestration.building.build import build, check_needs_no_refresh, connect_to_build, noting_damage
from orchestration.building.dbt_project import manifest_path
from orchestration.building.dbt_runs import TEST_ARGUMENTS, DbtError, NodeResult, run_dbt
from orchestration.building.engines import engine_of
from orchestration.building.full_check import check_is_built
from orchestration.building.phases import ENGINE_PHASES, read_phases, record_phases
from orchestration.building.tests_in_words import failures_in_words, findings
from orchestration.errors import DISK_IS_FULL, may_pass, tells_of_a_full_disk
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_layer import LOADED, REFUSED, LedgerEntry, RawLayer
from orchestration.outside_text import shown
from orchestration.privacy.erasure import finish_erasure
from orchestration.privacy.personal_data import impersonal_columns
from orchestration.privacy.retention import build_and_drop
from orchestration.publishing.delivery import deliver
from orchestration.publishing.figures import key_figures
from orchestration.publishing.marts import publish
from orchestration.publishing.outputs import OUTPUT_FILES
from orchestration.publishing.state import (
    MANIFEST_FILE,
    check_is_publishable,
    forget_built,
    is_current,
    note_built,
    note_published,
)
from orchestration.settings import Settings

PIPELINE_TABLES = {
    "settings": "The settings of the run, as the models read them.",
    "loads": "The ledger of the extract files: what was loaded, skipped or refused.",
    "rejected_records": "Rows that could not be read from their file.",
    "numbers": "The numbers of newer rows that stand as pseudonyms in rows older than RETENTION_DAYS.",
    "erasures": "What was erased of persons who were forgotten.",
}
# Where dagster-dbt keeps the id of a check's test.
DBT_UNIQUE_ID = "dagster_dbt/unique_id"
MARTS_KEY = dg.AssetKey(["published", "marts_duckdb"])
REPORT_KEY = dg.AssetKey(["outputs", "report"])


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


class LoadConfig(dg.Config):
    """What a load does where nothing is new.

    Attributes:
        publishes_always: go on all the same, as a rebuild does.
    """

    publishes_always: bool = False


def raw_assets(settings: Settings, tables: Mapping[tuple[str, str], ExtractTable]) -> list[dg.AssetSpec]:
    """The raw tables; a load reports those that got new extracts, so that others do not look as if they were filled."""
    specs = []
    for key, table in tables.items():
        hours = settings.hours_until_stale(*key)
        specs.append(
            dg.AssetSpec(
                dg.AssetKey(list(key)),
                deps=[dg.AssetKey(["landing", *key])],
                group_name="raw",
                description=f"Raw layer, as delivered; the step load_extracts fills it. {table.description}",
                kinds={"parquet"},
                freshness_policy=fresh_within(hours) if hours else None,
            )
        )
    return specs


def fresh_within(hours: int) -> dg.FreshnessPolicy:
    """Dagster's policy of an asset that is stale so many hours after its last materialization."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours))


def load_assets(settings: Settings, tables: dict[tuple[str, str], ExtractTable]) -> dg.AssetsDefinition:
    """The load of all extracts in one step: it keeps the pipeline's own tables, and reports the raw ones."""
    specs = [
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

    @dg.multi_asset(
        name="load_extracts",
        specs=specs,
        check_specs=LOAD_CHECKS,
        can_subset=True,
        retry_policy=retries(settings),
    )
    def load_extracts(
        context: dg.AssetExecutionContext, config: LoadConfig, warehouse_lock: WarehouseLock
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        with failing_in_words():
            raw_layer = RawLayer(settings, tables)
            if context.selected_asset_keys:
                yield from load(context, config, raw_layer)
            yield from (
                result
                for result in load_checks(settings, raw_layer)
                if dg.AssetCheckKey(PIPELINE_LOADS_KEY, result.check_name or "") in context.selected_asset_check_keys
            )

    def load(
        context: dg.AssetExecutionContext, config: LoadConfig, raw_layer: RawLayer
    ) -> Iterator[dg.MaterializeResult[Any]]:
        started = time.monotonic()
        settings.check_landing_dir()
        summaries = raw_layer.load()
        ledger = raw_layer.read_ledger()
        if not ledger:
            context.log.info(f"no extracts in {settings.landing_dir} yet: nothing to build, nothing published")
            return
        raw_layer.write_settings()
        for entry in (entry for summary in summaries.values() for entry in summary.new_entries):
            if entry.outcome == REFUSED:
                context.log.warning(f"refused {shown(entry.file)}: {shown(entry.reason)}")
        seconds = round(time.monotonic() - started, 3)
        record_phases(settings, {"load": seconds}, restart=True)
        for key, summary in summaries.items():
            if any(entry.outcome == LOADED for entry in summary.new_entries):
                metadata = load_metadata(key, ledger, summary.new_entries, seconds)
                context.log_event(dg.AssetMaterialization(dg.AssetKey(list(key)), metadata=metadata))
        if not config.publishes_always and is_current(settings, raw_layer):
            context.log.info("nothing new since the last run: nothing to build, nothing published")
            return
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(
                asset_key=key, metadata={"as_of": f"{raw_layer.as_of().isoformat()}Z", "duration_seconds": seconds}
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


class BuildConfig(dg.Config):
    """How to build.

    Attributes:
        full_refresh: build everything anew from the raw layer, whatever is there.
    """

    full_refresh: bool = False


def dbt_model_assets(settings: Settings, tables: dict[tuple[str, str], ExtractTable]) -> dg.AssetsDefinition:
    """Dbt's seeds, models and tests; the tests are asset checks."""
    translator = Translator()
    manifest = json.loads(manifest_path(settings).read_text(encoding="utf-8"))

    @dbt_assets(
        manifest=manifest,
        name="dbt_build",
        dagster_dbt_translator=translator,
        exclude="resource_type:unit_test",
        retry_policy=retries(settings),
    )
    def dbt_build(
        context: dg.AssetExecutionContext, config: BuildConfig, warehouse_lock: WarehouseLock
    ) -> Iterator[Any]:
        with failing_in_words():
            yield from dbt_events(context, config)

    def dbt_events(context: dg.AssetExecutionContext, config: BuildConfig) -> Iterator[Any]:
        started = time.monotonic()
        keys = {
            unique_id: translator.get_asset_spec(manifest, unique_id, None).key
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }
        raw_layer = RawLayer(settings, tables)
        if not context.selected_asset_keys:
            # The job full_check: the tests alone.
            check_is_built(settings)
            try:
                results = run_dbt(settings, TEST_ARGUMENTS)
            except DbtError as error:
                yield from asset_events(context, error.results, keys, settings.build_dir, manifest)
                raise failure_of(error, settings, manifest) from None
            yield from asset_events(context, results, keys, settings.build_dir, manifest)
            return
        selected = [unique_id for unique_id, key in keys.items() if key in context.selected_asset_keys]
        is_partial = len(selected) < len(keys)
        arguments = ["--select", *(unique_id.split(".")[2] for unique_id in selected)] if is_partial else []
        if is_partial:
            check_needs_no_refresh(settings, raw_layer, config.full_refresh)
        else:
            forget_built(settings)
        try:
            build_all = build if is_partial else build_and_drop
            results, reason = build_all(settings, raw_layer, config.full_refresh, arguments)
        except DbtError as error:
            forget_built(settings)
            # What was built is counted and shown even where dbt failed later on.
            if engine_of(settings).builds_in_databases:
                yield from asset_events(context, error.results, keys, settings.build_dir, manifest)
            raise failure_of(error, settings, manifest) from None
        if not is_partial:
            note_built(settings, raw_layer)
        if reason:
            context.log.info(f"everything was made anew: {reason}")
        engine_seconds = sum(read_phases(settings).get(phase, 0) for phase in ENGINE_PHASES)
        record_phases(settings, build_phases(results, time.monotonic() - started - engine_seconds))
        # What is as the last full build made it; a step that waits for an asset without an event is skipped.
        unchanged = set() if reason else set(selected) - {result.unique_id for result in results}
        with noting_damage(settings):
            yield from asset_events(context, results, keys, settings.build_dir, manifest, unchanged)

    return dbt_build


def failure_of(error: DbtError, settings: Settings, manifest: Mapping[str, Any]) -> dg.Failure:
    """A failure of dbt, in words: a line for each test and model that failed."""
    traceback.print_exception(error, file=sys.stderr)
    with contextlib.ExitStack() as stack:
        connection = None
        if engine_of(settings).builds_in_databases:
            with contextlib.suppress(duckdb.Error):
                connection = stack.enter_context(connect_to_build(settings))
        lines = failures_in_words(connection, error.results, manifest["nodes"])
    if tells_of_a_full_disk(error):
        lines = [DISK_IS_FULL]
    return dg.Failure("\n".join(lines) or "dbt failed before its first model.", allow_retries=may_pass(error))


def build_phases(results: list[NodeResult], seconds: float) -> dict[str, float]:
    """Split the duration of a build into models and tests, which run side by side, in proportion to their own.

    Args:
        results: of dbt's nodes.
        seconds: duration of all.

    Returns:
        Seconds by phase: build, test.
    """
    tests = sum(result.seconds for result in results if result.unique_id.startswith("test."))
    total = sum(result.seconds for result in results) or 1.0
    return {"build": seconds * (1 - tests / total), "test": seconds * tests / total}


def asset_events(
    context: dg.AssetExecutionContext,
    results: list[NodeResult],
    keys: Mapping[str, dg.AssetKey],
    build_dir: Path,
    manifest: Mapping[str, Any],
    unchanged: Collection[str] = (),
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """What Dagster notes of a dbt run: built tables with their number of rows and a preview, tests as checks.

    Args:
        context: of the step.
        results: of dbt's nodes; dbt has let go of its databases.
        keys: asset keys of models and seeds by dbt's id.
        build_dir: folder of the databases.
        manifest: dbt's.
        unchanged: ids of models and seeds that did not have to be built.

    Yields:
        A materialization for each node that was built or is unchanged, parents first, then a check result for each
        test that ran.
    """
    checks = {
        spec.metadata[DBT_UNIQUE_ID]: spec
        for spec in context.assets_def.check_specs
        if DBT_UNIQUE_ID in spec.metadata and spec.key in context.selected_asset_check_keys
    }
    if not (build_dir / "warehouse.duckdb").exists():
        return
    built = {result.unique_id: result for result in results if result.unique_id in keys and result.status == "success"}
    order = TopologicalSorter({unique_id: manifest["parent_map"][unique_id] for unique_id in {*built, *unchanged}})
    with Previews(build_dir) as previews:
        for unique_id in order.static_order():
            if unique_id in unchanged:
                yield dg.MaterializeResult(asset_key=keys[unique_id], metadata={"unchanged": True})
            elif unique_id in built:
                result = built[unique_id]
                metadata: dict[str, Any] = {"duration_seconds": round(result.seconds, 3)}
                row_count, preview = previews.row_count(result.name), previews.markdown(result.name)
                if row_count is not None:
                    metadata["dagster/row_count"] = dg.IntMetadataValue(row_count)
                if preview is not None:
                    metadata["preview"] = dg.MetadataValue.md(preview)
                yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=metadata)
        for result in results:
            if result.unique_id in checks and result.status in ("pass", "warn", "fail", "error"):
                spec = checks[result.unique_id]
                check_metadata: dict[str, Any] = {
                    "rows_found": result.failures or 0,
                    "duration_seconds": round(result.seconds, 3),
                }
                if result.failures:
                    names, rows = findings(previews.connection, result, manifest["nodes"])
                    if names:
                        check_metadata["first_rows"] = dg.MetadataValue.md(markdown_table(names, rows))
                yield dg.AssetCheckResult(
                    passed=result.status == "pass",
                    asset_key=spec.asset_key,
                    check_name=spec.name,
                    description=spec.description,
                    severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
                    metadata=check_metadata,
                )


def csv_preview(path: Path, view: str) -> str:
    """The first rows of a CSV that shows a view, as a Markdown table without personal data."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = impersonal_columns(view, list(reader.fieldnames or []))
        rows = [[row[column] for column in columns] for row in itertools.islice(reader, PREVIEW_ROWS)]
    return markdown_table(columns, rows)


def publish_assets(settings: Settings) -> dg.AssetsDefinition:
    """The published database and the output files, one step: all of them change, or none."""
    manifest = json.loads(manifest_path(settings).read_text(encoding="utf-8"))
    published_tables = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["config"].get("database") == "marts"
    ]
    specs = [
        dg.AssetSpec(
            MARTS_KEY,
            deps=sorted(published_tables),
            group_name="published",
            description="WAREHOUSE_DIR/marts.duckdb: what analysts query; replaced in one step.",
            kinds={"duckdb"},
            freshness_policy=fresh_within(hours) if (hours := settings.stale_after_hours[""]) else None,
        )
    ]
    specs += [
        dg.AssetSpec(
            output_key(file),
            deps=views,
            group_name="outputs",
            description=f"OUTPUT_DIR/latest/{file}",
            kinds={Path(file).suffix[1:]},
        )
        for file, views in OUTPUT_FILES.items()
    ]
    specs.append(
        dg.AssetSpec(
            REPORT_KEY,
            deps=sorted(published_tables),
            group_name="outputs",
            description="OUTPUT_DIR/latest/report/index.html: the report for people, static pages that open from disk.",
            kinds={"html"},
        )
    )
    specs.append(
        dg.AssetSpec(
            output_key(MANIFEST_FILE),
            deps=[*(output_key(file) for file in OUTPUT_FILES), REPORT_KEY],
            group_name="outputs",
            description=f"OUTPUT_DIR/latest/{MANIFEST_FILE}: each file's rows, bytes, SHA-256 and columns.",
            kinds={"json"},
        )
    )

    @dg.multi_asset(name="publish", specs=specs, retry_policy=retries(settings))
    def publish_step(warehouse_lock: WarehouseLock) -> Iterator[dg.MaterializeResult[Any]]:
        with failing_in_words():
            yield from published_events()

    def published_events() -> Iterator[dg.MaterializeResult[Any]]:
        started = time.monotonic()
        check_is_publishable(settings)
        with noting_damage(settings):
            published = publish(settings)
        finish_erasure(settings)
        note_published(settings)
        record_phases(settings, published.phases)
        seconds = round(time.monotonic() - started, 3)
        tables = markdown_table(["table", "rows"], published.tables.items())
        yield dg.MaterializeResult(
            asset_key=MARTS_KEY,
            metadata={
                "path": dg.MetadataValue.path(published.marts_path),
                "dagster/row_count": sum(published.tables.values()),
                "duration_seconds": seconds,
                **key_figures(settings),
                "preview": dg.MetadataValue.md(tables),
            },
        )
        for file in (file for file in published.files if file.name in OUTPUT_FILES):
            path = published.output_dir / file.name
            metadata: dict[str, Any] = {
                "path": dg.MetadataValue.path(path),
                "bytes": file.bytes,
                "duration_seconds": seconds,
            }
            if file.rows is not None:
                metadata["dagster/row_count"] = file.rows
                metadata["preview"] = dg.MetadataValue.md(csv_preview(path, OUTPUT_FILES[file.name][0]))
            yield dg.MaterializeResult(asset_key=output_key(file.name), metadata=metadata)
        pages = [file for file in published.files if file.name.startswith("report/")]
        yield dg.MaterializeResult(
            asset_key=REPORT_KEY,
            metadata={
                "path": dg.MetadataValue.path(published.output_dir / "report" / "index.html"),
                "files": len(pages),
                "bytes": sum(file.bytes for file in pages),
                "duration_seconds": round(published.phases["report"], 3),
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


def delivery_asset(settings: Settings) -> dg.AssetsDefinition:
    """The copy of the outputs at `OUTPUT_URL`; where it can't be written, this asset fails alone."""

    @dg.asset(
        key=["outputs", "delivered"],
        deps=[output_key(MANIFEST_FILE)],
        group_name="outputs",
        description="The finished outputs, copied to OUTPUT_URL, the manifest last.",
        # Three more tries, 2, 4 and 8 seconds after the last; after that the next run makes up for it.
        retry_policy=dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL),
    )
    def delivered(warehouse_lock: WarehouseLock) -> dg.MaterializeResult[Any]:
        started = time.monotonic()
        with failing_in_words():
            folder, copied = deliver(settings)
        record_phases(settings, {"delivery": time.monotonic() - started})
        return dg.MaterializeResult(metadata={"folder": folder, "copied_files": copied})

    return delivered


def output_key(file: str) -> dg.AssetKey:
    """Asset key of an output file: outputs / its name with "_" for "."."""
    return dg.AssetKey(["outputs", file.replace(".", "_")])
