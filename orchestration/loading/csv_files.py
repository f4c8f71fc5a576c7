"""Reading CSV extracts.

What a CSV means is what `read_csv_carefully` makes of it: RFC 4180, with spaces beside the quotes left out and empty
values at the end of a row, beyond the header's columns, overlooked. DuckDB reads nearly every file in one go, several
times faster. It is lenient where quotes and spaces meet, and with NUL: a file that has such places anywhere, or in
which it finds a wrong row, is read with care instead, so that a row's fate never hangs on the reader.
"""

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

import duckdb

from orchestration.errors import ExtractRefusedError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.json_files import Found, read_objects
from orchestration.loading.raw_files import (
    Limits,
    Lineage,
    RawFileWriter,
    ReadResult,
    RejectedRecords,
    batches,
    connect,
    copy,
    name_columns,
    select_list,
    text_literal,
)
from orchestration.loading.text_files import (
    BLOCK_BYTES,
    as_text,
    is_packed,
    open_bytes,
    unreadable_text,
)

# Unquoted, they are empty values, but in a text that people wrote.
NULL_WORDS = ("NULL", r"\N")
# A quoted value that goes on for more physical lines than this is taken for an unclosed quote: an SMS or a name has a
# few lines; a larger bound makes a file with many stray quotes slow, a smaller one splits real values.
MAXIMUM_LINES_OF_A_RECORD = 1_000
# A longer physical line, in characters, is no row; bounds what is read at once.
MAXIMUM_LINE_CHARACTERS = 1 << 24

# Ends of lines elsewhere, but not in CSV: within a header's name, the rows behind it would be columns.
_OTHER_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_QUOTED = re.compile(r' *"((?:[^"]+|"")*+)" *')
_OPENING_QUOTE = re.compile(r' *"')
_UNQUOTED = re.compile(r"[^,\r\n]*")
# Where DuckDB may read quotes in ways of its own. Both begin with a plain text, which is sought ten times as fast.
_SPACES_BEHIND_A_QUOTE = re.compile(rb'" +[",\r\n]')
_SPACES_BEFORE_A_QUOTE = re.compile(rb' "(?:[^"]|"[ ",\r\n])')


def read_csv(path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits) -> ReadResult:
    """Read a CSV extract into a raw file, see `read_extract`."""
    header, header_lines = _read_header(path, limits)
    holding = [position for position, name in enumerate(header) if (name,) in table.rows_in]
    if holding and table.missing_columns([name.strip().lower() for name in header]):
        return read_objects(
            path, lambda file: _objects_held(file, header, holding[0], header_lines), table, lineage, target, limits
        )
    names = name_columns(header, table, limits)
    arguments = (path, names, header_lines, table, lineage, target, limits)
    return read_csv_at_once(*arguments) or read_csv_carefully(*arguments)


def _read_header(path: Path, limits: Limits) -> tuple[list[str], int]:
    """Read a CSV's header: column names, and the number of physical lines that it takes."""
    with open_bytes(path, limits) as file:
        for record in _records(as_text(file, newline="")):
            reason = record.reason or (None if record.values else "is empty")
            if any(_OTHER_LINE_ENDS.search(value.strip()) for value, is_quoted in record.values if not is_quoted):
                reason = reason or "ends in another sign than a line feed, a carriage return or both"
            if reason is not None:
                raise ExtractRefusedError(f"the header row {reason}; expected UTF-8 text, comma-separated")
            return [value or "" for value, _ in record.values], record.line_count
    raise ExtractRefusedError("is empty: expected a header row")


def _objects_held(file: BinaryIO, header: list[str], position: int, header_lines: int) -> Iterator[Found]:
    """The objects that a CSV has as JSON in one of its columns, as exported queries of logs do."""
    for record in _records(as_text(file, newline="")):
        if record.line_number <= header_lines or (not record.values and record.reason is None):
            continue
        reason = record.reason or _wrong_count(len(record.values), len(header))
        values = None if reason else {header[position]: record.values[position][0]}
        told = f"the row {reason}" if reason else ""
        yield Found(record.line_number, len(record.text), values, record.text, told, is_odd=True, is_envelope=True)


def _wrong_count(found: int, expected: int) -> str | None:
    return None if found == expected else f"has {found} values where the header has {expected} columns"


# --- in one go -----------------------------------------------------------------------------------------------------


@dataclass
class _Bytes:
    """What a file's bytes tell.

    Attributes:
        line_count: physical lines.
        is_plain: whether DuckDB reads the file as `read_csv_carefully` does.
        has_null_words: whether a value may be one of `NULL_WORDS`.
    """

    line_count: int = 0
    is_plain: bool = True
    has_null_words: bool = False


