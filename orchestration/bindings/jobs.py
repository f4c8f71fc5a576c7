"""What there is to run: the graph from the extracts to the CSVs, the job, its schedule and its sensor."""

import dagster as dg

from orchestration.bindings.assets import (
    dbt_model_assets,
    delivery_asset,
    extract_assets,
    load_assets,
    publish_assets,
    raw_assets,
)
from orchestration.bindings.checks import REBUILD_ASSET, rebuild_check
from orchestration.bindings.resources import WarehouseLock
from orchestration.bindings.schedules import daily_schedule, full_check_schedule
from orchestration.bindings.sensors import dead_runs_sensor, new_extracts_sensor, run_end_sensors
from orchestration.bindings.translation import with_owner_and_layer
from orchestration.building.engines import engine_of
from orchestration.building.parsing import ensure_manifest
from orchestration.loading.declarations import read_extract_tables
from orchestration.settings import Settings

DAILY, REBUILD, FULL_CHECK = "daily", "rebuild", "full_check"


def build_definitions(settings: Settings) -> dg.Definitions:
    """Put the definitions together for one set of settings."""
    tables = read_extract_tables(ensure_manifest(settings))
    runnable = [load_assets(settings, tables), dbt_model_assets(settings, tables), publish_assets(settings)]
    if settings.output_url:
        runnable.append(delivery_asset(settings))
    external = [*extract_assets(tables), *raw_assets(settings, tables), REBUILD_ASSET]
    everything = dg.AssetSelection.assets(*runnable)
    daily = dg.define_asset_job(
        DAILY,
        selection=everything,
        description="Load what is new, build, test, publish the marts, write the outputs.",
    )
    rebuild = dg.define_asset_job(
        REBUILD,
        selection=everything,
        config={
            "ops": {
                "load_extracts": {"config": {"publishes_always": True}},
                "dbt_build": {"config": {"full_refresh": True}},
            }
        },
        description="As daily, but everything is made anew from the raw layer.",
    )
    full_check = dg.define_asset_job(
        FULL_CHECK,
        selection=dg.AssetSelection.all_asset_checks(),
        description="Run every data test, and compare all tables with a rebuild beside the warehouse.",
    )
    return dg.Definitions(
        assets=[*dg.map_asset_specs(with_owner_and_layer, [*external, *runnable])],
        asset_checks=[rebuild_check(settings)],
        jobs=[daily, rebuild, full_check],
        schedules=[
            daily_schedule(settings, DAILY),
            *([full_check_schedule(settings, FULL_CHECK)] if engine_of(settings).builds_in_databases else []),
        ],
        sensors=[
            new_extracts_sensor(settings, DAILY),
            dead_runs_sensor(settings),
            *run_end_sensors(settings, [daily, rebuild, full_check]),
        ],
        resources={"warehouse_lock": WarehouseLock()},
        # A process a step would cost seconds of imports each, and the warehouse has one writer.
        executor=dg.in_process_executor,
    )
