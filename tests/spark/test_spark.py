"""The same project on Spark: what is published is the same as from DuckDB, and both run the unit tests.

`make test-spark` runs these; they need Java and requirements-spark.txt. One run on each engine, over the demo's extracts, messy ones made
at random, those of every carrier, and texts that break things.
"""

import json
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.building.dbt_project import manifest_path, set_environment
from orchestration.building.dbt_runs import DbtError, NodeResult, run_dbt
from orchestration.commands import execute_job
from orchestration.demo.extracts import write_demo_extracts
from tests import outputs_extracts, test_native_logs
from tests.oracle.edge_extracts import generate
from tests.pipeline import Pipeline, files_below

pytestmark = pytest.mark.spark

VARIABLES = {"REPORTING_TIMEZONE": "America/New_York", "DEFAULT_COUNTRY": "GB", "OVER_MESSAGED_COUNT": "2"}
# All sends are within them; with fewer, Spark's facts are fewer.
OUTPUT_DAYS, FEW_OUTPUT_DAYS = 3_650, 30


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """What DuckDB publishes."""
    pipeline = Pipeline(tmp_path_factory.mktemp("duckdb"), OUTPUT_DAYS=str(OUTPUT_DAYS), **VARIABLES)
    write_demo_extracts(pipeline.settings.landing_dir)
    outputs_extracts.drop_extracts(pipeline)
    for name, rows in generate(1, 400).items():
        pipeline.drop_rows(f"{name.replace('.', '/')}/messy.csv", rows)
    for file, content in test_native_logs.EXTRACTS.items():
        pipeline.drop(f"{Path(file).parent}/documented-{Path(file).name}", content)
    pipeline.run()
    return pipeline


@pytest.fixture(scope="module")
def unit_tests() -> list[NodeResult]:
    """What became of the unit tests on Spark, once `on_spark` has run."""
    return []


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory, on_duckdb: Pipeline, unit_tests: list[NodeResult]) -> Pipeline:
    """What the job `daily` publishes of the same raw layer from Spark; then, in the same session, the unit tests are run.

    In the end the databases of the build folder hold what is collected with fewer OUTPUT_DAYS.
    """
    from orchestration.building.spark import collect_tables, spark_session

    variables = {**VARIABLES, "LANDING_DIR": str(on_duckdb.settings.landing_dir), "ENGINE": "spark"}
    pipeline = Pipeline(tmp_path_factory.mktemp("spark"), OUTPUT_DAYS=str(OUTPUT_DAYS), **variables)
    shutil.copytree(on_duckdb.settings.raw_dir, pipeline.settings.raw_dir)
    environment = dict(os.environ)
    with spark_session(pipeline.settings):
        try:
            exit_code = execute_job(pipeline.settings, "daily")
        finally:
            set_environment(environment)
        assert exit_code == 0, (pipeline.settings.build_dir / "logs" / "daily.log").read_text()[-5_000:]
        try:
            # Without a country, as they run on DuckDB.
            unit_tests += run_dbt(
                replace(pipeline.settings, default_country=None), ["test", "--select", "test_type:unit"]
            )
        except DbtError as error:
            unit_tests += error.results
        fewer = replace(pipeline.settings, output_days=FEW_OUTPUT_DAYS)
        collect_tables(fewer, pipeline.raw_layer.as_of())
    return pipeline


def tables(path: Path) -> dict[str, list[str]]:
    """Rows of all tables of a database, as sorted texts; but when it was published."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        shown = {name: "* exclude (published_at)" if name == "report_info" else "*" for name in names}
        return {
            name: sorted(map(str, connection.execute(f"select {columns} from {name}").fetchall()))
            for name, columns in shown.items()
        }


def columns(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() order by table_name, column_index"
        ).fetchall()


def test_every_published_table_is_the_same(on_duckdb: Pipeline, on_spark: Pipeline) -> None:
    expected, found = (tables(pipeline.settings.marts_path) for pipeline in (on_duckdb, on_spark))
    assert sorted(found) == sorted(expected)
    differing = {
        name: (sorted(set(rows) - set(found[name]))[:2], sorted(set(found[name]) - set(rows))[:2])
        for name, rows in expected.items()
        if found[name] != rows
    }
    assert differing == {}
    assert columns(on_spark.settings.marts_path) == columns(on_duckdb.settings.marts_path)


def test_every_output_is_the_same_to_the_byte(on_duckdb: Pipeline, on_spark: Pipeline) -> None:
    expected, found = (files_below(pipeline.settings.output_dir / "latest") for pipeline in (on_duckdb, on_spark))
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_every_unit_test_passes(on_spark: Pipeline, unit_tests: list[NodeResult]) -> None:
    assert {result.name: result.message for result in unit_tests if result.status != "pass"} == {}
    manifest = json.loads(manifest_path(on_spark.settings).read_text())
    assert len(unit_tests) == len(manifest["unit_tests"])


def test_facts_are_those_of_output_days(on_duckdb: Pipeline, on_spark: Pipeline) -> None:
    from orchestration.building.spark import FACT_TIMES

    since = on_spark.raw_layer.as_of() - timedelta(days=FEW_OUTPUT_DAYS)
    facts = [name for name in FACT_TIMES if name.startswith("fct_")]
    with duckdb.connect(str(on_duckdb.settings.marts_path), read_only=True) as connection:
        expected = {
            name: sorted(map(str, connection.execute(f"from {name} where {FACT_TIMES[name]} > ?", [since]).fetchall()))
            for name in facts
        }
    every, collected = tables(on_spark.settings.marts_path), tables(on_spark.settings.build_dir / "marts.duckdb")
    assert {name: collected[name] for name in facts} == expected
    assert all(0 < len(collected[name]) < len(every[name]) for name in facts)
    assert all(collected[name] == every[name] for name in every.keys() - facts)
