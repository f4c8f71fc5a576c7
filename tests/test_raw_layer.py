"""Loading: what is read, set apart and refused, with file, line and reason."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.loading.declarations import ExtractTable
from orchestration.loading.extract_files import read_extract
from orchestration.loading.raw_files import Lineage, ReadResult
from orchestration.loading.raw_layer import DUPLICATE, LOADED, REFUSED, LedgerEntry
from tests.pipeline import Pipeline, render

HEADER = "send_id,message_id,channel,customer_id,sent_at,body\n"
ROW = "s1,m1,sms,c1,2026-10-01T09:00:00Z,hello\n"


def load_one(pipeline: Pipeline, file: str, content: bytes | str) -> LedgerEntry:
    pipeline.drop(file, content)
    pipeline.load()
    return next(entry for entry in pipeline.raw_layer.read_ledger() if entry.file == file)


def raw_rows(pipeline: Pipeline, source: str = "outbound", table: str = "sends") -> list[dict[str, Any]]:
    files = sorted((pipeline.settings.raw_dir / source / table).glob("*/*.parquet"))
    return [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]


def rejected(pipeline: Pipeline) -> list[tuple[str, int, str, str]]:
    files = (pipeline.settings.raw_dir / "pipeline" / "rejected_records").rglob("*.parquet")
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return sorted((row["file"], row["line_number"], row["record"], row["reason"]) for row in rows)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("outbound/sends/a.csv", "", "is empty"),
        ("outbound/sends/a.csv", "send_id,channel\n", "lacks the required columns message_id, customer_id, sent_at"),
        ("outbound/sends/a.csv", "send_id;message_id;channel;customer_id;sent_at\n", "lacks the required columns"),
        ("outbound/sends/a.csv", HEADER.replace("body", "Send_ID") + ROW, "has the column send_id more than once"),
        ("outbound/sends/a.csv", (HEADER + ROW).encode("utf-16"), "the header row"),
        ("outbound/sends/a.csv.gz", gzip.compress((HEADER + ROW * 500).encode())[:-20], "damaged gzip file"),
        ("outbound/sends/a.csv.gz", HEADER + ROW, "damaged gzip file"),
        ("outbound/sends/a.parquet", b"PAR1 half a file", "is no readable Parquet file"),
        ("outbound/sends/a.jsonl", '{"send_id": "s1"}\n', "lacks the required columns"),
        ("outbound/sends/a.jsonl", "send_id,message_id\n1,2\n", "holds no JSON object"),
        (
            "outbound/statuses/a.csv",
            "status,occurred_at,provider\n",
            "lacks a required column: send_id or provider and provider_message_id",
        ),
        ("outbound/sends/a.xlsx", "x", "unknown file type"),
        ("outbound/orders/a.csv", "x\n", "no table outbound/orders is declared"),
    ],
)
def test_a_wrong_file_is_refused_whole(pipeline: Pipeline, file: str, content: bytes | str, reason: str) -> None:
    pipeline.drop("outbound/sends/good.csv", HEADER + ROW)
    entry = load_one(pipeline, file, content)
    assert (entry.outcome, entry.row_count) == (REFUSED, 0)
    assert reason in (entry.reason or "")
    assert [row["send_id"] for row in raw_rows(pipeline)] == ["s1"]


def test_a_refused_file_is_tried_again_when_it_changes(pipeline: Pipeline) -> None:
    assert load_one(pipeline, "outbound/sends/a.csv", "send_id\n").outcome == REFUSED
    assert pipeline.load()[("outbound", "sends")].new_entries == []
    pipeline.drop("outbound/sends/a.csv", HEADER + ROW)
    assert [entry.outcome for entry in pipeline.load()[("outbound", "sends")].new_entries] == [LOADED]


@pytest.mark.parametrize(
    "name", [".hidden.csv", "_draft.csv", "a.csv.tmp", "a.csv.part", "_folder/a.csv", ".git/a.csv"]
)
def test_files_that_are_not_ready_are_left_alone(pipeline: Pipeline, name: str) -> None:
    pipeline.drop(f"outbound/sends/{name}", HEADER + ROW)
    pipeline.load()
    assert pipeline.raw_layer.read_ledger() == []


def test_wrong_rows_are_set_apart_with_their_line(pipeline: Pipeline) -> None:
    content = (
        HEADER.encode()
        + b's1,m1,sms,c1,2026-10-01T09:00:00Z,"two\nlines, ""quoted"""\n'  # lines 2 and 3
        + b"s2,m1,sms\n"  # 4: ragged
        + b"\n"
        + b"s3,m1,sms,c1,2026-10-01T09:00:00Z,a,b\n"  # 6: ragged
        + b"s4,m1,sms,c1,2026-10-01T09:00:00Z,\xff\xfe\n"  # 7: no UTF-8
        + b's5,m1,sms,c1,2026-10-01T09:00:00Z,"open\n'  # 8: a quote that is not closed
        + b"s6,m1,sms,c1,2026-10-01T09:00:00Z,fine\n"
        + b's7,m1,sms,c1,2026-10-01T09:00:00Z,"a"b\n'  # 10
        + b"s8,m1,sms,c1,2026-10-01T09:0"  # 11: half-written
    )
    entry = load_one(pipeline, "outbound/sends/a.csv", content)
    assert (entry.outcome, entry.row_count, entry.rejected_count) == (LOADED, 8, 6)
    assert [(row["send_id"], row["_line"]) for row in raw_rows(pipeline)] == [("s1", 2), ("s6", 9)]
    assert [(line, reason.split(":")[0]) for _, line, _, reason in rejected(pipeline)] == [
        (4, "the row has 3 values where the header has 6 columns"),
        (6, "the row has 7 values where the header has 6 columns"),
        (7, "the row is not valid UTF-8"),
        (8, "the row is quoted wrongly"),
        (10, "the row is quoted wrongly"),
        (11, "the row has 5 values where the header has 6 columns"),
    ]


