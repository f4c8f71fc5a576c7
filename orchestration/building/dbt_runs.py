"""Running dbt in this process: which arguments a build needs, and what became of its nodes."""

import contextlib
import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.building.dbt_project import (
    PROJECT_DIR,
    dbt_environment,
    set_environment,
    target_dir,
    without_dbt_variables,
)
from orchestration.building.engines import engine_of
from orchestration.building.parsing import ensure_manifest, parsed_manifest
from orchestration.outside_text import shown
from orchestration.settings import Settings

# Every data test of the project; unit tests test the project and not the data.
TEST_ARGUMENTS = ("test", "--exclude-resource-type", "unit_test")


# What only a change of the project changes: seeds with their tests, and views, but for the one that a test reads: dbt
# leaves out the tests of what it leaves out.
UNCHANGED = (
    *("path:seeds", "path:models/exports", "path:models/staging,config.materialized:view"),
    *("assert_seeds_name_only_what_is_seeded", "assert_written_out_statuses_are_the_seeds"),
)

# Unit tests test the project and not the data; an exposure is a line of the documentation.
NOTHING_TO_BUILD = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure")

# What took seconds of every run and nobody reads: files of the results, which `run_dbt` returns, and dbt's own logs,
# whose lines are laid out before most of them are thrown away; `_print_event` prints those that tell something.
QUICK = ("--no-write-json", "--log-level", "none", "--log-level-file", "none")


@dataclass(frozen=True)
class NodeResult:
    """What became of a dbt model, seed or test.

    Attributes:
        unique_id: dbt's id of the node.
        status: dbt's word: success, pass, warn, fail, error, skipped.
        seconds: duration.
        message: what dbt said.
        failures: rows that a test found; None for others.
        compiled_code: the SQL that ran; None where none did.
    """

    unique_id: str
    status: str
    seconds: float
    message: str
    failures: int | None
    compiled_code: str | None

    @property
    def name(self) -> str:
        """Name of the node."""
        return self.unique_id.split(".")[2]

    @property
    def is_failed(self) -> bool:
        """Whether the node failed by itself, not because another did."""
        return self.status in ("error", "fail")


class DbtError(Exception):
    """Dbt failed; `results` holds what became of the nodes until then."""

    def __init__(self, message: str, results: list[NodeResult]) -> None:
        """Keep dbt's message and the results so far."""
        failed = "\n".join(f"{result.name}: {result.message[:500]}" for result in results if result.is_failed)
        super().__init__(failed or message)
        self.results = results


def build_arguments(full_refresh: bool, is_complete: bool = True, folds_only: bool = False) -> list[str]:
    """Arguments of dbt for a build: everything but the unit tests, which test the project and not the data.

    Args:
        full_refresh: whether incremental models are made anew.
        is_complete: whether seeds are loaded and tested, and views made; a change of one makes everything anew, so
            others need not.
        folds_only: whether only incremental models are built, with what they read, and nothing is tested.
    """
    arguments = ["build", *NOTHING_TO_BUILD, *(["--full-refresh"] if full_refresh else [])]
    if folds_only:
        return [*arguments, "--exclude-resource-type", "test", "--select", "+config.materialized:incremental"]
    return arguments if is_complete else [*arguments, "--exclude", *UNCHANGED]


def incremental_models(settings: Settings) -> set[str]:
    """Dbt's ids of the models that fold extracts into what is there."""
    return _made_as(settings, "incremental")


def views(settings: Settings) -> set[str]:
    """Names of the models that are views."""
    return {unique_id.split(".")[-1] for unique_id in _made_as(settings, "view")}


def seeds(settings: Settings) -> set[str]:
    """Dbt's ids of the seeds."""
    return _made_as(settings, "seed")


def _made_as(settings: Settings, materialized: str) -> set[str]:
    manifest = json.loads(ensure_manifest(settings).read_text(encoding="utf-8"))
    return {
        unique_id for unique_id, node in manifest["nodes"].items() if node["config"]["materialized"] == materialized
    }


def run_dbt(settings: Settings, arguments: Sequence[str]) -> list[NodeResult]:
    """Run a dbt command in this process, with what `ensure_manifest` had parsed.

    Args:
        settings: of the warehouse.
        arguments: dbt's, such as `build_arguments()`.

    Returns:
        What became of every node, in the order in which they ended.

    Raises:
        DbtError: dbt could not run at all, or a node failed; `results` tells which.
        UserError: the dbt project does not parse.
    """
    # dbt is imported here: a wrong setting is told at once, without seconds of imports.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    folders += ["--target-path", str(target_dir(settings)), "--log-path", str(settings.build_dir / "logs")]
    try:
        with _environment(dbt_environment(settings)):
            runner = dbtRunner(manifest=parsed_manifest(settings), callbacks=[_print_event])
            # The manifest and what was imported stay: looking through them for garbage again and again took seconds.
            gc.freeze()
            outcome = runner.invoke([*arguments, "--target", engine_of(settings).target, *folders, *QUICK])
    finally:
        # dbt lets go of its databases only with its connection manager; the previews and the publishing open them next.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        gc.collect()
        gc.unfreeze()
    results = [
        NodeResult(
            unique_id=str(result.node.unique_id),
            status=str(result.status),
            seconds=float(result.execution_time),
            message=shown(" ".join(str(result.message or "").split())),
            failures=result.failures,
            compiled_code=getattr(result.node, "compiled_code", None),
        )
        for result in getattr(outcome.result, "results", None) or []
        if hasattr(result, "execution_time") and hasattr(result, "node")
    ]
    if not outcome.success:
        raise DbtError(str(outcome.exception or "dbt failed"), results)
    return results


def _print_event(event: Any) -> None:
    if event.info.level != "debug":
        moment = event.info.ts.ToDatetime()
        for line in str(event.info.msg).splitlines():
            sys.stdout.write(f"{moment:%H:%M:%S}  {shown(line)}\n")


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process for dbt, without the caller's own for dbt, and set all back.

    The full check runs dbt on another folder than the run's.
    """
    before = dict(os.environ)
    wanted = {**without_dbt_variables(before), **variables}
    try:
        set_environment(wanted)
        yield
    finally:
        set_environment(before)
