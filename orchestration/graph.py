"""What there is to run: the graph from the extracts to the CSVs, the job, its schedule and its sensor."""

import dagster as dg

from orchestration.assets import dbt_model_assets, extract_assets, load_assets, publish_assets
from orchestration.automation import daily_schedule, new_extracts_sensor
from orchestration.dbt_build import ensure_manifest
from orchestration.declarations import read_extract_tables
from orchestration.settings import Settings
from orchestration.warehouse_lock import WarehouseLock

DAILY = "daily"


def build_definitions(settings: Settings) -> dg.Definitions:
    """Put the definitions together for one set of settings."""
    tables = read_extract_tables(ensure_manifest(settings))
    runnable = [load_assets(settings, tables), dbt_model_assets(settings, tables), publish_assets(settings)]
    daily = dg.define_asset_job(
        DAILY,
        selection=dg.AssetSelection.assets(*runnable),
        description="Load what is new, build, test, publish the marts, write the outputs.",
    )
    rebuild = dg.define_asset_job(
        "rebuild",
        selection=dg.AssetSelection.assets(*runnable),
        config={"ops": {"dbt_build": {"config": {"full_refresh": True, "test_everything": True}}}},
        description="As daily, but everything is made anew from the raw layer.",
    )
    return dg.Definitions(
        assets=[*extract_assets(tables), *runnable],
        jobs=[daily, rebuild],
        schedules=[daily_schedule(settings, DAILY)],
        sensors=[new_extracts_sensor(settings, DAILY)],
        resources={"warehouse_lock": WarehouseLock()},
        # A process a step would cost seconds of imports each, and the warehouse has one writer.
        executor=dg.in_process_executor,
    )
