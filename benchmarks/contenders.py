"""The contenders: how each is started, and where its numbers lie afterwards."""

import datetime
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[1]
# Settings that a contender must not inherit, so that all compute the same.
SETTINGS = (
    "REPORTING_TIMEZONE",
    "RECEIPT_TIMEOUT_HOURS",
    "OUTPUT_DAYS",
    "REPLY_WINDOW_DAYS",
    "OVER_MESSAGED_COUNT",
    "DAGSTER_HOME",
    "ENGINE",
)


@dataclass(frozen=True)
class Job:
    """A run of a contender.

    Attributes:
        landing: folder of the extracts.
        folder: what the contender writes lies here.
        as_of: moment of the report, UTC without a time zone.
    """

    landing: Path
    folder: Path
    as_of: datetime.datetime


@dataclass(frozen=True)
class Contender:
    """A way to come to the numbers.

    Attributes:
        name: on the command line.
        title: in the docs.
        command: program and arguments of a run.
        largest_size: sends above which it is not run unless asked to; None where there is none.
        folder: working directory of a run.
        variables: of its environment, beside those of all.
    """

    name: str
    title: str
    command: Callable[[Job], list[str]]
    largest_size: int | None = None
    folder: Path = PROJECT_DIR
    variables: Mapping[str, str] = field(default_factory=dict)


def _script(module: str, *options: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        results = job.folder / "results"
        results.mkdir(parents=True, exist_ok=True)
        given = [str(job.landing), str(results), job.as_of.isoformat(), *options]
        return [sys.executable, "-m", f"benchmarks.{module}", *given]

    return command


def _pipeline(python: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        job.folder.mkdir(parents=True, exist_ok=True)
        return [python, "-m", "orchestration", "run"]

    return command


BASELINE = "duckdb_script"
PIPELINE = "pipeline"
PIPELINE_BEFORE = "pipeline_before"
CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(PIPELINE, "The pipeline (`make run`)", _pipeline(sys.executable)),
        Contender(BASELINE, "One hand-written DuckDB script", _script("duckdb_script")),
        Contender(
            "duckdb_reports_only",
            "The same script, keeping no table of sends",
            _script("duckdb_script", "--reports-only"),
        ),
        Contender("dlt", "dlt as the loader, then the script", _script("dlt_script"), 10_000_000),
    )
}
# What the pipeline is compared with where a Twilio log is all there is.
TWILIO_BASELINE = Contender("twilio_script", "One hand-written DuckDB script", _script("duckdb_script", "--twilio"))


def pipeline_before(folder: Path) -> Contender:
    """The pipeline as another checkout has it, run by that checkout's environment where it has one of its own.

    Args:
        folder: of the checkout.

    Returns:
        A contender. Its rules may be others, so its numbers are not compared.
    """
    python = folder / ".venv" / "bin" / "python"
    command = _pipeline(str(python) if python.exists() else sys.executable)
    return Contender(PIPELINE_BEFORE, "The pipeline, the version before", command, folder=folder)


def environment(job: Job) -> dict[str, str]:
    """The variables of a run: the machine's own, and the pipeline's folders and as-of moment."""
    inherited: Mapping[str, str] = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {
        **inherited,
        "LANDING_DIR": str(job.landing),
        "WAREHOUSE_DIR": str(job.folder / "warehouse"),
        "OUTPUT_DIR": str(job.folder / "outputs"),
        "AS_OF": f"{job.as_of.isoformat()}Z",
    }


def results_folder(contender: Contender, job: Job) -> Path:
    """The folder in which a run's database and CSVs lie side by side."""
    results = job.folder / "results"
    if contender.name == PIPELINE:
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        (results / "marts.duckdb").symlink_to(job.folder / "warehouse" / "marts.duckdb")
        for path in (job.folder / "outputs" / "latest").glob("*.csv"):
            (results / path.name).symlink_to(path.resolve())
    return results
