"""Loads that are killed at random moments, many a minute: the raw layer ends as if none had been."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from orchestration.loading.raw_layer import LOADED
from tests.pipeline import Pipeline
from tests.test_reliability import raw_files, raw_rows, what_of


@pytest.mark.torture
def test_loads_that_are_killed_leave_a_raw_layer_as_if_they_had_not_been(tmp_path: Path) -> None:
    seed = int(os.environ.get("TORTURE_SEED") or random.randrange(10**6))
    print(f"seed {seed}")
    chance, kills = random.Random(seed), int(os.environ.get("TORTURE_KILLS") or 100)
    killed, twin = Pipeline(tmp_path / "killed"), Pipeline(tmp_path / "undisturbed")
    ended, seconds, number, files = 0, 1.0, 0, 0
    while number < kills:
        files += 1
        for pipeline in (killed, twin):
            for part in range(3):
                pipeline.drop(f"outbound/sends/{files:04}-{part}.csv", rows(f"{files}-{part}"))
        # Each round's extracts are loaded by a load that is let end, after up to four that are killed.
        for _ in range(chance.randint(1, 4)):
            process = os.fork()
            if process == 0:
                try:
                    killed.raw_layer.load()
                finally:
                    os._exit(0)
            time.sleep(chance.uniform(0, seconds))
            ended += os.waitpid(process, os.WNOHANG)[0] != 0 or not kill(process)
            number += 1
        started = time.monotonic()
        killed.raw_layer.load()
        seconds = time.monotonic() - started
        twin.raw_layer.load()
        ledger = killed.raw_layer.read_ledger()
        assert [what_of(entry) for entry in ledger] == [what_of(entry) for entry in twin.raw_layer.read_ledger()]
        assert {path.stem for path in raw_files(killed)} == {e.content_hash for e in ledger if e.outcome == LOADED}
        assert killed.raw_layer.is_as_written()
    assert values(killed) == values(twin)
    print(f"{number} loads, of which {number - ended} were killed; {files} rounds, {len(values(killed))} rows")


def kill(process: int) -> bool:
    """Kill a process and wait for it; returns whether it had not ended by itself."""
    os.kill(process, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def rows(name: str) -> str:
    lines = [f"{name}-{n},m1,sms,c{n},2026-10-01T09:00:00Z" for n in range(3000)]
    return "\n".join(["send_id,message_id,channel,customer_id,sent_at", *lines, "ragged", ""])


def values(pipeline: Pipeline) -> list[tuple[object, ...]]:
    """The rows of the raw layer, but for when they were loaded."""
    return sorted((row["_file"], row["_line"], row["send_id"], row["_extract_number"]) for row in raw_rows(pipeline))
