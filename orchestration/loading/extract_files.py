"""Reading one extract file (CSV, JSON lines or Parquet) into one Parquet file of text columns.

DuckDB reads whole files, vectorised, on one thread a file, so that rows stay in the file's order and their line
numbers can be counted. A file in which anything is off (a ragged row, a broken quote, bytes that are no UTF-8, a
broken JSON line) is read again line by line, slower and with care: wrong rows are set apart with their line, and the
others are kept. A JSON line that holds an array of objects gives a row for each of them, as does an answer that holds
them under the key that the table declares.
"""

import csv
import gzip
import hashlib
import io
import itertools
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import ExtractRefusedError
from orchestration.loading.declarations import ExtractTable

LINEAGE_COLUMNS = ("_file", "_content_hash", "_extract_number", "_line", "_loaded_at")
FORMAT_PATTERN = re.compile(r"\.(csv|jsonl|csv\.gz|jsonl\.gz|parquet)$", re.IGNORECASE)
# Ids are as many as rows: a dictionary for them is tried and thrown away, which a low limit ends early. Level 1 writes
# a seventh faster than the default at the same size.
PARQUET_OPTIONS = (
    "format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000, parquet_version v2"
)

# A quoted CSV value that goes on for more physical lines than this is taken for an unclosed quote: an SMS or a name
# has a few lines; a larger bound makes a file with many stray quotes slow, a smaller one splits real values.
MAXIMUM_LINES_OF_A_RECORD = 1_000
# Rows that the careful reader turns into Arrow at once; bounds its memory (about 100 MB of texts).
CAREFUL_BATCH_ROWS = 50_000
# Longest record kept in the list of rejected rows, in characters; longer ones are cut there with a mark.
MAXIMUM_RECORD_CHARACTERS = 10_000


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


