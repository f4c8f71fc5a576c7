"""Reading Parquet extracts: typed columns as the texts that a CSV would hold."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import ExtractRefusedError, ExtractUnreadableError, LoadError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_files import (
    Limits,
    Lineage,
    ReadResult,
    RejectedRecords,
    connect,
    copy,
    name_columns,
    quoted,
    select_list,
    text_literal,
)
from orchestration.outside_text import shown

# NUL in a text within JSON; the backslashes before it are pairs, each of which is one backslash.
_NUL_IN_JSON = r"(^|[^\\])(\\\\)*\\u0000"
NOT_UTF_8 = "is not valid UTF-8"
# What the engine keeps of a decimal: a wider one it would read as a double.
MOST_DECIMAL_DIGITS = 38


def read_parquet(path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits) -> ReadResult:
    """Read a Parquet extract into a raw file, see `read_extract`."""
    arguments = (table, lineage, target, limits)
    with connect(target.parent, limits) as connection:
        try:
            return _read(connection, path, frozenset(), *arguments)
        except _NotUtf8Error:
            # The rows are found where texts are bytes.
            bytes_path = path.with_name("bytes.parquet")
            return _read(connection, bytes_path, _write_texts_as_bytes(path, bytes_path), *arguments)


class _NotUtf8Error(ExtractRefusedError):
    """A text is no UTF-8; the engine does not say in which row."""


@dataclass(frozen=True)
class _Column:
    """A column of the file, as SQL.

    Attributes:
        text: its values as texts.
        problems: conditions on `text` under which a row is set apart, and the reason.
        not_utf_8: condition on its values under which a text is no UTF-8; empty where the engine makes sure.
    """

    text: str
    problems: list[tuple[str, str]]
    not_utf_8: str = ""


def _read(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    unchecked: frozenset[int],
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
    limits: Limits,
) -> ReadResult:
    """Read a file; `unchecked` are the positions of the columns whose texts may be no UTF-8.

    Raises:
        _NotUtf8Error: a text is no UTF-8.
        ExtractRefusedError, LoadError: see `read_extract`.
    """
    source = f"read_parquet({text_literal(str(path))}, hive_partitioning = false)"
    try:
        described = connection.execute(f"describe select * from {source}").fetchall()
        names = name_columns(_column_names(connection, path), table, limits)
        columns = [
            _column(quoted(str(column)), str(kind), position, limits, position in unchecked)
            for position, (column, kind, *_) in enumerate(described)
        ]
        texts = _texts(columns, source)
        problem = _problem(columns)
        is_clean = _is_clean(connection, columns, texts, problem, path, limits)
    except duckdb.OutOfMemoryException as error:
        raise _too_large(limits) from error
    except duckdb.Error as error:
        raise _unreadable(error) from error
    expressions = {name: f"text_{position}" for position, name in enumerate(names)}
    rows = f"select {select_list(expressions, table, lineage, 'line')} from ({texts})"
    query = rows if is_clean else f"{rows} where {problem} is null"
    try:
        count = copy(connection, query, target)
        rejected = RejectedRecords()
        if not is_clean:
            values = ", ".join(expressions.values())
            connection.execute(f"select line, {problem}, {values} from ({texts}) where {problem} is not null")
            while batch := connection.fetchmany(1_000):
                for line, reason, *row in batch:
                    record = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
                    rejected.add(line, record, f"the row {reason}")
    except duckdb.OutOfMemoryException as error:
        raise _too_large(limits) from error
    except duckdb.Error as error:
        _check_that_it_can_be_read(connection, query)
        raise LoadError(f"can't write to the raw layer: {shown(str(error).splitlines()[0])}") from error
    return ReadResult(count, rejected)


def _column_names(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The names of a file's columns as they stand in it; the engine would rename those that come twice.

    They are the uppermost elements of the schema, in which each stands before what is nested in it.

    Raises:
        ExtractRefusedError: a number has more digits than the engine keeps, or a nested name would be renamed.
    """
    root, *elements = connection.execute(
        "select name, coalesce(num_children, 0) from parquet_schema($path)", {"path": str(path)}
    ).fetchall()
    wide = connection.execute(
        "select count(*) from parquet_schema($path) where precision > $digits",
        {"path": str(path), "digits": MOST_DECIMAL_DIGITS},
    ).fetchone()
    if wide and wide[0]:
        raise ExtractRefusedError(
            f"has a decimal column of more than {MOST_DECIMAL_DIGITS} digits, of which some would be lost: write it as"
            " text"
        )
    # The names of each level that is not complete yet, and how many it has.
    levels: list[tuple[list[str], int]] = [([], root[1])]
    for name, children in elements:
        while len(levels) > 1 and len(levels[-1][0]) == levels[-1][1]:
            levels.pop()
        level = levels[-1][0]
        if len(levels) > 1 and name.lower() in level:
            raise ExtractRefusedError("has a nested name more than once, also where the two differ only in case")
        level.append(name if len(levels) == 1 else name.lower())
        if children:
            levels.append(([], children))
    return levels[0][0]


