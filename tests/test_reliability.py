"""What breaks, breaks loudly or mends itself (docs/reliability.md); `make torture` kills runs at random moments."""

import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration import commands
from orchestration.building import parsing
from orchestration.building.build import (
    DATABASES,
    DamagedBuildError,
    are_damaged,
    lacks_views,
    noting_damage,
    reason_for_a_refresh,
)
from orchestration.building.dbt_project import PROJECT_DIR, manifest_path
from orchestration.errors import DISK_IS_FULL, LoadError, PublishError
from orchestration.loading import raw_layer
from orchestration.loading.raw_layer import DUPLICATE, LOADED, LedgerEntry, RawLayer
from orchestration.loading.warehouse_lock import is_locked
from orchestration.privacy.register import ERASURES_SCHEMA, Register
from orchestration.publishing import marts, outputs
from orchestration.publishing.marts import publish
from orchestration.publishing.state import is_current, note_published
from orchestration.run_history import set_damaged_databases_aside
from tests.pipeline import Pipeline
from tests.torture.kills import published as state_of

HEADER = "send_id,message_id,channel,customer_id,sent_at\n"


def send(name: str) -> str:
    return HEADER + f"{name},m1,sms,c1,2026-10-01T09:00:00Z\n"


def raw_files(pipeline: Pipeline) -> list[Path]:
    return sorted((pipeline.settings.raw_dir / "outbound" / "sends").glob("load_date=2*/*.parquet"))


def raw_rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [row for path in raw_files(pipeline) for row in pq.read_table(path, partitioning=None).to_pylist()]


def noted(pipeline: Pipeline) -> list[LedgerEntry]:
    """The ledger, without what tells of files rather than of what they hold."""
    return [replace(entry, raw_modified_ns=0, modified_ns=0) for entry in pipeline.raw_layer.read_ledger()]


def what_of(entry: LedgerEntry) -> tuple[object, ...]:
    """What a ledger tells of an extract, but for times and sizes."""
    return (entry.file, entry.content_hash, entry.extract_number, entry.row_count, entry.rejected_count, entry.outcome)


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    """A raw layer of three sends in two files, one with a rejected row, and of a file of which all rows are rejected."""
    pipeline.drop("outbound/sends/a.csv", send("s1") + "ragged\n")
    pipeline.load()
    pipeline.drop("outbound/sends/b.csv", send("s2") + "s3,m1,sms,c1,2026-10-01T09:00:00Z\n")
    pipeline.drop("outbound/sends/c.csv", HEADER + "all,wrong\n")
    pipeline.load()
    return pipeline


