"""The landing folder: nothing in it is overlooked, nothing outside it is read, and refusals tell nobody's data."""

import errno
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.commands import _say_refused
from orchestration.errors import ExtractUnreadableError, LoadError
from orchestration.loading import landing
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.extract_files import read_extract
from orchestration.loading.landing import list_extracts
from orchestration.loading.raw_files import Limits, Lineage
from orchestration.loading.raw_layer import LOADED, REFUSED
from tests.pipeline import Pipeline
from tests.test_raw_layer import HEADER, ROW, SEND, load_one, raw_rows, rejected

NUMBER = "+15550123456"


def refusals(pipeline: Pipeline) -> dict[str, str]:
    pipeline.load()
    return {entry.file: entry.reason or "" for entry in pipeline.raw_layer.standing_refusals()}


def test_files_that_lie_too_high_are_refused(pipeline: Pipeline) -> None:
    for file in ("f19.csv", "outbound/f19.csv", "outbound/.hidden.csv", "_notes.csv", "outbound/sends/day.tmp/f19.csv"):
        pipeline.drop(file, HEADER + ROW)
    found = refusals(pipeline)
    assert sorted(found) == ["f19.csv", "outbound/f19.csv"]
    assert all("lies too high" in reason for reason in found.values())
    assert [(entry.source, entry.table_name) for entry in pipeline.raw_layer.read_ledger()] == [
        ("", ""),
        ("outbound", ""),
    ]


def test_what_is_no_regular_file_is_refused_and_not_opened(pipeline: Pipeline) -> None:
    path = pipeline.drop("outbound/sends/a.csv", HEADER + ROW)
    os.mkfifo(path.with_name("pipe.csv"))
    assert refusals(pipeline) == {"outbound/sends/pipe.csv": "is no regular file"}
    assert [row["send_id"] for row in raw_rows(pipeline)] == ["s1"]


