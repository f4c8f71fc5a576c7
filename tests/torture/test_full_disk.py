"""A disk that is full in each phase of a run: one line, what was published stays, and the next run makes up for it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.first_extracts import SENDS, drop_extracts
from tests.pipeline import Pipeline, files_below
from tests.torture.kills import published

# Megabytes that are free when a run begins, from the start of the run to its outputs.
FREE_MEGABYTES = (0, 1, 2, 4, 8, 12, 16, 24, 32, 48)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def leave_free(disk: Path, megabytes: int) -> None:
    used = os.statvfs(disk)
    size = (used.f_blocks - used.f_bfree) * used.f_frsize + megabytes * 1_000_000
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


@pytest.mark.torture
def test_a_full_disk_is_told_in_a_line_and_made_up_for(disk: Path) -> None:
    pipeline = Pipeline(disk)
    drop_extracts(pipeline)
    result = pipeline.make_run()
    assert result.returncode == 0, result.stderr
    before = pipeline.settings.marts_path.read_bytes(), files_below(pipeline.settings.output_dir / "latest")
    pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    failed = 0
    for megabytes in FREE_MEGABYTES:
        leave_free(disk, megabytes)
        result = pipeline.make_run()
        if result.returncode == 0:
            break
        failed += 1
        print(megabytes, result.stderr, flush=True)
        assert (result.returncode, result.stdout) == (1, "")
        assert "the disk is full; make space and run again" in result.stderr
        assert len(result.stderr.splitlines()) <= 3
        after = pipeline.settings.marts_path.read_bytes(), files_below(pipeline.settings.output_dir / "latest")
        assert after == before
    assert failed >= 3
    leave_free(disk, 1_000)
    assert pipeline.make_run().returncode == 0
    assert pipeline.query(
        "select count(*), (select sum(unexplained_count) from audit_reconciliation) from fct_sends"
    ) == [(5, 0)]
    marts, outputs = published(pipeline)
    assert marts == outputs
