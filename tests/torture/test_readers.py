"""Readers in processes of their own, while ten runs publish: none is blocked, and each sees one publication, whole."""

import multiprocessing
from pathlib import Path

import pytest

from tests.first_extracts import SENDS, drop_extracts
from tests.pipeline import Pipeline
from tests.torture.kills import published, read_on

RUNS = 10


@pytest.mark.torture
def test_readers_open_query_and_hold_the_marts_during_ten_runs(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    drop_extracts(pipeline)
    assert pipeline.make_run().returncode == 0
    context = multiprocessing.get_context("spawn")
    stop, reads = context.Event(), context.Queue()
    for is_held in (False, False, True):
        arguments = (str(pipeline.settings.marts_path), is_held, stop, reads)
        context.Process(target=read_on, args=arguments, daemon=True).start()
    for number in range(RUNS):
        pipeline.drop_rows(f"outbound/sends/{number}.csv", [{**SENDS[0], "send_id": f"more-{number}"}])
        result = pipeline.make_run()
        assert result.returncode == 0, result.stderr
        marts, outputs = published(pipeline)
        assert marts == outputs
    stop.set()
    counts, problems = zip(*(reads.get(timeout=60) for _ in range(3)), strict=True)
    print(f"{sum(counts)} reads during {RUNS} runs")
    assert list(problems) == [{}, {}, {}]
    assert min(counts) >= RUNS
