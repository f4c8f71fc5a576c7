"""The job full_check: every data test, and all tables against a rebuild of them; and the rebuild that mends what it finds."""

import random

import duckdb
import pytest

from orchestration.building.build import extract_groups
from tests.oracle.edge_extracts import generate
from tests.pipeline import Pipeline
from tests.test_incremental import drop, refresh_reason, split, tables_of


def drop_second_day(pipeline: Pipeline) -> None:
    for number, extracts in enumerate(split(generate(7, 60), 2, random.Random(7))):
        drop(pipeline, extracts, f"second-day-{number}")


@pytest.mark.after_first_run
def test_daily_builds_pass_and_what_was_changed_is_found_and_mended(pipeline: Pipeline) -> None:
    drop_second_day(pipeline)
    pipeline.load()
    assert not pipeline.build()
    built = tables_of(pipeline)
    # At the as-of moment of the build, whatever the settings say now.
    result = pipeline.make_run("full-check", AS_OF="")
    assert result.returncode == 0, result.stderr
    assert "equal a rebuild" in result.stdout
    build_dir = pipeline.settings.build_dir
    assert not (build_dir / "check").exists()

    # Rows that pass the data tests, rows that fail one, and a table that is gone.
    with duckdb.connect(str(build_dir / "marts.duckdb")) as connection:
        connection.execute("update fct_sends set opened_at = timestamp '2001-01-01', has_conflicting_statuses = true")
        connection.execute("update fct_responses set response_type = 'nonsense'")
        connection.execute("drop table rpt_message_costs")
    result = pipeline.make_run("full-check")
    assert result.returncode == 1
    assert "fct_responses: rules_of_fct_responses" in result.stderr
    assert "fct_sends: " not in result.stderr
    assert "tables_equal_a_rebuild failed" in result.stderr
    for table in ("fct\\_sends", "fct\\_responses", "rpt\\_message\\_costs"):
        assert table in result.stderr
    assert "make rebuild" in result.stderr

    # Nothing new waits; the rebuild is made and published all the same: here in groups, as one of many rows.
    assert len(extract_groups(pipeline.raw_layer.read_ledger(), {}, 150)) == 3
    published = pipeline.settings.marts_path.stat().st_mtime_ns
    result = pipeline.make_run("rebuild", MAX_ROWS_AT_ONCE="150")
    assert result.returncode == 0, result.stderr
    assert "Published" in result.stdout
    assert pipeline.settings.marts_path.stat().st_mtime_ns != published
    assert pipeline.query("select count(*) from fct_sends where opened_at = timestamp '2001-01-01'") == [(0,)]
    # Each row as before, when the check passed.
    assert tables_of(pipeline) == built
    assert refresh_reason(pipeline) == ""


@pytest.mark.after_first_run
def test_what_is_loaded_and_not_built_is_no_damage(pipeline: Pipeline) -> None:
    drop_second_day(pipeline)
    pipeline.load()
    result = pipeline.make_run("full-check")
    assert result.returncode == 1
    assert "not built yet; run the job daily first" in result.stderr
    assert "make rebuild" not in result.stderr


def test_before_the_first_build_there_is_nothing_to_check(pipeline: Pipeline) -> None:
    result = pipeline.make_run("full-check")
    assert result.returncode == 1
    assert "run the job daily first" in result.stderr
    assert "Traceback" not in result.stderr
