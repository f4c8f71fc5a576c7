"""Fuzzing of the readers: whatever a file's bytes are, it is loaded or refused, and the same rows come out both ways.

`TORTURE_EXAMPLES` says how many files each test tries; `pytest -m torture tests/test_readers_torture.py` runs them.
"""

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.errors import ExtractRefusedError
from orchestration.loading.extract_files import read_extract
from tests.test_one_meaning import LIMITS, LINEAGE, TABLE, Rows, as_bytes, cells, json_lines, rows_of

pytestmark = pytest.mark.torture
torture = settings(
    max_examples=int(os.environ.get("TORTURE_EXAMPLES", "2000")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Outcome = tuple[Rows, Rows] | None


def outcome(folder: Path, name: str, content: bytes) -> Outcome:
    """The rows of a file, kept and set apart; None where it is refused. Any other error is a finding."""
    path, target = folder / name, folder / "out.parquet"
    path.write_bytes(content)
    try:
        return rows_of(read_extract(path, TABLE, LINEAGE, target, LIMITS), target)
    except ExtractRefusedError as error:
        assert str(error).isprintable()
        return None


def with_care(folder: Path, name: str, content: bytes) -> Outcome:
    """The same, read with care alone."""
    with (
        patch("orchestration.loading.csv_files.read_csv_at_once", return_value=None),
        patch("orchestration.loading.json_files.read_json_at_once", return_value=None),
    ):
        return outcome(folder, name, content)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """A file with bytes changed, put in, taken out or cut off."""
    place = st.integers(0, len(content))
    damage = st.tuples(place, st.integers(0, 8), st.binary(max_size=8))

    def apply(damages: list[tuple[int, int, bytes]], end: int | None) -> bytes:
        found = content
        for start, length, new in damages:
            found = found[:start] + new + found[start + length :]
        return found if end is None else found[:end]

    return st.builds(apply, st.lists(damage, max_size=4), st.none() | place)


csv_soup = st.lists(
    st.one_of(
        cells,
        st.sampled_from(
            [",", "\n", "\r\n", "\r", '"', " ", '""', "a,b\n", "A,b", "a ,a", "\ufeff", "rows", '{"a":1}', "x" * 5_001, "\x85", "\u2028"]
        ),
        st.binary(max_size=3).map(lambda found: found.decode("utf-8", "surrogateescape")),
    ),
    max_size=30,
).map("".join)  # fmt: skip


@torture
@given(header=st.sampled_from(["a,b\n", '"a","b"\r\n', "a,b,\n", "a\n", "b,rows\n", ""]), soup=csv_soup)
def test_any_bytes_are_a_csv_or_refused(tmp_path: Path, header: str, soup: str) -> None:
    content = as_bytes(header + soup)
    assert outcome(tmp_path, "a.csv", content) == with_care(tmp_path, "a.csv", content)


json_soup = st.lists(
    st.one_of(
        json_lines,
        st.sampled_from(
            ["{", "}", "[", "]", ",", ":", '"', "\\", '{"a":', '{"rows":[{"a":1},2]}\n', '{"rows":"[{\\"a\\":1}]"}\n', "\ufeff", "\n", "1e999",
             "[" * 200, "]" * 200, '{"a":' * 120, "}" * 120, r"\u0000", r"\ud800", "NaN", "//", "\x00", "\r", "\x85"]
        ),
        st.binary(max_size=3).map(lambda found: found.decode("utf-8", "surrogateescape")),
    ),
    max_size=12,
).map("".join)  # fmt: skip


@torture
@given(soup=json_soup)
def test_any_bytes_are_json_or_refused(tmp_path: Path, soup: str) -> None:
    content = as_bytes(soup)
    assert outcome(tmp_path, "a.jsonl", content) == with_care(tmp_path, "a.jsonl", content)


PLAIN = b"".join([b"a,b\n", *(b'%d,"value %d"\n' % (number, number) for number in range(40))])
PACKED = gzip.compress(PLAIN[:200], mtime=0) + gzip.compress(PLAIN[200:], mtime=0)


@torture
@given(content=damaged(PACKED))
def test_a_damaged_gzip_gives_its_rows_or_none(tmp_path: Path, content: bytes) -> None:
    found = outcome(tmp_path, "a.csv.gz", content)
    assert found in (None, *(outcome(tmp_path, "a.csv", plain) for plain in (PLAIN, PLAIN[:200]) if found))


def parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


MANY_TYPES = pa.table(
    {
        "a": ["1", "é", None, ""],
        "b": pa.array([1.5, float("nan"), None, float("inf")]),
        "c": pa.array([[1], [], None, [2, None]]),
        "d": pa.array([{"x": "y"}, None, {"x": None}, {"x": "\0"}]),
        "e": pa.array([1, 2, None, 2**40], pa.timestamp("us", tz="UTC")),
        "f": pa.array([b"\xff", b"text", None, b""]),
        "g": pa.array(["u", "v", "u", None]).dictionary_encode(),
    }
)
PARQUETS = [
    parquet(MANY_TYPES, compression=compression, version=version, data_page_version=page, use_dictionary=dictionary)
    for compression, version, page, dictionary in [
        ("none", "1.0", "1.0", False), ("snappy", "2.6", "1.0", True), ("zstd", "2.6", "2.0", True), ("gzip", "2.4", "1.0", False),
    ]
]  # fmt: skip


@torture
@given(content=st.sampled_from(PARQUETS).flatmap(damaged))
def test_a_damaged_parquet_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    outcome(tmp_path, "a.parquet", content)


TYPES: list[Callable[[], pa.DataType]] = [
    pa.int8, pa.uint64, pa.float16, pa.float32, pa.float64, pa.bool_, pa.string, pa.large_string, pa.binary, pa.date32, pa.date64,
    lambda: pa.time32("ms"), lambda: pa.time64("ns"), lambda: pa.timestamp("ns"), lambda: pa.timestamp("s", tz="America/New_York"),
    lambda: pa.decimal128(38, 10), lambda: pa.decimal128(5, 0), lambda: pa.decimal256(76, 5), lambda: pa.binary(16), lambda: pa.duration("s"),
    lambda: pa.list_(pa.list_(pa.string())), lambda: pa.struct([("x", pa.binary()), ("X", pa.int32())]), lambda: pa.map_(pa.string(), pa.float64()),
    pa.null,
]  # fmt: skip
names = st.lists(
    st.sampled_from(["b", "B", " a ", "", "_file", "extract_file", 'q"', "é", "x\ny", "=1", "\x1b[31m", "load_date", "filename", "c" * 300]),
    unique=True,
    max_size=5,
)  # fmt: skip


@torture
@given(names=names, data=st.data(), rows=st.integers(0, 3))
def test_a_parquet_of_any_types_is_read_or_refused(
    tmp_path: Path, names: list[str], data: st.DataObject, rows: int
) -> None:
    kinds = [data.draw(st.sampled_from(TYPES))() for _ in names]
    arrays = [pa.nulls(rows, kind) for kind in kinds]
    fields = [pa.array([f"{number}" for number in range(rows)], pa.string()), *arrays]
    try:
        content = parquet(pa.Table.from_arrays(fields, ["a", *names]))
    except (pa.ArrowException, TypeError):
        return  # no Parquet for it
    found = outcome(tmp_path, "a.parquet", content)
    assert found is None or len(found[0]) == rows
