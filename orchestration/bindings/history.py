"""Old runs: Dagster keeps every event of every run until it is told otherwise."""

import shutil
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.settings import Settings

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def prune_history(instance: dg.DagsterInstance, settings: Settings) -> int:
    """Delete runs that ended more than HISTORY_DAYS ago, with their events and logs.

    Args:
        instance: with the runs of this warehouse.
        settings: of the warehouse.

    Returns:
        How many were deleted.
    """
    before = datetime.now(UTC) - timedelta(days=settings.history_days)
    old = instance.get_run_records(dg.RunsFilter(statuses=FINISHED, updated_before=before))
    for record in old:
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        # What Dagster leaves of it: an empty database, and what its steps printed.
        for path in (settings.dagster_home / "history" / "runs").glob(f"{run_id}.db*"):
            path.unlink()
        shutil.rmtree(settings.dagster_home / "storage" / run_id, ignore_errors=True)
    return len(old)
