"""The generated files of a run: a folder with a manifest of all that lies in it.

A folder of outputs is written under a temporary name and appears in one step; `latest` points to it in another.
"""

import ctypes
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.errors import PublishError
from orchestration.loading.extract_files import hash_file
from orchestration.publishing.csv_files import CSV_FILES, Table
from orchestration.publishing.messaging_data_export import EVENTS, EXPORT_FILE, OVERVIEW, RECEIPTS
from orchestration.publishing.state import MANIFEST_FILE
from orchestration.publishing.workbook import SHEETS, WORKBOOK_FILE

# Each generated file, and the views that it shows.
OUTPUT_FILES: dict[str, list[str]] = {
    **{file: [view] for file, (view, _) in CSV_FILES.items()},
    WORKBOOK_FILE: [sheet.view for sheet in SHEETS],
    EXPORT_FILE: [RECEIPTS, EVENTS, OVERVIEW],
}
# Names of folders of outputs, see `as_of_folder`.
_AS_OF_FOLDER = re.compile(r"\d{8}-\d{6}")


@dataclass(frozen=True)
class OutputFile:
    """A generated file.

    Attributes:
        name: path within the folder of outputs, with "/".
        rows: without the header; None where the file is no table.
        bytes: its size.
        sha256: in hex.
        columns: names; none where the file is no table.
    """

    name: str
    rows: int | None
    bytes: int
    sha256: str
    columns: list[str]


def as_of_folder(as_of: datetime) -> str:
    """Name of the outputs folder of an as-of moment (UTC): YYYYMMDD-HHMMSS."""
    return f"{as_of:%Y%m%d-%H%M%S}"


def write_manifest(folder: Path, as_of: datetime, tables: Mapping[str, Table]) -> list[OutputFile]:
    """Write `manifest.json`: the as-of moment, and of each file its rows, bytes, SHA-256 and columns.

    Args:
        folder: with all files in place, also in folders within it.
        as_of: moment of the report, naive UTC.
        tables: what the files hold that are tables, by name.

    Returns:
        All files but the manifest, in the order of their names.
    """
    files = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST_FILE:
            table = tables.get(name)
            rows, columns = (table.rows, table.columns) if table else (None, [])
            files.append(OutputFile(name, rows, path.stat().st_size, hash_file(path), columns))
    manifest: dict[str, Any] = {
        "as_of": f"{as_of.isoformat()}Z",
        "files": {
            file.name: {"rows": file.rows, "bytes": file.bytes, "sha256": file.sha256, "columns": file.columns}
            for file in files
        },
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return files


def place_outputs(staged: Path, output_dir: Path, folder_name: str) -> Path:
    """Put a staged folder in its place in one step; `latest` is another.

    Args:
        staged: the complete folder, in `output_dir` under a temporary name; what is left of it can go afterwards.
        output_dir: where outputs are published.
        folder_name: the name under which it appears. A folder of that name with the same files is kept as it is;
            another one, or one in which a file is gone or damaged, is replaced in one step.

    Returns:
        The folder in its place.
    """
    target = output_dir / folder_name
    if not target.exists():
        staged.rename(target)
    elif not _same_files(staged, target):
        _exchange(staged, target)
    return target


def point_to(link: Path, target: Path) -> None:
    """Let a symbolic link point to a file or folder below its own folder, in one step, whatever was there before."""
    new = link.with_name(f".new-{link.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(target.relative_to(link.parent))
    new.replace(link)


def check_can_point(*links: Path) -> None:
    """Make sure that links can be set, before anything is.

    Raises:
        PublishError: a folder stands where a link belongs.
    """
    for link in links:
        if link.is_dir() and not link.is_symlink():
            raise PublishError(
                f"{link} is a folder, where a link to what is published belongs: move it away, then run again"
            )


def remove_old_outputs(output_dir: Path, keep: int) -> list[str]:
    """Remove older folders of outputs, never the one that `latest` points to.

    Args:
        output_dir: where outputs are published; what else lies there is left alone.
        keep: how many are kept, the newest by their as-of moment.

    Returns:
        Names of the removed folders.
    """
    latest = (output_dir / "latest").resolve().name
    folders = sorted((path for path in output_dir.iterdir() if _AS_OF_FOLDER.fullmatch(path.name)), reverse=True)
    kept = {latest, *(path.name for path in [path for path in folders if path.name != latest][: keep - 1])}
    old = [path for path in folders if path.name not in kept and path.is_dir() and not path.is_symlink()]
    for path in old:
        # Gone in one step for readers; what a killed run leaves is removed by the next one.
        removed = output_dir / f".staged-old-{path.name}"
        path.rename(removed)
        shutil.rmtree(removed)
    return [path.name for path in old]


def remove_leftovers(output_dir: Path) -> None:
    """Remove temporary folders that a killed run left behind."""
    for leftover in output_dir.glob(".staged-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _same_files(staged: Path, target: Path) -> bool:
    manifest = (staged / MANIFEST_FILE).read_bytes()
    try:
        if (target / MANIFEST_FILE).read_bytes() != manifest:
            return False
        noted = json.loads(manifest)["files"]
        return all(hash_file(target / name) == file["sha256"] for name, file in noted.items())
    except OSError:
        return False


def _exchange(first: Path, second: Path) -> None:
    """Swap two folders, in one step where the system can (Linux: renameat2 with RENAME_EXCHANGE)."""
    at_working_directory, rename_exchange = -100, 2
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        result = renameat2(
            at_working_directory, os.fsencode(first), at_working_directory, os.fsencode(second), rename_exchange
        )
        if result == 0:
            return
    aside = first.with_name(f"{first.name}-replaced")
    second.rename(aside)
    first.rename(second)
    aside.rename(first)
