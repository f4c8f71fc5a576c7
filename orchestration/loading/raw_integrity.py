"""How raw files look and what they tell: to notice those that are gone or damaged, and to do without the ledger."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_HASH = re.compile(r"[0-9a-f]{64}")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a small Parquet file in one step, with checksums by which damage is noticed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    pq.write_table(table, temporary, write_page_checksum=True)
    temporary.replace(path)


def glance(files: Sequence[Path]) -> tuple[int, int] | None:
    """Bytes of some files, and the time of their last change, nanoseconds since 1970; None where one is gone."""
    try:
        states = [file.stat() for file in files]
    except FileNotFoundError:
        return None
    return sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 of the bytes of some files, one behind the other, in hex."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def is_readable(file: Path) -> bool:
    """Whether a file is there and can be opened as Parquet."""
    try:
        pq.read_metadata(file)
    except (OSError, pa.ArrowException):
        return False
    return True


def raw_files_below(raw_dir: Path) -> list[Path]:
    """All raw files of extracts, in the order of their paths."""
    return sorted(path for path in raw_dir.glob("*/*/load_date=*/*.parquet") if _HASH.fullmatch(path.stem))


class FoundLineage(NamedTuple):
    """What the raw files of an extract tell of it.

    Attributes:
        file: the extract's path below the landing folder.
        extract_number: its number in the ledger; None where no row tells it.
        loaded_at: time of its load, naive UTC; midnight where no row tells it.
        row_count: all its rows.
        rejected_count: those of them that could not be read.
    """

    file: str
    extract_number: int | None
    loaded_at: datetime
    row_count: int
    rejected_count: int


def read_lineage(raw_file: Path, rejected_file: Path) -> FoundLineage | None:
    """Read what the raw files of an extract tell of it.

    Args:
        raw_file: of the extract.
        rejected_file: list of its rejected rows, which need not be there.

    Returns:
        What they tell; None where the extract had no rows, so that there is nothing to account for.

    Raises:
        OSError, pyarrow.ArrowException: a file can't be read.
    """
    raw = pq.ParquetFile(raw_file)
    rejected = pq.read_table(rejected_file, columns=["file"]).to_pylist() if rejected_file.exists() else []
    counts = (raw.metadata.num_rows + len(rejected), len(rejected))
    if raw.metadata.num_rows:
        # Raw files of version 0.1.0 have no numbers.
        names = [name for name in ("_file", "_extract_number", "_loaded_at") if name in raw.schema_arrow.names]
        (row,) = next(raw.iter_batches(1, columns=names)).to_pylist()
        return FoundLineage(row["_file"], row.get("_extract_number", 0), row["_loaded_at"], *counts)
    if rejected:
        loaded_at = datetime.fromisoformat(raw_file.parent.name.removeprefix("load_date="))
        return FoundLineage(rejected[0]["file"], None, loaded_at, *counts)
    return None
