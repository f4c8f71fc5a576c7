"""A build: what dbt has to do to bring the tables up to the extracts that were loaded.

The tables carry their own marks (docs/decisions/0004): a run that was killed, or whose test failed, is continued by the
next one. Only what decides the rows beside the extracts is noted, in `WAREHOUSE_DIR/build/fingerprint.txt`: where
models, seeds or settings changed, everything is made anew. `seeds_passed.txt` beside it tells that seeds and views need
not be made and tested again.
"""

import contextlib
import hashlib
import importlib.metadata
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import duckdb

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.building.dbt_runs import (
    DbtError,
    NodeResult,
    build_arguments,
    incremental_models,
    run_dbt,
    seeds,
    views,
)
from orchestration.building.engines import engine_of
from orchestration.errors import UserError, tell
from orchestration.loading.raw_files import quoted
from orchestration.loading.raw_layer import LOADED, LedgerEntry, RawLayer
from orchestration.settings import Settings

# What decides the rows of the tables; tests and documentation do not.
DECIDING_FOLDERS = ("models", "macros", "seeds")
DECIDING_SUFFIXES = (".sql", ".csv", ".yml")
DECIDING_FILES = ("dbt_project.yml", "profiles.yml", "orchestration/building/phone_numbers.py")
DECIDING_PACKAGES = ("dbt-core", "phonenumbers")
FINGERPRINT_FILE = "fingerprint.txt"
SEEDS_FILE = "seeds_passed.txt"
REBUILD = "a rebuild was asked for"
DATABASES = ("warehouse.duckdb", "marts.duckdb")
# What DuckDB says of a database that another process, or another connection of this one, has open for writing.
IN_USE = ("Could not set lock", "same database file with a different configuration")


class DatabaseInUseError(UserError):
    """Somebody else has a database being built open."""


class DamagedBuildError(UserError):
    """A database being built is damaged; the next build makes everything anew."""


def build(
    settings: Settings, raw_layer: RawLayer, full_refresh: bool = False, arguments: Sequence[str] = ()
) -> tuple[list[NodeResult], str]:
    """Build and test the tables.

    Args:
        settings: of the run.
        raw_layer: with the extracts loaded.
        full_refresh: whether everything is made anew in any case.
        arguments: further arguments of dbt, such as a selection.

    Returns:
        What became of dbt's nodes, and why everything was made anew; empty where it was not.

    Raises:
        DatabaseInUseError: somebody else has a database being built open.
        DbtError: dbt failed; the next run goes on from what was done.
        LoadError: everything is made anew, and a raw file is damaged whose extract is gone.
        UserError: the dbt project does not parse.
    """
    try:
        return _build(settings, raw_layer, full_refresh, arguments)
    except DbtError as error:
        has_error = any(result.status == "error" for result in error.results) or not error.results
        if not has_error or not engine_of(settings).builds_in_databases or not are_damaged(settings):
            raise
    tell(f"a database in {settings.build_dir} was damaged; everything is made anew")
    return _build(settings, raw_layer, True, arguments)