def test_links_out_of_the_landing_folder_are_not_read(pipeline: Pipeline, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(f"{NUMBER},root\n")
    sends = pipeline.drop("outbound/sends/a.csv", HEADER + ROW).parent
    (sends / "passwd.csv").symlink_to(outside / "secret.csv")
    (sends / "folder").symlink_to(outside)
    (sends / "hop.csv").symlink_to(sends / "passwd.csv")
    (sends / "gone.csv").symlink_to(sends / "nothing.csv")
    found = refusals(pipeline)
    assert {file: reason.split(",")[0] for file, reason in found.items()} == {
        "outbound/sends/passwd.csv": "is a link that leaves the landing folder",
        "outbound/sends/folder": "is a link that leaves the landing folder",
        "outbound/sends/hop.csv": "is a link that leaves the landing folder",
        "outbound/sends/gone.csv": "is a link that leads nowhere",
    }
    assert NUMBER not in str(pipeline.raw_layer.read_ledger())


def test_links_within_the_landing_folder_are_followed_once(pipeline: Pipeline) -> None:
    sends = pipeline.drop("outbound/sends/a.csv", HEADER + ROW).parent
    pipeline.drop("_kept/b.csv", HEADER + ROW.replace("s1", "s2"))
    (sends / "loop").symlink_to(sends)
    (pipeline.settings.landing_dir / "outbound" / "aaa").symlink_to(sends)
    (sends / "kept").symlink_to(pipeline.settings.landing_dir / "_kept")
    (sends / "kept_again").symlink_to(pipeline.settings.landing_dir / "_kept")
    files = [extract.file for extract in list_extracts(pipeline.settings.landing_dir)]
    assert files == ["outbound/sends/a.csv", "outbound/sends/kept/b.csv"]


def test_names_that_are_no_utf_8_do_not_stop_a_load(pipeline: Pipeline) -> None:
    root = os.fsencode(pipeline.settings.landing_dir)
    for folder, name in ((b"outbound/sends", b"\xff.csv"), (b"outbound/\xfe", b"a.csv"), (b"\xfd/sends", b"a.csv")):
        os.makedirs(os.path.join(root, folder), exist_ok=True)  # noqa: PTH103, PTH118
        with open(os.path.join(root, folder, name), "wb") as file:  # noqa: PTH118, PTH123
            file.write((HEADER + ROW).encode())
    assert sorted(refusals(pipeline)) == [r"\xfd/sends/a.csv", r"outbound/\xfe/a.csv"]
    assert [row["_file"] for row in raw_rows(pipeline)] == [r"outbound/sends/\xff.csv"]


def test_a_folder_that_cannot_be_listed_is_reported(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.drop("outbound/sends/closed/b.csv", HEADER + ROW)
    pipeline.drop("outbound/sends/a.csv", HEADER + ROW)
    scandir = os.scandir

    def closed(folder: Path) -> object:
        if str(folder).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    with monkeypatch.context() as patched:
        patched.setattr(landing.os, "scandir", closed)
        assert refusals(pipeline) == {"outbound/sends/closed": "the folder can't be listed: Permission denied"}
        assert pipeline.raw_layer.new_extracts() == []
    assert refusals(pipeline) == {}


@pytest.fixture
def bound_by_rights(tmp_path: Path) -> list[str]:
    """What stands before a command so that files' rights bind it: nothing, but for root, who lays down what overrides them."""
    if os.geteuid() != 0:
        return []
    overriding = "-dac_override,-dac_read_search"
    bound = ["setpriv", "--bounding-set", overriding, "--inh-caps", overriding]
    closed = tmp_path / "closed"
    closed.touch(mode=0)
    tried = (
        subprocess.run([*bound, "cat", closed], capture_output=True, check=False) if shutil.which("setpriv") else None
    )
    if not tried or b"Permission denied" not in tried.stderr:
        pytest.skip("root overrides files' rights, and setpriv can't take that from a command here")
    return bound


def test_a_landing_folder_that_may_only_be_read_is_read_and_left_as_it_is(
    pipeline: Pipeline, bound_by_rights: list[str]
) -> None:
    landing_dir = pipeline.settings.landing_dir
    pipeline.drop("outbound/sends/a.csv", HEADER + ROW).chmod(0o444)
    pipeline.drop("outbound/sends/secret.csv", HEADER + ROW).chmod(0)
    pipeline.drop("outbound/sends/closed/b.csv", HEADER + ROW)
    rights = {landing_dir: 0o555, landing_dir / "outbound": 0o555, landing_dir / "outbound" / "sends": 0o555}
    rights[landing_dir / "outbound" / "sends" / "closed"] = 0

    def load() -> subprocess.CompletedProcess[str]:
        command = [*bound_by_rights, sys.executable, "-m", "orchestration", "load"]
        environment = {**os.environ, **pipeline.variables}
        return subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False)

    def state() -> list[tuple[str, int, int]]:
        return [
            (str(path), path.stat().st_mode, path.stat().st_mtime_ns) for path in sorted(landing_dir.rglob("*.csv"))
        ]

    before = state()
    for folder, mode in rights.items():
        folder.chmod(mode)
    refused = (
        "refused: outbound/sends/closed: the folder can't be listed: Permission denied\n"
        "refused: outbound/sends/secret.csv: can't be read: check that it exists and its permissions\n"
    )
    try:
        for told in ("loaded: outbound/sends/a.csv, 1 rows\n", ""):
            result = load()
            assert (result.returncode, result.stderr) == (0, "")
            assert result.stdout.startswith(told + refused)
        # A warehouse that may only be read ends a command with a line.
        (pipeline.settings.raw_dir / "pipeline").chmod(0o555)
        result = load()
        assert result.returncode != 0
        assert len(result.stderr.splitlines()) == 1
        assert "Permission denied" in result.stderr
    finally:
        for folder in rights:
            folder.chmod(0o755)
    assert state() == before
    assert [row["send_id"] for row in raw_rows(pipeline)] == ["s1"]


def test_only_refusals_of_files_that_are_there_are_told(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    path = pipeline.drop("outbound/replies/f40.csv", HEADER + ROW)
    assert list(refusals(pipeline)) == ["outbound/replies/f40.csv"]
    path.rename(path.parents[1] / "sends.csv")
    (path.parents[1] / "sends").mkdir()
    (path.parents[1] / "sends.csv").rename(path.parents[1] / "sends" / "f40.csv")
    assert refusals(pipeline) == {}
    assert [entry.outcome for entry in pipeline.raw_layer.read_ledger()] == [REFUSED, LOADED]
    for number in range(13):
        pipeline.drop(f"outbound/replies/{number:02}.csv", f"wrong,{number}\n")
    pipeline.load()
    _say_refused(pipeline.raw_layer.standing_refusals(), "audit_loads")
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 11
    assert shown[-1] == "refused: 3 more, 13 in all: select file, reason from audit_loads where outcome = 'refused'"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("outbound/sends/a.csv", f"Ann,{NUMBER},sms\nBob,x,sms\n"),
        ("outbound/sends/a.csv", f"{NUMBER}\n"),
        ("outbound/sends/a.csv", HEADER.strip() + f",{NUMBER},{NUMBER}\n"),
        ("outbound/sends/a.csv", f'"{NUMBER}"x,b\n'),
        ("outbound/sends/a.jsonl", f"Ann,{NUMBER}\n"),
        ("outbound/sends/a.jsonl", json.dumps({"name": NUMBER}) + "\n"),
        ("outbound/sends/a.jsonl", json.dumps([NUMBER]) + "\n"),
        ("outbound/sends/a.parquet", f"PAR1{NUMBER}PAR1"),
    ],
)
def test_a_refusal_tells_nobodys_data(pipeline: Pipeline, file: str, content: str) -> None:
    entry = load_one(pipeline, file, content)
    assert entry.outcome == REFUSED
    assert NUMBER not in (entry.reason or "")
    assert "Ann" not in (entry.reason or "")


