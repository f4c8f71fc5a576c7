"""Forgetting a person: their rows leave the raw layer, and extracts do not bring them back (docs/privacy.md).

Which rows are a person's is read from staging, in a warehouse of its own that is gone afterwards, so that a number is
found however it was written and whatever carrier's log it stands in:

    WAREHOUSE_DIR/build/erasure/   the raw files to look through, their rows numbered, and dbt's staging of them

Rows are tied to a person by customer id, number, send and message, which are compared as keyed hashes. What ties a row
stays known when the row is erased, so it does not matter in which order rows came and persons were forgotten.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.building.build import connect_to_build, remove_databases
from orchestration.building.dbt_runs import run_dbt
from orchestration.errors import SettingError, UserError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_files import (
    Limits,
    Lineage,
    RawFileWriter,
    connect,
    copy,
    text_literal,
)
from orchestration.loading.raw_integrity import raw_files_below, write_table
from orchestration.loading.raw_layer import LOADED, LedgerEntry, RawLayer
from orchestration.privacy.keys import add_keyed_hash, keyed_hash
from orchestration.privacy.personal_data import E164
from orchestration.privacy.register import TIES_SCHEMA, Known, Register
from orchestration.publishing.messaging_data_export import EXPORTS_DIR
from orchestration.publishing.outputs import remove_leftovers, remove_old_outputs
from orchestration.settings import DUCKDB, Settings

IDENTITIES = "stg_unioned__identities"
# Whom a row is about beside the person of its identity.
_RECIPIENTS = "stg_carriers__recipients"
# The row that holds what a person is asked for by; it is read as a send is.
ASKED = "asked"
ASKED_TABLE = ("outbound", "sends")
# A number above those of all extracts.
ANY_EXTRACT = 2**62
# What stands in place of the text of a row that could not be read and holds a person's number or id.
ERASED_TEXT = "(erased)"
# In the text of a row that could not be read: what can be a number, and what can be an id.
_NUMBERS_IN_TEXT = re.compile(r"\+?[0-9][0-9 ().\-/]{5,}[0-9]")
_IDS_IN_TEXT = re.compile(r"[^\s,;|\"'{}\[\]]+")

# What ties a row to others, hashed once; of rows that were erased before, the hashes are kept.
_HASHED = f"""
create temp table ties as
select
    source,
    table_name,
    content_hash,
    line_number,
    keyed_hash('customer', customer_id) as customer,
    keyed_hash('number', person_number) as number,
    keyed_hash('send', send_id) as send,
    keyed_hash('message', provider || '/' || provider_message_id) as message,
    keyed_hash('message_id', provider_message_id) as message_id,
    source <> 'outbound' as is_log
from {IDENTITIES}
where content_hash <> '{ASKED}'
union all by name
select source, table_name, content_hash, line_number, keyed_hash('number', person_number) as number, true as is_log
from {_RECIPIENTS}
union all by name
select * from read_parquet($erased_ties)
"""
# A person's rows, and what else ties rows to that person.
TIED = """
with known as materialized (select kind, keyed_hash from forgotten),

tied as (
    select * from ties
    where
        customer in (select keyed_hash from known where kind = 'customer')
        or number in (select keyed_hash from known where kind = 'number')
        or send in (select keyed_hash from known where kind = 'send')
        or message in (select keyed_hash from known where kind = 'message')
        or message_id in (select keyed_hash from known where kind = 'message_id')
        or message is null and message_id in (select keyed_hash from known where kind = 'named_message_id')
)
"""
_NEWLY_TIED = f"""
{TIED},

found as (
    select 'send' as kind, send as keyed_hash from tied
    union
    select 'message', message from tied
    union
    select case when message is null then 'message_id' else 'named_message_id' end, message_id from tied
    union
    -- A customer's numbers; of a message, also the number that only the carrier's log gives.
    select 'number', number from tied
    where is_log or customer in (select keyed_hash from known where kind = 'customer')
    union
    -- A number without a customer finds the customers of its sends.
    select 'customer', customer from tied
    where number in (select keyed_hash from known where kind = 'only_number')
)