def test_no_row_is_lost_between_batches(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.loading.raw_files.BATCH_ROWS", 3)
    rows = [f"s{n},m1,sms,c1,2026-10-01T09:00:00Z,x\n" for n in range(10)]
    assert load_one(pipeline, "outbound/sends/a.csv", HEADER + "".join(rows) + "ragged\n").row_count == 11
    assert [row["send_id"] for row in raw_rows(pipeline)] == [f"s{n}" for n in range(10)]


def test_broken_json_lines_are_set_apart_with_their_line(pipeline: Pipeline) -> None:
    good = {
        "send_id": "s1",
        "message_id": "m",
        "channel": "sms",
        "customer_id": "c",
        "sent_at": "2026-10-01",
        "extra": {"a": [1, None]},
    }
    lines = [
        json.dumps(good),
        "",
        '{"send_id": "s2", ',
        "[1, 2]",
        '{"send_id": "\\ud83d"}',
        json.dumps({**good, "send_id": 7}),
    ]
    entry = load_one(pipeline, "outbound/sends/a.jsonl", "\n".join(lines))
    assert (entry.row_count, entry.rejected_count) == (5, 3)
    assert [(row["send_id"], row["_line"], row["extra"]) for row in raw_rows(pipeline)] == [
        ("s1", 1, '{"a":[1,null]}'),
        ("7", 6, '{"a":[1,null]}'),
    ]
    assert [line for _, line, _, _ in rejected(pipeline)] == [3, 4, 5]


SEND = {"send_id": "s1", "message_id": "m", "channel": "sms", "customer_id": "c", "sent_at": "2026-10-01"}


@pytest.mark.parametrize("is_broken", [False, True], ids=["in one go", "with care"])
def test_an_array_of_objects_gives_a_row_for_each(pipeline: Pipeline, is_broken: bool) -> None:
    lines = [
        json.dumps([{**SEND, "extra": [{"a": 1}]}, {**SEND, "send_id": "s2", "price": 0.0075}]),
        json.dumps({**SEND, "send_id": 3}),
        "[]",
        json.dumps([{**SEND, "send_id": "s4", "body": None}]),
        *(['{"send_id": "s5", '] if is_broken else []),
    ]
    entry = load_one(pipeline, "outbound/sends/a.jsonl", "\n".join(lines) + "\n")
    assert (entry.row_count, entry.rejected_count) == ((5, 1) if is_broken else (4, 0))
    assert [(row["send_id"], row["_line"], row["price"], row["extra"]) for row in raw_rows(pipeline)] == [
        ("s1", 1, None, '[{"a":1}]'),
        ("s2", 1, "0.0075", None),
        ("3", 2, None, None),
        ("s4", 4, None, None),
    ]


@pytest.mark.parametrize("is_broken", [False, True], ids=["in one go", "with care"])
def test_an_answer_gives_the_rows_that_it_holds(tmp_path: Path, is_broken: bool) -> None:
    table = ExtractTable("source", "table", ("id", "n"), ("id",), (), "", rows_in=(("results",),))
    lines = [
        '{"results": [{"id": "a", "n": 0.5, "x": {"y": 1}}, {"id": "b"}], "page": 1}',
        '{"results": {"id": "c"}}',
        '{"id": "d", "results": "of something else"}',
        '{"results": []}',
        *(["{"] if is_broken else []),
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    lineage = Lineage("file", "hash", 1, __import__("datetime").datetime(2026, 1, 1))
    result = read_extract(tmp_path / "a.jsonl", table, lineage, tmp_path / "out.parquet")
    assert (result.row_count, len(result.rejected)) == (4, int(is_broken))
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["id"], row["n"], row["x"], row["_line"]) for row in rows] == [
        ("a", "0.5", '{"y":1}', 1),
        ("b", None, None, 1),
        ("c", None, None, 2),
        ("d", None, None, 3),
    ]


