"""dbt's own tests: the project parses without warnings, and every unit test passes."""

import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.building.dbt_project import PROJECT_DIR, dbt_environment, dbt_executable, without_dbt_variables
from orchestration.building.parsing import ensure_manifest
from orchestration.loading.declarations import read_extract_tables
from orchestration.loading.raw_files import LINEAGE_COLUMNS
from tests.pipeline import Pipeline


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


def test_the_project_parses_without_warnings(pipeline: Pipeline, tmp_path: Path) -> None:
    """In a process of its own: in this one, dbt would take what was parsed before."""
    environment = without_dbt_variables(os.environ) | dbt_environment(pipeline.settings)
    parsed = subprocess.run(
        [dbt_executable(), "--quiet", "--warn-error", "parse", "--target-path", str(tmp_path)],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stdout


def test_every_unit_test_passes(pipeline: Pipeline) -> None:
    for arguments in (["seed"], ["run", "--empty"]):
        pipeline.dbt(*arguments)
    create_source_tables(pipeline)
    results = pipeline.dbt("test", "--select", "test_type:unit")
    assert len(results) > 40