def _column(column: str, kind: str, position: int, limits: Limits, is_unchecked: bool) -> _Column:
    name = f"text_{position}"
    text = f"nullif({_text(column, kind)}, '')"
    is_nested = kind == "JSON" or kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    if kind not in ("VARCHAR", "BLOB") and not is_nested:
        return _Column(text, [])
    has_nul = f"regexp_matches({name}, {text_literal(_NUL_IN_JSON)})" if is_nested else f"contains({name}, chr(0))"
    most = limits.field_characters
    too_long = (
        f"'has ' || length({name}) || ' characters in column {position + 1}: at most {most} are read"
        " (MAX_FIELD_CHARACTERS)'"
    )
    problems = [
        (has_nul, text_literal("holds NUL: expected text")),
        (f"strlen({name}) > {most} and length({name}) > {most}", too_long),
    ]
    return _Column(text, problems, f"{column} is not null and try(decode({column})) is null" if is_unchecked else "")


def _texts(columns: list[_Column], source: str) -> str:
    """SQL: the file's rows as texts, with their line and whether a text is no UTF-8."""
    expressions = [f"{column.text} as text_{position}" for position, column in enumerate(columns)]
    not_utf_8 = " or ".join(column.not_utf_8 for column in columns if column.not_utf_8) or "false"
    return f"select row_number() over () as line, {not_utf_8} as not_utf_8, {', '.join(expressions)} from {source}"


def _problem(columns: list[_Column]) -> str:
    """SQL: why a row of `_texts` is set apart; null where it is not."""
    cases = [("not_utf_8", text_literal(NOT_UTF_8)), *(case for column in columns for case in column.problems)]
    return f"case {' '.join(f'when {condition} then {reason}' for condition, reason in cases)} end"


def _is_clean(
    connection: duckdb.DuckDBPyConnection, columns: list[_Column], texts: str, problem: str, path: Path, limits: Limits
) -> bool:
    """Whether no row is set apart.

    Raises:
        ExtractRefusedError: the file is longer than the limit when it is unpacked; a value that repeats takes next to
            nothing in it.
    """
    size = connection.execute(
        "select max(num_rows) from parquet_file_metadata($path)"
        " union all select sum(total_uncompressed_size) from parquet_metadata($path)",
        {"path": str(path)},
    ).fetchall()
    lengths = [f"coalesce(strlen(text_{position}), 0)" for position, column in enumerate(columns) if column.problems]
    unpacked = max(int(number or 0) for (number,) in size)
    row: tuple[int | None, bool | None] | None = None
    if unpacked <= limits.unpacked_bytes:
        row = connection.execute(
            f"select sum({' + '.join(lengths) or '0'}), bool_or({problem} is not null) from ({texts})"
        ).fetchone()
        unpacked = int((row and row[0]) or 0)
    if unpacked > limits.unpacked_bytes:
        raise ExtractRefusedError(
            f"holds more than {limits.unpacked_bytes / 1e9:g} GB when it is unpacked (MAX_UNPACKED_GB)"
        )
    return not (row and row[1])


def _write_texts_as_bytes(path: Path, target: Path) -> frozenset[int]:
    """Write a copy of a file whose texts are bytes; returns the positions of those columns."""
    try:
        with pq.ParquetFile(path) as file:
            kinds = file.schema_arrow.types
            positions = [
                position
                for position, kind in enumerate(kinds)
                if pa.types.is_string(kind) or pa.types.is_large_string(kind)
            ]
            schema = pa.schema(
                [(field.name, pa.large_binary() if position in positions else field.type)
                 for position, field in enumerate(file.schema_arrow)]
            )  # fmt: skip
            with pq.ParquetWriter(target, schema) as writer:
                for batch in file.iter_batches():
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))
    except pa.ArrowException as error:
        raise _unreadable(error) from error
    return frozenset(positions)


def _check_that_it_can_be_read(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Tell a damaged extract from a raw layer that can't be written: read it without writing anything."""
    try:
        connection.execute(query)
        while connection.fetchmany(10_000):
            pass
    except (duckdb.Error, OSError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ExtractRefusedError:
    if "Invalid string encoding" in str(error):
        return _NotUtf8Error("holds texts that are not valid UTF-8 in nested columns: write them as UTF-8")
    kind = type(error).__name__.removesuffix("Exception")
    return ExtractRefusedError(f"is no readable Parquet file, perhaps half-written, encrypted or empty ({kind})")


def _too_large(limits: Limits) -> ExtractRefusedError:
    """A file that the set memory does not hold. Others may have taken it: the file is tried again at each load."""
    return ExtractUnreadableError(
        f"takes more memory than the {limits.memory_bytes / 1e9:g} GB that one file may have; raise MEMORY_LIMIT_GB or"
        " write it in smaller row groups"
    )


def _text(column: str, kind: str) -> str:
    """A typed Parquet column as the text that a CSV would hold."""
    # Data frames keep whole numbers, such as codes, as floats, and write NaN for a missing one.
    if kind in ("FLOAT", "DOUBLE"):
        is_whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        # By the statistics of a file DuckDB takes the condition for true, though they leave NaN out.
        whole = f"case when {is_whole} then try_cast({column} as bigint)::varchar end"
        return f"case when not isnan({column}) then coalesce({whole}, {column}::varchar) end"
    if kind.startswith("DECIMAL"):  # whole numbers of databases whose numbers have no declared scale, such as ids
        return rf"regexp_replace({column}::varchar, '\.0+$', '')"
    if kind == "BLOB":  # texts of writers that do not say so
        return f"coalesce(try(decode({column})), {column}::varchar)"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"to_json({column})::varchar"
    return f"{column}::varchar"