def _has_spaces_beside_a_quote(text: bytes) -> bool:
    """Whether spaces stand between a quote and the comma or line's end beside it, or may do so."""
    if _SPACES_BEHIND_A_QUOTE.search(text):
        return True
    before = (
        text[max(0, match.start() - 32) : match.start()].rstrip(b" ") for match in _SPACES_BEFORE_A_QUOTE.finditer(text)
    )
    return any(last[-1:] in b",\r\n" for last in before)


def _look_at_bytes(path: Path, limits: Limits) -> _Bytes:
    # A file begins and ends as if a line ended there.
    found, tail = _Bytes(), b"\n"
    with open_bytes(path, limits) as file:
        while block := file.read(BLOCK_BYTES):
            found.line_count += block.count(b"\n")
            joined = tail + block
            has_quotes = b'"' in joined
            if b"\0" in block or (
                b"\r" in joined and joined.count(b"\r") != joined.count(b"\r\n") + joined.endswith(b"\r")
            ):
                found.is_plain = False
            # Sought from behind, since that stops at the first byte of what is sought, which is the rarer one.
            if joined.rfind(b"NULL") >= 0 or (b"\\" in joined and rb"\N" in joined):
                found.has_null_words = True
                found.is_plain &= not (has_quotes and (b'"NULL"' in joined or rb'"\N"' in joined))
            has_spaces_there = has_quotes and (joined.rfind(b'" ') >= 0 or joined.rfind(b' "') >= 0)
            if has_spaces_there and found.is_plain and _has_spaces_beside_a_quote(joined):
                found.is_plain = False
            tail = joined[-64:]
    if _has_spaces_beside_a_quote(tail + b"\n"):
        found.is_plain = False
    found.line_count += tail[-1:] not in (b"\n", b"")
    found.is_plain &= not tail.endswith(b"\r")
    return found


def read_csv_at_once(
    path: Path,
    names: list[str],
    header_lines: int,
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
    limits: Limits,
) -> ReadResult | None:
    """Read a CSV in one go.

    Returns:
        The result, or None where the file must be read carefully: it has a wrong row, it is not plain, or its lines do
        not add up to the rows read, so that line numbers would be wrong. Where there is one column, an empty line would
        be a row.
    """
    if len(names) == 1:
        return None
    positions = {name: f"c{position}" for position, name in enumerate(names)}
    columns = "{" + ", ".join(f"'{position}': 'VARCHAR'" for position in positions.values()) + "}"
    source = (
        f"read_csv({text_literal(str(path))}, columns = {columns}, auto_detect = false, header = true,"
        f""" delim = ',', quote = '"', escape = '"', strict_mode = true, max_line_size = {limits.field_characters})"""
    )
    with ThreadPoolExecutor(max_workers=1) as pool, connect(target.parent, limits) as connection:
        looking = pool.submit(_look_at_bytes, path, limits)
        if is_packed(path):
            looking.result()  # it may be too long to be read at all
        try:
            line = f"row_number() over () + {header_lines}"
            count = copy(connection, f"select {select_list(positions, table, lineage, line)} from {source}", target)
            found = looking.result()
            lines_of_rows = found.line_count - header_lines
            if not found.is_plain or count > lines_of_rows:
                return None
            if count == lines_of_rows and not found.has_null_words:
                return ReadResult(count)
            breaks_in_row = " + ".join(
                f"coalesce(length({position}) - length(replace({position}, chr(10), '')), 0)"
                for position in positions.values()
            )
            total = connection.execute(f"select count(*) + sum({breaks_in_row}) from {source}").fetchone()
            if total is None or total[0] != lines_of_rows:
                return None
            expressions = {name: _without_null_words(position, name, table) for name, position in positions.items()}
            line = f"{header_lines} + row_number + breaks_so_far - line_breaks"
            again = f"""
                with counted as (
                    select *, row_number() over () as row_number, {breaks_in_row} as line_breaks
                    from {source}
                ),

                summed as (
                    select *, sum(line_breaks) over (rows between unbounded preceding and current row) as breaks_so_far
                    from counted
                )

                select {select_list(expressions, table, lineage, line)}
                from summed
            """
            return ReadResult(copy(connection, again, target))
        except duckdb.Error:
            return None  # read again with care, which finds the wrong rows one by one, and what else is wrong


def _without_null_words(position: str, name: str, table: ExtractTable) -> str:
    """A column's SQL, null where the value is a null word. None is quoted: such a file is not plain."""
    words = ", ".join(map(text_literal, NULL_WORDS))
    return position if name in table.texts else f"case when {position} not in ({words}) then {position} end"


# --- with care -----------------------------------------------------------------------------------------------------


class _Record(NamedTuple):
    """A CSV record: each value with whether it was quoted; `reason` says what is wrong with it."""

    line_number: int
    line_count: int
    text: str
    values: list[tuple[str, bool]]
    reason: str | None