def file_format(path: Path) -> str | None:
    """Tell a file's format by its name: "csv", "jsonl" or "parquet"; None where it is none of them."""
    match = FORMAT_PATTERN.search(path.name)
    return match.group(1).lower().removesuffix(".gz") if match else None


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_extract(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult:
    """Read an extract into a Parquet file.

    Args:
        path: the extract; its format is told by its name.
        table: the declaration that it is checked against.
        lineage: written to every row.
        target: Parquet file to write: all declared columns, then the extract's other columns, then the lineage.

    Returns:
        Number of rows written and the rows set apart.

    Raises:
        ExtractRefusedError: the file can't be read at all or lacks a required column.
    """
    readers: dict[str, Callable[[Path, ExtractTable, Lineage, Path], ReadResult]] = {
        "csv": _read_csv,
        "jsonl": _read_json_lines,
        "parquet": _read_parquet,
    }
    format_name = file_format(path)
    if format_name is None:
        raise ExtractRefusedError("unknown file type: expected .csv, .jsonl, .csv.gz, .jsonl.gz or .parquet")
    try:
        # A file's name is text from outside and may hold quotes or glob characters: SQL gets a link of a plain name.
        with tempfile.TemporaryDirectory() as folder:
            packed = ".gz" if path.name.lower().endswith(".gz") else ""
            link = Path(folder) / f"extract.{format_name}{packed}"
            link.symlink_to(path.absolute())
            return readers[format_name](link, table, lineage, target)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ExtractRefusedError(f"damaged gzip file, perhaps half-written: {error}") from error
    except OSError as error:
        raise ExtractRefusedError(f"can't be read: {error.strerror or error}") from error


def write_empty_parquet(table: ExtractTable, target: Path) -> None:
    """Write a Parquet file of a table's columns without rows, so that a table without extracts can be read."""
    pq.write_table(_schema(table.columns).empty_table(), target)


# --- columns -------------------------------------------------------------------------------------------------------


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


def _name_columns(found: Sequence[str], table: ExtractTable) -> list[str]:
    """Give a file's columns their names in the raw layer.

    Args:
        found: names as they stand in the file.
        table: declaration; its columns are matched without case and surrounding white space.

    Returns:
        A name for each: the declared one, else the file's own.

    Raises:
        ExtractRefusedError: a required column is missing, or two columns have one name.
    """
    stripped = [name.strip() for name in found]
    names = [name.lower() if name.lower() in table.columns else name for name in stripped]
    names = [name or f"column_{position}" for position, name in enumerate(names, start=1)]
    names = [f"extract{name}" if name.lower() in LINEAGE_COLUMNS else name for name in names]
    lower = [name.lower() for name in names]
    missing = table.missing_columns(lower)
    if missing:
        raise ExtractRefusedError(f"{missing}; found: {', '.join(stripped)[:500] or 'none'}")
    repeated = sorted({name for name in lower if lower.count(name) > 1})
    if repeated:
        raise ExtractRefusedError(f"has the column {', '.join(repeated)} more than once")
    return names


def _all_columns(names: Sequence[str], table: ExtractTable) -> list[str]:
    """The raw file's columns: the declared ones, then the extract's others in its order."""
    return [*table.columns, *(name for name in names if name not in table.columns)]


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _select_list(expressions: dict[str, str], table: ExtractTable, lineage: Lineage, line: str) -> str:
    """The select list of a raw file: `expressions` gives a name's SQL; a declared column without one is null."""
    columns = [
        f"{expressions.get(name, 'null')}::varchar as {_quoted(name)}"
        for name in _all_columns(list(expressions), table)
    ]
    columns += [
        f"{_text_literal(lineage.file)} as _file",
        f"{_text_literal(lineage.content_hash)} as _content_hash",
        f"{lineage.extract_number}::bigint as _extract_number",
        f"({line})::bigint as _line",
        f"{_text_literal(lineage.loaded_at.replace(tzinfo=None).isoformat(sep=' '))}::timestamp as _loaded_at",
    ]
    return ",\n    ".join(columns)


def _connect() -> duckdb.DuckDBPyConnection:
    """An in-memory engine of one thread: rows keep the file's order, and several files are read side by side."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    connection.execute(f"copy ({query}) to {_text_literal(str(target))} ({PARQUET_OPTIONS})")
    row = connection.fetchone()
    return int(row[0]) if row else 0


# --- CSV -----------------------------------------------------------------------------------------------------------


def _open_bytes(path: Path) -> BinaryIO:
    if path.name.lower().endswith(".gz"):
        return io.BufferedReader(gzip.open(path))  # type: ignore[type-var,unused-ignore]
    return path.open("rb")


def _count_line_feeds(path: Path) -> tuple[int, bool]:
    """Count the line feeds of a file, and tell whether its last line ends in one."""
    count, last = 0, b"\n"
    with _open_bytes(path) as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count, last == b"\n"


def _read_csv(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult:
    header, header_lines = _read_csv_header(path)
    names = _name_columns(header, table)
    result = _read_clean_csv(path, names, header_lines, table, lineage, target)
    return result or _read_csv_carefully(path, names, header_lines, table, lineage, target)


def _read_csv_header(path: Path) -> tuple[list[str], int]:
    """Read a CSV's header.

    Returns:
        Column names, and the number of physical lines that the header takes.

    Raises:
        ExtractRefusedError: the file is empty or its header is no UTF-8 text.
    """
    with _open_bytes(path) as file:
        for record in _csv_records(_text_lines(file)):
            if record.reason is not None:
                raise ExtractRefusedError(f"the header row {record.reason}; expected UTF-8 text, comma-separated")
            return record.fields, record.line_count
    raise ExtractRefusedError("is empty: expected a header row")


def _read_clean_csv(
    path: Path, names: list[str], header_lines: int, table: ExtractTable, lineage: Lineage, target: Path
) -> ReadResult | None:
    """Read a CSV in one go.

    Returns:
        The result, or None where the file must be read carefully: it has a wrong row, or its line feeds do not add
        up to the rows read, so that line numbers would be wrong.
    """
    positions = [f"c{position}" for position in range(len(names))]
    columns = "{" + ", ".join(f"'{position}': 'VARCHAR'" for position in positions) + "}"
    source = (
        f"read_csv({_text_literal(str(path))}, columns = {columns}, auto_detect = false, header = true,"
        """ delim = ',', quote = '"', escape = '"', strict_mode = true)"""
    )
    expressions = dict(zip(names, positions, strict=True))
    breaks_in_row = " + ".join(
        f"coalesce(length({position}) - length(replace({position}, chr(10), '')), 0)" for position in positions
    )
    line_feeds, is_closed = _count_line_feeds(path)
    lines_of_rows = line_feeds - header_lines + (0 if is_closed else 1)
    with _connect() as connection:
        try:
            line = f"row_number() over () + {header_lines}"
            count = _copy(connection, f"select {_select_list(expressions, table, lineage, line)} from {source}", target)
            if count == lines_of_rows:
                return ReadResult(count)
            line = f"{header_lines} + row_number + breaks_so_far - line_breaks"
            with_breaks = f"""
                with counted as (
                    select *, row_number() over () as row_number, {breaks_in_row} as line_breaks
                    from {source}
                ),

                summed as (
                    select
                        *,
                        sum(line_breaks) over (
                            order by row_number rows between unbounded preceding and current row
                        ) as breaks_so_far
                    from counted
                )

                select {_select_list(expressions, table, lineage, line)}
                from summed
                order by row_number
            """
            total = connection.execute(f"select count(*) + sum({breaks_in_row}) from {source}").fetchone()
            if total is not None and total[0] == lines_of_rows:
                return ReadResult(_copy(connection, with_breaks, target))
        except duckdb.Error:
            pass  # read again with care, which finds the wrong rows one by one
    return None


class _CsvRecord(NamedTuple):
    line_number: int
    line_count: int
    text: str
    fields: list[str]
    reason: str | None


def _text_lines(file: BinaryIO) -> Iterator[str]:
    """Decode a file to physical lines with their ends; bytes that are no UTF-8 become lone surrogates."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    yield from text  # with newline="", lines end at \n, \r and \r\n alike


