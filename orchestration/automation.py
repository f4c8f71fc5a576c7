"""When the job `daily` starts by itself: at an hour of the day, and when new extracts are complete."""

import hashlib
import json

import dagster as dg

from orchestration.dbt_build import ensure_manifest
from orchestration.declarations import read_extract_tables
from orchestration.raw_layer import RawLayer
from orchestration.settings import Settings

# Seconds between two looks into the landing folder; a file counts as complete when it did not change between two
# looks. Shorter finds files sooner and takes a slow upload's pause for its end; 10 is about the least.
SENSOR_SECONDS = 30


def daily_schedule(settings: Settings, job_name: str) -> dg.ScheduleDefinition:
    """The schedule of the job, at SCHEDULE_HOUR in SCHEDULE_TIMEZONE."""
    return dg.ScheduleDefinition(
        name="daily_schedule",
        job_name=job_name,
        cron_schedule=f"0 {settings.schedule_hour} * * *",
        execution_timezone=settings.schedule_timezone,
        description="Runs the job daily at SCHEDULE_HOUR in SCHEDULE_TIMEZONE.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def full_check_schedule(settings: Settings, job_name: str) -> dg.ScheduleDefinition:
    """The schedule of the weekly check, on Sundays at SCHEDULE_HOUR in SCHEDULE_TIMEZONE."""
    return dg.ScheduleDefinition(
        name="full_check_schedule",
        job_name=job_name,
        cron_schedule=f"0 {settings.schedule_hour} * * 0",
        execution_timezone=settings.schedule_timezone,
        description="Runs the full check on Sundays at SCHEDULE_HOUR in SCHEDULE_TIMEZONE.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def new_extracts_sensor(settings: Settings, job_name: str) -> dg.SensorDefinition:
    """The sensor that starts the job when extracts came and are complete."""

    @dg.sensor(
        name="new_extracts_sensor",
        job_name=job_name,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Starts the job daily when new extracts are there and did not change since the last look.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not settings.landing_dir.is_dir():
            return dg.SkipReason(f"LANDING_DIR={settings.landing_dir} does not exist")
        seen = json.loads(context.cursor) if context.cursor else {}
        found = new_files(settings)
        complete, run_key = completed_files(seen, found)
        if not complete:
            reason = "new extracts are still being written" if found else "no new extracts"
            return dg.SensorResult(skip_reason=reason, cursor=json.dumps(found))
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)], cursor=json.dumps(found))

    return sensor


def new_files(settings: Settings) -> dict[str, list[int]]:
    """The extracts that no load has seen: size (bytes) and time of change (nanoseconds) by file."""
    raw_layer = RawLayer(settings, read_extract_tables(ensure_manifest(settings)))
    return {extract.file: [extract.size_bytes, extract.modified_ns] for extract in raw_layer.new_extracts()}


def completed_files(seen: dict[str, list[int]], found: dict[str, list[int]]) -> tuple[bool, str]:
    """Tell whether all new files are complete.

    Args:
        seen: new files at the last look, as `new_files` gives them.
        found: new files now.

    Returns:
        Whether there are any and none changed since the last look; and a key of exactly these files, so that the same
        files start one run only.
    """
    key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return bool(found) and all(seen.get(file) == state for file, state in found.items()), key
