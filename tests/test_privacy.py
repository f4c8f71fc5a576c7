"""Personal data in outputs, keys, and who may read what."""

import hmac
import json
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bindings.previews import Previews
from orchestration.building.dbt_runs import NodeResult
from orchestration.building.tests_in_words import findings
from orchestration.errors import SettingError, UserError
from orchestration.privacy.erasure import TIED, check_others, close_ties
from orchestration.privacy.files import keep_private
from orchestration.privacy.keys import PrivacyKeyError, add_keyed_hash, keyed_hash, read_key
from orchestration.privacy.personal_data import PERSONAL_COLUMNS, PERSONAL_COLUMNS_OF_TABLE
from orchestration.privacy.register import KINDS, TIES_SCHEMA, Known, Register, RegisterError
from orchestration.publishing.marts import publish
from orchestration.settings import MASKED, NONE, Settings
from tests.pipeline import Pipeline
from tests.test_forgetting import contents

KEY = "k" * 32
OUTPUTS = ("csv", "workbook", "export", "report", "marts")
# Columns whose names sound like personal data, and that hold none: of messages, senders and the pipeline.
IMPERSONAL = re.compile(r"(channel|column|character|_?table)_name|from_number|number_(type|type_name|fix)")


@pytest.fixture(scope="module")
def personal_values(published: Pipeline) -> set[str]:
    """The numbers, names, addresses and reply texts in the published marts, as far as they are long enough to tell."""
    values = published.query(
        "select to_number from fct_sends union select from_number from fct_replies union select body from fct_replies"
        " union select sent_body from rpt_sends_after_opt_out union select customer_name from dim_customers union select customer_email from dim_customers"
        " except select message_title from dim_messages"
    )
    return {value for (value,) in values if value and len(value) > 7 and value.isprintable()}


@pytest.mark.parametrize("shown", [MASKED, NONE])
def test_outputs_show_no_personal_data_where_a_setting_says_so(
    published: Pipeline, personal_values: set[str], tmp_path: Path, shown: str
) -> None:
    warehouse = tmp_path / "warehouse"
    shutil.copytree(published.settings.build_dir, warehouse / "build")
    settings = replace(
        published.settings,
        warehouse_dir=warehouse,
        output_dir=tmp_path / "outputs",
        privacy_key=KEY,
        **{f"personal_data_{output}": shown for output in OUTPUTS},  # type: ignore[arg-type]
    )
    done = publish(settings)
    assert len(personal_values) > 5
    for path in [settings.marts_path, *(path for path in done.output_dir.rglob("*") if path.is_file())]:
        for content in contents(path):
            shown_values = [value for value in personal_values if value.encode() in content]
            assert shown_values == [], path.name
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        named = "select count(*), count(customer_name) from dim_customers"
        assert connection.execute(named).fetchone() == (
            published.query(named)[0] if shown == MASKED else (published.query(named)[0][0], 0)
        )
        # Masked values still join, and other columns are as they were.
        joined = (
            "select count(*) from fct_replies as r join fct_sends as s"
            " on r.from_number = s.to_number and r.customer_id = s.customer_id"
        )
        expected = published.query(joined)[0] if shown == MASKED else (0,)
        assert connection.execute(joined).fetchone() == expected
        counts = "select * exclude (customer_id) from rpt_customer_contacts order by all"
        assert len(connection.execute(counts).fetchall()) == len(published.query(counts))
        sent = "select send_id, from_number, sent_at, delivery_status from fct_sends order by all"
        assert connection.execute(sent).fetchall() == published.query(sent)


def test_previews_hold_no_personal_data(published: Pipeline, personal_values: set[str]) -> None:
    with Previews(published.settings.build_dir) as previews:
        shown = {name: previews.markdown(name) for name in previews._tables}
    assert shown["fct_replies"] is not None and r"received\_at" in shown["fct_replies"]
    assert shown["stg_outbound__sends"] is None
    text = re.sub(r"\\(.)", r"\1", " ".join(filter(None, shown.values())))
    assert [value for value in personal_values if value in text] == []


@pytest.mark.parametrize(
    ("table", "shown", "hidden"),
    [
        ("rpt_deliverability_alerts", {"kind", "provider", "value", "usual_value", "since_date", "fix"}, set()),
        (
            "rpt_sends_after_opt_out",
            {"send_id", "opted_out_at"},
            {"customer_id", "number", "opt_out_body", "sent_body"},
        ),
    ],
)
def test_what_a_listing_test_found_is_shown_without_personal_data(
    published: Pipeline, table: str, shown: set[str], hidden: set[str]
) -> None:
    result = NodeResult("test.p.warn.1", "warn", 0.1, "", 1, f"select * from marts.main.{table}")
    node = {"test_metadata": {"name": "no_rows"}, "attached_node": f"model.p.{table}"}
    with Previews(published.settings.build_dir) as previews:
        names, rows = findings(previews.connection, result, {result.unique_id: node})
    assert rows
    assert shown <= set(names)
    assert not hidden & set(names)


