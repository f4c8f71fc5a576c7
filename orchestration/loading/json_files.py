"""Reading JSON extracts: JSON lines, and whatever else holds JSON objects one after another.

A file is a row of JSON values. White space, commas and the brackets of arrays between them are overlooked, so objects
may stand one on a line, several on one, behind one another without a separator, over several lines, or in an array. An
object is a row, or an answer, webhook or envelope that holds rows where the table's `rows_in` says. A key that a row
repeats has its last value, as in Python and JavaScript. Numbers keep the text that they have.

What a file means is what `read_json_carefully` makes of it. DuckDB reads files of plain objects, one a line, in one go,
ten times faster. It writes some numbers and characters in its own way, takes what is no JSON, and the first of repeated
keys: a file that has such places, or where anything is off, is read with care instead.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import duckdb

from orchestration.errors import ExtractRefusedError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_files import (
    Limits,
    Lineage,
    RawFileWriter,
    ReadResult,
    RejectedRecords,
    batches,
    check_column_count,
    check_keys,
    connect,
    copy,
    name_keys,
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

# Longest JSON value that is read, in characters; an answer with all messages of a day has some millions.
MAXIMUM_VALUE_CHARACTERS = 1 << 26
# Read at once, in characters, where a line is longer.
PIECE_CHARACTERS = 1 << 20
# Arrays and objects in one another; Python's reader goes no deeper than about 900.
MAXIMUM_DEPTH = 100

_SEPARATORS = re.compile(r"[ \t\r\n\v\f,\]]*")
NOT_CLOSED = "the array is not closed: the file may have been cut off"
NO_OBJECT = "the value is no JSON object"
# Keys that can stand in a quoted JSON path as they are.
_PLAIN_KEY = re.compile(r"[\w .:-]+")
# Ways of naming the keys of an object that one file may have and still be read in one go.
MAXIMUM_KINDS_OF_OBJECTS = 10_000
# What DuckDB writes otherwise than it stands in the file, or takes though it is no JSON, as RE2 has it: decimals that
# end in 0, that are very small or have more than 15 digits, exponents, integers of 19 digits, negative zero, words
# for what is no number, commas before a closing bracket, and escaped control characters.
_RISKS = (
    r"[:,\[]\s*(?:"
    r"-?(?:[0-9]+\.[0-9]*0[,}\]\s]|[0-9.]+[eE]|[0-9]{19}|[0-9]+\.[0-9]{10}|[0-9]{11,}\.|[0-9]{7,}\.[0-9]{6}|0\.0000)"
    r"|-0[,}\]\s]|-?[NIi]|-?n[aA])"
    r"|,\s*[}\]]|\\u00[01]"
)
# An object as short as this has no more than MAXIMUM_DEPTH levels.
SHALLOW_BYTES = 2 * MAXIMUM_DEPTH


class _Number(str):
    """A number as the text that it is, or Infinity."""

    __slots__ = ()


def _constant(word: str) -> _Number | None:
    """What Python and data frames write as a number: NaN stands for a missing value."""
    return None if word == "NaN" else _Number(word)


class _Repeating(dict[str, Any]):
    """An object that repeats a key; `pairs` are all its keys and values, as delivered."""

    pairs: list[tuple[str, Any]]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        values = _Repeating(values)
        values.pairs = pairs
    return values


def _pairs(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """The keys and values of an object, as often as they stand there."""
    return value.pairs if isinstance(value, _Repeating) else value.items()


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant)


class Found(NamedTuple):
    """A value of a file: an object, else `text` and what is wrong with it.

    Attributes:
        line_number: physical line on which it, or the array around it, begins.
        characters: that it takes in the file.
        values: the object; None for what is none.
        text: the value as it stands in the file; empty for an object of an array.
        reason: what is wrong.
        is_odd: whether its text has escapes or many levels, which may hide what can't be kept.
        is_envelope: whether it is no row itself.
    """

    line_number: int
    characters: int
    values: dict[str, Any] | None
    text: str
    reason: str = ""
    is_odd: bool = False
    is_envelope: bool = False


def read_json(path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits) -> ReadResult:
    """Read a JSON extract into a raw file, see `read_extract`."""
    arguments = (path, table, lineage, target, limits)
    return read_json_at_once(*arguments) or read_json_carefully(*arguments)


# --- in one go -----------------------------------------------------------------------------------------------------


def read_json_at_once(
    path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits
) -> ReadResult | None:
    """Read JSON lines in one go; None where the file must be read carefully."""
    lines = f"read_ndjson_objects({text_literal(str(path))}, maximum_object_size = {limits.field_characters})"
    with ThreadPoolExecutor(max_workers=1) as pool, connect(target.parent, limits) as connection:
        counting = pool.submit(_count_lines, path, limits)
        if is_packed(path):
            counting.result()  # it may be too long to be read at all
        try:
            kinds = connection.execute(
                f"""
                select
                    json_keys(json) as keys,
                    count(*),
                    max(strlen(json)),
                    bool_or(regexp_matches(json::varchar, {text_literal(_RISKS)})),
                    bool_or(case
                        when
                            strlen(json) > {SHALLOW_BYTES}
                            and (contains(json::varchar, '[') or contains(substr(json::varchar, 2), '{{'))
                            then length(regexp_replace(json::varchar, '[^\\[{{]', '', 'g')) > {MAXIMUM_DEPTH}
                        else false
                    end)
                from {lines}
                group by keys
                limit {MAXIMUM_KINDS_OF_OBJECTS + 1}
                """
            ).fetchall()
            keys = {key for named, *_ in kinds for key in named}
            if not (
                0 < len(kinds) <= MAXIMUM_KINDS_OF_OBJECTS
                and all(
                    0 < len(named) == len(set(named))
                    and longest <= limits.field_characters
                    and not is_risky
                    and not is_deep
                    for named, _, longest, is_risky, is_deep in kinds
                )
                and all(_PLAIN_KEY.fullmatch(key) for key in keys)
                and keys.isdisjoint(held_in[0] for held_in in table.rows_in)
                and sum(count for _, count, *_ in kinds) == counting.result()
            ):
                return None
            check_column_count(len(keys), limits)
            columns = name_keys(keys, table)
            check_keys(columns, table)
            positions = {key: position for position, key in enumerate(keys, start=1)}
            paths = ", ".join(text_literal(f'$."{key}"') for key in positions)
            expressions = {
                name: "coalesce(" + ", ".join(f"nullif(texts[{positions[key]}], '')" for key in named) + ", null)"
                for name, named in columns.items()
            }
            query = f"""
                select {select_list(expressions, table, lineage, "row_number() over ()")}
                from (select json_extract_string(json, [{paths}]) as texts from {lines})
            """
            return ReadResult(copy(connection, query, target))
        except duckdb.Error:
            return None  # read again with care, which finds the wrong lines one by one, and what else is wrong


def _count_lines(path: Path, limits: Limits) -> int:
    """The physical lines of a file; -1 where it holds NUL."""
    count, last = 0, b"\n"
    with open_bytes(path, limits) as file:
        while block := file.read(BLOCK_BYTES):
            count += block.count(b"\n")
            if b"\0" in block:
                return -1
            last = block[-1:]
    return count + (last != b"\n")


# --- with care -----------------------------------------------------------------------------------------------------


def read_json_carefully(path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits) -> ReadResult:
    """Read a file value by value, setting the wrong ones apart."""
    return read_objects(path, lambda file: values_of(as_text(file, newline="\n")), table, lineage, target, limits)


def read_objects(
    path: Path,
    find: Callable[[BinaryIO], Iterator[Found]],
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
    limits: Limits,
) -> ReadResult:
    """Read the rows that a file's objects are or hold, setting apart what is none.

    A raw file's columns are known once its objects were read: a file whose later objects have keys that those of the
    first batch lack is read a second time.

    Args:
        path: the extract.
        find: gives the objects of its bytes.
        table: declaration.
        lineage: of the rows.
        target: the raw file.
        limits: of the file.

    Returns:
        Number of rows written and the rows set apart.

    Raises:
        ExtractRefusedError: there is no object, or a required column is the key of none.
    """
    keys: set[str] = set()
    while True:
        result, is_complete = _read_with_keys(path, find, keys, table, lineage, target, limits)
        if result.rejected and not keys:
            raise ExtractRefusedError("holds no JSON object: expected JSON lines, an array of objects or an answer")
        if keys:
            check_keys(name_keys(keys, table), table)
        if is_complete:
            return result


def _read_with_keys(
    path: Path,
    find: Callable[[BinaryIO], Iterator[Found]],
    keys: set[str],
    table: ExtractTable,
    lineage: Lineage,
    target: Path,
    limits: Limits,
) -> tuple[ReadResult, bool]:
    """Read a file into the columns of the known keys and of those of its first batch; all of its keys are added.

    Returns:
        The result, and whether the raw file has all columns.
    """
    rejected = RejectedRecords()

    def rows() -> Iterator[tuple[int, Found]]:
        with open_bytes(path, limits) as file:
            for found in _rows(find(file), table, limits):
                if found.values is None:
                    rejected.add(found.line_number, found.text, found.reason)
                    continue
                if not keys.issuperset(found.values):
                    keys.update(found.values)
                    check_column_count(len(keys), limits)
                yield found.characters, found

    groups = batches(rows(), len(table.columns))
    batch = next(groups, [])
    known = len(keys)
    columns = name_keys(keys, table)
    with RawFileWriter(list(columns), table, lineage, target) as writer:
        while batch:
            objects = [found.values or {} for found in batch]
            writer.write(
                [found.line_number for found in batch], [_column(objects, named) for named in columns.values()]
            )
            batch = next(groups, [])
    return ReadResult(writer.row_count, rejected), len(keys) == known


def _column(objects: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[str | None]:
    """The texts of a column: of each object the value of the first of some keys that has one."""
    values: list[Any] = [found.get(keys[0]) for found in objects]
    for key in keys[1:]:
        values = [
            found.get(key) if value in (None, "") else value for found, value in zip(objects, values, strict=True)
        ]
    return [value or None if isinstance(value, str) else _text(value) for value in values]


def _text(value: Any) -> str | None:
    """A value as text: a text or number as it is, what is nested as JSON with numbers as they are, null as None."""
    return value if value is None or isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(key)}:{_as_json(inner)}" for key, inner in _pairs(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_json, value)) + "]"
    if isinstance(value, _Number):
        return value
    return encode_basestring(value) if isinstance(value, str) else json.dumps(value)


# --- rows ----------------------------------------------------------------------------------------------------------


def _rows(objects: Iterator[Found], table: ExtractTable, limits: Limits) -> Iterator[Found]:
    """The rows of a file: its objects, and what answers and envelopes hold; what is none comes with a reason."""
    for found in objects:
        if found.values is None:
            yield found
            continue
        held = rows_held(found.values, table)
        characters = found.characters // max(1, len(held))
        is_long = found.characters > limits.field_characters
        for row in held:
            reason = None if isinstance(row, dict) and not (row is found.values and found.is_envelope) else NO_OBJECT
            is_deep = found.is_odd and _is_deep(row, MAXIMUM_DEPTH)
            if is_deep:
                reason = f"the object is nested more than {MAXIMUM_DEPTH} levels deep"
            elif found.is_odd and (problem := next(filter(None, map(unreadable_text, _texts(row))), None)):
                reason = f"the object {problem}"
            elif is_long and reason is None:
                reason = _too_long(row, limits)
            if reason is None:
                yield Found(found.line_number, characters, row, "")
            else:
                text = row if isinstance(row, str) else found.text or ("" if is_deep else _as_json(row))
                yield Found(found.line_number, characters, None, text, reason)


def rows_held(values: dict[str, Any], table: ExtractTable) -> list[Any]:
    """The rows that an object holds.

    Args:
        values: an object of a file.
        table: whose `rows_in` says where answers and envelopes hold their rows.

    Returns:
        The object itself, where it has the columns that a row must have or holds none; else what is found on the first
        path of `rows_in` that leads somewhere, with what the object says of all rows; anything but objects is none.
    """
    if not any(path[0] in values for path in table.rows_in) or (
        table.missing_columns([key.strip().lower() for key in values]) is None
    ):
        return [values]
    for path in table.rows_in:
        held = _follow(values, path)
        if held is not None:
            shared = {key: value for key, value in values.items() if key.strip().lower() in table.of_all_rows}
            return [{**shared, **row} if shared and isinstance(row, dict) else row for row in held]
    return [values]


def _follow(value: Any, path: Sequence[str]) -> list[Any] | None:
    """What stands at the end of a path of keys, through arrays and texts that hold JSON; None where it leads nowhere.

    An array of which only some elements have the path gives the others as texts, which are no rows.
    """
    if isinstance(value, str):
        parsed = None if isinstance(value, _Number) else _parse(value)
        return None if parsed is None else _follow(parsed, path)
    if isinstance(value, list):
        return _follow_each(value, path)
    if not isinstance(value, dict) or (path and path[0] not in value):
        return None
    return _follow(value[path[0]], path[1:]) if path else [value]


def _follow_each(values: list[Any], path: Sequence[str]) -> list[Any] | None:
    if path and any(isinstance(pair, dict) and pair.get("field") == path[0] for pair in values):
        # As CloudWatch Logs Insights answers: each row is an array of fields and their values.
        pairs = {pair["field"]: pair.get("value") for pair in values if isinstance(pair, dict) and "field" in pair}
        return _follow(pairs, path)
    found = [_follow(element, path) for element in values]
    if values and all(held is None for held in found):
        return None
    return [
        row
        for element, held in zip(values, found, strict=True)
        for row in ([_as_json(element)] if held is None else held)
    ]


def _parse(text: str) -> list[Any] | None:
    """The JSON values that a text holds one after another; None where it is no object or array of them."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    found = list(values_of(io.StringIO(text, newline="\n")))
    return [value.values for value in found] if all(value.values is not None for value in found) else None