# --- the raw layer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["deleted", "truncated", "flipped", "another table"])
def test_a_ledger_is_made_anew_from_the_raw_files(
    loaded: Pipeline, state: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before, ledger = noted(loaded), loaded.raw_layer.ledger_path
    if state == "deleted":
        ledger.unlink()
    elif state == "truncated":
        os.truncate(ledger, ledger.stat().st_size // 2)
    elif state == "another table":
        shutil.copy(raw_files(loaded)[0], ledger)
    else:
        content = bytearray(ledger.read_bytes())
        content[60] ^= 1
        ledger.write_bytes(content)
    # An extract that is not there any more is known by its raw file.
    (loaded.settings.landing_dir / "outbound" / "sends" / "a.csv").unlink()
    loaded.load()
    assert "loads.parquet was gone or damaged; it was made anew from 3 raw file(s)" in capfd.readouterr().err
    after = noted(loaded)
    assert [what_of(entry) for entry in after] == [what_of(entry) for entry in before]
    assert [entry.loaded_at for entry in after[:2]] == [entry.loaded_at for entry in before[:2]]
    assert loaded.load()[("outbound", "sends")].new_entries == []


@pytest.mark.parametrize("state", ["deleted", "truncated", "flipped", "replaced", "rejected rows deleted"])
def test_a_raw_file_is_made_anew_from_its_extract(
    loaded: Pipeline, state: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before, rows, path = noted(loaded), raw_rows(loaded), raw_files(loaded)[0]
    if state == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    elif state == "flipped":
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 1
        path.write_bytes(content)
    elif state == "replaced":
        path.write_bytes(b"damaged by a disk")
    elif state == "deleted":
        path.unlink()
    else:
        next((loaded.raw_layer.pipeline_dir / "rejected_records" / "outbound" / "sends").iterdir()).unlink()
    assert not loaded.raw_layer.is_as_written()
    loaded.load()
    assert "was gone or damaged; it was made anew from its extract" in capfd.readouterr().err
    assert loaded.raw_layer.is_as_written()
    assert noted(loaded) == before
    assert raw_rows(loaded) == rows


@pytest.mark.parametrize("has_forgotten", [False, True])
def test_a_damaged_list_of_erasures_is_made_anew(
    loaded: Pipeline, has_forgotten: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    register = Register(loaded.settings)
    if has_forgotten:
        register.write(set())
    os.truncate(register.erasures_path, 50)
    loaded.load()
    assert pq.read_table(register.erasures_path).schema == ERASURES_SCHEMA
    assert ("audit_erasures begins anew" in capfd.readouterr().err) == has_forgotten


def test_a_raw_file_whose_extract_is_gone_is_missed_loudly(loaded: Pipeline) -> None:
    extract = loaded.settings.landing_dir / "outbound" / "sends" / "b.csv"
    content, entry = extract.read_bytes(), loaded.raw_layer.read_ledger()[1]
    (path,) = (path for path in raw_files(loaded) if path.stem == entry.content_hash)
    whole = path.read_bytes()
    before = noted(loaded)
    extract.unlink()
    path.unlink()
    loaded.drop("outbound/sends/new.csv", send("s9"))
    with pytest.raises(LoadError) as missed:
        loaded.load()
    assert all(words in str(missed.value) for words in (str(path), "outbound/sends/b.csv", entry.content_hash))
    assert noted(loaded) == before
    # Each way that the message names: the extract under another name, the raw file from a backup, to go on without it.
    other = loaded.drop("outbound/sends/other.csv", content)
    loaded.load()
    assert sorted(row["send_id"] for row in raw_rows(loaded)) == ["s1", "s2", "s3", "s9"]
    assert [e.outcome for e in loaded.raw_layer.read_ledger() if e.file.endswith("other.csv")] == [DUPLICATE]
    other.unlink()
    path.unlink()
    path.write_bytes(whole)
    loaded.load()
    path.write_bytes(b"damaged")
    loaded.raw_layer.ledger_path.unlink()
    with pytest.raises(LoadError, match=entry.content_hash):
        loaded.load()
    path.unlink()
    loaded.load()
    assert {entry.file for entry in loaded.raw_layer.read_ledger()} == {
        "outbound/sends/a.csv", "outbound/sends/c.csv", "outbound/sends/new.csv",
    }  # fmt: skip


def test_a_disk_that_loses_bytes_without_a_trace_is_noticed_by_a_rebuild(loaded: Pipeline) -> None:
    path, rows = raw_files(loaded)[0], raw_rows(loaded)
    state, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert loaded.raw_layer.is_as_written()
    loaded.raw_layer.restore()
    assert raw_rows(loaded) == rows
    with pytest.raises(LoadError, match=path.stem):
        path.write_bytes(content)
        RawLayer(loaded.settings, {}).restore()


@pytest.mark.parametrize("is_extract_there", [True, False])
def test_what_a_killed_load_left_is_accounted_for(loaded: Pipeline, is_extract_there: bool) -> None:
    before = loaded.raw_layer.ledger_path.read_bytes()
    path = loaded.drop("outbound/sends/d.csv", send("s4"))
    loaded.load()
    undisturbed = noted(loaded)
    # Killed before the ledger was written.
    loaded.raw_layer.ledger_path.write_bytes(before)
    if not is_extract_there:
        path.unlink()
    loaded.load()
    assert [what_of(entry) for entry in noted(loaded)] == [what_of(entry) for entry in undisturbed]
    assert sorted(row["send_id"] for row in raw_rows(loaded)) == ["s1", "s2", "s3", "s4"]


def test_a_first_load_that_was_killed_is_begun_again(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        pipeline.drop(f"outbound/sends/{name}.csv", send(name))

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(raw_layer, "_merge", killed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.load()
    assert len(raw_files(pipeline)) == 3
    pipeline.load()
    assert [(entry.file[-5], entry.extract_number) for entry in pipeline.raw_layer.read_ledger()] == [
        ("a", 1), ("b", 2), ("c", 3),
    ]  # fmt: skip


def test_a_clock_that_was_set_back_makes_no_load_older(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = max(entry.loaded_at for entry in loaded.raw_layer.read_ledger())

    class SetBack(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) - timedelta(days=400)

    monkeypatch.setattr(raw_layer, "datetime", SetBack)
    loaded.drop("outbound/sends/d.csv", send("s4"))
    (entry,) = loaded.load()[("outbound", "sends")].new_entries
    assert entry.loaded_at == newest


def test_an_extract_that_grows_while_it_is_read_is_left_for_the_next_load(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pipeline.drop("outbound/sends/a.csv", send("s1"))
    read = raw_layer.read_extract

    def growing(*arguments: Any) -> Any:
        result = read(*arguments)
        with path.open("a") as file:
            file.write("s2,m1,sms,c1,2026-10-01T09:00:00Z\n")
        return result

    with monkeypatch.context() as patched:
        patched.setattr(raw_layer, "read_extract", growing)
        pipeline.load()
    assert raw_files(pipeline) == []
    pipeline.load()
    assert [row["send_id"] for row in raw_rows(pipeline)] == ["s1", "s2"]
    assert [entry.row_count for entry in pipeline.raw_layer.read_ledger() if entry.outcome == LOADED] == [2]


# --- what is built and published -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copied(published: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The shared pipeline in a folder of this module's own, published there."""
    root = tmp_path_factory.mktemp("copied")
    for name in ("landing", "warehouse", "outputs"):
        shutil.copytree(published.root / name, root / name, symlinks=True)
    folders = {f"{name}_DIR": str(root / folder) for name, folder in FOLDERS.items()}
    return Pipeline(root, **{**published.variables, **folders})


FOLDERS = {"LANDING": "landing", "WAREHOUSE": "warehouse", "OUTPUT": "outputs"}


def test_a_moved_warehouse_is_noticed(published: Pipeline, copied: Pipeline) -> None:
    """A day's run leaves the views of staging as they are, and they name the raw layer's folder."""
    assert not lacks_views(published.settings)
    assert lacks_views(copied.settings)


def test_a_run_that_dies_between_the_links_is_mended_by_the_next(
    copied: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(link: Path, target: Path) -> None:
        if link.name == "latest":
            raise KeyboardInterrupt
        outputs.point_to(link, target)

    def killed_before(link: Path, target: Path) -> None:
        raise KeyboardInterrupt

    latest = copied.settings.output_dir / "latest"
    # Outputs of the same as-of moment that differ: nobody sees them before the marts.
    before = state_of(copied), (latest / "manifest.json").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(marts, "point_to", killed_before)
        with pytest.raises(KeyboardInterrupt):
            publish(replace(copied.settings, personal_data_csv="none"))
    assert (state_of(copied), (latest / "manifest.json").read_bytes()) == before
    outputs.point_to(latest, latest.resolve().rename(latest.with_name("20200101-000000")))
    publish(copied.settings)
    note_published(copied.settings)
    held = duckdb.connect(str(copied.settings.marts_path), read_only=True)
    first = copied.settings.marts_path.readlink()
    outputs.point_to(latest, latest.with_name("20200101-000000"))
    with monkeypatch.context() as patched:
        patched.setattr(marts, "point_to", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(copied.settings)
    assert copied.settings.marts_path.readlink() != first
    assert latest.readlink().name == "20200101-000000"
    assert not is_current(copied.settings, copied.raw_layer)
    publish(copied.settings)
    marts_state, outputs_state = state_of(copied)
    assert marts_state == outputs_state
    # The file before the present one is kept for who is just opening it, and who has an older one open can read on.
    assert len(list(copied.settings.published_dir.iterdir())) == 2
    assert not (copied.settings.warehouse_dir / first).exists()
    assert held.execute("select count(*) from fct_sends").fetchone() == (116,)


@pytest.mark.parametrize("name", ["latest", "marts.duckdb"])
def test_a_folder_in_the_way_of_a_link_stops_before_anything_is_published(copied: Pipeline, name: str) -> None:
    link = copied.settings.marts_path if name == "marts.duckdb" else copied.settings.output_dir / name
    target = link.readlink()
    before = sorted(copied.settings.published_dir.iterdir()), sorted(copied.settings.output_dir.iterdir())
    link.unlink()
    link.mkdir()
    try:
        with pytest.raises(PublishError, match=f"{name} is a folder"):
            publish(copied.settings)
    finally:
        link.rmdir()
        link.symlink_to(target)
    assert (sorted(copied.settings.published_dir.iterdir()), sorted(copied.settings.output_dir.iterdir())) == before


@pytest.mark.parametrize("database", DATABASES)
def test_damage_within_a_database_being_built_is_found_and_the_next_build_makes_it_anew(
    copied: Pipeline, database: str
) -> None:
    path = copied.settings.build_dir / database
    content = path.read_bytes()
    assert not are_damaged(copied.settings)
    fingerprint = copied.settings.build_dir / "fingerprint.txt"
    fingerprint.write_bytes(b"\xff damaged")
    assert reason_for_a_refresh(copied.settings, [], {}) == "models, seeds or settings changed"
    fingerprint.write_text("of the build")
    with pytest.raises(duckdb.CatalogException), noting_damage(copied.settings):
        raise duckdb.CatalogException("says nothing of the files")
    assert fingerprint.exists()
    damaged = bytearray(content)
    damaged[12_365::4096] = bytes(255 ^ byte for byte in damaged[12_365::4096])
    path.write_bytes(damaged)
    try:
        with pytest.raises(DamagedBuildError), noting_damage(copied.settings):
            raise duckdb.IOException("a checksum does not match")
    finally:
        path.write_bytes(content)
    assert not fingerprint.exists()


def test_half_a_manifest_is_not_used(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, parsed_target: Path) -> None:
    """As dbt leaves it that is killed, or whose disk is full, while it parses."""
    monkeypatch.setattr(parsing, "PARSED_DIR", parsed_target)
    path = manifest_path(pipeline.settings)
    whole = path.read_bytes()
    os.truncate(path, len(whole) // 2)
    assert parsing.ensure_manifest(pipeline.settings).read_bytes() == whole


def test_a_copied_manifest_is_no_younger_than_its_parse(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a warehouse that was copied after an upgrade: the project changed when the manifest had been made."""
    path = manifest_path(pipeline.settings)
    begun = datetime.fromisoformat(json.loads(path.read_text())["metadata"]["generated_at"]).timestamp()
    assert path.stat().st_mtime > begun
    monkeypatch.setattr(parsing, "PARSED_DIR", pipeline.root / "nothing")
    for changed, parses in ((begun, 0), (begun + 0.001, 1)):
        parsed: list[Path] = []
        monkeypatch.setattr(parsing, "_parsed_times", lambda changed=changed: iter([changed]))
        monkeypatch.setattr(parsing, "_parse", lambda _, target, parsed=parsed: parsed.append(target))
        monkeypatch.setattr(parsing, "_copy_parse_results", lambda *_: None)
        assert parsing.ensure_manifest(pipeline.settings) == path
        assert len(parsed) == parses


def test_two_runs_at_once_queue(pipeline: Pipeline) -> None:
    """The second one says so and waits; that the first one died does not keep it."""
    pipeline.drop("outbound/sends/a.csv", send("s1"))
    hold = (
        "import sys\n"
        "from orchestration.loading.warehouse_lock import warehouse_lock\n"
        "from orchestration.settings import Settings\n"
        "with warehouse_lock(Settings.from_environment()):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = {"args": [sys.executable, "-c", hold], "cwd": PROJECT_DIR, "env": {**os.environ, **pipeline.variables}}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(**command, **pipes) as first:
        assert first.stdout and first.stdout.readline() == "held\n"
        command["args"] = [sys.executable, "-m", "orchestration", "load"]
        with subprocess.Popen(**command, **pipes) as second:
            assert second.stderr
            warehouse = pipeline.settings.warehouse_dir
            assert second.stderr.readline() == f"another run is writing to {warehouse}; waiting for it to end\n"
            assert is_locked(pipeline.settings)
            assert second.poll() is None
            assert not pipeline.raw_layer.ledger_path.exists()
            first.kill()
            output, errors = second.communicate("")
    assert (second.returncode, errors) == (0, "")
    assert "loaded: outbound/sends/a.csv, 1 rows" in output
    assert not is_locked(pipeline.settings)


# --- the process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_command_with_one_line(pipeline: Pipeline, number: signal.Signals) -> None:
    pipeline.drop("outbound/sends/a.csv", send("s1"))
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=PROJECT_DIR, env={**os.environ, **pipeline.variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        log = pipeline.settings.build_dir / "logs" / "daily.log"
        while process.poll() is None and not log.exists():
            time.sleep(0.05)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (128 + number, "")
    assert errors == f"Stopped by {number.name}: what is published is whole; the next run goes on from here.\n"


def test_a_full_disk_ends_the_log_and_not_the_run() -> None:
    with io.TextIOWrapper(io.BufferedWriter(commands._LogFile("/dev/full", "w")), line_buffering=True) as log:
        print("a line that finds no place", file=log)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device", "/warehouse/x"), DISK_IS_FULL),
        (sqlite3.OperationalError("database or disk is full"), DISK_IS_FULL),
        (duckdb.IOException("Could not write file: No space left on device"), DISK_IS_FULL),
        (ValueError("+447700900123"), "an unforeseen fault: ValueError; its stack trace stands in the log"),
        (PermissionError(13, "Permission denied", "/warehouse/x"), "/warehouse/x: Permission denied"),
    ],
)  # fmt: skip
def test_what_fails_outside_of_steps_is_told_in_a_line(
    pipeline: Pipeline, tmp_path: Path, error: Exception, told: str
) -> None:
    log = tmp_path / "daily.log"
    with (
        pytest.raises(commands.RunError) as failed,
        commands._output_to(log),
        commands._failures_as_one_line(pipeline.settings, "daily", log),
    ):
        raise RuntimeError("while it was noted") from error
    assert str(failed.value) == (
        f"The job daily failed: {told}; what was published before is untouched. The whole log: {log}"
    )
    assert "Traceback" in log.read_text()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    for name in ("runs.db", "runs/index.db"):
        path = tmp_path / "history" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        with sqlite3.connect(path) as connection:
            connection.execute("create table runs (body)")
            connection.executemany("insert into runs values (?)", [("x" * 1000,)] * 50)
        connection.close()
    yield tmp_path


@pytest.mark.parametrize("first", [0, 4096])
def test_a_damaged_database_of_dagster_is_set_aside(home: Path, first: int) -> None:
    assert set_damaged_databases_aside(home) == []
    path = home / "history" / "runs.db"
    with path.open("r+b") as file:
        file.seek(first)
        file.write(b"x" * 5000)
    assert set_damaged_databases_aside(home) == [path.with_name("runs.db.damaged")]
    assert not path.exists()
    assert (home / "history" / "runs" / "index.db").exists()
    (home / "history" / "folder.db").mkdir()
    assert set_damaged_databases_aside(home) == [path.with_name("folder.db.damaged")]


def test_a_locked_database_of_dagster_is_left_alone(home: Path) -> None:
    with sqlite3.connect(home / "history" / "runs.db") as holder:
        holder.execute("begin exclusive")
        assert set_damaged_databases_aside(home) == []
    holder.close()