def _parse_csv(text: str) -> list[str]:
    """Split one CSV record into fields; raises csv.Error where its quoting is wrong."""
    return next(csv.reader([text], strict=True), [])


def _csv_records(lines: Iterator[str]) -> Iterator[_CsvRecord]:
    """Split physical lines into CSV records, going on after a broken one at the very next line."""
    csv.field_size_limit(1 << 30)
    waiting: list[str] = []
    line_number = 0
    is_open = True
    while is_open or waiting:
        if not waiting:
            line = next(lines, None)
            if line is None:
                return
            waiting.append(line)
        taken = 1
        if '"' not in waiting[0]:  # most lines: a record of its own, without quotes
            text = waiting.pop() if len(waiting) == 1 else waiting.pop(0)
            line_number += 1
            bare = text.rstrip("\r\n")
            yield _CsvRecord(line_number, 1, bare, bare.split(",") if bare else [], _unreadable_text(bare))
            continue
        while True:
            text = "".join(waiting[:taken])
            try:
                fields, reason = _parse_csv(text), None
                break
            except csv.Error as error:
                unclosed = "unexpected end" in str(error)
                if unclosed and taken < MAXIMUM_LINES_OF_A_RECORD:
                    if taken == len(waiting):
                        line = next(lines, None) if is_open else None
                        is_open = line is not None
                        if line is not None:
                            waiting.append(line)
                    if taken < len(waiting):
                        taken += 1
                        continue
                reason = "has a quote that is not closed" if unclosed else f"is quoted wrongly: {error}"
                fields, taken = [], 1
                text = waiting[0]
                break
        if reason is None and text.strip("\r\n") == "":
            fields = []
        elif reason is None:
            reason = _unreadable_text(text)
        yield _CsvRecord(line_number + 1, taken, text.rstrip("\r\n"), fields, reason)
        del waiting[:taken]
        line_number += taken


