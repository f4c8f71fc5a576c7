"""The weekly check: sends of some days, made anew from all of the raw layer, must equal what daily builds made.

It works on a copy of the databases being built, so that nothing that is published or built on can change:

    WAREHOUSE_DIR/build/check/   a warehouse of its own, whose raw layer is a link; removed when the check ends
"""

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.build_state import BuildStates
from orchestration.dbt_build import build_arguments, run_dbt
from orchestration.errors import UserError
from orchestration.raw_layer import RawLayer
from orchestration.settings import Settings

# Days compared in a check; each costs about as much as the day's own run, and the reading of all extracts comes on top.
SAMPLED_DAYS = 3
# Tables with rows of the sampled days only, by the condition that tells them; all others are compared whole.
ROWS_OF_DAYS = {"fct_sends": "sent_date in ({days})", "fct_delivery_issues": "sent_date in ({days})"}
# They tell of files and of the build itself.
NOT_COMPARED = ("audit_loads", "audit_rejected_rows")


class CheckError(UserError):
    """There is nothing to check."""


def sample_days(settings: Settings, seed: str) -> list[date]:
    """Choose the days to check.

    Args:
        settings: of the warehouse.
        seed: the same seed chooses the same of the same days.

    Returns:
        Up to `SAMPLED_DAYS` days with sends, in order.

    Raises:
        CheckError: nothing has been built yet.
    """
    path = settings.build_dir / "marts.duckdb"
    if BuildStates(settings).read() is None or not path.exists():
        raise CheckError("there is no finished build to check; run the job daily first")
    with duckdb.connect(str(path), read_only=True) as connection:
        days = [day for (day,) in connection.execute("select distinct sent_date from fct_sends order by 1").fetchall()]
    return sorted(random.Random(seed).sample(days, min(SAMPLED_DAYS, len(days))))  # noqa: S311


def differences_from_a_rebuild(settings: Settings, raw_layer: RawLayer, days: Sequence[date]) -> dict[str, int]:
    """Make the sends of some days anew from all extracts, with all that depends on them, and compare.

    Args:
        settings: of the warehouse; no other run may write to it.
        raw_layer: of the same warehouse.
        days: days of sends.

    Returns:
        Rows that stand on one side only, by published table; empty where all are equal.
    """
    state = BuildStates(settings).read()
    if state is None:
        raise CheckError("there is no finished build to check; run the job daily first")
    copy = settings.build_dir / "check"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        _link_warehouse(settings, copy)
        checked = replace(settings, warehouse_dir=copy)
        as_of = datetime.fromisoformat(state.as_of)
        raw_layer.write_run_inputs(
            as_of,
            as_of,
            [],
            is_full=False,
            tests_everything=False,
            checked_days=days,
            folder=copy / "raw" / "pipeline",
        )
        run_dbt(checked, [*build_arguments(is_full=False), "--exclude-resource-type", "test"])
        return _compare(settings.build_dir / "marts.duckdb", copy / "build" / "marts.duckdb", days)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _link_warehouse(settings: Settings, copy: Path) -> None:
    """Lay out a warehouse whose databases are copies and whose raw layer is a link, but for the run's own inputs."""
    (copy / "build").mkdir(parents=True)
    for name in ("warehouse.duckdb", "marts.duckdb"):
        shutil.copyfile(settings.build_dir / name, copy / "build" / name)
    pipeline = copy / "raw" / "pipeline"
    pipeline.mkdir(parents=True)
    for path in settings.raw_dir.iterdir():
        if path.name != pipeline.name:
            (copy / "raw" / path.name).symlink_to(path, target_is_directory=True)
    for path in (settings.raw_dir / pipeline.name).iterdir():
        (pipeline / path.name).symlink_to(path, target_is_directory=path.is_dir())
    for name in ("settings.parquet", "new_extracts.parquet"):
        (pipeline / name).unlink(missing_ok=True)


def _compare(built: Path, rebuilt: Path, days: Sequence[date]) -> dict[str, int]:
    listed = ", ".join(f"date '{day.isoformat()}'" for day in days) or "null"
    found = {}
    with duckdb.connect() as connection:
        for name, path in (("built", built), ("rebuilt", rebuilt)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' order by all"
        ).fetchall()
        for (table,) in tables:
            if table in NOT_COMPARED:
                continue
            where = ROWS_OF_DAYS.get(table, "true").format(days=listed)
            sides = [f"select * from {name}.main.{table} where {where}" for name in ("built", "rebuilt")]
            row = connection.execute(
                f"select (select count(*) from ({sides[0]} except all {sides[1]}))"
                f" + (select count(*) from ({sides[1]} except all {sides[0]}))"
            ).fetchone()
            if row is not None and row[0]:
                found[str(table)] = int(row[0])
    return found