FULL_DISK = """
import resource, sys, pathlib, datetime
from orchestration.loading.raw_layer import RawLayer
from orchestration.loading.declarations import read_extract_tables
from orchestration.settings import Settings
settings = Settings.from_environment()
layer = RawLayer(settings, read_extract_tables(pathlib.Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
layer.load()
"""


@pytest.mark.parametrize("file", ["a.csv", "b.csv", "a.jsonl", "a.parquet"])
def test_a_full_disk_stops_the_load_and_is_not_noted_against_the_file(
    pipeline: Pipeline, file: str, parsed_target: Path
) -> None:
    rows = [{**SEND, "send_id": os.urandom(40).hex()} for _ in range(2_000)]
    if file.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = pipeline.drop(f"outbound/sends/{file}", "")
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        lines = [json.dumps(row) for row in rows]
        if ".csv" in file:
            lines = [",".join(SEND), *(",".join(row.values()) for row in rows)]
        pipeline.drop(f"outbound/sends/{file}", "\n".join([*lines, *(["ragged,"] if file == "b.csv" else []), ""]))
    pipeline.raw_layer.prepare()
    command = [sys.executable, "-c", FULL_DISK, str(parsed_target / "manifest.json"), "20000"]
    stopped = subprocess.run(
        command, env={**os.environ, **pipeline.variables}, capture_output=True, text=True, check=False
    )
    assert stopped.returncode != 0
    assert "LoadError: can't write to the raw layer" in stopped.stderr.splitlines()[-1]
    assert pipeline.raw_layer.read_ledger() == []
    pipeline.load()
    assert [entry.outcome for entry in pipeline.raw_layer.read_ledger()] == [LOADED]
    assert len(raw_rows(pipeline)) == 2_000


def test_memory_that_runs_out_stops_the_load(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*arguments: object) -> object:
        raise MemoryError

    pipeline.drop("outbound/sends/a.csv", HEADER + ROW)
    monkeypatch.setattr("orchestration.loading.raw_layer.read_extract", too_much)
    with pytest.raises(LoadError, match="memory"):
        pipeline.load()
    assert pipeline.raw_layer.read_ledger() == []


