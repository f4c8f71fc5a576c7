"""The project as dbt sees it: it parses without warnings, every unit test passes, and the semantic layer answers."""

import csv
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.building.dbt_project import PROJECT_DIR, dbt_environment, dbt_executable, without_dbt_variables
from orchestration.building.parsing import ensure_manifest
from orchestration.loading.declarations import read_extract_tables
from orchestration.loading.raw_files import LINEAGE_COLUMNS
from orchestration.settings import Settings
from tests.pipeline import Pipeline
from tests.test_metrics import DEFINED


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    pipeline = Pipeline(tmp_path_factory.mktemp("units"))
    pipeline.load()
    return pipeline


def create_source_tables(pipeline: Pipeline) -> None:
    """Unit tests look up the types of a source's columns in a table of its name."""
    tables = read_extract_tables(ensure_manifest(pipeline.settings))
    with duckdb.connect(str(pipeline.settings.build_dir / "warehouse.duckdb")) as connection:
        for table in tables.values():
            lineage = dict.fromkeys(LINEAGE_COLUMNS, "varchar") | {
                "_extract_number": "bigint",
                "_line": "bigint",
                "_loaded_at": "timestamp",
            }
            columns = dict.fromkeys(table.columns, "varchar") | lineage
            shape = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f'create schema if not exists "{table.source}"')
            connection.execute(f'create or replace table "{table.source}"."{table.name}" ({shape})')


Parsed = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def parsed_anew(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """What dbt parses in a process of its own, and what it says: in this one, it would take what was parsed before."""
    target = tmp_path_factory.mktemp("parsed_anew")
    environment = without_dbt_variables(os.environ) | dbt_environment(pipeline.settings)
    return target, subprocess.run(
        [dbt_executable(), "--quiet", "--warn-error", "parse", "--target-path", str(target)],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_project_parses_without_warnings(parsed_anew: Parsed) -> None:
    _, result = parsed_anew
    assert result.returncode == 0, result.stdout


def test_every_unit_test_passes(pipeline: Pipeline) -> None:
    # Seeds, and models without rows, in one go.
    pipeline.dbt("build", "--empty", "--exclude-resource-type", "test", "unit_test", "exposure")
    create_source_tables(pipeline)
    results = pipeline.dbt("test", "--select", "test_type:unit")
    assert len(results) > 40


def test_the_semantic_layer_answers_as_the_reports_do(published: Pipeline, parsed_anew: Parsed, tmp_path: Path) -> None:
    # A copy: it opens the databases being built for writing.
    shutil.copytree(published.settings.build_dir, tmp_path / "build")
    settings = Settings.from_environment({**published.variables, "WAREHOUSE_DIR": str(tmp_path)})
    # It reads the folder target of the project in which it is started, and nothing else of it.
    shutil.copy(PROJECT_DIR / "dbt_project.yml", tmp_path)
    shutil.copytree(parsed_anew[0], tmp_path / "target")
    environment = {**os.environ, **dbt_environment(settings), "DBT_TARGET_PATH": str(tmp_path / "target")}
    # The plugin of profiles.yml is imported from there, too.
    environment |= {"HOME": str(tmp_path), "DBT_PROJECT_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT_DIR)}
    answer = tmp_path / "answer.csv"
    mf = str(Path(dbt_executable()).with_name("mf"))
    query = [
        mf,
        "query",
        "--metrics",
        ",".join(DEFINED),
        "--group-by",
        "message",
        "--order",
        "message",
        "--csv",
        str(answer),
    ]
    result = subprocess.run(query, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    with answer.open(newline="") as file:
        answered = [[row["message"], *(float(row[name]) for name in DEFINED)] for row in csv.DictReader(file)]
    reported = published.query(f"select message_id, {', '.join(DEFINED)} from rpt_messages order by message_id")
    assert answered == [[message, *(float(value) for value in row)] for message, *row in reported]
