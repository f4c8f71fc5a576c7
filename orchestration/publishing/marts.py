"""Publishing: the built marts become `marts.duckdb`, and the outputs become visible.

    WAREHOUSE_DIR/published/marts-000007.duckdb   a published database, never changed; the one before it is kept too
    WAREHOUSE_DIR/marts.duckdb                    a link to the newest
    OUTPUT_DIR/latest                             a link to the newest folder of outputs

Everything is written first, where nobody looks; then both links are set, one right after the other. A failure before
leaves them as they were; a run that was killed between the two is mended by the next one, which publishes again.

DuckDB opens a database several times, and would mix two files if one replaced the other meanwhile; but it follows a
link only once (docs/reliability.md). Who has an older file open keeps reading it.
"""

import json
import logging
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.building.build import connect_to_build
from orchestration.building.dbt_project import manifest_path
from orchestration.errors import PublishError
from orchestration.privacy.personal_data import show_personal_data
from orchestration.publishing.csv_files import Table, write_csv_files
from orchestration.publishing.messaging_data_export import EXPORT_FILE, write_recent_export
from orchestration.publishing.outputs import (
    OutputFile,
    as_of_folder,
    check_can_point,
    place_outputs,
    point_to,
    remove_leftovers,
    remove_old_outputs,
    write_manifest,
)
from orchestration.publishing.workbook import WORKBOOK_FILE, write_workbook
from orchestration.reporting.report import write_report
from orchestration.settings import FULL, Settings

LOGGER = logging.getLogger("orchestration")


@dataclass(frozen=True)
class Published:
    """What a run published.

    Attributes:
        marts_path: the database.
        tables: rows by table.
        output_dir: the folder of the generated files.
        files: all in it but the manifest.
        as_of: moment of the report, naive UTC.
        phases: seconds by phase: outputs, what the report, which is written beside them, takes longer, and publish.
    """

    marts_path: Path
    tables: dict[str, int]
    output_dir: Path
    files: list[OutputFile]
    as_of: datetime
    phases: dict[str, float]


def publish(settings: Settings) -> Published:
    """Publish the marts and outputs of a build that has passed its tests.

    Args:
        settings: where the build, the published database and the outputs lie.

    Returns:
        What was published.

    Raises:
        PublishError: the copied database lacks tables or rows that the build has, or a folder stands in the way.
    """
    started = time.monotonic()
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    latest = settings.output_dir / "latest"
    check_can_point(settings.marts_path, latest)
    remove_leftovers(settings.output_dir)
    staged = settings.output_dir / f".staged-{os.getpid()}"
    copy = _next_marts_file(settings)
    staged.mkdir()
    try:
        with connect_to_build(settings) as connection, ThreadPoolExecutor(max_workers=1) as pool:
            as_of = _as_of(connection)
            # Beside the others: drawing its charts needs neither Python nor the database.
            report = pool.submit(write_report, _report_session(connection, settings), staged / "report")
            tables = _write_outputs(connection, settings, as_of, staged)
            expected = _row_counts(connection, "marts")
            reporting = time.monotonic()
            report.result()
        files = write_manifest(staged, as_of, tables)
        written = time.monotonic()
        copy_marts(settings, copy)
        describe_tables(copy, manifest_path(settings))
        with duckdb.connect(str(copy), read_only=True) as connection:
            row = connection.execute("select current_database()").fetchone()
            found = _row_counts(connection, str(row[0]) if row else "")
        if found != expected or "rpt_messages" not in found:
            raise PublishError(f"the copied marts hold {found}, expected {expected}; nothing was published")
        _sync(copy)
        point_to(settings.marts_path, copy)
        # Placing alone changes what `latest` shows where it leads to the folder of this as-of moment already.
        output_dir = place_outputs(staged, settings.output_dir, as_of_folder(as_of))
        point_to(latest, output_dir)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        if _present_file(settings) != copy.name:
            copy.unlink(missing_ok=True)
    try:
        remove_old_outputs(settings.output_dir, settings.output_keep)
    except OSError as error:
        LOGGER.warning("older outputs can't be removed: %s; the next run tries again", error)
    phases = {
        "outputs": reporting - started,
        "report": written - reporting,
        "publish": time.monotonic() - written,
    }
    return Published(settings.marts_path, found, output_dir, files, as_of, phases)


