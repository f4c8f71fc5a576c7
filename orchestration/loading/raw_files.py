"""Raw files: Parquet of text columns: those declared, then the extract's others, then where each row came from."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import ExtractRefusedError
from orchestration.loading.declarations import ExtractTable
from orchestration.settings import Settings

LINEAGE_COLUMNS = ("_file", "_content_hash", "_extract_number", "_line", "_loaded_at")
# Ids are as many as rows: a dictionary for them is tried and thrown away, which a low limit ends early. Level 1 writes
# a seventh faster than the default at the same size.
PARQUET_OPTIONS = (
    "format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000, parquet_version v2"
)
Row = TypeVar("Row")
# What is turned into Arrow at once, so that memory holds it: rows, values, and characters of the file.
BATCH_ROWS, BATCH_VALUES, BATCH_CHARACTERS = 50_000, 2_000_000, 64_000_000
# A file with more wrong rows is refused: it is something else than its name says, and memory does not hold them all.
MAXIMUM_REJECTED_ROWS = 1_000_000
# Longest record kept in the list of rejected rows, in characters; longer ones are cut there with a mark. Of a file with
# many wrong rows, the ones after the first are kept shorter.
MAXIMUM_RECORD_CHARACTERS, SHORT_RECORD_CHARACTERS = 10_000, 200
LONG_RECORDS = 10_000


@dataclass(frozen=True)
class Limits:
    """What no honest extract reaches: past it, a small file would take the machine's memory or hours.

    Attributes:
        columns: columns, or different keys, of a file.
        field_characters: characters of one value.
        unpacked_bytes: bytes of a file that is compressed, or Parquet, when it is unpacked.
        memory_bytes: most memory that DuckDB takes for one file.
    """

    columns: int = Settings.max_extract_columns
    field_characters: int = Settings.max_field_characters
    unpacked_bytes: int = Settings.max_unpacked_gb * 1_000_000_000
    memory_bytes: int = Settings.memory_limit_gb * 1_000_000_000


@dataclass(frozen=True)
class RejectedRecord:
    """A row that could not be read.

    Attributes:
        line_number: physical line on which the row begins, from 1.
        record: the row's text as found.
        reason: what was expected and found.
    """

    line_number: int
    record: str
    reason: str


@dataclass
class ReadResult:
    """What came out of a file: the number of rows written, and the rows that were set apart."""

    row_count: int
    rejected: list[RejectedRecord] = field(default_factory=list)


class RejectedRecords(list[RejectedRecord]):
    """The rows of a file that were set apart."""

    def add(self, line_number: int, text: str, reason: str) -> None:
        """Set a row apart.

        Args:
            line_number: as in `RejectedRecord`.
            text: the row's text as found, also where it is no text.
            reason: what was expected and found.

        Raises:
            ExtractRefusedError: there are more than `MAXIMUM_REJECTED_ROWS`.
        """
        if len(self) >= MAXIMUM_REJECTED_ROWS:
            raise ExtractRefusedError(
                f"has more than {MAXIMUM_REJECTED_ROWS} rows that can't be read; the last {reason}"
            )
        longest = MAXIMUM_RECORD_CHARACTERS if len(self) < LONG_RECORDS else SHORT_RECORD_CHARACTERS
        self.append(RejectedRecord(line_number, printable(text, longest), reason))


@dataclass(frozen=True)
class Lineage:
    """What every row of a file carries in the raw layer.

    Attributes:
        file: the extract's path below the landing folder.
        content_hash: SHA-256 of its bytes.
        extract_number: its number in the ledger.
        loaded_at: time of the load, UTC.
    """

    file: str
    content_hash: str
    extract_number: int
    loaded_at: datetime


def write_empty_parquet(table: ExtractTable, target: Path) -> None:
    """Write a Parquet file of a table's columns without rows, so that a table without extracts can be read."""
    pq.write_table(_schema(table.columns).empty_table(), target)


