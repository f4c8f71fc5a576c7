"""When the job `daily` starts by itself: at an hour of the day, and when new extracts are complete."""

import hashlib
import json
import time
from dataclasses import dataclass, field

import dagster as dg

from orchestration.building.dbt_project import ensure_manifest
from orchestration.loading.declarations import read_extract_tables
from orchestration.loading.raw_layer import RawLayer
from orchestration.publishing.state import has_unpublished_extracts
from orchestration.settings import Settings

# Seconds between two looks into the landing folder; a file counts as complete when it did not change between two
# looks. Shorter finds files sooner and takes a slow upload's pause for its end; 10 is about the least.
SENSOR_SECONDS = 30
# A run that failed is started again after so many seconds, then after twice as many, up to the longest.
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 120, 6 * 3600


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
    """The sensor that starts the job when extracts came and are complete, and again while their run failed."""

    @dg.sensor(
        name="new_extracts_sensor",
        job_name=job_name,
        minimum_interval_seconds=SENSOR_SECONDS,
        description=(
            "Starts the job daily when new extracts are there and did not change since the last look, and again,"
            " after a growing delay, while extracts that were loaded are not published."
        ),
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not settings.landing_dir.is_dir():
            return dg.SkipReason(f"LANDING_DIR={settings.landing_dir} does not exist")
        raw_layer = RawLayer(settings, read_extract_tables(ensure_manifest(settings)))
        found = {extract.file: [extract.size_bytes, extract.modified_ns] for extract in raw_layer.new_extracts()}
        look = next_look(
            Look.from_cursor(context.cursor), found, has_unpublished_extracts(settings, raw_layer), time.time()
        )
        requests = [dg.RunRequest(run_key=look.run_key)] if look.run_key else []
        return dg.SensorResult(
            run_requests=requests, skip_reason=None if requests else look.reason, cursor=look.as_cursor()
        )

    return sensor


@dataclass(frozen=True)
class Look:
    """What a look into the landing folder found.

    Attributes:
        files: new files, [size in bytes, time of change in nanoseconds] by name.
        attempts: runs that were started for loaded extracts that are not published.
        last_attempt: when the last run was started, seconds since 1970.
        run_key: key of the run to be started now; None where none is.
        reason: why none is.
    """

    files: dict[str, list[int]] = field(default_factory=dict)
    attempts: int = 0
    last_attempt: float = 0.0
    run_key: str | None = None
    reason: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Look":
        """The last look, from the sensor's cursor."""
        try:
            known = json.loads(cursor or "{}")
            return cls(known["files"], int(known["attempts"]), float(known["last_attempt"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def as_cursor(self) -> str:
        """What the next look needs to know."""
        return json.dumps({"files": self.files, "attempts": self.attempts, "last_attempt": self.last_attempt})


def next_look(last: Look, found: dict[str, list[int]], has_unpublished: bool, now: float) -> Look:
    """Decide whether a run is started.

    Args:
        last: the last look.
        found: new files now, as `Look.files`.
        has_unpublished: whether extracts were loaded that no run has published.
        now: seconds since 1970.

    Returns:
        This look. A run starts where all new files are as at the last look, so that they are complete; and where loaded
        extracts are not published, `RETRY_SECONDS` after the last run was started, then twice as long after each
        further one, up to `LONGEST_RETRY_SECONDS`.
    """
    if found:
        if any(last.files.get(file) != state for file, state in found.items()):
            return Look(found, 0, last.last_attempt, None, "new extracts are still being written")
        key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
        return Look(found, 0, now, key)
    if not has_unpublished:
        return Look(found, 0, last.last_attempt, None, "no new extracts")
    delay = min(RETRY_SECONDS * 2**last.attempts, LONGEST_RETRY_SECONDS)
    if now - last.last_attempt < delay:
        left = round(last.last_attempt + delay - now)
        return Look(
            found, last.attempts, last.last_attempt, None, f"loaded extracts are not published; again in {left} s"
        )
    return Look(found, last.attempts + 1, now, f"retry-{now:.0f}")