def test_every_column_that_sounds_personal_is_known_as_such(parsed_target: Path, published: Pipeline) -> None:
    """Whoever adds a column of numbers, names, addresses or texts says how it is masked, or that it is none."""
    with duckdb.connect() as connection:
        for name in ("warehouse", "marts"):
            connection.execute(f"attach '{published.settings.build_dir / name}.duckdb' as {name} (read_only)")
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and data_type = 'VARCHAR'"
            " and (database_name = 'marts' or starts_with(table_name, 'export_'))"
        ).fetchall()
    nodes = json.loads((parsed_target / "manifest.json").read_text())["nodes"].values()
    seeds = {node["name"] for node in nodes if node["resource_type"] == "seed"}
    sounding = re.compile(r"number|name|mail|body|text|record|address|national|phone|example_value|error_message")
    unknown = [
        f"{table}.{column}"
        for table, column in columns
        if table not in seeds
        and sounding.search(column)
        and column not in PERSONAL_COLUMNS_OF_TABLE.get(table, PERSONAL_COLUMNS)
        and not IMPERSONAL.fullmatch(column)
    ]
    assert unknown == []


def test_the_hash_of_a_session_is_hmac(tmp_path: Path) -> None:
    for secret in (KEY, "a long secret " * 10):
        key = read_key(Settings(warehouse_dir=tmp_path, privacy_key=secret))
        with duckdb.connect() as connection:
            add_keyed_hash(connection, key)
            row = connection.execute("select keyed_hash('number', '+4912ü'), keyed_hash('number', null)").fetchone()
        expected = hmac.new(secret.encode(), "number:+4912ü".encode(), "sha256").hexdigest()
        assert row == (expected, None)
        assert keyed_hash(key, "number", "+4912ü") == expected


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(warehouse_dir=tmp_path / "warehouse")
    with ThreadPoolExecutor(8) as pool:
        (made,) = {*pool.map(lambda _: read_key(settings), range(8))}
    assert read_key(settings) == made
    assert stat.S_IMODE(settings.privacy_key_path.stat().st_mode) == 0o600


def test_a_lost_key_stops_the_run(tmp_path: Path) -> None:
    settings = Settings(warehouse_dir=tmp_path / "warehouse")
    register = Register(settings)
    known: Known = {("customer", keyed_hash(register.key(), "customer", "c1"))}
    register.write(known)
    assert register.known() == known
    with pytest.raises(PrivacyKeyError, match="not the one with which persons were forgotten"):
        Register(replace(settings, privacy_key=KEY)).key()
    settings.privacy_key_path.unlink()
    with pytest.raises(PrivacyKeyError, match="put it back"):
        register.key()


@pytest.mark.parametrize("content", [b"", b"ab12", b"\xff" * 64])
def test_a_damaged_key_is_not_used(tmp_path: Path, content: bytes) -> None:
    settings = Settings(warehouse_dir=tmp_path)
    settings.privacy_key_path.write_bytes(content)
    with pytest.raises(PrivacyKeyError, match="is damaged"):
        read_key(settings)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_lost_register_of_forgotten_persons_is_missed_loudly(tmp_path: Path, is_gone: bool) -> None:
    register = Register(Settings(warehouse_dir=tmp_path))
    register.write({("customer", keyed_hash(register.key(), "customer", "c1"))})
    register.write_ties(TIES_SCHEMA.empty_table())
    if is_gone:
        ties = dict.fromkeys(TIES_SCHEMA.names) | {"customer": "hash"}
        register.write_ties(pa.Table.from_pylist([ties], schema=TIES_SCHEMA))
        register.path.unlink()
    else:
        os.truncate(register.path, 100)
    assert register.exists()
    with pytest.raises(RegisterError, match="gone or damaged"):
        register.key()


@pytest.mark.parametrize(("variable", "value"), [("PERSONAL_DATA_CSV", "some"), ("PRIVACY_KEY", "short-secret")])
def test_a_wrong_privacy_setting_is_one_line(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable}='[^\n]+ is not accepted: [^\n]+$") as caught:
        Settings.from_environment({variable: value})
    assert (value in str(caught.value)) == (variable != "PRIVACY_KEY")


