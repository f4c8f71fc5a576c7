"""Runs of the command line, as Dagster's interface shows them: beside those that it started itself."""

import dagster as dg

# An origin is no part of Dagster's public interface; `dagster run migrate-repository` gives runs another in this way.
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

# What `make dev` serves, and Dagster's name of the definitions in it.
CODE_LOCATION, REPOSITORY = "orchestration.definitions", "__repository__"
# Jobs shows the runs with this label, also while they are under way.
RUN_TAGS = {".dagster/repository": f"{REPOSITORY}@{CODE_LOCATION}"}


def put_into_code_location(instance: dg.DagsterInstance, run_id: str) -> None:
    """Give a run of the command line the code location of `make dev`, without which Overview does not show it.

    Args:
        instance: that holds the run.
        run_id: of the run, which has ended.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    location = RegisteredCodeLocationOrigin(CODE_LOCATION)
    repository = RemoteRepositoryOrigin(code_location_origin=location, repository_name=REPOSITORY)
    instance.run_storage.replace_job_origin(run, RemoteJobOrigin(repository_origin=repository, job_name=run.job_name))
