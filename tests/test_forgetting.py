"""A person who is forgotten is nowhere: not in the files that are kept, not after a rebuild, not when extracts come again."""

import contextlib
import gzip
import io
import json
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.privacy.erasure import erase
from tests.pipeline import Pipeline, Rows

NAME, EMAIL, REPLY = "Zoraida Quillfeather", "zoraida@quillfeather.example", "my cat ate the voucher, Zq"
NUMBER, LATER_NUMBER = "+14155550199", "+14155550198"
TRACES = [NAME, "Quillfeather", EMAIL, "ate the voucher", NUMBER[1:], "415) 555-0199"]
# Of a reply from the further number, which nothing ties to the person at first.
LATER_TRACES = [LATER_NUMBER[1:], "the voucher once more"]


def sends(*names: str) -> Rows:
    """A send of each customer: c1 is the person."""
    return [
        {
            "send_id": f"s-{name}", "message_id": "m1", "channel": "sms", "customer_id": name.split("/")[0],
            "sent_at": "2026-10-30T09:00:00Z", "message_title": "Autumn", "body": f"Hello {NAME if name.startswith('c1') else name}",
            "customer_name": NAME if name.startswith("c1") else f"Other {name}",
            "customer_email": EMAIL if name.startswith("c1") else f"{name}@example.com",
            "to_number": NUMBER if name.startswith("c1") else f"+1415555000{name[1]}",
            "provider": "twilio", "provider_message_id": f"SM-{name}",
        }
        for name in names
    ]  # fmt: skip


def drop_extracts(pipeline: Pipeline, with_person: bool = True) -> None:
    """Extracts of three customers, one of them the person, whose number is written in several ways."""
    names = ["c1/1", "c2", "c3"] if with_person else ["c2", "c3"]
    pipeline.drop_rows("outbound/sends/a.csv", sends(*names))
    email = {"message_id": "m2", "channel": "email", "sent_at": "2026-10-30T10:00:00Z"}
    emails: Rows = [{**email, "send_id": "e2", "customer_id": "c2", "customer_name": "Other c2"}]
    if with_person:
        emails.append({**email, "send_id": "e1", "customer_id": "c1", "customer_name": NAME, "customer_email": EMAIL})
    pipeline.drop_rows("outbound/sends/emails.csv", emails)
    statuses: Rows = [
        {"provider": "twilio", "provider_message_id": f"SM-{name}", "status": "delivered", "error_message": None,
         "occurred_at": "2026-10-30T09:00:05Z"}
        for name in names
    ]  # fmt: skip
    if with_person:
        failed = {"send_id": "e1", "status": "hard_bounced", "occurred_at": "2026-10-30T11:00:00Z"}
        statuses.append({**failed, "error_message": f"no mailbox {EMAIL}"})
    pipeline.drop_rows("outbound/statuses/a.jsonl.gz", statuses)
    reply = {"received_at": "2026-10-30T12:00:00Z"}
    replies: Rows = [
        {**reply, "reply_id": "r2", "from_number": "+14155550002", "body": "Thanks"},
        {**reply, "reply_id": "r7", "from_number": LATER_NUMBER, "body": "the voucher once more"},
    ]
    if with_person:
        replies.append({**reply, "reply_id": "r1", "from_number": "001 (415) 555-0199", "body": REPLY})
        replies.append({**reply, "reply_id": "r0", "send_id": "s-c1/1", "body": REPLY, "received_at": "last week"})
    pipeline.drop_rows("outbound/replies/a.csv", replies)
    inbound = {"direction": "inbound", "status": "received", "to": "+15550000001", "date_sent": "2026-10-30T13:00:00Z"}
    records: Rows = [{**inbound, "sid": "SM-in2", "from": "+14155550002", "body": "Hm"}]
    if with_person:
        records.append({**inbound, "sid": "SM-in1", "from": "tel:+1-415-555-0199", "body": REPLY})
    pipeline.drop("twilio/messages/log.jsonl", json.dumps(records) + "\n")
    if with_person:
        # A row goes as a whole, also where it tells of others.
        numbers = ("+14155550002", "+1 (415) 555-0199")
        group = {
            "id": "TX-group", "direction": "outbound", "type": "SMS", "from": {"phone_number": "+15550000001"},
            "to": [{"phone_number": number, "status": "delivered"} for number in numbers],
            "text": "Hello", "sent_at": "2026-10-30T09:00:00Z", "completed_at": "2026-10-30T09:00:05Z",
        }  # fmt: skip
        pipeline.drop("telnyx/message_records/log.jsonl", json.dumps(group) + "\n")
    # A row with too many cells can't be read: only its text is there.
    broken = f"s9,m1,sms,c1,2026-10-30T09:00:00Z,{NAME},{NUMBER},x,x\n" if with_person else ""
    header = "send_id,message_id,channel,customer_id,sent_at,customer_name,to_number\n"
    good = "s-c4,m1,sms,c4,2026-10-30T09:00:00Z,Other c4,+14155550004\n"
    pipeline.drop("outbound/sends/broken.csv", header + good + broken)


