"""Dropping personal data older than RETENTION_DAYS, and keeping what is counted from them (docs/privacy.md).

Rows stay in their raw files. In those that are older, numbers are replaced by pseudonyms, texts by stand-ins of the
same class, names and addresses by nothing; then everything is made anew, and what was published before goes. A
pseudonym tells country and time zone of a number, no more, and is the same for the same number wherever it stands. A
number that a newer row still gives takes its pseudonym's place in staging, so that old and new rows of it match:

    WAREHOUSE_DIR/raw/pipeline/retention.json     what was dropped, and from when the oldest row of each raw file is
    WAREHOUSE_DIR/raw/pipeline/numbers.parquet    the numbers of newer rows that older rows have as pseudonyms

A row that was treated once is the same when it is treated again, so that a run that was killed is begun again.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.building.build import build, connect_to_build
from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.building.dbt_runs import NodeResult
from orchestration.errors import tell
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_files import LINEAGE_COLUMNS, text_literal
from orchestration.loading.raw_integrity import write_table
from orchestration.loading.raw_layer import NUMBERS_FILE, NUMBERS_SCHEMA, LedgerEntry, RawLayer
from orchestration.notes import read_note, write_note
from orchestration.privacy.erasure import IDENTITIES, forget_built_tables, staged
from orchestration.privacy.keys import PrivacyKeyError, add_keyed_hash, keyed_hash, read_key
from orchestration.privacy.old_values import (
    PSEUDONYM,
    REMOVED,
    Listed,
    OldRow,
    Pseudonyms,
    application_value,
    log_value,
    old_row,
)
from orchestration.privacy.personal_data import HASH_DIGITS, personal_columns
from orchestration.privacy.register import KEY_CHECK, Register
from orchestration.privacy.retention_note import cutoff_of, loaded_entries, moment_of, note_path
from orchestration.settings import Settings

BATCH_ROWS = 20_000
# Where the columns of the application's extracts hold the same as those of a mart.
_MART_OF = {"replies": "fct_replies"}
# When the oldest row is of a file that has none.
NEVER = "9999"

# The old rows of some raw files, with what counts of the send or reply that each tells of.
_OLD_ROWS = f"""
create temp table old_rows as
select
    rows.source,
    rows.table_name,
    rows.content_hash,
    rows.line_number,
    rows.customer_id,
    rows.number,
    rows.matched_number,
    rows.own_number,
    rows.body,
    rows.is_rejected,
    rows.reply_id is not null as is_reply,
    matched_number(sends.to_number, sends.channel) as winning_number,
    parts.body as winning_body,
    parts.part = first_parts.part as is_first_part,
    replies.body as whole_body,
    replies.keyword,
    replies.is_reaction,
    replies.is_possible_opt_out
from {IDENTITIES} as rows
inner join files
    on rows.source = files.source and rows.table_name = files.table_name and rows.content_hash = files.content_hash
left join built.main.int_sends as sends
    on
        rows.send_id = sends.send_id
        and rows.reply_id is null
        and rows.table_name <> 'statuses'
        and sends.is_carrier_log = (rows.source <> 'outbound')
left join built.main.int_reply_parts as parts
    on
        rows.reply_id = parts.reply_id
        and rows.source = parts.source
        and rows.table_name = parts.table_name
        and rows.part = parts.part
left join (
    select reply_id, source, table_name, min(part) as part from built.main.int_reply_parts group by all
) as first_parts
    on
        rows.reply_id = first_parts.reply_id
        and rows.source = first_parts.source
        and rows.table_name = first_parts.table_name
left join built.main.int_replies as replies
    on
        rows.reply_id = replies.reply_id
        and rows.source = replies.source
        and rows.table_name = replies.table_name
where least(coalesce(rows.happened_at, files.loaded_at), files.loaded_at) < $cutoff
order by rows.source, rows.table_name, rows.content_hash, rows.line_number
"""
# From when the oldest row is that keeps its personal data, by extract.
_OLDEST_KEPT = f"""
select
    files.extract_number,
    least(
        min(least(coalesce(rows.happened_at, files.loaded_at), files.loaded_at))
            filter (where rows.content_hash is not null),
        min(case when files.rejected_count > 0 and files.loaded_at >= $cutoff then files.loaded_at end)
    )
from files
left join {IDENTITIES} as rows
    on
        rows.source = files.source
        and rows.table_name = files.table_name
        and rows.content_hash = files.content_hash
        and least(coalesce(rows.happened_at, files.loaded_at), files.loaded_at) >= $cutoff
