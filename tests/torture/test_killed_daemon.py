"""A service whose daemon is killed in the middle of a run goes on after its restart; `make torture` runs it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.loading.warehouse_lock import is_locked
from tests.first_extracts import SENDS, drop_extracts
from tests.pipeline import Pipeline

# The sensor looks twice before a run, and a dead run is one for a minute before it is ended.
MOST_SECONDS = 900


@contextmanager
def service(pipeline: Pipeline) -> Iterator["subprocess.Popen[bytes]"]:
    """`make dev` in a process group of its own, all of which is killed in the end, as systemd does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (pipeline.root / "dev.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", "dev", "--port", str(port)],
            cwd=PROJECT_DIR,
            env={**os.environ, **pipeline.variables},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def daemon_of(process: "subprocess.Popen[bytes]") -> int:
    """Process id of the daemon among the processes of a group."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        pid = int(command.parent.name)
        if b"dagster._daemon" in command.read_bytes() and os.getpgid(pid) == os.getpgid(process.pid):
            return pid
    raise AssertionError("there is no daemon")


def is_published(pipeline: Pipeline, send_id: str) -> bool:
    with (
        contextlib.suppress(duckdb.IOException),
        duckdb.connect(str(pipeline.settings.marts_path), read_only=True) as marts,
    ):
        return bool(marts.execute("select true from fct_sends where send_id = ?", [send_id]).fetchone())
    return False


@pytest.mark.torture
def test_a_daemon_killed_in_the_middle_of_a_run_blocks_no_queue(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_extracts(pipeline)
    with service(pipeline) as process:
        wait_for(lambda: is_locked(pipeline.settings))
        os.kill(daemon_of(process), signal.SIGKILL)
        # It ends by itself, so that systemd starts it again.
        wait_for(lambda: process.poll() is not None)
    pipeline.drop_rows("outbound/sends/later.csv", [{**SENDS[0], "send_id": "later"}])
    with service(pipeline):
        wait_for(lambda: is_published(pipeline, "later"))
    monkeypatch.setenv("DAGSTER_EVENT_LOG_DIR", str(pipeline.settings.dagster_home / "history" / "runs"))
    with dg.DagsterInstance.from_config(str(pipeline.settings.dagster_home)) as instance:
        _, *older = instance.get_runs()
    assert older
    assert all(run.is_finished for run in older)