def read_csv_carefully(
    path: Path,
    names: list[str],
    header_lines: int,
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
    limits: Limits,
) -> ReadResult:
    """Read a CSV record by record, setting the wrong ones apart."""
    rejected = RejectedRecords()
    width = len(names)
    null_words = [() if name in table.texts else NULL_WORDS for name in names]

    def rows() -> Iterator[tuple[int, tuple[int, list[str | None]]]]:
        with open_bytes(path, limits) as file:
            for record in _records(as_text(file, newline="")):
                if record.line_number <= header_lines or (not record.values and record.reason is None):
                    continue
                reason = record.reason
                values = [
                    value if value and (is_quoted or value not in nulls) else None
                    for (value, is_quoted), nulls in zip(record.values, null_words, strict=False)
                ]
                beyond = record.values[width:]
                while beyond and (not beyond[-1][0] or (beyond[-1][0] in NULL_WORDS and not beyond[-1][1])):
                    beyond.pop()
                reason = reason or _wrong_count(len(values) + len(beyond), width)
                if reason is None and len(record.text) > limits.field_characters:
                    reason = _too_long(values, limits)
                if reason is None:
                    yield len(record.text), (record.line_number, values)
                else:
                    rejected.add(record.line_number, record.text, f"the row {reason}")

    with RawFileWriter(names, table, lineage, target) as writer:
        for batch in batches(rows(), width):
            writer.write([line for line, _ in batch], list(zip(*(values for _, values in batch), strict=True)))
    return ReadResult(writer.row_count, rejected)


def _too_long(values: list[str | None], limits: Limits) -> str | None:
    longest = max(range(len(values)), key=lambda position: len(values[position] or ""))
    length = len(values[longest] or "")
    if length <= limits.field_characters:
        return None
    most = limits.field_characters
    return f"has {length} characters in column {longest + 1}: at most {most} are read (MAX_FIELD_CHARACTERS)"


def _records(lines: TextIO) -> Iterator[_Record]:
    """Split physical lines (ended by a line feed, a carriage return or both) into CSV records.

    After a broken record it goes on at the very next line.
    """
    waiting: list[str] = []
    line_number = 1
    while waiting or (waiting := _read_lines(lines, 1)):
        text, taken, reason = waiting[0], 1, None
        values: list[tuple[str, bool]] = []
        if len(text) >= MAXIMUM_LINE_CHARACTERS:
            reason = f"is longer than {MAXIMUM_LINE_CHARACTERS} characters: did the file lose its line feeds?"
            while text[-1] not in "\r\n" and (rest := lines.readline(MAXIMUM_LINE_CHARACTERS)):
                text = text[:-1] + rest[-1]
        elif '"' not in text:  # most lines: a record of its own, without quotes
            bare = text.rstrip("\r\n")
            values = [(value, False) for value in bare.split(",")] if bare else []
        else:
            text, taken, values, reason = _split_quoted(waiting, lines)
        yield _Record(line_number, taken, text.rstrip("\r\n"), values, reason or unreadable_text(text))
        del waiting[:taken]
        line_number += taken


def _read_lines(lines: TextIO, count: int) -> list[str]:
    read = (lines.readline(MAXIMUM_LINE_CHARACTERS) for _ in range(count))
    return list(itertools.takewhile(bool, read))


def _split_quoted(waiting: list[str], lines: TextIO) -> tuple[str, int, list[tuple[str, bool]], str | None]:
    """Split a record with quotes, which may take several lines.

    Args:
        waiting: lines that were read; more are added where the record goes on.
        lines: the lines behind them.

    Returns:
        The record's text, its number of lines, its values with whether each was quoted, and what is wrong with it.
    """
    looked_at = 1
    while True:
        values: list[tuple[str, bool]] = []
        text, position, reason = "".join(waiting[:looked_at]), 0, None
        while True:
            quoted = _QUOTED.match(text, position)
            unquoted = None if quoted or _OPENING_QUOTE.match(text, position) else _UNQUOTED.match(text, position)
            found = quoted or unquoted
            if found is None:
                reason = "has a quote that is not closed"
                break
            values.append((quoted.group(1).replace('""', '"'), True) if quoted else (found.group(), False))
            position = found.end()
            if text[position : position + 1] == ",":
                position += 1
            elif text[position : position + 1] in ("", "\r", "\n"):
                break
            else:
                reason = "is quoted wrongly: expected a comma or the row's end after a closing quote"
                break
        if reason is None:
            ends = itertools.accumulate(map(len, waiting))
            taken = next(count for count, end in enumerate(ends, start=1) if end >= position)
            return "".join(waiting[:taken]), taken, values, None
        if found is None and looked_at < MAXIMUM_LINES_OF_A_RECORD:
            waiting += _read_lines(lines, 2 * looked_at - len(waiting))
            if looked_at < len(waiting):
                looked_at = min(2 * looked_at, len(waiting))
                continue
        return waiting[0], 1, [], reason