select kind, keyed_hash from found
where keyed_hash is not null and (kind, keyed_hash) not in (select (kind, keyed_hash) from known)
"""


@dataclass(frozen=True)
class Erased:
    """What an erasure found.

    Attributes:
        counts: erased rows by source and table.
        hidden_count: rows that could not be read, whose text was erased.
    """

    counts: dict[tuple[str, str], int]
    hidden_count: int


def erase(settings: Settings, raw_layer: RawLayer, customer: str, number: str, is_shared: bool = False) -> Erased:
    """Take a person out of the raw layer, and remember to leave the person out; the tables are made anew afterwards.

    Args:
        settings: of the warehouse, whose lock is held.
        raw_layer: with all declared tables.
        customer: a customer id; empty where only a number is known. Rows about the customer's numbers go too.
        number: a phone number as any extract may write it; empty where only the customer is known. Without a customer,
            the customers of its sends go too.
        is_shared: whether rows of other customers about the person's numbers may go.

    Returns:
        What was erased.

    Raises:
        SettingError: neither is given, or the number is none.
        UserError: rows of other customers would go, and may not; nothing was changed.
        PrivacyKeyError: the key is gone.
    """
    if not customer and not number:
        raise SettingError("CUSTOMER", customer, "a customer_id, or NUMBER=… a phone number, or both")
    register = Register(settings)
    key = register.key()
    files = _raw_files(settings)
    with _with_ties(settings, raw_layer, key, files, (customer, number)) as connection:
        asked = _asked(connection, customer, number)
        known = close_ties(connection, register.known() | asked)
        check_others(connection, is_shared)
        register.mark_unfinished()
        register.write(known)
        counts = _erase_rows(connection, raw_layer, files)
    hidden_count = _hide_records(settings, key, known)
    if raw_layer.ledger_path.exists():
        raw_layer.write_ledger(raw_layer.noted(_counted(settings, raw_layer.read_ledger())))
    forget_built_tables(settings)
    shutil.rmtree(settings.dagster_home, ignore_errors=True)
    shutil.rmtree(settings.build_dir / "logs", ignore_errors=True)
    register.write_erasure(keyed_hash(key, "person", f"{customer}/{number}"), counts)
    return Erased(counts, hidden_count)


def set_aside(raw_layer: RawLayer, ledger: list[LedgerEntry], new_entries: list[LedgerEntry]) -> list[LedgerEntry]:
    """Take the rows of forgotten persons out of extracts that are being loaded.

    Where these rows tell of further numbers or messages of a person, and where an erasure did not end, the whole raw
    layer is looked through, and what was built of it is made anew.

    Args:
        raw_layer: that loads, where somebody was forgotten.
        ledger: all extract file versions.
        new_entries: those of this load.

    Returns:
        The ledger, with the erased rows counted.

    Raises:
        PrivacyKeyError: the key is gone.
    """
    settings = raw_layer.settings
    register = Register(settings)
    key, known = register.key(), register.known()
    everything = _raw_files(settings)
    new_hashes = {entry.content_hash for entry in new_entries if entry.outcome == LOADED}
    new_files = [path for path in everything if path.stem in new_hashes]
    closed = known
    if new_files:
        with _with_ties(settings, raw_layer, key, new_files) as connection:
            closed = close_ties(connection, known)
            if closed == known and not register.is_unfinished():
                _erase_rows(connection, raw_layer, new_files)
    if closed != known or register.is_unfinished():
        with _with_ties(settings, raw_layer, key, everything) as connection:
            closed = close_ties(connection, closed)
            register.write(closed)
            old_files = [path for path in everything if path not in new_files]
            if _has_tied_rows(connection, old_files):
                register.mark_unfinished()
                forget_built_tables(settings)
            _erase_rows(connection, raw_layer, everything)
    if new_entries or closed != known:
        _hide_records(settings, key, closed)
    return _counted(settings, ledger)


def finish_erasure(settings: Settings) -> None:
    """Remove what was published before persons were erased: databases, folders of outputs, and exports of ranges.

    Args:
        settings: of a warehouse whose marts and outputs were just published, if there are any.
    """
    register = Register(settings)
    if not register.is_unfinished():
        return
    present = settings.marts_path.resolve()
    for path in settings.published_dir.glob("*"):
        if path != present:
            path.unlink()
    if settings.output_dir.is_dir():
        remove_leftovers(settings.output_dir)
        remove_old_outputs(settings.output_dir, keep=1)
        shutil.rmtree(settings.output_dir / EXPORTS_DIR, ignore_errors=True)
    register.mark_path.unlink()


def forget_built_tables(settings: Settings) -> None:
    """Remove the databases being built: what is deleted from a DuckDB file stays in it until it is written anew."""
    remove_databases(settings)
    for name in ("fingerprint.txt", "built.json"):
        (settings.build_dir / name).unlink(missing_ok=True)


def _raw_files(settings: Settings) -> list[Path]:
    """All raw files of extracts, also of loads that were killed, whose unfinished ones are removed."""
    for unfinished in settings.raw_dir.rglob("*.tmp"):
        unfinished.unlink(missing_ok=True)
    return raw_files_below(settings.raw_dir)


@contextlib.contextmanager
def _with_ties(
    settings: Settings, raw_layer: RawLayer, key: bytes, files: list[Path], asked: tuple[str, str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session as of `staged`, with the hashed ties of each row in the table `ties`."""
    register = Register(settings)
    if not register.ties_path.exists():
        register.write_ties(TIES_SCHEMA.empty_table())
    with staged(settings, raw_layer, files, asked) as connection:
        add_keyed_hash(connection, key)
        connection.execute(_HASHED, {"erased_ties": str(register.ties_path)})
        yield connection