# --- limits --------------------------------------------------------------------------------------------------------


def timed_load(pipeline: Pipeline, file: str, content: bytes) -> str:
    started = time.process_time()
    reason = load_one(pipeline, file, content).reason or ""
    assert time.process_time() - started < 30
    return reason


def test_files_with_too_many_columns_are_refused(pipeline: Pipeline) -> None:
    header = ",".join(f"c{number}" for number in range(200_000))
    assert "MAX_EXTRACT_COLUMNS" in timed_load(pipeline, "outbound/sends/a.csv", (HEADER.strip() + header).encode())
    keys = b"".join(json.dumps({**SEND, f"k{number}": 1}).encode() + b"\n" for number in range(20_000))
    assert "MAX_EXTRACT_COLUMNS" in timed_load(pipeline, "outbound/sends/a.jsonl", keys)


def test_a_csv_that_lost_its_line_feeds_is_soon_refused(pipeline: Pipeline) -> None:
    lost = (HEADER + ROW * 600_000).replace("\n", ",").encode()
    assert "the header row is longer than" in timed_load(pipeline, "outbound/sends/a.csv", lost)
    lost_later = HEADER.encode() + (ROW * 600_000).replace("\n", ",").encode()
    assert timed_load(pipeline, "outbound/sends/b.csv", lost_later) == ""
    assert [line for _, line, _, _ in rejected(pipeline)] == [2]


def test_long_values_are_set_apart(tmp_path: Path, parsed_target: Path) -> None:
    pipeline = Pipeline(tmp_path, MAX_FIELD_CHARACTERS="1000")
    long = "x" * 1_001
    content = HEADER + ROW + ROW.replace("hello", long) + ROW.replace("hello", f'"{long}"')
    load_one(pipeline, "outbound/sends/a.csv", content)
    load_one(pipeline, "outbound/sends/a.jsonl", json.dumps(SEND) + "\n" + json.dumps({**SEND, "body": long}) + "\n")
    assert [(file[-5:], line, "MAX_FIELD_CHARACTERS" in reason) for file, line, _, reason in rejected(pipeline)] == [
        ("a.csv", 3, True),
        ("a.csv", 4, True),
        ("jsonl", 2, True),
    ]


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.loading.raw_layer import RawLayer

    set_up = RawLayer.__init__

    def with_small_limit(self: RawLayer, *arguments: object) -> None:
        set_up(self, *arguments)  # type: ignore[arg-type]
        self.limits = Limits(unpacked_bytes=1_000_000)

    monkeypatch.setattr(RawLayer, "__init__", with_small_limit)
    bomb = gzip.compress((HEADER + ROW * 100_000).encode())
    assert "MAX_UNPACKED_GB" in timed_load(pipeline, "outbound/sends/a.csv.gz", bomb)
    lines = gzip.compress((json.dumps(SEND) + "\n").encode() * 100_000)
    assert "MAX_UNPACKED_GB" in timed_load(pipeline, "outbound/sends/a.jsonl.gz", lines)


def test_a_parquet_that_takes_more_memory_than_is_set_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = ExtractTable("source", "table", ("a",), ("a",), (), "")
    lineage = Lineage("file", "hash", 1, datetime(2026, 1, 1))
    pq.write_table(pa.table({"a": ["x" * 60_000_000]}), tmp_path / "a.parquet", compression="zstd")
    with pytest.raises(ExtractUnreadableError, match="MEMORY_LIMIT_GB"):
        read_extract(tmp_path / "a.parquet", table, lineage, tmp_path / "out", Limits(memory_bytes=20_000_000))


def test_a_file_of_wrong_rows_alone_is_refused(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.loading.raw_files.MAXIMUM_REJECTED_ROWS", 1_000)
    reason = timed_load(pipeline, "outbound/sends/a.csv", HEADER.encode() + b"ragged\n" * 1_001)
    assert reason.startswith("has more than 1000 rows that can't be read")
