"""Delivery: the outputs arrive whole at a folder and at an S3-compatible server.

That a failure harms nothing else, and the next run makes up for it: tests/test_commands.py.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from moto.server import ThreadedMotoServer

from orchestration.errors import SettingError
from orchestration.loading.mirror import mirror
from orchestration.publishing.delivery import deliver
from orchestration.publishing.state import is_delivered
from orchestration.settings import Settings


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A folder of outputs, with one in a folder within it."""
    folder = tmp_path / "outputs" / "20261101-060000"
    (folder / "report").mkdir(parents=True)
    (folder / "messages.csv").write_text("a\n1\n")
    (folder / "report" / "index.html").write_text("<p>")
    (folder / "manifest.json").write_text('{"files": {"messages.csv": {}, "report/index.html": {}}}')
    (tmp_path / "outputs" / "latest").symlink_to(folder.name)
    (tmp_path / "warehouse" / "build").mkdir(parents=True)
    return folder


def settings_for(tmp_path: Path, url: str) -> Settings:
    return Settings.from_environment(
        {"OUTPUT_DIR": str(tmp_path / "outputs"), "WAREHOUSE_DIR": str(tmp_path / "warehouse"), "OUTPUT_URL": url}
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_gets_every_file_and_the_same_outputs_once(tmp_path: Path, outputs: Path) -> None:
    settings = settings_for(tmp_path, f"file://{tmp_path}/elsewhere")
    assert not is_delivered(settings)
    assert deliver(settings) == (f"{tmp_path}/elsewhere/20261101-060000", 3)
    assert contents(tmp_path / "elsewhere" / "20261101-060000") == contents(outputs)
    assert is_delivered(settings)
    assert deliver(settings)[1] == 0
    (outputs / "messages.csv").write_text("a\n2\n")
    (outputs / "manifest.json").write_text("{}")
    assert not is_delivered(settings)
    assert deliver(settings)[1] == 3
    assert contents(tmp_path / "elsewhere" / "20261101-060000") == contents(outputs)
    assert not is_delivered(settings_for(tmp_path, f"file://{tmp_path}/another"))


def test_no_manifest_stands_beside_half_of_the_files(
    tmp_path: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path, f"file://{tmp_path}/elsewhere")
    deliver(settings)
    (outputs / "manifest.json").write_text("{}")
    target = tmp_path / "elsewhere" / outputs.name
    put_file, seen = LocalFileSystem.put_file, []

    def breaking(self: Any, source: str, target_path: str, **options: Any) -> None:
        seen.append((target / "manifest.json").exists())
        if source.endswith("index.html"):
            raise OSError("the line broke")
        put_file(self, source, target_path, **options)

    monkeypatch.setattr(LocalFileSystem, "put_file", breaking)
    with pytest.raises(OSError, match="the line broke"):
        deliver(settings)
    assert seen == [False, False]
    assert not (target / "manifest.json").exists()
    assert not is_delivered(settings)
    monkeypatch.setattr(LocalFileSystem, "put_file", put_file)
    assert deliver(settings)[1] == 3
    assert contents(target) == contents(outputs)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on an S3-compatible server of this machine."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    store.mkdir("reports")
    yield "s3://reports/sms"
    store.rm("reports", recursive=True)
    server.stop()


def test_an_s3_server_gets_every_file(tmp_path: Path, outputs: Path, bucket: str) -> None:
    settings = settings_for(tmp_path, bucket)
    assert deliver(settings) == ("reports/sms/20261101-060000", 3)
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    found = {path.removeprefix("reports/sms/20261101-060000/"): store.cat_file(path) for path in store.find("reports")}
    assert found == contents(outputs)
    assert deliver(settings)[1] == 0
    (outputs / "manifest.json").write_text("{}")
    assert deliver(settings)[1] == 3
    assert store.cat_file("reports/sms/20261101-060000/manifest.json") == b"{}"


def test_a_reader_of_s3_never_sees_a_half(tmp_path: Path, outputs: Path, bucket: str) -> None:
    settings = settings_for(tmp_path, bucket)
    stop, halves = threading.Event(), []

    def read() -> None:
        store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        folder = "reports/sms/20261101-060000"
        while not stop.is_set():
            try:
                listed = json.loads(store.cat_file(f"{folder}/manifest.json"))["files"]
            except FileNotFoundError:
                continue
            halves.extend(name for name in listed if not store.exists(f"{folder}/{name}"))

    reader = threading.Thread(target=read)
    reader.start()
    deliver(settings)
    stop.set()
    reader.join()
    assert halves == []


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_a_copy_of_the_raw_layer_follows_it(tmp_path: Path, request: pytest.FixtureRequest, place: str) -> None:
    url = f"{request.getfixturevalue('bucket')}/raw" if place == "s3" else f"file://{tmp_path}/elsewhere/raw"
    raw, note = tmp_path / "raw", tmp_path / "note.json"
    for name in ("outbound/sends/load_date=2026-10-01/a.parquet", "pipeline/settings.parquet"):
        (raw / name).parent.mkdir(parents=True)
        (raw / name).write_bytes(b"one")
    (raw / "outbound" / "half.tmp").write_bytes(b"")

    def copied() -> dict[str, bytes]:
        store, root = url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
        return {name.removeprefix(f"{root}/"): store.cat_file(name) for name in store.find(root)}

    assert (mirror(raw, url, note), mirror(raw, url, note)) == (2, 0)
    assert copied() == {str(path.relative_to(raw)): b"one" for path in raw.rglob("*.parquet")}
    # Someone was forgotten: the file has other rows, even where it has the same size.
    (raw / "outbound/sends/load_date=2026-10-01/a.parquet").write_bytes(b"two")
    (raw / "pipeline/settings.parquet").unlink()
    assert mirror(raw, url, note) == 1
    assert copied() == {"outbound/sends/load_date=2026-10-01/a.parquet": b"two"}
    # Of another place nothing is known.
    assert mirror(raw, f"{url}-2", note) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("folder/without/protocol", "a URL such as s3://bucket/folder"),
        ("nowhere://bucket", "a URL such as s3://bucket/folder"),
        ("gs://bucket/folder", "gs:// needs a driver that is not installed"),
        ("sftp://user:secret@host/folder", "sftp:// needs a driver that is not installed"),
    ],
)
def test_a_wrong_url_or_a_missing_driver_is_one_line_without_the_password(url: str, told: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment({"OUTPUT_URL": url})
    message = str(error.value)
    assert message.startswith("OUTPUT_URL=") and told in message and "\n" not in message
    assert "secret" not in message