def name_columns(found: Sequence[str], table: ExtractTable, limits: Limits) -> list[str]:
    """Give a file's columns their names in the raw layer.

    Args:
        found: names as they stand in the file.
        table: declaration; its columns are matched without case and surrounding white space.
        limits: how many columns there may be.

    Returns:
        A name for each: the declared one, else the file's own.

    Raises:
        ExtractRefusedError: a required column is missing, two columns have one name, or there are too many. What it
            says holds no names but declared ones: in a file without a header row they are somebody's data.
    """
    check_column_count(len(found), limits)
    names = [_name(name, table) or f"column_{position}" for position, name in enumerate(found, start=1)]
    lower = [name.lower() for name in names]
    missing = table.missing_columns(lower)
    if missing:
        raise ExtractRefusedError(f"{missing}; {_found(lower, table)}")
    counts = Counter(lower)
    positions = [position for position, name in enumerate(lower, start=1) if counts[name] > 1]
    if positions:
        declared = sorted({name for name in lower if counts[name] > 1 and name in table.columns})
        which = f"the column {', '.join(declared)}" if declared else "a column"
        raise ExtractRefusedError(f"has {which} more than once: columns {', '.join(map(str, positions[:20]))}")
    return names


def name_keys(keys: Iterable[str], table: ExtractTable) -> dict[str, list[str]]:
    """Map a raw column's name to the JSON keys that give it; several where they differ in case or white space only.

    Args:
        keys: all keys of a file's objects.
        table: declaration.

    Returns:
        Keys by column, both in alphabetical order of the keys.
    """
    columns: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for key in sorted(keys):
        name = _name(key, table) or "column"
        columns.setdefault(names.setdefault(name.lower(), name), []).append(key)
    return columns


def check_keys(columns: Iterable[str], table: ExtractTable) -> None:
    """Make sure that a JSON file's objects have the required keys.

    Args:
        columns: of `name_keys`.
        table: declaration.

    Raises:
        ExtractRefusedError: a required column is the key of no object.
    """
    lower = [column.lower() for column in columns]
    missing = table.missing_columns(lower)
    if missing:
        raise ExtractRefusedError(f"{missing} in all of its rows; {_found(lower, table)}")


def check_column_count(count: int, limits: Limits) -> None:
    """Refuse a file with more columns, or different keys, than an extract has.

    Raises:
        ExtractRefusedError: there are more than `limits.columns`.
    """
    if count > limits.columns:
        raise ExtractRefusedError(
            f"has {count} columns or more: at most {limits.columns} are read (MAX_EXTRACT_COLUMNS); did it lose its"
            " line feeds, or are values used as keys?"
        )


def _name(found: str, table: ExtractTable) -> str:
    stripped = found.strip()
    name = stripped.lower() if stripped.lower() in table.columns else stripped
    return f"extract{name}" if name.lower() in LINEAGE_COLUMNS else name


def _found(lower: Sequence[str], table: ExtractTable) -> str:
    """Which columns a file has, without a word that is not ours."""
    declared = [name for name in lower if name in table.columns]
    others = len(lower) - len(declared)
    if len(lower) == 1 and not declared:
        return "found one column only: are they separated by something else than commas?"
    return f"found: {', '.join(declared) or 'no declared column'}" + (f" and {others} others" if others else "")


def all_columns(names: Sequence[str], table: ExtractTable) -> list[str]:
    """The raw file's columns: the declared ones, then the extract's others in its order."""
    declared = set(table.columns)
    return [*table.columns, *(name for name in names if name not in declared)]


def quoted(identifier: str) -> str:
    """An identifier, as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text, as SQL."""
    return "'" + text.replace("'", "''") + "'"


