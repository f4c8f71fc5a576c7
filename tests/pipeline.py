"""Running the pipeline on extracts that a test makes."""

import csv
import functools
import gzip
import json
import multiprocessing
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.building.build import build
from orchestration.building.dbt_project import PROJECT_DIR, set_environment
from orchestration.building.dbt_runs import NodeResult, run_dbt
from orchestration.building.parsing import ensure_manifest
from orchestration.loading.declarations import ExtractTable, read_extract_tables
from orchestration.loading.raw_layer import LoadSummary, RawLayer
from orchestration.publishing.marts import Published, publish
from orchestration.settings import Settings

Rows = list[dict[str, str | None]]
# Arguments of dbt for a build that tests no data.
WITHOUT_TESTS = ("--exclude-resource-type", "test")
# Of one that only folds what is new into what is there: the other tables are made anew by the next build in any case.
FOLDS = ("--select", "+config.materialized:incremental")
AS_OF = "2026-11-01T06:00:00Z"
# Commands are forked from a process that has imported what all of them import, which takes seconds.
IMPORTED = [
    *("orchestration.commands", "orchestration.bindings.jobs", "dbt.cli.main", "dbt.task.build", "dbt.adapters.duckdb"),
    *("alembic.command", "phonenumbers.geocoder", __name__),
]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(IMPORTED)


class Pipeline:
    """A landing folder, a warehouse and an outputs folder of a test's own."""

    def __init__(self, root: Path, **variables: str) -> None:
        self.root = root
        self.variables = {
            "LANDING_DIR": str(root / "landing"),
            "WAREHOUSE_DIR": str(root / "warehouse"),
            "OUTPUT_DIR": str(root / "outputs"),
            "AS_OF": AS_OF,
            **variables,
        }
        (root / "landing").mkdir(parents=True, exist_ok=True)
        self.settings = Settings.from_environment(self.variables)

    @functools.cached_property
    def extract_tables(self) -> dict[tuple[str, str], ExtractTable]:
        """The declared tables; the manifest is large, and a test reads it no more than once."""
        return read_extract_tables(ensure_manifest(self.settings))

    @property
    def raw_layer(self) -> RawLayer:
        return RawLayer(self.settings, self.extract_tables)

    def drop(self, file: str, content: bytes | str) -> Path:
        """Put a file into the landing folder."""
        path = self.settings.landing_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def drop_rows(self, file: str, rows: Rows) -> Path:
        """Put rows into the landing folder, in the format that the file's name says."""
        return self.drop(file, render(rows, file))

    def load(self) -> dict[tuple[str, str], LoadSummary]:
        """Load what is new into the raw layer, and write the settings that the models read."""
        raw_layer = self.raw_layer
        summaries = raw_layer.load()
        raw_layer.write_settings()
        self.settings.build_dir.mkdir(parents=True, exist_ok=True)
        return summaries

    def dbt(self, *arguments: str) -> list[NodeResult]:
        """Run dbt on the warehouse."""
        return run_dbt(self.settings, ["--no-use-colors", *arguments])

    def build(self, with_tests: bool = False, full_refresh: bool = False, arguments: Sequence[str] = ()) -> bool:
        """Build all tables, with their data tests or without; returns whether everything was made anew."""
        without_tests = () if with_tests else WITHOUT_TESTS
        return bool(build(self.settings, self.raw_layer, full_refresh, [*without_tests, *arguments])[1])

    def run(self, with_tests: bool = False) -> Published:
        """Load, build and publish, as the job does."""
        self.load()
        self.build(with_tests)
        return publish(self.settings)

    def make_run(
        self,
        command: str = "run",
        cwd: Path = PROJECT_DIR,
        in_new_python: bool = False,
        without_network: bool = False,
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command behind a make target, in a process of its own.

        Args:
            command: its name.
            cwd: folder in which it runs; the project's code is imported from there.
            in_new_python: whether Python starts anew, for tests of what happens before or while it imports.
            without_network: whether it runs in a network without anybody else, where this system allows that.
            variables: of the environment, beside the test's and the pipeline's own.

        Returns:
            Exit code, standard output and standard error.
        """
        environment = {**os.environ, **self.variables, **variables}
        arguments = ["-m", "orchestration", command]
        if in_new_python or without_network or cwd != PROJECT_DIR:
            alone = ["unshare", "--map-root-user", "--net"] if without_network and can_be_alone() else []
            return subprocess.run(
                [*alone, sys.executable, *arguments],
                cwd=cwd,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
            process = PROCESSES.Process(target=_run_command, args=(command, environment, output.name, errors.name))
            process.start()
            process.join()
            told = [Path(file.name).read_text(encoding="utf-8") for file in (output, errors)]
        return subprocess.CompletedProcess(arguments, process.exitcode or 0, *told)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the published marts, as an analyst does."""
        with duckdb.connect(str(self.settings.marts_path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def query_built(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the built marts, published or not."""
        with duckdb.connect(str(self.settings.build_dir / "marts.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def table(self, name: str, columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Rows of a built table, published or not."""
        with duckdb.connect(str(self.settings.build_dir / "marts.duckdb"), read_only=True) as connection:
            shown = "*" if columns is None else ", ".join(columns)
            result = connection.execute(f"select {shown} from {name}")
            names = [column[0] for column in result.description or []]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def can_be_alone() -> bool:
    """Whether this system lets a process have a network of its own, which has no way out."""
    unshare = shutil.which("unshare")
    alone = [unshare, "--map-root-user", "--net", "true"] if unshare else ["false"]
    return subprocess.run(alone, capture_output=True, check=False).returncode == 0


class Kept:
    """A pipeline's folders as a first test needed them, for others that start from the same.

    They are put back where they were: views of the tables name their paths.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.copy = pipeline.root.with_name(f"{pipeline.root.name}-kept")
        shutil.copytree(pipeline.root, self.copy, symlinks=True)

    def put_back(self) -> Pipeline:
        """The pipeline as it was, files and their times."""
        shutil.rmtree(self.pipeline.root)
        shutil.copytree(self.copy, self.pipeline.root, symlinks=True)
        return self.pipeline


def _run_command(command: str, environment: dict[str, str], output: str, errors: str) -> None:
    for stream, name in ((1, output), (2, errors)):
        os.dup2(os.open(name, os.O_WRONLY), stream)
    os.chdir(PROJECT_DIR)
    set_environment(environment)
    sys.argv = ["orchestration", command]
    runpy.run_module("orchestration", run_name="__main__", alter_sys=True)


def files_below(folder: Path) -> dict[str, bytes]:
    """Contents of all files below a folder, by their path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def render(rows: Rows, file: str) -> bytes:
    """Write rows as CSV or JSON lines, compressed where the name ends in .gz."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if ".jsonl" in file:
        text = "".join(
            json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False) + "\n" for row in rows
        )
    else:
        lines = _Lines()
        writer = csv.DictWriter(lines, columns, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writeheader()
        writer.writerows(rows)
        text = "".join(lines)
    content = text.encode()
    return gzip.compress(content) if file.endswith(".gz") else content


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line)