def _is_deep(value: Any, levels: int) -> bool:
    """Whether arrays and objects stand in one another for more than some levels."""
    if not isinstance(value, dict | list):
        return False
    inner = [element for _, element in _pairs(value)] if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(element, levels - 1) for element in inner)


def _texts(value: Any) -> Iterator[str]:
    """All keys and texts of a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in _pairs(value):
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _too_long(values: dict[str, Any], limits: Limits) -> str | None:
    lengths = ((len(_text(value) or ""), position) for position, value in enumerate(values.values(), start=1))
    longest, position = max(lengths, default=(0, 0))
    if longest <= limits.field_characters:
        return None
    return (
        f"the object has {longest} characters in its value {position}: at most {limits.field_characters} are read"
        " (MAX_FIELD_CHARACTERS)"
    )


# --- values --------------------------------------------------------------------------------------------------------


def values_of(lines: TextIO) -> Iterator[Found]:
    """The values of a text, one after another; of an array that ends on its line, its elements.

    A value that ends with its line unfinished is tried again with the lines behind it. Where one is broken, reading
    goes on at the next line. Where an array is begun and the text ends without its end, so much was cut off.
    """
    text, position, line_number, open_arrays = "", 0, 1, 0
    while True:
        start = _after_separators(text, position)
        line_number += text.count("\n", position, start)
        open_arrays -= text.count("]", position, start)
        if start == len(text):
            text, position = lines.readline(PIECE_CHARACTERS), 0
            if not text:
                if open_arrays > 0:
                    yield Found(line_number, 0, None, "", NOT_CLOSED)
                return
            continue
        elements: list[Any] = []
        try:
            value, end = _DECODER.raw_decode(text, start)
            elements, reason = list(_elements(value)), None
        except (ValueError, RecursionError) as error:
            if text[start] == "[" and isinstance(error, ValueError):
                position = start + 1
                open_arrays += 1
                continue
            reason = f"the line is not JSON: {getattr(error, 'msg', 'it is nested too deeply')}"
            is_unfinished = text[-1] != "\n" or getattr(error, "pos", 0) >= len(text.rstrip())
            if is_unfinished and len(text) - start < MAXIMUM_VALUE_CHARACTERS:
                more = _read(lines, len(text) - start)
                if more:
                    text, position = text[start:] + more, 0
                    continue
            if "\n" not in text[start:]:
                text += _end_of_line(lines)
            end = text.find("\n", start) + 1 or len(text)
        record = text[start:end].rstrip("\r\n")
        # A line that is broken may close arrays, too.
        open_arrays -= record.count("]") if reason else 0
        problem = unreadable_text(record)
        reason = reason or (problem and f"the line {problem}")
        if not reason and elements and not any(isinstance(element, dict) for element in elements):
            reason = "the line is not a JSON object, and no array of objects"
        if reason:
            yield Found(line_number, end - start, None, record, reason)
            elements = []
        is_odd = "\\u" in record or record.count("{") + record.count("[") > MAXIMUM_DEPTH
        for element in elements:
            characters = (end - start) // len(elements)
            text_of_it = record if element is value else ""
            yield (
                Found(line_number, characters, element, text_of_it, is_odd=is_odd)
                if isinstance(element, dict)
                else Found(line_number, characters, None, _as_json(element), NO_OBJECT)
            )
        line_number += text.count("\n", start, end)
        position = end


def _elements(value: Any) -> Iterator[Any]:
    """What arrays in one another hold; any other value itself."""
    if isinstance(value, list):
        for element in value:
            yield from _elements(element)
    else:
        yield value


def _after_separators(text: str, position: int) -> int:
    match = _SEPARATORS.match(text, position)
    return match.end() if match else position


def _prefixed(problem: str | None) -> str | None:
    return None if problem is None else f"the line {problem}"


def _end_of_line(lines: TextIO) -> str:
    """Read on to the next line; returns the line feed, where there is one."""
    rest = ""
    while not rest.endswith("\n") and (piece := lines.readline(PIECE_CHARACTERS)):
        rest = piece
    return "\n" if rest.endswith("\n") else ""


def _read(lines: TextIO, characters: int) -> str:
    """Further lines of at least some characters, or as many as there are."""
    read: list[str] = []
    while characters > 0 and (line := lines.readline(PIECE_CHARACTERS)):
        read.append(line)
        characters -= len(line)
    return "".join(read)