def select_list(expressions: dict[str, str], table: ExtractTable, lineage: Lineage, line: str) -> str:
    """The select list of a raw file: `expressions` gives a name's SQL; a declared column without one is null."""
    columns = [
        f"{expressions.get(name, 'null')}::varchar as {quoted(name)}" for name in all_columns(list(expressions), table)
    ]
    columns += [
        f"{text_literal(lineage.file)} as _file",
        f"{text_literal(lineage.content_hash)} as _content_hash",
        f"{lineage.extract_number}::bigint as _extract_number",
        f"({line})::bigint as _line",
        f"{text_literal(lineage.loaded_at.replace(tzinfo=None).isoformat(sep=' '))}::timestamp as _loaded_at",
    ]
    return ",\n    ".join(columns)


def connect(folder: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """An in-memory engine of one thread: rows keep the file's order, and several files are read side by side.

    Args:
        folder: where it may write what memory does not hold.
        limits: its memory.
    """
    memory = f"{limits.memory_bytes // 1_000_000}MB"
    connection = duckdb.connect(
        config={"threads": 1, "memory_limit": memory, "temp_directory": str(folder / "spilled")}
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection


def copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a query's rows to a raw file; returns their number."""
    connection.execute(f"copy ({query}) to {text_literal(str(target))} ({PARQUET_OPTIONS})")
    row = connection.fetchone()
    return int(row[0]) if row else 0


class RawFileWriter:
    """Writes rows to a raw file, a batch at a time."""

    def __init__(self, columns: Sequence[str], table: ExtractTable, lineage: Lineage, target: Path) -> None:
        """Begin the file.

        Args:
            columns: the extract's columns.
            table: whose declared columns come first.
            lineage: written to every row.
            target: the file.
        """
        self.positions = {column: position for position, column in enumerate(columns)}
        self.columns = all_columns(columns, table)
        self.schema = _schema(self.columns)
        self.lineage = lineage
        self.row_count = 0
        self._writer = pq.ParquetWriter(target, self.schema, compression="zstd", compression_level=1)

    def __enter__(self) -> "RawFileWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def write(self, lines: Sequence[int], values: Sequence[Sequence[str | None]]) -> None:
        """Write rows.

        Args:
            lines: of each row.
            values: for each of the extract's columns, the value of each row.
        """
        count = len(lines)
        arrays = [
            pa.array(values[self.positions[column]], pa.string())
            if column in self.positions
            else pa.nulls(count, pa.string())
            for column in self.columns
        ]
        arrays += [
            pa.repeat(self.lineage.file, count),
            pa.repeat(self.lineage.content_hash, count),
            pa.repeat(pa.scalar(self.lineage.extract_number, pa.int64()), count),
            pa.array(lines, pa.int64()),
            pa.repeat(pa.scalar(self.lineage.loaded_at.replace(tzinfo=None), pa.timestamp("us")), count),
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self.row_count += count


def batches(rows: Iterator[tuple[int, Row]], width: int) -> Iterator[list[Row]]:
    """Group rows so that memory holds each group.

    Args:
        rows: characters that a row took in its file, and the row.
        width: its columns.

    Yields:
        Rows in their order; at least one.
    """
    most_rows = max(1, min(BATCH_ROWS, BATCH_VALUES // max(1, width)))
    while True:
        batch, characters = [], 0
        for size, row in itertools.islice(rows, most_rows):
            batch.append(row)
            characters += size
            if characters > BATCH_CHARACTERS:
                break
        if not batch:
            return
        yield batch


def printable(text: str, longest: int) -> str:
    r"""A record's text for people: what is no text shown as \x.. or \u...., cut where it is very long."""
    cut = text[:longest] + (" … (cut)" if len(text) > longest else "")
    readable = re.sub("[\udc80-\udcff]", lambda found: f"\\x{ord(found.group()) - 0xDC00:02x}", cut)
    return readable.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _schema(columns: Sequence[str]) -> pa.Schema:
    return pa.schema(
        [(column, pa.string()) for column in columns]
        + [
            ("_file", pa.string()),
            ("_content_hash", pa.string()),
            ("_extract_number", pa.int64()),
            ("_line", pa.int64()),
            ("_loaded_at", pa.timestamp("us")),
        ]
    )