def test_others_are_kept_out_of_folders(tmp_path: Path) -> None:
    settings = Settings(warehouse_dir=tmp_path / "warehouse", output_dir=tmp_path / "outputs")
    settings.output_dir.mkdir(mode=0o777)
    settings.output_dir.chmod(0o775)
    keep_private(settings)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (settings.warehouse_dir, settings.output_dir)] == [
        0o750,
        0o770,
    ]


Row = tuple[str | None, str | None, str | None, str | None, str | None, bool]
# Small, so that rows meet: customer, number, send, message of a provider, its id, whether it is of a carrier's log.
ROWS = st.tuples(
    st.sampled_from(["c1", "c2", "c3", None]),
    st.sampled_from(["n1", "n2", "n3", None]),
    st.sampled_from(["s1", "s2", "s3", None]),
    st.sampled_from(["p1", "p2", None]),
    st.sampled_from(["p1", "p2", None]),
    st.booleans(),
)
ASKED = st.sampled_from(
    [
        {("customer", "c1")},
        {("number", "n1"), ("only_number", "n1")},
        {("customer", "c2"), ("number", "n2")},
        {("customer", "c3"), ("number", "n1")},
    ]
)


@hypothesis_settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "40")), deadline=None)
@given(st.lists(ROWS, max_size=7), st.lists(ASKED, min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_the_order_of_forgetting_and_of_deliveries_does_not_matter(
    rows: list[Row], asked: list[Known], random: Random
) -> None:
    """Rows come one by one, and persons are forgotten in between; what is left is what one look at everything leaves."""
    with duckdb.connect() as connection:
        at_once, _ = left_over(connection, rows, set().union(*asked))
        events: list[Row | Known] = [*rows, *asked]
        random.shuffle(events)
        there: list[Row] = []
        erased: list[Row] = []
        known: Known = set()
        for event in events:
            known = known | event if isinstance(event, set) else known
            there += [] if isinstance(event, set) else [event]
            kept, known = left_over(connection, there, known, erased)
            erased += list((Counter(there) - Counter(kept)).elements())
            there = kept
    assert sorted(map(str, there)) == sorted(map(str, at_once))


def test_a_number_of_several_customers_is_not_erased_unasked() -> None:
    rows: list[Row] = [("c1", "n1", "s1", None, None, False), ("c2", "n1", "s2", None, None, False)]
    with duckdb.connect() as connection:
        for known in ({("customer", "c1")}, {("number", "n1"), ("only_number", "n1")}):
            kept, _ = left_over(connection, rows, known)
            assert kept == []
            check_others(connection, is_shared=True)
            with pytest.raises(UserError, match="that of 2 customers"):
                check_others(connection, is_shared=False)
        left_over(connection, rows[:1], {("customer", "c1")})
        check_others(connection, is_shared=False)


def left_over(
    connection: duckdb.DuckDBPyConnection, rows: list[Row], known: Known, erased: Sequence[Row] = ()
) -> tuple[list[Row], Known]:
    """Rows that are not tied to a forgotten person, and all that is known of these persons."""
    columns = ", ".join(f"{field.name} {'boolean' if field.name == 'is_log' else 'varchar'}" for field in TIES_SCHEMA)
    connection.execute(f"create or replace temp table ties ({columns}, content_hash varchar, line_number bigint)")
    for content_hash, given_rows in (("h", rows), (None, erased)):
        for line, row in enumerate(given_rows):
            connection.execute("insert into ties values (?, ?, ?, ?, ?, ?, ?, ?)", [*row, content_hash, line])
    closed = close_ties(connection, known)
    assert {kind for kind, _ in closed} <= set(KINDS)
    tied = connection.execute(f"{TIED} select line_number from tied where content_hash is not null").fetchall()
    lines = {line for (line,) in tied}
    return [row for line, row in enumerate(rows) if line not in lines], closed


def test_findings_of_tests_show_no_column_of_personal_data_and_none_that_no_model_has() -> None:
    nodes = {
        "model.outbound_sms.fct_replies": {
            "columns": {name: {} for name in ("reply_id", "from_number", "reason", "keyword")}
        }
    }
    query = "select 'r1' as reply_id, '+14' as from_number, 'not Ada' as reason, 'Ada' as nickname, 3 as issue_count"
    found = NodeResult("test.outbound_sms.a_test", "fail", 0.1, "", 1, query)
    with duckdb.connect() as connection:
        assert findings(connection, found, nodes) == (["reply_id", "issue_count"], [("r1", 3)])