# NUL bytes, and the lone surrogates that bytes become which are no UTF-8.
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


def _unreadable_text(text: str) -> str | None:
    if text.isascii() and "\x00" not in text:
        return None
    found = _UNREADABLE.search(text)
    if found is None:
        return None
    return "holds NUL bytes: expected UTF-8 text" if found.group() == "\x00" else "is not valid UTF-8"


def _printable(text: str) -> str:
    r"""A record's text for people: bytes that are no text shown as \x.., cut where it is very long."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return clean if len(clean) <= MAXIMUM_RECORD_CHARACTERS else clean[:MAXIMUM_RECORD_CHARACTERS] + " … (cut)"


def _read_csv_carefully(
    path: Path, names: list[str], header_lines: int, table: ExtractTable, lineage: Lineage, target: Path
) -> ReadResult:
    rejected: list[RejectedRecord] = []
    width = len(names)

    def rows() -> Iterator[tuple[int, Sequence[str | None]]]:
        with _open_bytes(path) as file:
            for record in _csv_records(_text_lines(file)):
                fields, reason = record.fields, record.reason
                if record.line_number <= header_lines or (not fields and reason is None):
                    continue
                if len(fields) == width + 1 and fields[-1] == "":
                    fields = fields[:width]  # a comma at the end of each row, as the one-go reader accepts it
                if reason is None and len(fields) != width:
                    reason = f"has {len(fields)} values where the header has {width} columns"
                if reason is None:
                    yield record.line_number, fields
                else:
                    rejected.append(RejectedRecord(record.line_number, _printable(record.text), f"the row {reason}"))

    return ReadResult(_write_rows(rows(), names, table, lineage, target), rejected)


def _write_rows(
    rows: Iterator[tuple[int, Sequence[str | None]]],
    names: Sequence[str],
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
) -> int:
    """Write rows to a Parquet file, a batch at a time.

    Args:
        rows: line number, and the values in the order of `names`; an empty text is null.
        names: the extract's columns.
        table: whose declared columns come first.
        lineage: written to every row.
        target: the file.

    Returns:
        Number of rows.
    """
    columns = _all_columns(names, table)
    schema = _schema(columns)
    count = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        while batch := list(itertools.islice(rows, CAREFUL_BATCH_ROWS)):
            by_name = dict(zip(names, zip(*(values for _, values in batch), strict=True), strict=True))
            arrays: list[Any] = [
                pa.array([text or None for text in by_name[column]], pa.string())
                if column in by_name
                else pa.nulls(len(batch), pa.string())
                for column in columns
            ]
            arrays += [
                pa.repeat(lineage.file, len(batch)),
                pa.repeat(lineage.content_hash, len(batch)),
                pa.repeat(pa.scalar(lineage.extract_number, pa.int64()), len(batch)),
                pa.array([line for line, _ in batch], pa.int64()),
                pa.repeat(pa.scalar(lineage.loaded_at.replace(tzinfo=None), pa.timestamp("us")), len(batch)),
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count


# --- JSON lines ----------------------------------------------------------------------------------------------------

# Keys that can stand in a quoted JSON path as they are.
_PLAIN_KEY = re.compile(r"[\w .:-]+")


def _read_json_lines(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult:
    result = _read_clean_json_lines(path, table, lineage, target)
    return result or _read_json_lines_carefully(path, table, lineage, target)


def _name_keys(keys: Sequence[str], table: ExtractTable) -> dict[str, list[str]]:
    """Map a raw column's name to the keys of a JSON file that give it; several where they differ in case only."""
    columns: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for key in keys:
        stripped = key.strip()
        name = stripped.lower() if stripped.lower() in table.columns else stripped or "column"
        name = f"extract{name}" if name.lower() in LINEAGE_COLUMNS else name
        columns.setdefault(names.setdefault(name.lower(), name), []).append(key)
    missing = table.missing_columns([name.lower() for name in columns])
    if missing and keys:
        raise ExtractRefusedError(f"{missing} in all of its rows; found: {', '.join(keys)[:500]}")
    return columns