def test_values_in_an_array_that_are_no_objects_are_set_apart(pipeline: Pipeline) -> None:
    lines = [json.dumps([SEND, 5, None, {**SEND, "send_id": "s2"}]), '["s3"]', json.dumps(SEND)]
    entry = load_one(pipeline, "outbound/sends/a.jsonl", "\n".join(lines))
    assert (entry.row_count, entry.rejected_count) == (6, 3)
    assert [(row["send_id"], row["_line"]) for row in raw_rows(pipeline)] == [("s1", 1), ("s2", 1), ("s1", 3)]
    assert [(line, record) for _, line, record, _ in rejected(pipeline)] == [(1, "5"), (1, "null"), (2, '["s3"]')]


def test_lines_are_counted_over_values_of_several_lines(pipeline: Pipeline) -> None:
    content = (
        HEADER + 's1,m,sms,c,2026,"a\nb\nc"\n' + "s2,m,sms,c,2026,x\n" + 's3,m,sms,c,2026,"a\n"\n' + "s4,m,sms,c,2026,x"
    )
    load_one(pipeline, "outbound/sends/a.csv", content)
    assert [(row["send_id"], row["_line"]) for row in raw_rows(pipeline)] == [
        ("s1", 2),
        ("s2", 5),
        ("s3", 6),
        ("s4", 8),
    ]


def test_extra_columns_and_odd_names_are_kept(pipeline: Pipeline) -> None:
    header = HEADER.replace("body", "BODY").strip() + ',"odd ""name""; drop table x",_file,\n'
    load_one(pipeline, "outbound/sends/a'b.csv", header + ROW.strip() + ",1,2,3\n")
    (row,) = raw_rows(pipeline)
    assert row["body"] == "hello"
    assert (row['odd "name"; drop table x'], row["extract_file"], row["column_9"]) == ("1", "2", "3")
    assert row["_file"] == "outbound/sends/a'b.csv"


