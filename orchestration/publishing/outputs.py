"""The generated files of a run: CSVs for stakeholders and a manifest of them.

A folder of outputs is written under a temporary name and appears in one step; `latest` then points to it.
"""

import ctypes
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

# CSV file, view that gives its shape, and the order of its rows. The order ends in the rows' key, so that the same data
# give the same bytes.
CSV_FILES: dict[str, tuple[str, str]] = {
    "messages.csv": ("export_messages", "last_sent_at desc, message_id"),
    "message_delivery.csv": ("export_message_delivery", "message_id"),
    "delivery_issues.csv": ("export_delivery_issues", "sent_at, send_id"),
    "responses.csv": ("export_responses", "received_at, reply_id"),
    "opt_out_review.csv": ("export_opt_out_review", "received_at, reply_id"),
    "customer_engagement.csv": ("export_customer_engagement", "sent_date, channel, message_id"),
    "fix_list.csv": ("export_fix_list", "customer_id, to_number, issue_reason_id"),
}
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class OutputFile:
    """A generated file: its name below the outputs' folder, rows (without the header), bytes, SHA-256 in hex, columns.

    A page of the report has neither rows nor columns.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    columns: list[str]


def output_file(path: Path, folder: Path, rows: int = 0, columns: list[str] | None = None) -> OutputFile:
    """What the manifest says of a written file.

    Args:
        path: of the file.
        folder: the outputs' folder that it lies below.
        rows: without the header.
        columns: their names; None where it has none.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return OutputFile(path.relative_to(folder).as_posix(), rows, path.stat().st_size, digest, columns or [])


def as_of_folder(as_of: datetime) -> str:
    """Name of the outputs folder of an as-of moment (UTC): YYYYMMDD-HHMMSS."""
    return f"{as_of:%Y%m%d-%H%M%S}"


def write_csv_files(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[OutputFile]:
    """Write every CSV of `CSV_FILES`.

    Args:
        connection: to the warehouse, in which the export views stand.
        folder: an existing folder.

    Returns:
        What was written, in the order of `CSV_FILES`.
    """
    # Two at a time: writing one waits for its rows, then for the disk. Each needs a session of its own.
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: _write_csv_file(connection.cursor(), folder / name), CSV_FILES))


def _write_csv_file(connection: duckdb.DuckDBPyConnection, path: Path) -> OutputFile:
    view, order = CSV_FILES[path.name]
    described = connection.execute(f"describe {view}").fetchall()
    columns = [str(column) for column, *_ in described]
    texts = [column for column, kind, *_ in described if kind == "VARCHAR"]
    # Texts are quoted, so that programs that split cells at ";" do not split them.
    quoted = f", force_quote ({', '.join(texts)})" if texts else ""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(
        f"copy (select * from {view} order by {order}) to '{str(path).replace(chr(39), chr(39) * 2)}'"
        f" (format csv, header true, delimiter ','{quoted})"
    )
    row = connection.fetchone()
    return output_file(path, path.parent, int(row[0]) if row else 0, columns)


def write_manifest(folder: Path, as_of: datetime, files: list[OutputFile]) -> Path:
    """Write `manifest.json`: the as-of moment and each file's rows, bytes, SHA-256 and columns."""
    manifest: dict[str, Any] = {
        "as_of": f"{as_of.isoformat()}Z",
        "files": {
            file.name: {"rows": file.rows, "bytes": file.bytes, "sha256": file.sha256, "columns": file.columns}
            for file in files
        },
    }
    path = folder / MANIFEST_FILE
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return path


def publish_outputs(staged: Path, output_dir: Path, folder_name: str) -> Path:
    """Make a staged folder visible in one step, and let `latest` point to it.

    Args:
        staged: the complete folder, in `output_dir` under a temporary name; it is gone afterwards.
        output_dir: where outputs are published.
        folder_name: the name under which it appears. A folder of that name with the same manifest is kept as it is;
            another one is replaced in one step.

    Returns:
        The published folder.
    """
    target = output_dir / folder_name
    if not target.exists():
        staged.rename(target)
    elif _same_files(staged, target):
        shutil.rmtree(staged)
    else:
        _exchange(staged, target)
        shutil.rmtree(staged)
    link = output_dir / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder_name, target_is_directory=True)
    link.replace(output_dir / "latest")
    return target


def remove_leftovers(output_dir: Path) -> None:
    """Remove temporary folders that a killed run left behind."""
    for leftover in output_dir.glob(".staged-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _same_files(staged: Path, target: Path) -> bool:
    manifest = target / MANIFEST_FILE
    return manifest.exists() and manifest.read_bytes() == (staged / MANIFEST_FILE).read_bytes()


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
