"""Which columns hold personal data, and showing them in full, masked or not at all.

An output is written from a session in which views of the tables' own names stand before the tables; so a query of an
output need not know of it, and cannot forget it.
"""

import re

import duckdb

from orchestration.privacy.keys import add_keyed_hash, read_key
from orchestration.settings import FULL, MASKED, Settings

# How a column is masked. A customer whom only a carrier's log knows has the number for an id.
ID, NUMBER, TEXT = "id", "number", "text"
# What a column of these names holds, whatever its table.
PERSONAL_COLUMNS: dict[str, str | None] = {
    "customer_id": ID,
    "user_id": ID,
    "to_number": NUMBER,
    "number": NUMBER,
    "national_format": NUMBER,
    "customer_name": TEXT,
    "name": TEXT,
    "customer_email": TEXT,
    "email": TEXT,
    "body": TEXT,
    "opt_out_body": TEXT,
    "sent_body": TEXT,
    # What carriers write of an error can name the number; what is set apart can hold anything.
    "error_message": TEXT,
    "_error_message": TEXT,
    "record": TEXT,
    "example_value": TEXT,
}
# Where a name holds something else: replies come from the person, and what is wrong with a row quotes it.
_OF_REPLIES = {**PERSONAL_COLUMNS, "to_number": None, "from_number": NUMBER}
PERSONAL_COLUMNS_OF_TABLE: dict[str, dict[str, str | None]] = {
    "fct_replies": _OF_REPLIES,
    "export_opt_out_review": _OF_REPLIES,
    "audit_rejected_rows": {**PERSONAL_COLUMNS, "reason": TEXT},
}
# A full international number, as contract rule 11 writes it.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Digits of a masked number that are shown, and of a hash: 16 hexadecimal digits tell billions apart.
SHOWN_DIGITS, HASH_DIGITS = 4, 16
_MACROS = f"""
create or replace temp macro short_hash(kind, value) as '***-' || left(keyed_hash(kind, value), {HASH_DIGITS});
create or replace temp macro masked_number(value) as
    '***' || right(value, {SHOWN_DIGITS}) || '-' || left(keyed_hash('number', value), {HASH_DIGITS});
create or replace temp macro masked_text(value) as short_hash('text', value);
create or replace temp macro masked_id(value) as
    case when regexp_full_match(value, '\\+[0-9]{{7,15}}') then masked_number(value) else value end;
create or replace temp macro no_number(value) as null::varchar;
create or replace temp macro no_text(value) as null::varchar;
create or replace temp macro no_id(value) as
    case when regexp_full_match(value, '\\+[0-9]{{7,15}}') then short_hash('number', value) else value end;
"""


def personal_columns(table: str, columns: list[str]) -> dict[str, str]:
    """The columns of a table, or of what is written of it, that hold personal data, and how each is masked."""
    kinds = PERSONAL_COLUMNS_OF_TABLE.get(table, PERSONAL_COLUMNS)
    return {column: kind for column in columns if (kind := kinds.get(column))}


def is_personal(column: str) -> bool:
    """Whether a column of this name holds personal data in any table."""
    return any(kinds.get(column) for kinds in (PERSONAL_COLUMNS, *PERSONAL_COLUMNS_OF_TABLE.values()))


def impersonal_columns(table: str, columns: list[str]) -> list[str]:
    """The columns of a table, or of what is written of it, that hold no personal data."""
    personal = personal_columns(table, columns)
    return [column for column in columns if column not in personal]


def show_personal_data(connection: duckdb.DuckDBPyConnection, settings: Settings, shown: str) -> None:
    """Let a session see personal data in full, masked or not at all, from now on.

    Args:
        connection: a session on the databases being built; they are only read.
        settings: with the key of the hashes.
        shown: FULL, MASKED (of a number its last digits, of anything a keyed hash, the same for the same value
            everywhere) or NONE (null; an id that is a number becomes its hash).
    """
    if shown == FULL:
        return
    add_keyed_hash(connection, read_key(settings))
    connection.execute(_MACROS)
    prefix = "masked" if shown == MASKED else "no"
    tables: dict[tuple[str, str], list[str]] = {}
    for database, table, column in connection.execute(
        "select database_name, table_name, column_name from duckdb_columns()"
        " where not internal and schema_name = 'main' and database_name <> 'temp' order by all"
    ).fetchall():
        tables.setdefault((database, table), []).append(column)
    for (database, table), columns in tables.items():
        personal = personal_columns(table, columns)
        # Staging and stores hold types of their own, and no output reads them.
        if personal and not table.startswith(("stg_", "int_")):
            values = ", ".join(f'{prefix}_{kind}("{column}") as "{column}"' for column, kind in personal.items())
            connection.execute(
                f'create or replace temp view "{table}" as select * replace ({values}) from {database}.main."{table}"'
            )
