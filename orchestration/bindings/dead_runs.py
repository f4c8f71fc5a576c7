"""Runs whose process died: Dagster shows them as started, and its queue waits for them, until somebody says so."""

import time

import dagster as dg

from orchestration.loading.warehouse_lock import is_locked
from orchestration.settings import Settings

# A run that just began has not taken the warehouse's lock yet: its process imports Dagster and dbt, 10 seconds on a
# slow machine. A run that is alive and older either holds the lock or waits for the one that does.
BEGINNING_SECONDS = 60
# One that waits for the lock takes it at once when it becomes free; this is long enough to see it.
HANDOVER_SECONDS = 1
STATUSES = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
DEAD = "The run's process died before its end (killed, out of memory, or the machine was switched off)."


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[dg.DagsterRun]:
    """Mark runs as failed whose process died.

    The warehouse's lock tells: every run holds it or waits for it, and the system frees it when a process dies.

    Args:
        instance: with the runs of this warehouse.
        settings: of the warehouse.

    Returns:
        The runs that were marked.
    """
    begun = [
        record.dagster_run
        for record in instance.get_run_records(dg.RunsFilter(statuses=STATUSES))
        if time.time() - record.update_timestamp.timestamp() > BEGINNING_SECONDS
    ]
    if not begun or is_locked(settings):
        return []
    time.sleep(HANDOVER_SECONDS)
    if is_locked(settings):
        return []
    # Some may have ended just now.
    dead = [run for run in begun if (now := instance.get_run_by_id(run.run_id)) and now.status in STATUSES]
    for run in dead:
        instance.report_run_failed(run, DEAD)
    return dead
