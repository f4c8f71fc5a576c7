"""The job full_check: every data test over all rows, and sampled days against a rebuild of them."""

import duckdb

from orchestration.building.full_check import differences_from_a_rebuild, sample_days
from tests.oracle.edge_extracts import generate
from tests.pipeline import Pipeline


def drop_half(pipeline: Pipeline, half: int) -> None:
    for name, rows in generate(7, 60).items():
        pipeline.drop_rows(f"{name.replace('.', '/')}/half-{half}.csv", rows[half::2])


def test_daily_builds_pass_and_a_changed_row_is_found(pipeline: Pipeline) -> None:
    for half in (0, 1):
        drop_half(pipeline, half)
        assert pipeline.make_run().returncode == 0
    result = pipeline.make_run("full-check")
    assert result.returncode == 0, result.stderr
    assert "equal a rebuild" in result.stdout
    build_dir = pipeline.settings.build_dir
    assert not (build_dir / "check").exists()

    with duckdb.connect(str(build_dir / "marts.duckdb")) as connection:
        connection.execute("update fct_sends set opened_at = timestamp '2001-01-01', has_conflicting_statuses = true")
    days = sample_days(pipeline.settings, "seed")
    assert 0 < len(days) <= 3
    assert "fct_sends" in differences_from_a_rebuild(pipeline.settings, pipeline.raw_layer, days)
    result = pipeline.make_run("full-check")
    assert result.returncode == 1
    assert "sampled_days_equal_a_rebuild failed" in result.stderr


def test_before_the_first_build_there_is_nothing_to_check(pipeline: Pipeline) -> None:
    result = pipeline.make_run("full-check")
    assert result.returncode == 1
    assert "run the job daily first" in result.stderr
    assert "Traceback" not in result.stderr
