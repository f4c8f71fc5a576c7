"""What a file means does not hang on the reader, nor on where it is cut: the fast way, the careful way, whole or split."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.errors import ExtractRefusedError
from orchestration.loading.csv_files import read_csv, read_csv_at_once, read_csv_carefully
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.json_files import read_json, read_json_at_once, read_json_carefully
from orchestration.loading.raw_files import Limits, Lineage, ReadResult

TABLE = ExtractTable("source", "table", ("a", "b"), ("a",), (), "", rows_in=(("rows",),), texts=frozenset({"b"}))
LINEAGE = Lineage("file", "hash", 1, datetime(2026, 1, 1))
LIMITS = Limits(field_characters=5_000)
Rows = list[tuple[Any, ...]]
property_test = settings(
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def rows_of(result: ReadResult | None, target: Path) -> tuple[Rows, Rows] | None:
    """The rows that were read, by line and name, and those that were set apart."""
    if result is None:
        return None
    rows = pq.read_table(target).to_pylist()
    assert result.row_count == len(rows)
    kept = [
        (row["_line"], {name: value for name, value in row.items() if name[0] != "_" and value is not None})
        for row in rows
    ]
    return kept, [(record.line_number, record.reason) for record in result.rejected]


def csv_ways(folder: Path, content: bytes, width: int) -> list[tuple[Rows, Rows] | None]:
    path, target = folder / "a.csv", folder / "out.parquet"
    path.write_bytes(b",".join([b"a", b"b", b"c"][:width]) + b"\n" + content)
    arguments = (path, ["a", "b", "c"][:width], 1, TABLE, LINEAGE, target, LIMITS)
    return [rows_of(way(*arguments), target) for way in (read_csv_at_once, read_csv_carefully)]


def json_ways(folder: Path, content: bytes) -> list[tuple[Rows, Rows] | None]:
    path, target = folder / "a.jsonl", folder / "out.parquet"
    path.write_bytes(content)
    ways: list[Callable[..., ReadResult | None]] = [read_json_at_once, read_json_carefully]
    return [rows_of(way(path, TABLE, LINEAGE, target, LIMITS), target) for way in ways]


# --- CSV -----------------------------------------------------------------------------------------------------------

cells = st.one_of(
    st.sampled_from(
        ["", "x", "NULL", r"\N", '""', '"NULL"', r'"\N"', '"a,b"', '"a\nb"', '"a\r\nb"', '"a""b"', 'a"b', ' "a" ', " a ",
         '"a" "b"', "\ta", "\x00", '"\x00"', "é", "\udcff", '"open', '"a"b', "\r", '"a\rb"', "\x0b", "\xa0"]
    ),
    st.text(alphabet='ab ",\n\r\t\x00N\\é', max_size=6),
)  # fmt: skip
csv_rows = st.builds(
    lambda values, end: ",".join(values) + end,
    st.lists(cells, min_size=1, max_size=5),
    st.sampled_from(["\n"] * 12 + ["\r\n", "\r", "\n\n", ",\n", ",,\n", " \n"]),
)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@property_test
@given(rows=st.lists(csv_rows, max_size=6), width=st.integers(1, 3))
@example(rows=["a,b\n", ",\n", ",,\n"], width=2)
@example(rows=["a,b\n", ' "x",y\n'], width=2)
def test_both_ways_of_reading_csv_give_the_same_rows(tmp_path: Path, rows: list[str], width: int) -> None:
    at_once, carefully = csv_ways(tmp_path, as_bytes("".join(rows)), width)
    assert at_once is None or at_once == carefully


@property_test
@given(values=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=5))
def test_both_ways_agree_on_csv_that_is_mostly_well_formed(tmp_path: Path, values: list[list[str]]) -> None:
    at_once, carefully = csv_ways(tmp_path, as_bytes("".join(",".join(row) + "\n" for row in values)), 2)
    assert at_once is None or at_once == carefully


csv_values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
csv_good_rows = st.tuples(csv_values, csv_values).map(
    lambda row: ",".join('"' + value.replace('"', '""') + '"' for value in row) + "\n"
)
csv_bad_rows = st.sampled_from(["ragged\n", 'x,"y"z\n', "a\x00,b\n", "a,b,c\n", ' "a",b\n', "NULL,NULL\n"])


@property_test
@given(rows=st.lists(csv_good_rows | csv_bad_rows, min_size=2, max_size=6), cut=st.integers(0, 6))
def test_splitting_a_csv_changes_nothing(tmp_path: Path, rows: list[str], cut: int) -> None:
    def values(part: list[str]) -> tuple[list[Any], list[Any]]:
        path, target = tmp_path / "a.csv", tmp_path / "out.parquet"
        path.write_bytes(as_bytes("a,b\n" + "".join(part)))
        found = rows_of(read_csv(path, TABLE, LINEAGE, target, LIMITS), target)
        assert found is not None
        return [row for _, row in found[0]], [reason for _, reason in found[1]]

    whole, first, second = values(rows), values(rows[:cut]), values(rows[cut:])
    assert whole == (first[0] + second[0], first[1] + second[1])


# --- JSON ----------------------------------------------------------------------------------------------------------

numbers = st.sampled_from(
    ["0", "-0", "1", "-1", "0.0", "-0.0", "1.0", "0.00750", "1.5", "4.477E+11", "1e5", "1E-7", "447700900171.0", "0.1",
     "12345678901234567890", "1234567890123456789", "0.30000000000000004", "123456.789", "1234567890.123456",
     "0.0000001", "1.7976931348623157e308", "1e400", "NaN", "Infinity", "-Infinity", "01", "nan", ".5", "1.", "+1",
     "9007199254740993", "18446744073709551615", "18446744073709551616", "-9223372036854775809"]
)  # fmt: skip
strings = st.one_of(
    st.sampled_from(
        ['""', '"x"', '"NULL"', r'"\u0000"', r'"\ud83d"', r'"\ud83d\ude00"', r'"\u001f"', r'"\u00e9"', r'"\/"', r'"\\u0000"',
         '"\t"', r'"\t\n\b\f\r\"\\"', '"1e5"', '": 1.0}"', '", ]"', '"\x7f"', '"\udcff"', '"\x00"', "'x'", '"\u2028"', r'"\x41"']
    ),
    st.text(max_size=5).map(lambda text: json.dumps(text.replace("\ud800", ""), ensure_ascii=False)),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5).map(json.dumps),
)  # fmt: skip
scalars = st.one_of(numbers, strings, st.sampled_from(["null", "true", "false", "nul", "True", ""]))
json_keys = st.sampled_from(
    ['"a"', '"a"', '"b"', '"A"', '" a"', '"n"', '"rows"', r'"\u0061"', '""', '"_line"', '"é"', r'"\ud800"']
)


def objects_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(json_keys, values), max_size=4)
    return st.builds(
        lambda found, gap, end: "{" + f",{gap}".join(f"{key}:{gap}{value}" for key, value in found) + end,
        pairs,
        st.sampled_from(["", " ", "\t", " ", " "]),
        st.sampled_from(["}"] * 10 + [",}", " }", ""]),
    )


nested = st.recursive(
    scalars,
    lambda inner: objects_of(inner) | st.lists(inner, max_size=3).map(lambda v: "[" + ",".join(v) + "]"),
    max_leaves=5,
)
ROW = '{"a": "row"}'
json_rows = objects_of(nested) | st.just(ROW) | st.just('{"a": 1, "b": {"c": "d"}}')
json_lines = st.builds(
    lambda found, end: found + end,
    json_rows,
    st.sampled_from(["\n"] * 14 + ["\r\n", "", " ", ",\n", "\n\n", " x\n", "\x0b\n", "\x00\n", "\udcff\n"]),
)


@property_test
@given(rows=st.lists(json_lines, max_size=6))
@example(rows=['{"a":447700900171.0}\n'])
@example(rows=['{"a":1,"a":2}\n'])
@example(rows=['{"a":{"b":1,"b":2}}\n'])
@example(rows=['{"a":1,}\n'])
@example(rows=['{"a":' + "[" * 150 + "]" * 150 + "}\n"])
@example(rows=['{"a":"\x7f"}\n', '{"a":""}\n', '{"a":null}\n'])
@example(rows=['{"a":1}{"a":2}\n'])
@example(rows=['{"a":"' + "x" * 6_000 + '"}\n'])
def test_both_ways_of_reading_json_give_the_same_rows(tmp_path: Path, rows: list[str]) -> None:
    at_once, carefully = json_ways(tmp_path, as_bytes(ROW + "\n" + "".join(rows)))
    assert at_once is None or at_once == carefully


@property_test
@given(rows=st.lists(json_rows.filter(lambda row: "\n" not in row), min_size=2, max_size=6), cut=st.integers(0, 6))
def test_splitting_json_lines_changes_nothing(tmp_path: Path, rows: list[str], cut: int) -> None:
    def values(part: list[str]) -> tuple[list[Any], list[Any]]:
        path, target = tmp_path / "a.jsonl", tmp_path / "out.parquet"
        path.write_bytes(as_bytes(ROW + "\n" + "".join(row + "\n" for row in part)))
        found = rows_of(read_json(path, TABLE, LINEAGE, target, LIMITS), target)
        assert found is not None
        return [{name.lower(): value for name, value in row.items()} for _, row in found[0][1:]], [
            reason for _, reason in found[1]
        ]

    whole, first, second = values(rows), values(rows[:cut]), values(rows[cut:])
    assert whole == (first[0] + second[0], first[1] + second[1])


def test_clean_files_are_read_in_one_go(tmp_path: Path) -> None:
    """The other tests would prove nothing if the fast way always gave up."""
    content = b'1,"two, ""quoted"" words"\n2,"two\nlines"\n\\N,NULL\n'
    assert csv_ways(tmp_path, content, 2)[0] == csv_ways(tmp_path, content, 2)[1] is not None
    assert csv_ways(tmp_path, b"1,x\r\n".replace(b"\r", b""), 2)[0] is not None
    for line in (b'{"a": "1", "b": {"c": [1.5, "\\u00e9", null]}, "x": 12345678901}', b'{"a": 0.0075, "b": ""}'):
        ways = json_ways(tmp_path, line + b"\n")
        assert ways[0] == ways[1] is not None


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_refusal_is_the_same_both_ways(tmp_path: Path, name: str) -> None:
    path, target = tmp_path / name, tmp_path / "out.parquet"
    path.write_bytes(b"b\nx\n" if name == "a.csv" else b'{"b": 1}\n')
    with pytest.raises(ExtractRefusedError, match="lacks the required column a"):
        (read_csv if name == "a.csv" else read_json)(path, TABLE, LINEAGE, target, LIMITS)