def _build(
    settings: Settings, raw_layer: RawLayer, full_refresh: bool, arguments: Sequence[str]
) -> tuple[list[NodeResult], str]:
    settings.build_dir.mkdir(parents=True, exist_ok=True)
    ledger = raw_layer.read_ledger()
    taken = taken_extracts(settings)
    engine = engine_of(settings)
    note, seeds_note = settings.build_dir / FINGERPRINT_FILE, settings.build_dir / SEEDS_FILE
    reason = REBUILD if full_refresh else reason_for_a_refresh(settings, ledger, taken)
    reason = reason or engine.reason_to_refresh(settings)
    if reason:
        note.unlink(missing_ok=True)
        seeds_note.unlink(missing_ok=True)
        remove_databases(settings)
        raw_layer.restore()
        taken = {}
        if engine.builds_in_databases:
            # No table is left that was made of anything else: whatever ends this build, the next one goes on from it.
            note.write_text(fingerprint(settings), encoding="utf-8")
    *groups, last = extract_groups(ledger, taken or {}, engine.most_rows_at_once(settings))
    results: list[NodeResult] = []
    is_refresh_due = bool(reason)

    def apply(last_extract_number: int, dbt_arguments: list[str]) -> list[NodeResult]:
        raw_layer.write_settings(last_extract_number=last_extract_number)
        engine.stage(settings)
        return run_dbt(settings, dbt_arguments)

    try:
        with engine.running(settings):
            for group in groups:
                apply(group, build_arguments(is_refresh_due, folds_only=True))
                is_refresh_due = False
            # A refresh whose folds are done goes on, but what failed in it may be a test of a seed: seeds are tested
            # again until they pass.
            is_complete = not seeds_note.exists() or lacks_views(settings)
            results = apply(last, [*build_arguments(is_refresh_due, is_complete), *arguments])
            if is_complete and seeds(settings) <= succeeded(results):
                seeds_note.touch()
            engine.collect(settings, raw_layer.as_of())
    except DbtError as error:
        results = error.results
        raise
    finally:
        # Elsewhere tables of before are there until all are made anew.
        if reason and not note.exists() and incremental_models(settings) <= succeeded(results):
            note.write_text(fingerprint(settings), encoding="utf-8")
    return results, reason


def succeeded(results: Sequence[NodeResult]) -> set[str]:
    """Dbt's ids of the models and seeds that were made."""
    return {result.unique_id for result in results if result.status == "success"}


def extract_groups(ledger: list[LedgerEntry], taken: dict[int, str], most_rows: int | None) -> list[int]:
    """Split the extracts that are to be applied, so that memory holds each group.

    Args:
        ledger: all extract file versions.
        taken: extracts that the tables hold, content hash by number.
        most_rows: rows of a group, None for all; a larger extract is one by itself.

    Returns:
        The number of the last extract of each group, in order; the last one is that of the newest extract.
    """
    waiting = sorted(
        (entry.extract_number, entry.row_count)
        for entry in ledger
        if entry.outcome == LOADED and entry.extract_number not in taken
    )
    ends, rows = [], 0
    for (number, row_count), (_, next_count) in pairwise(waiting):
        rows += row_count
        if most_rows is not None and rows + next_count > most_rows:
            ends.append(number)
            rows = 0
    return [*ends, max((entry.extract_number for entry in ledger), default=0)]


def taken_extracts(settings: Settings) -> dict[int, str] | None:
    """The extracts that the databases being built hold.

    Returns:
        Content hash by extract number; None where the databases are gone or damaged.

    Raises:
        DatabaseInUseError: they are whole, as far as can be told, but somebody else has one open.
    """
    warehouse, marts = (_read(settings, name, "select table_name from duckdb_tables()") for name in DATABASES)
    if warehouse is None or not marts:
        return None
    if ("audit_extract_rows",) not in warehouse:
        # A first build was ended before it: what its tables hold, they know themselves.
        return {}
    query = "select extract_number, any_value(content_hash) from audit_extract_rows group by all"
    extracts = _read(settings, DATABASES[0], query)
    return None if extracts is None else dict(extracts)


def _read(settings: Settings, database: str, query: str) -> list[tuple[Any, ...]] | None:
    path = settings.build_dir / database
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query).fetchall()
    except duckdb.Error as error:
        if any(words in str(error) for words in IN_USE):
            raise DatabaseInUseError(f"{path} is open in another program; close it there first: {error}") from error
        return None


def lacks_views(settings: Settings) -> bool:
    """Whether a view, which a day's run leaves as it is, is missing or reads the raw layer of another folder."""
    found = dict(_read(settings, DATABASES[0], "select view_name, sql from duckdb_views() where not internal") or [])
    reading = [sql for sql in found.values() if "read_parquet(" in sql]
    return not views(settings) <= found.keys() or any(f"'{settings.raw_dir}/" not in sql for sql in reading)