@pytest.mark.parametrize("name", ["a[1]*.csv", "it's {x}?.csv.gz", "$(touch x).jsonl", "b[1].parquet", "UPPER.CSV"])
def test_file_names_are_only_names(pipeline: Pipeline, name: str) -> None:
    row: dict[str, str | None] = dict(zip(HEADER.strip().split(","), ROW.strip().split(","), strict=True))
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row]), buffer)
    pipeline.drop(f"outbound/sends/{name}", buffer.getvalue() if "parquet" in name else render([row], name))
    pipeline.load()
    assert [(row["_file"], row["send_id"]) for row in raw_rows(pipeline)] == [(f"outbound/sends/{name}", "s1")]
    assert rejected(pipeline) == []


def test_loading_again_is_a_no_op(pipeline: Pipeline) -> None:
    path = pipeline.drop("outbound/sends/a.csv", HEADER + ROW)
    pipeline.load()
    before = raw_rows(pipeline)
    path.touch()
    assert pipeline.load()[("outbound", "sends")].new_entries == []
    copies = pipeline.drop("outbound/sends/copy.csv", HEADER + ROW), pipeline.load()
    assert copies[1][("outbound", "sends")].new_entries[0].outcome == DUPLICATE
    assert raw_rows(pipeline) == before


def test_a_killed_load_leaves_nothing_half_done(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.drop("outbound/sends/a.csv", HEADER + ROW)

    def killed(*arguments: object) -> ReadResult:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("orchestration.loading.raw_layer.read_extract", killed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.load()
    assert raw_rows(pipeline) == []
    assert pipeline.raw_layer.read_ledger() == []
    pipeline.load()
    assert len(raw_rows(pipeline)) == 1


def test_parquet_types_become_the_texts_of_a_csv(pipeline: Pipeline) -> None:
    table = pa.table(
        {
            "send_id": ["s1"],
            "message_id": [7],
            "channel": ["sms"],
            "customer_id": [4.0],
            "price": [0.5],
            "sent_at": pa.array([1_790_000_000_000_000], pa.timestamp("us", tz="UTC")),
            "body": pa.array([None], pa.string()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    load_one(pipeline, "outbound/sends/a.parquet", buffer.getvalue())
    (row,) = raw_rows(pipeline)
    assert (row["message_id"], row["customer_id"], row["price"], row["body"]) == ("7", "4", "0.5", None)
    assert row["sent_at"].startswith("2026-09-21 14:13:20+00")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20).map(
    lambda text: text.replace("\r", "\n")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8))
def test_csv_and_json_lines_give_the_same_rows(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    """Whatever the texts are, both formats and both readers (in one go, with care) give them back unchanged."""
    table = ExtractTable("source", "table", ("a", "b", "c"), ("a",), (), "")
    lineage = Lineage("file", "hash", 1, __import__("datetime").datetime(2026, 1, 1))
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    clean = lines.getvalue().encode()
    json_lines = "".join(json.dumps(dict(zip("abc", row, strict=True))) + "\n" for row in rows).encode()
    found = []
    for name, content in (
        ("1.csv", clean),
        ("2.csv", clean + b"ragged\n"),
        ("3.jsonl", json_lines),
        ("4.jsonl", json_lines + b"{\n"),
    ):
        (tmp_path / name).write_bytes(content)
        result = read_extract(tmp_path / name, table, lineage, tmp_path / "out.parquet")
        read = pq.read_table(tmp_path / "out.parquet").to_pylist()
        assert result.row_count == len(rows)
        assert [row["_line"] for row in read] == sorted(row["_line"] for row in read)
        found.append([tuple(row[name] or "" for name in "abc") for row in read])
    expected = list(rows)
    assert found == [expected] * 4