def files_with_traces(*folders: Path, traces: Sequence[str] = tuple(TRACES)) -> list[str]:
    """Files that hold a trace of the person, also packed within them, or in the rows of a database or Parquet file."""
    found = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            held = " ".join(content.decode("utf-8", "replace") for content in contents(path))
            found += [f"{path.name}: {trace}" for trace in traces if trace in held or trace in path.name]
    return found


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what is packed in them."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif path.suffix == ".parquet":
        yield str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("select table_name from duckdb_tables() where not internal").fetchall()
            for (table,) in tables:
                yield str(connection.execute(f"select * from {table}").fetchall()).encode()
    elif path.suffix == ".db" and content.startswith(b"SQLite"):
        # Closed at once: one that stays open knows nothing of what a run puts in the file's place.
        with contextlib.closing(sqlite3.connect(path)) as database:
            yield "\n".join(database.iterdump()).encode()


def tables_of(database: Path) -> dict[str, list[str]]:
    """Rows of all tables that are published but what tells of the run, and of the loads' counts."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where not internal order by all").fetchall()
        rows = {}
        for (table,) in tables:
            columns = connection.execute(
                "select column_name from duckdb_columns() where table_name = ? and not starts_with(column_name, '_')",
                [table],
            ).fetchall()
            names = ", ".join(f'"{column}"' for (column,) in columns)
            rows[table] = sorted(map(str, connection.execute(f"select {names} from {table}").fetchall()))
    documented = ("report_info", "audit_loads", "audit_reconciliation", "audit_rejected_rows", "audit_erasures")
    return {table: found for table, found in rows.items() if table not in documented}


@pytest.fixture(scope="module")
def without_person(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> dict[str, list[str]]:
    """What a warehouse would publish that never had the person."""
    pipeline = Pipeline(tmp_path_factory.mktemp("without"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    drop_extracts(pipeline, with_person=False)
    pipeline.load()
    pipeline.build()
    return tables_of(pipeline.settings.build_dir / "marts.duckdb")


def test_a_forgotten_person_is_nowhere(pipeline: Pipeline, without_person: dict[str, list[str]]) -> None:
    drop_extracts(pipeline)
    first = pipeline.make_run(AS_OF="2026-10-31T06:00:00Z")
    assert first.returncode == 0, first.stderr
    kept = (pipeline.settings.warehouse_dir, pipeline.settings.output_dir)
    written = [path for folder in (pipeline.settings.raw_dir, kept[1]) for path in folder.rglob("*")]
    assert [str(path) for path in [*kept, *written] if path.stat().st_mode & stat.S_IRWXO] == []
    assert pipeline.make_run("export", FROM="2026-10-30", TO="2026-10-31").returncode == 0
    assert len(files_with_traces(*kept)) > 20

    forgotten = pipeline.make_run("forget", CUSTOMER="c1")
    assert forgotten.returncode == 0, forgotten.stderr
    assert files_with_traces(*kept) == []
    assert not any(trace in forgotten.stdout + forgotten.stderr for trace in TRACES)
    assert tables_of(pipeline.settings.marts_path) == without_person
    assert pipeline.query("select distinct unexplained_count from audit_reconciliation") == [(0,)]
    counts = "select source || '/' || table_name, sum(row_count) from audit_erasures group by all order by all"
    rows = {
        "outbound/replies": 2,
        "outbound/sends": 2,
        "outbound/statuses": 2,
        "telnyx/message_records": 1,
        "twilio/messages": 1,
    }
    assert dict(pipeline.query(counts)) == rows
    erased = "select source || '/' || table_name, sum(erased_count)::int from audit_loads group by all order by all"
    assert dict(pipeline.query(erased)) == rows

    # The same rows in another file, and rows that tell of a further number; a reply from it came before.
    assert len(files_with_traces(*kept, traces=LATER_TRACES)) > 5
    later = [{**row, "to_number": LATER_NUMBER} for row in sends("c1/2")]
    pipeline.drop_rows("outbound/sends/b.csv", [*sends("c1/1"), *later])
    pipeline.drop(
        "outbound/sends/emails.csv", (pipeline.settings.landing_dir / "outbound/sends/emails.csv").read_text() + "\n"
    )
    again = pipeline.make_run()
    assert again.returncode == 0, again.stderr
    assert files_with_traces(*kept, traces=[*TRACES, *LATER_TRACES]) == []
    # What they are made of anew, here and in any rebuild, has nothing of the person.
    assert tables_of(pipeline.settings.marts_path)["fct_sends"] == without_person["fct_sends"]


def test_a_number_can_be_forgotten_before_its_rows_come(pipeline: Pipeline, tmp_path: Path) -> None:
    """The number finds its customer, and the customer's other rows; as when the rows are there already."""
    later = Pipeline(tmp_path / "later")
    shutil.copytree(pipeline.settings.build_dir / "target", later.settings.build_dir / "target")
    erase(later.settings, later.raw_layer, "", "+1 (415) 555-0199")
    for each in (pipeline, later):
        drop_extracts(each)
        each.load()
    erased = erase(pipeline.settings, pipeline.raw_layer, "", "0014155550199")
    assert (sum(erased.counts.values()), erased.hidden_count) == (8, 1)
    assert files_with_traces(pipeline.settings.warehouse_dir, later.settings.warehouse_dir) == []
    rows = "select _file, _line from read_parquet('{}/*/*/load_date=2*/*.parquet', union_by_name = true) order by all"
    left = [duckdb.sql(rows.format(each.settings.raw_dir)).fetchall() for each in (pipeline, later)]
    assert left[0] == left[1] != []
    counts = [[entry.erased_count for entry in each.raw_layer.read_ledger()] for each in (pipeline, later)]
    assert counts[0] == counts[1] and sum(counts[0]) == 8