def are_damaged(settings: Settings) -> bool:
    """Whether a database being built can't be read to the last row; DuckDB compares a checksum of each block."""
    for name in DATABASES:
        tables = _read(settings, name, "select table_name from duckdb_tables() where not temporary")
        rows = [f"select max(hash(every_column)) from {quoted(table)} as every_column" for (table,) in tables or []]
        # All in one query: opening a database for each of its tables took longer than reading them.
        if tables is None or (rows and _read(settings, name, " union all ".join(rows)) is None):
            return True
    return False


@contextlib.contextmanager
def noting_damage(settings: Settings) -> Iterator[None]:
    """Let the next build make everything anew where reading failed because a database being built is damaged.

    Raises:
        DamagedBuildError: it is.
    """
    try:
        yield
    except duckdb.Error as error:
        if not are_damaged(settings):
            raise
        (settings.build_dir / FINGERPRINT_FILE).unlink(missing_ok=True)
        raise DamagedBuildError(
            f"a database in {settings.build_dir} is damaged; run again: everything is made anew"
        ) from error


def connect_to_build(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the databases being built, read-only: the warehouse, and the marts as `marts`.

    Args:
        settings: where they lie, and the most memory that a query takes.

    Returns:
        An open connection.
    """
    connection = duckdb.connect(str(settings.build_dir / DATABASES[0]), read_only=True)
    marts = str(settings.build_dir / DATABASES[1]).replace("'", "''")
    connection.execute(f"set memory_limit = '{settings.memory_limit_gb}GB'")
    connection.execute(f"attach '{marts}' as marts (read_only)")
    return connection


def remove_databases(settings: Settings) -> None:
    """Take the databases being built away, with what DuckDB writes beside them."""
    for name in DATABASES:
        for path in settings.build_dir.glob(f"{name}*"):
            path.unlink()


def reason_for_a_refresh(settings: Settings, ledger: list[LedgerEntry], taken: dict[int, str] | None) -> str:
    """Why a build makes everything anew; empty where it goes on from what is there."""
    note = settings.build_dir / FINGERPRINT_FILE
    if not note.exists():
        return "there is no finished build"
    if note.read_text(encoding="utf-8", errors="replace") != fingerprint(settings):
        return "models, seeds or settings changed"
    if taken is None:
        return "the databases being built are gone or damaged"
    known = {entry.extract_number: entry.content_hash for entry in ledger if entry.outcome == LOADED}
    if not taken.items() <= known.items():
        return "the raw layer lacks extracts that the build holds"
    return ""


def check_needs_no_refresh(settings: Settings, raw_layer: RawLayer, full_refresh: bool) -> None:
    """Make sure that some tables can be built by themselves: a refresh removes all, and would then lack the others.

    Args:
        settings: of the run.
        raw_layer: with the extracts loaded.
        full_refresh: whether a rebuild was asked for.

    Raises:
        DatabaseInUseError: somebody else has a database being built open.
        UserError: everything has to be made anew.
    """
    reason = (
        REBUILD if full_refresh else reason_for_a_refresh(settings, raw_layer.read_ledger(), taken_extracts(settings))
    )
    if reason:
        raise UserError(
            f"{reason}: everything has to be made anew, not only what was selected;"
            " nothing was changed: run the job daily"
        )


def fingerprint(settings: Settings) -> str:
    """A hash of what decides the tables beside the extracts: models, macros, seeds, engine and settings."""
    digest = hashlib.sha256()
    files = [PROJECT_DIR / name for name in DECIDING_FILES]
    for folder in DECIDING_FOLDERS:
        files += [path for path in (PROJECT_DIR / folder).rglob("*") if path.suffix in DECIDING_SUFFIXES]
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT_DIR)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    packages = (*DECIDING_PACKAGES, *engine_of(settings).packages)
    deciding = [
        *(importlib.metadata.version(package) for package in packages),
        settings.spark_table_format,
        settings.reporting_timezone,
        settings.receipt_timeout_hours,
        settings.reply_window_days,
        settings.default_country,
    ]
    digest.update(json.dumps(deciding).encode())
    return digest.hexdigest()
