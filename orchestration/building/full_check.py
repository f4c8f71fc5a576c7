"""The full check: everything made anew beside the warehouse, from all extracts, must equal what daily builds made.

WAREHOUSE_DIR/build/check/   a warehouse of its own, whose raw layer is a link; removed when the check ends
"""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.building.build import DATABASES
from orchestration.building.dbt_project import build_arguments, run_dbt
from orchestration.errors import UserError
from orchestration.settings import Settings

# It tells of the run itself.
NOT_COMPARED = ("report_info",)


class CheckError(UserError):
    """There is nothing to check."""


def check_is_built(settings: Settings) -> None:
    """Make sure that there is something to check.

    Raises:
        CheckError: nothing has been built yet.
    """
    if not all((settings.build_dir / name).exists() for name in DATABASES):
        raise CheckError("there is no finished build to check; run the job daily first")


def differences_from_a_rebuild(settings: Settings) -> dict[str, int]:
    """Make all tables anew from the raw layer, and compare them with those being built on.

    Args:
        settings: of the warehouse; no other run may write to it.

    Returns:
        Rows that stand on one side only, by published table; empty where all are equal.

    Raises:
        CheckError: nothing has been built yet.
        DbtError: the tables could not be made.
    """
    check_is_built(settings)
    copy = settings.build_dir / "check"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        (copy / "build").mkdir(parents=True)
        (copy / "raw").symlink_to(settings.raw_dir, target_is_directory=True)
        arguments = [*build_arguments(full_refresh=True), "--exclude-resource-type", "test"]
        run_dbt(replace(settings, warehouse_dir=copy), arguments)
        return _compare(settings.build_dir / DATABASES[1], copy / "build" / DATABASES[1])
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _compare(built: Path, rebuilt: Path) -> dict[str, int]:
    found = {}
    with duckdb.connect() as connection:
        for name, path in (("built", built), ("rebuilt", rebuilt)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        tables = connection.execute(
            "select table_name, string_agg(format('\"{}\"', column_name), ', ' order by column_index)"
            " from duckdb_columns() where database_name = 'rebuilt' and not starts_with(column_name, '_')"
            " group by all order by all"
        ).fetchall()
        for table, columns in tables:
            if table in NOT_COMPARED:
                continue
            sides = [f"select {columns} from {name}.main.{table}" for name in ("built", "rebuilt")]
            row = connection.execute(
                f"select (select count(*) from ({sides[0]} except all {sides[1]}))"
                f" + (select count(*) from ({sides[1]} except all {sides[0]}))"
            ).fetchone()
            if row is not None and row[0]:
                found[str(table)] = int(row[0])
    return found