group by files.extract_number
"""
# Numbers of newer rows, and of older ones, which are pseudonyms where they have been dropped.
_NUMBERS = """
create temp table numbers as
select distinct matched_number(number, channel) as matched_number, number, happened_at >= $cutoff as is_new
from (
    select to_number as number, channel, sent_at as happened_at from int_sends where not is_carrier_log
    union all
    select customer_id, 'sms', sent_at from int_sends where regexp_full_match(customer_id, '\\+.*')
    union all
    select from_number, channel, received_at from int_reply_parts where source = 'outbound'
    union all
    select customer_id, 'sms', received_at from int_reply_parts where regexp_full_match(customer_id, '\\+.*')
    union all
    select number, coalesce(channel, 'sms'), coalesce(sent_at, event_at, status_at, updated_at, loads.loaded_at)
    from (
        select *, case when is_outbound then coalesce(recipient, to_number) else from_number end as number
        from stg_carriers__log_rows
        union all by name
        select log_rows.*, others.recipient as number
        from stg_carriers__recipients as others
        inner join stg_carriers__log_rows as log_rows using (content_hash, line_number)
    ) as log_rows
    left join stg_pipeline__loads as loads using (extract_number)
)
where number is not null
"""


def build_and_drop(
    settings: Settings, raw_layer: RawLayer, full_refresh: bool = False, arguments: Sequence[str] = ()
) -> tuple[list[NodeResult], str]:
    """Build the tables, and where personal data became too old, drop these and make everything anew.

    Args:
        settings: of the run.
        raw_layer: with the extracts loaded.
        full_refresh: see `build`.
        arguments: see `build`.

    Returns:
        See `build`.

    Raises:
        Exception: see `build`.
        PrivacyKeyError: the key with which pseudonyms were made is gone, or another one.
    """
    results, reason = build(settings, raw_layer, full_refresh, arguments)
    dropped_before = read_note(note_path(settings)).get("cutoff")
    if reason and dropped_before:
        tell(
            f"{reason}; what is older than {dropped_before} UTC has no numbers, names and texts any more"
            " (RETENTION_DAYS): what was told from them is kept as it was read then, and nothing reads them anew"
        )
    if (settings.retention_days or dropped_before) and drop_old_data(settings, raw_layer):
        results, reason = build(settings, raw_layer, True, arguments)
        reason = "personal data older than RETENTION_DAYS were dropped"
    return results, reason


def drop_old_data(settings: Settings, raw_layer: RawLayer) -> bool:
    """Drop the personal data of rows that are older than RETENTION_DAYS from the raw layer.

    Args:
        settings: of the warehouse, whose lock is held.
        raw_layer: all of whose extracts are in the databases being built.

    Returns:
        Whether anything was dropped, or a number came back: the databases are gone then, and everything is to be made
        anew from the raw layer, and published.

    Raises:
        PrivacyKeyError: the key with which pseudonyms were made is gone, or another one.
    """
    note = read_note(note_path(settings))
    key = read_key(settings, may_be_made=not note)
    key_check = keyed_hash(key, *KEY_CHECK)
    if note.get("key_check", key_check) != key_check:
        raise PrivacyKeyError(
            "the privacy key is not the one with which numbers were replaced: with it, old and new rows of a number"
            f" do not match; give the old PRIVACY_KEY or {settings.privacy_key_path.name} (docs/privacy.md)"
        )
    cutoff = cutoff_of(settings, note)
    entries = loaded_entries(raw_layer)
    with connect_to_build(settings) as connection:
        oldest = {**note.get("oldest", {})}
        oldest |= _oldest_rows(connection, [entry for entry in entries if entry.raw_hash not in oldest])
        pseudonyms = Pseudonyms(key, _prefixes(connection))
        listed = _listed(connection)
        numbers = _numbers_of_newer_rows(connection, key, pseudonyms, cutoff)
    # What is no longer declared is read by nothing, and not staged.
    oldest |= {entry.raw_hash: NEVER for entry in entries if (entry.source, entry.table_name) not in raw_layer.tables}
    old = [entry for entry in entries if oldest[entry.raw_hash] < cutoff.isoformat()]
    known = pq.read_table(_numbers_path(settings))
    note = {
        "key_check": key_check,
        "day": moment_of(settings).date().isoformat(),
        "days": settings.retention_days,
        "cutoff": cutoff.isoformat(),
        "oldest": {entry.raw_hash: oldest[entry.raw_hash] for entry in entries if entry not in old},
    }
    if not old and numbers.equals(known):
        write_note(note_path(settings), note)
        return False
    Register(settings).mark_unfinished()
    note["oldest"] |= _drop(settings, raw_layer, old, pseudonyms, listed, cutoff) if old else {}
    forget_built_tables(settings)
    write_table(_numbers_path(settings), numbers)
    write_note(note_path(settings), note)
    return True


def _numbers_path(settings: Settings) -> Path:
    return settings.raw_dir / "pipeline" / NUMBERS_FILE


@jinja2.pass_context
def _dispatch(context: jinja2.runtime.Context, name: str, package: str) -> Any:
    """DuckDB's side of a macro, as dbt finds it."""
    return context.resolve(f"duckdb__{name}")


