"""Run a command in a process of its own and measure what it took."""

import contextlib
import itertools
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# How often it is seen whether the process has ended; after how many of those its memory is read, and children are
# looked for, which reads all of /proc.
POLL_SECONDS = 0.01
POLLS_PER_SAMPLE = 10
POLLS_PER_SEARCH = 50
PAGE_BYTES = resource.getpagesize()


@dataclass(frozen=True)
class Measurement:
    """What a command took.

    Attributes:
        wall_seconds: from its start to its end.
        cpu_seconds: of the process and the children it waited for, user and system.
        peak_bytes: the largest sum, over the process and its children, of resident memory; sampled ten times a second,
            and at least the largest of a single process as the kernel counts it.
        exit_code: of the process.
        limit: which limit it was ended at, None where it ended by itself.
        output: the end of what it printed.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    limit: str | None
    output: str


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    limit_seconds: float,
    limit_bytes: int,
) -> Measurement:
    """Run a command and measure it.

    Args:
        command: program and arguments.
        environment: all its variables.
        folder: its working directory.
        log: file for what it prints.
        limit_seconds: wall seconds after which it is ended.
        limit_bytes: resident bytes, in sum with its children, from which it is ended.

    Returns:
        The measurement, also where the command failed or was ended.
    """
    # What runs before leaves pages to be written to disk, which would be charged to what runs after.
    os.sync()
    with log.open("w", encoding="utf-8") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        peak, limit = 0, None
        tree: list[int] = []
        try:
            for poll in itertools.count():
                finished, status, usage = os.wait4(process.pid, os.WNOHANG)
                wall = time.monotonic() - started
                if finished:
                    break
                if poll % POLLS_PER_SEARCH == 0:
                    tree = _process_tree(process.pid)
                if poll % POLLS_PER_SAMPLE == 0:
                    peak = max(peak, _resident_bytes(tree))
                if limit is None and (wall > limit_seconds or peak > limit_bytes):
                    limit = f"{limit_seconds:.0f} s" if wall > limit_seconds else f"{limit_bytes / 2**30:.1f} GiB"
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(POLL_SECONDS)
        except BaseException:
            # It has a session of its own, which Ctrl-C does not reach.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measurement(
        round(wall, 3),
        round(usage.ru_utime + usage.ru_stime, 3),
        peak,
        process.returncode,
        limit,
        log.read_text(encoding="utf-8", errors="replace")[-4_000:],
    )


def bytes_in(folder: Path) -> int:
    """Bytes of all files in a folder and below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _process_tree(process_id: int) -> list[int]:
    """A process and all below it; only itself where the system does not tell (no /proc)."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            # The name, in brackets, can hold anything; the state and the parent follow it.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [process_id]
    for current in found:
        found += children.get(current, [])
    return found


def _resident_bytes(process_ids: list[int]) -> int:
    """Resident memory of processes in sum, or the most that a single one has had, whichever is more."""
    total, largest = 0, 0
    for process_id in process_ids:
        folder = Path("/proc") / str(process_id)
        with contextlib.suppress(OSError):
            total += int((folder / "statm").read_text().split()[1]) * PAGE_BYTES
            largest = max(largest, _high_water_bytes(folder))
    return max(total, largest)


def _high_water_bytes(folder: Path) -> int:
    """The most resident memory that a single process has had since its start."""
    for line in (folder / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
