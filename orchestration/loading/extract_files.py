"""Reading one extract file (CSV, JSON or Parquet) into one Parquet file of text columns."""

import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestration.errors import ExtractRefusedError
from orchestration.loading.csv_files import read_csv
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.json_files import read_json
from orchestration.loading.parquet_files import read_parquet
from orchestration.loading.raw_files import Limits, Lineage, ReadResult
from orchestration.loading.text_files import is_packed

FORMAT_PATTERN = re.compile(r"\.(csv|jsonl|csv\.gz|jsonl\.gz|parquet)\Z", re.IGNORECASE)


def file_format(path: Path) -> str | None:
    """Tell a file's format by its name: "csv", "jsonl" or "parquet"; None where it is none of them."""
    match = FORMAT_PATTERN.search(path.name)
    return match.group(1).lower().removesuffix(".gz") if match else None


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_extract(
    path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits | None = None
) -> ReadResult:
    """Read an extract into a Parquet file.

    Args:
        path: the extract; its format is told by its name.
        table: the declaration that it is checked against.
        lineage: written to every row.
        target: Parquet file to write: all declared columns, then the extract's other columns, then the lineage.
        limits: what the extract must keep to; those of the default settings when None.

    Returns:
        Number of rows written and the rows set apart.

    Raises:
        ExtractRefusedError: something is wrong with the file itself: it can't be read at all, lacks a required column
            or goes over a limit.
        LoadError, OSError, MemoryError: something is wrong with this machine.
    """
    readers: dict[str, Callable[[Path, ExtractTable, Lineage, Path, Limits], ReadResult]] = {
        "csv": read_csv,
        "jsonl": read_json,
        "parquet": read_parquet,
    }
    format_name = file_format(path)
    if format_name is None:
        raise ExtractRefusedError("unknown file type: expected .csv, .jsonl, .csv.gz, .jsonl.gz or .parquet")
    # A file's name is text from outside and may hold quotes or glob characters: SQL gets a link of a plain name.
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"extract.{format_name}{'.gz' if is_packed(path) else ''}"
        link.symlink_to(path.absolute())
        return readers[format_name](link, table, lineage, target, limits or Limits())
