"""When the job `daily` starts by itself, what is told of a run that ended, and what becomes of one that died."""

import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from orchestration.bindings.dead_runs import DEAD, end_dead_runs
from orchestration.bindings.failures import failure_sentences
from orchestration.bindings.history import prune_history
from orchestration.building.parsing import ensure_manifest
from orchestration.loading.declarations import read_extract_tables
from orchestration.loading.raw_layer import RawLayer
from orchestration.loading.warehouse_lock import is_locked
from orchestration.notifications import tell_of_failure, tell_of_success
from orchestration.publishing.state import has_unpublished_extracts
from orchestration.settings import Settings

# Seconds between two looks into the landing folder; a file counts as complete when it did not change between two
# looks. Shorter finds files sooner and takes a slow upload's pause for its end; 10 is about the least.
SENSOR_SECONDS = 30
# A run that failed is started again so many seconds after its end, then after twice as many, up to the longest.
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60, 6 * 3600


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
            Look.from_cursor(context.cursor),
            found,
            has_unpublished=has_unpublished_extracts(settings, raw_layer),
            is_running=is_locked(settings),
            now=time.time(),
        )
        requests = [dg.RunRequest(run_key=look.run_key)] if look.run_key else []
        return dg.SensorResult(
            run_requests=requests, skip_reason=None if requests else look.reason, cursor=look.as_cursor()
        )

    return sensor


def run_end_sensors(settings: Settings, jobs: list[Any]) -> list[dg.SensorDefinition]:
    """Sensors that tell NOTIFY_URLS of runs that Dagster started; `make run` and its like tell of their own."""

    @dg.run_failure_sensor(
        name="failed_run_sensor",
        monitored_jobs=jobs,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Tells NOTIFY_URLS that a run failed.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def failed_run_sensor(context: dg.RunFailureSensorContext) -> None:
        problems = failure_sentences(context.get_step_failure_events())
        tell_of_failure(settings, context.dagster_run.job_name, problems or [context.failure_event.message or ""])

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="successful_run_sensor",
        monitored_jobs=jobs,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Tells NOTIFY_URLS that runs work again and what they warn of; deletes runs of HISTORY_DAYS ago.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def successful_run_sensor(context: dg.RunStatusSensorContext) -> None:
        tell_of_success(settings, context.dagster_run.job_name)
        prune_history(context.instance, settings)

    return [failed_run_sensor, successful_run_sensor]


def dead_runs_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that ends runs whose process died, since the next one would wait for them for ever."""

    @dg.sensor(
        name="dead_runs_sensor",
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Marks runs as failed whose process died: the next one would wait for them for ever.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_dead_runs(context.instance, settings)
        for run in ended:
            # Runs from the command line are no business of `failed_run_sensor`.
            if run.remote_job_origin is None:
                tell_of_failure(settings, run.job_name, [DEAD])
        return dg.SkipReason(f"{len(ended)} run(s) had died")

    return sensor


@dataclass(frozen=True)
class Look:
    """What a look into the landing folder found.

    Attributes:
        files: new files, [size in bytes, time of change in nanoseconds] by name.
        started: key of the run that was last started for new files.
        attempts: runs that were started again since.
        last_attempt: when a run was last started or seen under way, seconds since 1970.
        run_key: key of the run to be started now; None where none is.
        reason: why none is.
    """

    files: dict[str, list[int]] = field(default_factory=dict)
    started: str | None = None
    attempts: int = 0
    last_attempt: float = 0.0
    run_key: str | None = None
    reason: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Look":
        """The last look, from the sensor's cursor."""
        try:
            known = json.loads(cursor or "{}")
            return cls(known["files"], known["started"], int(known["attempts"]), float(known["last_attempt"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def as_cursor(self) -> str:
        """What the next look needs to know."""
        kept = ("files", "started", "attempts", "last_attempt")
        return json.dumps({name: getattr(self, name) for name in kept})


def next_look(last: Look, found: dict[str, list[int]], *, has_unpublished: bool, is_running: bool, now: float) -> Look:
    """Decide whether a run is started.

    Args:
        last: the last look.
        found: new files now, as `Look.files`.
        has_unpublished: whether extracts were loaded that no run has published.
        is_running: whether a run holds the warehouse.
        now: seconds since 1970.

    Returns:
        This look. A run starts where all new files are as at the last look, so that they are complete. It starts again
        while files for which one was started are still new, since their load failed, or loaded extracts are not
        published: `RETRY_SECONDS` after the end of the last run, then twice as long after each further one, up to
        `LONGEST_RETRY_SECONDS`.
    """
    # A clock that was set back makes no delay longer.
    last = replace(last, last_attempt=min(last.last_attempt, now))
    look = replace(last, files=found, run_key=None, reason="")
    if any(last.files.get(file) != state for file, state in found.items()):
        return replace(look, reason="new extracts are still being written")
    key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    if found and key != last.started:
        return replace(look, started=key, attempts=0, last_attempt=now, run_key=key)
    if not found and not has_unpublished:
        return replace(look, attempts=0, reason="no new extracts")
    if is_running:
        return replace(look, last_attempt=now, reason="a run is under way")
    delay = min(RETRY_SECONDS * 2**last.attempts, LONGEST_RETRY_SECONDS)
    if now - last.last_attempt < delay:
        left = round(last.last_attempt + delay - now)
        return replace(look, reason=f"extracts wait whose run did not succeed; again in {left} s")
    return replace(look, attempts=last.attempts + 1, last_attempt=now, run_key=f"retry-{now:.0f}")