def _read_clean_json_lines(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult | None:
    """Read a JSON lines file in one go; None where it must be read carefully."""
    lines = f"read_ndjson_objects({_text_literal(str(path))}, maximum_object_size = 67108864)"
    line_feeds, is_closed = _count_line_feeds(path)
    line_count = line_feeds + (0 if is_closed else 1)
    with _connect() as connection:
        try:
            is_answer = f"coalesce(json_type(json, {_key_path(table.rows_in)}) in ('ARRAY', 'OBJECT'), false)"
            is_wrapped = "json_type(json) = 'ARRAY'" + (f" or {is_answer}" if table.rows_in else "")
            found, plain, wrapped = connection.execute(
                f"select count(*), count(*) filter (where json_type(json) = 'OBJECT' and not ({is_wrapped})),"
                f" count(*) filter (where {is_wrapped}) from {lines}"
            ).fetchone() or (0, 0, 0)
            if found != line_count or plain + wrapped != line_count:
                return None
            source = _unwrapped_rows(lines, table.rows_in) if wrapped else lines
            line = "line" if wrapped else "row_number() over ()"
            if wrapped and connection.execute(f"from {source} where json_type(json) <> 'OBJECT' limit 1").fetchone():
                return None
            named = connection.execute(f"select distinct unnest(json_keys(json)) as key from {source}").fetchall()
            keys = sorted(key for (key,) in named)
            if not all(_PLAIN_KEY.fullmatch(key) for key in keys):
                return None
            expressions = {
                name: "coalesce(" + ", ".join(f"""json ->> '$."{key}"'""" for key in named) + ", null)"
                for name, named in _name_keys(keys, table).items()
            }
            columns = _select_list(expressions, table, lineage, line)
            return ReadResult(_copy(connection, f"select {columns} from {source}", target))
        except duckdb.Error:
            return None  # read again with care, which finds the wrong lines one by one


def _key_path(key: str | None) -> str:
    """The path of an object's key, as SQL."""
    return _text_literal(f'$."{key}"')


def _unwrapped_rows(lines: str, rows_in: str | None) -> str:
    """The query of the objects of a file's lines, with their line: of a line that holds several, each of them."""
    answer = f"json_extract(json, {_key_path(rows_in)})"
    answers = f"""
                when json_type({answer}) = 'ARRAY' then json_extract({answer}, '$[*]')
                when json_type({answer}) = 'OBJECT' then [{answer}]"""
    return f"""(
        select
            unnest(case
                when json_type(json) = 'ARRAY' then json_extract(json, '$[*]'){answers if rows_in else ""}
                else [json]
            end) as json,
            line
        from (select json, row_number() over () as line from {lines})
    )"""


def _read_json_lines_carefully(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult:
    rejected: list[RejectedRecord] = []
    keys: dict[str, None] = {}
    for _, values, _ in _json_rows(path, table.rows_in):
        keys.update(dict.fromkeys(values or ()))
    columns = _name_keys(sorted(keys), table)
    groups = [sorted(named) for named in columns.values()]

    def rows() -> Iterator[tuple[int, Sequence[str | None]]]:
        for line_number, values, problem in _json_rows(path, table.rows_in):
            if values is None:
                rejected.append(RejectedRecord(line_number, _printable(problem[0]), problem[1]))
                continue
            yield line_number, [_first_text(values, group) for group in groups]

    count = _write_rows(rows(), list(columns), table, lineage, target)
    if not count and rejected and not keys:
        raise ExtractRefusedError(f"holds no JSON object; first line: {rejected[0].record[:200]!r}")
    return ReadResult(count, rejected)


def _json_rows(path: Path, rows_in: str | None) -> Iterator[tuple[int, dict[str, Any] | None, tuple[str, str]]]:
    """Parse a file line by line: (line number, object, ("", "")) or (line number, None, (text, reason)).

    The objects of a line that holds several come one by one, each with the line's number.
    """
    with _open_bytes(path) as file:
        for line_number, line in enumerate(file, start=1):
            text = line.decode("utf-8-sig" if line_number == 1 else "utf-8", "surrogateescape").rstrip("\r\n")
            if not text.strip():
                continue
            reason = _unreadable_text(text)
            parsed: Any = None
            if reason is None:
                try:
                    parsed = _parse_json(text, rows_in)
                    reason = _unreadable_text(json.dumps(parsed, ensure_ascii=False).replace("\\u0000", "\x00"))
                except (ValueError, RecursionError) as error:
                    reason = f"is not JSON: {error}"
            if reason is not None:
                yield line_number, None, (text, f"the line {reason}")
                continue
            found = parsed if isinstance(parsed, list) else [parsed]
            if found and not any(isinstance(values, dict) for values in found):
                yield line_number, None, (text, "the line is not a JSON object, and no array of objects")
                continue
            for values in found:
                if isinstance(values, dict):
                    yield line_number, values, ("", "")
                else:
                    yield line_number, None, (_json_text(values) or "null", "the value in the array is no JSON object")


def _parse_json(text: str, rows_in: str | None) -> Any:
    """Parse a JSON line; an object's own numbers stay the texts that they are, so that 0.00750 keeps its zeros."""
    values = _unwrapped(json.loads(text, parse_float=str, parse_int=str), rows_in)
    objects = values if isinstance(values, list) else [values]
    if not any(isinstance(value, dict | list) for item in objects if isinstance(item, dict) for value in item.values()):
        return values
    plain = _unwrapped(json.loads(text), rows_in)
    if isinstance(values, list):
        return [_with_plain_nesting(value, inner) for value, inner in zip(values, plain, strict=True)]
    return _with_plain_nesting(values, plain)


def _unwrapped(values: Any, rows_in: str | None) -> Any:
    """What an answer holds under the key of its rows; any other value as it is."""
    held = values.get(rows_in) if isinstance(values, dict) and rows_in else None
    return held if isinstance(held, dict | list) else values


def _with_plain_nesting(values: Any, plain: Any) -> Any:
    """An object with its own numbers as texts, and what is nested in it as JSON has it."""
    if not isinstance(values, dict):
        return values
    return {key: plain[key] if isinstance(value, dict | list) else value for key, value in values.items()}


def _first_text(values: dict[str, Any], keys: Sequence[str]) -> str | None:
    """The first value of some keys that is there."""
    for key in keys:
        text = _json_text(values.get(key))
        if text is not None:
            return text
    return None


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- Parquet -------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, table: ExtractTable, lineage: Lineage, target: Path) -> ReadResult:
    source = f"read_parquet({_text_literal(str(path))}, hive_partitioning = false)"
    with _connect() as connection:
        try:
            described = connection.execute(f"describe select * from {source}").fetchall()
            found = {str(name): str(kind) for name, kind, *_ in described}
            names = _name_columns(list(found), table)
            expressions = {
                name: _parquet_text(_quoted(column), kind)
                for name, (column, kind) in zip(names, found.items(), strict=True)
            }
            columns = _select_list(expressions, table, lineage, "row_number() over ()")
            return ReadResult(_copy(connection, f"select {columns} from {source}", target))
        except duckdb.Error as error:
            raise ExtractRefusedError(
                f"is no readable Parquet file, perhaps half-written: {str(error).splitlines()[0]}"
            ) from error


def _parquet_text(column: str, kind: str) -> str:
    """A typed Parquet column as the text that a CSV would hold."""
    if kind in ("FLOAT", "DOUBLE"):  # whole numbers that data frames keep as floats, such as codes
        is_whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        return f"case when {is_whole} then {column}::bigint::varchar else {column}::varchar end"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"to_json({column})::varchar"
    return f"{column}::varchar"