@contextlib.contextmanager
def staged(
    settings: Settings, raw_layer: RawLayer, files: list[Path], asked: tuple[str, str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Stage raw files in a warehouse of its own, which is gone afterwards.

    Lines of raw files are no keys (an array of several rows is one line), so here rows are numbered within their file,
    from 0.

    Args:
        settings: of the warehouse.
        raw_layer: with all declared tables.
        files: to stage.
        asked: customer and number that a person is asked for by, to be staged as a row of their own.

    Yields:
        A session on the databases there, which hold `IDENTITIES` and what it is made of.
    """
    # Few columns of the raw files are read, whatever the engine: by DuckDB.
    beside = replace(settings, warehouse_dir=settings.build_dir / "erasure", engine=DUCKDB)
    shutil.rmtree(beside.warehouse_dir, ignore_errors=True)
    try:
        staging = RawLayer(beside, raw_layer.tables)
        staging.prepare()
        staging.write_settings(last_extract_number=ANY_EXTRACT)
        with connect(settings.build_dir, Limits(memory_bytes=settings.memory_limit_gb * 10**9)) as connection:
            for path in files:
                target = beside.raw_dir / path.relative_to(settings.raw_dir)
                target.parent.mkdir(parents=True, exist_ok=True)
                copy(
                    connection,
                    "select * exclude (file_row_number) replace (file_row_number as _line) from"
                    f" read_parquet({text_literal(str(path))}, file_row_number = true, hive_partitioning = false)",
                    target,
                )
        if asked:
            _write_asked(beside, raw_layer.tables[ASKED_TABLE], *asked)
        models = [f"+{IDENTITIES}", f"+{_RECIPIENTS}"]
        run_dbt(beside, ["build", "--exclude-resource-type", "unit_test", "test", "--select", *models])
        with connect_to_build(beside) as connection:
            yield connection
    finally:
        shutil.rmtree(beside.warehouse_dir, ignore_errors=True)


def _write_asked(beside: Settings, table: ExtractTable, customer: str, number: str) -> None:
    """Write what a person is asked for by as the row of an extract."""
    folder = beside.raw_dir / table.source / table.name / "load_date=1970-01-01"
    lineage = Lineage(ASKED, ASKED, 1, datetime.now(UTC))
    # A customer whom only a carrier's log knows has the number for an id, as rule 11 writes it.
    own_number = customer if E164.fullmatch(customer) else None
    values = {"customer_id": customer or None, "to_number": number or own_number, "channel": "sms"}
    with RawFileWriter(tuple(values), table, lineage, folder / f"{ASKED}.parquet") as writer:
        writer.write([0], [[value] for value in values.values()])


def _asked(connection: duckdb.DuckDBPyConnection, customer: str, number: str) -> Known:
    """The hashes of what a person is asked for by."""
    row = connection.execute(
        "select keyed_hash('customer', customer_id), keyed_hash('number', person_number), person_number"
        f" from {IDENTITIES} where content_hash = '{ASKED}'"
    ).fetchone()
    customer_hash, number_hash, read_number = row or (None, None, None)
    is_number = bool(E164.fullmatch(read_number or ""))
    if number and not is_number:
        raise SettingError("NUMBER", number, "a phone number with its country, such as +442071838750")
    asked = {("customer", customer_hash)} if customer_hash else set()
    if is_number:
        asked |= {("number", number_hash)} if customer else {("number", number_hash), ("only_number", number_hash)}
    return asked


def close_ties(connection: duckdb.DuckDBPyConnection, known: Known) -> Known:
    """Find all that ties rows to forgotten persons.

    Args:
        connection: a session with the table `ties`; its table `forgotten` is made anew, and holds the result.
        known: kinds and keyed hashes by which persons are known.

    Returns:
        These, and those of all rows that they tie to the persons.
    """
    connection.execute("create or replace temp table forgotten (kind varchar, keyed_hash varchar)")
    found = known
    while found:
        kinds, hashes = zip(*sorted(found), strict=True)
        connection.execute("insert into forgotten select unnest(?), unnest(?)", [list(kinds), list(hashes)])
        known = known | found
        found = set(connection.execute(_NEWLY_TIED).fetchall())
    return known


def check_others(connection: duckdb.DuckDBPyConnection, is_shared: bool) -> None:
    """Make sure that the rows to erase are of one customer, or may be of several.

    Args:
        connection: a session with the tables `ties` and `forgotten`, see `close_ties`.
        is_shared: whether they may.

    Raises:
        UserError: they are of several, and may not.
    """
    row = connection.execute(
        f"{TIED} select count(distinct customer) from tied where content_hash is not null"
    ).fetchone()
    if row and row[0] > 1 and not is_shared:
        raise UserError(
            f"the number is that of {row[0]} customers, whose rows about it would go too: give one of them as"
            " CUSTOMER, or SHARED=yes to erase them all; nothing was erased"
        )


def _has_tied_rows(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> bool:
    hashes = [path.stem for path in files]
    query = f"{TIED} select 1 from tied where content_hash in (select unnest(?)) limit 1"
    return connection.execute(query, [hashes]).fetchone() is not None


def _erase_rows(
    connection: duckdb.DuckDBPyConnection, raw_layer: RawLayer, files: list[Path]
) -> dict[tuple[str, str], int]:
    """Write the raw files that hold tied rows anew without them; returns the number of rows by source and table."""
    Register(raw_layer.settings).write_ties(
        connection.execute(
            f"{TIED} select distinct {', '.join(TIES_SCHEMA.names)} from tied order by all"
        ).to_arrow_table()
    )
    rows: dict[tuple[str, str, str], list[int]] = {}
    for source, table_name, content_hash, line in connection.execute(
        f"{TIED} select distinct source, table_name, content_hash, line_number from tied where content_hash is not null"
    ).fetchall():
        rows.setdefault((source, table_name, content_hash), []).append(line)
    counts: dict[tuple[str, str], int] = {}
    for path in files:
        source, table_name = path.relative_to(raw_layer.settings.raw_dir).parts[:2]
        lines = rows.get((source, table_name, path.stem))
        if lines:
            _rewrite_without(path, lines, raw_layer.limits)
            counts[source, table_name] = counts.get((source, table_name), 0) + len(lines)
    return counts


def _rewrite_without(path: Path, lines: list[int], limits: Limits) -> None:
    """Write a raw file anew without some of its rows, which are numbered from 0, in one step."""
    temporary = path.with_suffix(".tmp")
    with connect(path.parent, limits) as connection:
        connection.execute("create temp table erased as select unnest(?) as line", [lines])
        copy(
            connection,
            f"select * exclude (file_row_number) from read_parquet({text_literal(str(path))}, file_row_number = true,"
            " hive_partitioning = false) where file_row_number not in (select line from erased)",
            temporary,
        )
    temporary.replace(path)


def _hide_records(settings: Settings, key: bytes, known: Known) -> int:
    """Erase the text of rows that could not be read where it holds a person's number or id; returns how many."""
    hidden_count = 0
    for path in sorted((settings.raw_dir / "pipeline" / "rejected_records").rglob("*.parquet")):
        table = pq.read_table(path)
        records = table.column("record").to_pylist()
        shown = [ERASED_TEXT if _is_about(record, settings, key, known) else record for record in records]
        if shown != records:
            position = table.schema.get_field_index("record")
            reasons = [
                reason if text == record else "the row could not be read"
                for reason, text, record in zip(table.column("reason").to_pylist(), shown, records, strict=True)
            ]
            table = table.set_column(position, table.schema.field(position), pa.array(shown, pa.string()))
            position = table.schema.get_field_index("reason")
            table = table.set_column(position, table.schema.field(position), pa.array(reasons, pa.string()))
            write_table(path, table)
            hidden_count += sum(text != record for text, record in zip(shown, records, strict=True))
    return hidden_count


def _is_about(record: str | None, settings: Settings, key: bytes, known: Known) -> bool:
    """Whether the text of a row holds a number or an id of a forgotten person."""
    text = record or ""
    ids = set(_IDS_IN_TEXT.findall(text))
    if any((kind, keyed_hash(key, kind, found)) in known for found in ids for kind in ("customer", "send")):
        return True
    numbers = set()
    calling_code, trunk_prefix, _ = [*settings.numbering_plan.split("|"), "", "", ""][:3]
    for found in _NUMBERS_IN_TEXT.findall(text):
        digits = re.sub(r"[^0-9]", "", re.sub(r"\.0+$", "", found))
        numbers |= {f"+{digits}", f"+{digits.removeprefix('00')}"}
        if calling_code:
            numbers.add(f"+{calling_code}{digits.removeprefix(trunk_prefix)}")
    return any(("number", keyed_hash(key, "number", number)) in known for number in numbers)


def _counted(settings: Settings, ledger: list[LedgerEntry]) -> list[LedgerEntry]:
    """The ledger, with the rows counted that are no more in the raw files."""
    counted = []
    paths = {(*path.relative_to(settings.raw_dir).parts[:2], path.stem): path for path in _raw_files(settings)}
    for entry in ledger:
        path = paths.get((entry.source, entry.table_name, entry.content_hash))
        if entry.outcome == LOADED and path:
            kept = pq.read_metadata(path).num_rows
            counted.append(replace(entry, erased_count=entry.row_count - entry.rejected_count - kept))
        else:
            counted.append(entry)
    return counted
