"""The full check: everything made anew beside the warehouse, from all extracts, must equal what daily builds made.

WAREHOUSE_DIR/build/check/   a warehouse of its own, which reads the same raw layer; removed when the check ends
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.building.build import DATABASES, build, reason_for_a_refresh, taken_extracts
from orchestration.building.engines import engine_of
from orchestration.errors import UserError
from orchestration.loading.raw_layer import RawLayer
from orchestration.settings import Settings

# It tells of the run itself.
NOT_COMPARED = ("report_info",)
RUN_FIRST = "run the job daily first"


class CheckError(UserError):
    """There is nothing to check."""


def check_is_built(settings: Settings) -> datetime:
    """Make sure that there is a build to check, of the extracts, models and settings that a rebuild would read.

    Args:
        settings: of the warehouse.

    Returns:
        The as-of moment of the build, naive UTC.

    Raises:
        CheckError: nothing has been built yet, or not of all that was loaded, or the engine has no full check.
        DatabaseInUseError: somebody else has a database being built open.
    """
    if not engine_of(settings).builds_in_databases:
        raise CheckError(
            f"ENGINE={settings.engine} has no full check: each run tests everything, and on plain Parquet makes it"
            " anew; on other formats make rebuild does"
        )
    ledger = RawLayer(settings, {}).read_ledger()
    reason = reason_for_a_refresh(settings, ledger, taken_extracts(settings))
    if reason:
        raise CheckError(f"{reason}: there is nothing to check; {RUN_FIRST}")
    try:
        with duckdb.connect(str(settings.build_dir / DATABASES[1]), read_only=True) as connection:
            built = connection.execute("select source, table_name, file, content_hash, outcome from audit_loads")
            known = set(built.fetchall())
            row = connection.execute("select as_of from report_info").fetchone()
    except duckdb.CatalogException:
        known, row = set(), None
    loaded = {(entry.source, entry.table_name, entry.file, entry.content_hash, entry.outcome) for entry in ledger}
    if row is None or known != loaded:
        raise CheckError(f"extracts were loaded that are not built yet; {RUN_FIRST}")
    as_of: datetime = row[0]
    return as_of


def differences_from_a_rebuild(settings: Settings) -> dict[str, int]:
    """Make all tables anew from the raw layer, and compare them with those being built on.

    Args:
        settings: of the warehouse; no other run may write to it.

    Returns:
        Rows that stand on one side only, by published table; empty where all are equal.

    Raises:
        CheckError: nothing has been built yet, or not of all that was loaded.
        DbtError: the tables could not be made.
    """
    as_of = check_is_built(settings)
    copy = settings.build_dir / "check"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        # All of the raw layer but the settings, which a rebuild writes; they are as of the build.
        for path in settings.raw_dir.iterdir():
            if path.name != "pipeline":
                _link(copy / "raw" / path.name, path)
        for name in ("loads.parquet", "rejected_records", "erasures.parquet"):
            _link(copy / "raw" / "pipeline" / name, settings.raw_dir / "pipeline" / name)
        rebuilt = replace(settings, warehouse_dir=copy, as_of=as_of.replace(tzinfo=UTC))
        build(rebuilt, RawLayer(rebuilt, {}), full_refresh=True, arguments=["--exclude-resource-type", "test"])
        return _compare(settings, settings.build_dir / DATABASES[1], rebuilt.build_dir / DATABASES[1])
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _compare(settings: Settings, built: Path, rebuilt: Path) -> dict[str, int]:
    found = {}
    with duckdb.connect(config={"temp_directory": str(rebuilt.parent / "spilled")}) as connection:
        connection.execute(f"set memory_limit = '{settings.memory_limit_gb}GB'")
        columns: dict[str, dict[str, list[str]]] = {}
        for name, path in (("built", built), ("rebuilt", rebuilt)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
            tables = connection.execute(
                "select table_name, list(format('\"{}\"', column_name) order by column_index)"
                " from duckdb_columns() where database_name = ? and not starts_with(column_name, '_')"
                " group by all order by all",
                [name],
            )
            columns[name] = dict(tables.fetchall())
        for table, names in columns["rebuilt"].items():
            if table in NOT_COMPARED:
                continue
            if columns["built"].get(table) != names:
                row = connection.execute(f"select greatest(count(*), 1) from rebuilt.main.{table}").fetchone()
            else:
                sides = [f"select {', '.join(names)} from {name}.main.{table}" for name in ("built", "rebuilt")]
                row = connection.execute(
                    f"select (select count(*) from ({sides[0]} except all {sides[1]}))"
                    f" + (select count(*) from ({sides[1]} except all {sides[0]}))"
                ).fetchone()
            if row is not None and row[0]:
                found[str(table)] = int(row[0])
    return found