def _add_matched_number(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a session the macro `matched_number(number, channel)`, by which the models match numbers."""
    folder = PROJECT_DIR / "macros" / "engine"
    texts = "".join((folder / name).read_text(encoding="utf-8") for name in ("patterns.sql", "texts.sql"))
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  # SQL, and our own
    environment.globals |= {"return": str, "adapter": SimpleNamespace(dispatch=_dispatch)}
    macros: Any = environment.from_string(texts).module
    connection.execute(
        f"create temp macro matched_number(number, channel) as {macros.address_number('number', 'channel')}"
    )


def _oldest_rows(connection: duckdb.DuckDBPyConnection, entries: list[LedgerEntry]) -> dict[str, str]:
    """Time of the oldest row of raw files, by the hash of what they hold; a row without a time is of its load."""
    _add_files(connection, entries)
    times = {
        "stg_outbound__sends": "sent_at",
        "stg_outbound__statuses": "occurred_at",
        "stg_outbound__replies": "received_at",
        "stg_carriers__log_rows": "coalesce(sent_at, event_at, status_at, updated_at)",
    }
    found: dict[int, datetime | None] = {}
    for relation, time in times.items() if entries else ():
        found |= dict(
            connection.execute(
                f"select rows.extract_number, min({time}) from {relation} as rows"
                " where rows.extract_number in (select extract_number from files) group by all"
            ).fetchall()
        )
    return {
        entry.raw_hash: min(found.get(entry.extract_number) or entry.loaded_at, entry.loaded_at).isoformat()
        for entry in entries
    }


def _add_files(connection: duckdb.DuckDBPyConnection, entries: list[LedgerEntry]) -> None:
    columns = ("source", "table_name", "content_hash", "extract_number", "rejected_count", "loaded_at")
    rows = pa.table({name: [getattr(entry, name) for entry in entries] for name in columns}) if entries else None
    connection.execute(
        "create or replace temp table files"
        " (source varchar, table_name varchar, content_hash varchar, extract_number bigint, rejected_count bigint,"
        " loaded_at timestamp)"
    )
    if rows is not None:
        connection.register("files_given", rows)
        connection.execute("insert into files select * from files_given")


def _prefixes(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """What the seeds tell of each calling prefix: country, whether it can be reached, time zones."""
    countries: dict[str, tuple[str, ...]] = {
        prefix: (country, str(is_supported))
        for prefix, country, is_supported in connection.execute(
            "select calling_prefix, country_code, is_supported from marts.main.countries"
        ).fetchall()
    }
    time_zones: dict[str, tuple[str, ...]] = {
        prefix: tuple(zones)
        for prefix, zones in connection.execute(
            "select calling_prefix, list_sort(list(time_zone)) from marts.main.calling_prefix_time_zones group by all"
        ).fetchall()
    }

    def longest(known: dict[str, tuple[str, ...]], prefix: str) -> tuple[str, ...]:
        return next((known[prefix[:n]] for n in range(len(prefix), 0, -1) if prefix[:n] in known), ())

    return {
        prefix: (*longest(countries, prefix), "|", *longest(time_zones, prefix)) for prefix in {*countries, *time_zones}
    }


def _listed(connection: duckdb.DuckDBPyConnection) -> Listed:
    words = connection.execute(
        "select channel from marts.main.channels union select status from marts.main.statuses union"
        " select provider from marts.main.providers union select provider_alias from marts.main.provider_aliases"
    ).fetchall()
    characters = connection.execute("select character from marts.main.character_replacements").fetchall()
    return Listed(frozenset(character for (character,) in characters), frozenset(word for (word,) in words))


def _numbers_of_newer_rows(
    connection: duckdb.DuckDBPyConnection, key: bytes, pseudonyms: Pseudonyms, cutoff: datetime
) -> pa.Table:
    """The numbers that newer rows give and older rows have too, with the pseudonyms of the latter."""
    add_keyed_hash(connection, key)
    _add_matched_number(connection)
    connection.execute(_NUMBERS, {"cutoff": cutoff})
    known = connection.execute(
        f"""
        with hashed as (
            select
                *,
                case
                    when regexp_full_match(number, '{PSEUDONYM.pattern}') then right(number, {HASH_DIGITS})
                    else left(keyed_hash('number', matched_number), {HASH_DIGITS})
                end as told
            from numbers
        )

        select matched_number, max(number)
        from hashed
        where
            is_new
            and not regexp_full_match(number, '{PSEUDONYM.pattern}')
            and told in (select told from hashed where not is_new)
        group by matched_number
        order by all
        """
    ).fetchall()
    pairs = {pseudonyms.of(matched): number for matched, number in known}
    pairs = {pseudonym: number for pseudonym, number in pairs.items() if pseudonym != number}
    return pa.table([list(pairs), list(pairs.values())], schema=NUMBERS_SCHEMA)


def _drop(
    settings: Settings,
    raw_layer: RawLayer,
    entries: list[LedgerEntry],
    pseudonyms: Pseudonyms,
    listed: Listed,
    cutoff: datetime,
) -> dict[str, str]:
    """Write raw files anew without the personal data of their old rows; returns what `_oldest_rows` would of these."""
    paths = {entry: raw_layer.raw_files(entry)[0] for entry in entries}
    with staged(
        settings, raw_layer, [path for path in paths.values() if pq.read_metadata(path).num_rows]
    ) as connection:
        built = text_literal(str(settings.build_dir / "warehouse.duckdb"))
        connection.execute(f"attach {built} as built (read_only)")
        _add_files(connection, entries)
        _add_matched_number(connection)
        connection.execute(_OLD_ROWS, {"cutoff": cutoff})
        connection.execute("detach built")
        oldest = dict(connection.execute(_OLDEST_KEPT, {"cutoff": cutoff}).fetchall())
        forget_built_tables(settings)
        for entry, path in paths.items():
            table = raw_layer.tables[entry.source, entry.table_name]
            _rewrite(connection, path, entry, table, pseudonyms, listed)
            if entry.loaded_at < cutoff:
                for rejected in raw_layer.raw_files(entry)[1:]:
                    _hide_records(rejected)
    # The ledger knows the files as they were; it is noted how they are now.
    raw_layer.write_ledger(raw_layer.noted(raw_layer.read_ledger()))
    numbers = {entry.extract_number for entry in entries}
    return {
        entry.raw_hash: time.isoformat() if (time := oldest[entry.extract_number]) else NEVER
        for entry in loaded_entries(raw_layer)
        if entry.extract_number in numbers
    }


def _rewrite(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    entry: LedgerEntry,
    table: ExtractTable,
    pseudonyms: Pseudonyms,
    listed: Listed,
) -> None:
    """Write a raw file anew, in one step."""
    raw = pq.ParquetFile(path)
    # Of columns that are not declared nobody knows what they hold.
    names = [name for name in raw.schema_arrow.names if name not in LINEAGE_COLUMNS]
    kinds = personal_columns(_MART_OF.get(table.name, ""), names) if table.source == "outbound" else {}
    temporary = path.with_suffix(".tmp")
    first = 0
    with pq.ParquetWriter(temporary, raw.schema_arrow, compression="zstd", compression_level=1) as writer:
        for batch in raw.iter_batches(BATCH_ROWS):
            rows = _old_rows(connection, entry, first, batch.num_rows, pseudonyms, listed)
            columns = {name: batch.column(name) for name in raw.schema_arrow.names}
            for name in names:
                if not rows or columns[name].null_count == batch.num_rows:
                    continue
                values = columns[name].to_pylist()
                for place, row in rows.items():
                    if name not in table.columns:
                        values[place] = None
                    elif table.source == "outbound":
                        values[place] = application_value(values[place], kinds.get(name), row, pseudonyms)
                    else:
                        values[place] = log_value(values[place], name, row, pseudonyms)
                columns[name] = pa.array(values, pa.string())
            writer.write_table(pa.table(list(columns.values()), schema=raw.schema_arrow))
            first += batch.num_rows
    temporary.replace(path)


def _old_rows(
    connection: duckdb.DuckDBPyConnection,
    entry: LedgerEntry,
    first: int,
    count: int,
    pseudonyms: Pseudonyms,
    listed: Listed,
) -> dict[int, OldRow]:
    """The old rows among some rows of a raw file, by their place among these."""
    result = connection.execute(
        "select * from old_rows where source = ? and table_name = ? and content_hash = ?"
        " and line_number >= ? and line_number < ?",
        [entry.source, entry.table_name, entry.content_hash, first, first + count],
    )
    names = [column[0] for column in result.description or []]
    rows: dict[int, OldRow] = {}
    for values in result.fetchall():
        found = dict(zip(names, values, strict=True))
        rows[found["line_number"] - first] = old_row(found, pseudonyms, listed)
    return rows


def _hide_records(path: Path) -> None:
    """Remove the texts of rows that could not be read; the reasons, which hold none, stay."""
    table = pq.read_table(path)
    position = table.schema.get_field_index("record")
    texts = pa.array([REMOVED] * table.num_rows, pa.string())
    write_table(path, table.set_column(position, table.schema.field(position), texts))