def _present_file(settings: Settings) -> str:
    """Name of the published file; empty where none is, or one of an earlier version, which was no link."""
    return settings.marts_path.readlink().name if settings.marts_path.is_symlink() else ""


def _next_marts_file(settings: Settings) -> Path:
    """Where the next published database is written; older ones than the present one go."""
    settings.published_dir.mkdir(parents=True, exist_ok=True)
    present = _present_file(settings)
    numbers = [0]
    for path in settings.published_dir.glob("marts-*"):
        numbers += map(int, re.findall(r"^marts-(\d+)", path.name))
        if path.name != present:
            path.unlink()
    return settings.published_dir / f"marts-{max(numbers) + 1:06}.duckdb"


def _write_outputs(
    connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, folder: Path
) -> dict[str, Table]:
    """Write all generated files into a folder; returns those that are tables.

    The workbook is written by Python while the database writes the others; each has a session of its own.
    """

    def session(shown: str) -> duckdb.DuckDBPyConnection:
        cursor = connection.cursor()
        show_personal_data(cursor, settings, shown)
        return cursor

    with ThreadPoolExecutor(max_workers=1) as pool:
        workbook = pool.submit(
            write_workbook,
            session(settings.personal_data_workbook),
            folder / WORKBOOK_FILE,
            json.loads(manifest_path(settings).read_text(encoding="utf-8"))["nodes"],
            as_of,
            settings.reporting_timezone,
        )
        tables = write_csv_files(lambda: session(settings.personal_data_csv), folder)
        exporting = session(settings.personal_data_export)
        write_recent_export(exporting, folder / EXPORT_FILE, as_of, settings.output_days)
        workbook.result()
    return tables


def _report_session(connection: duckdb.DuckDBPyConnection, settings: Settings) -> duckdb.DuckDBPyConnection:
    session = connection.cursor()
    session.execute("use marts")
    show_personal_data(session, settings, settings.personal_data_report)
    return session


def copy_marts(settings: Settings, copy: Path) -> None:
    """Copy the built marts to a new file, with personal data as the setting PERSONAL_DATA_MARTS says.

    Args:
        settings: where the build lies.
        copy: the file; it must not be there yet.
    """
    built = settings.build_dir / "marts.duckdb"
    if settings.personal_data_marts == FULL:
        shutil.copyfile(built, copy)
        return
    # Written anew: what is updated in a file stays in its unused blocks.
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{settings.memory_limit_gb}GB'")
        connection.execute(f"attach {_literal(str(built))} as marts (read_only)")
        connection.execute(f"attach {_literal(str(copy))} as published (storage_version 'v1.0.0')")
        connection.execute("use marts")
        show_personal_data(connection, settings, settings.personal_data_marts)
        for table in _row_counts(connection, "marts"):
            connection.execute(f"create table published.main.{_quoted(table)} as select * from {_quoted(table)}")


def describe_tables(database: Path, manifest: Path) -> None:
    """Write the descriptions of tables and columns into a database, as comments.

    Args:
        database: file of a copy of the marts, without readers.
        manifest: dbt's manifest file; it holds the descriptions.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    described = {node["name"]: node for node in nodes if node["resource_type"] in ("model", "seed")}
    with duckdb.connect(str(database)) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
        statements = [
            f"comment on table {_quoted(table)} is {_literal(described[table]['description'])};"
            for table in sorted({table for table, _ in columns} & set(described))
        ]
        for table, column in columns:
            description = described.get(table, {}).get("columns", {}).get(column, {}).get("description")
            if description:
                statements.append(f"comment on column {_quoted(table)}.{_quoted(column)} is {_literal(description)};")
        connection.execute("\n".join(["begin;", *statements, "commit;", "checkpoint;"]))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.strip().replace("'", "''") + "'"


def _as_of(connection: duckdb.DuckDBPyConnection) -> datetime:
    row = connection.execute("select as_of from stg_pipeline__settings").fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise PublishError("the build has no settings; run the job `daily` again")
    return row[0]


def _row_counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Rows by table of a database's main schema."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'main' order by all",
        [database],
    ).fetchall()
    counts = {}
    for (table,) in tables:
        quoted = ".".join(_quoted(part) for part in (database, "main", str(table)))
        row = connection.execute(f"select count(*) from {quoted}").fetchone()
        counts[str(table)] = int(row[0]) if row else 0
    return counts


def _sync(path: Path) -> None:
    """Make sure that a file's bytes are on disk before it is renamed over another."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
