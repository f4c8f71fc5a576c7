"""Spark as the engine: its session, the raw layer as its tables, and what is published, read from it.

    WAREHOUSE_DIR/spark/tables/      Spark's tables, a folder each, where it runs in this process
    WAREHOUSE_DIR/spark/metastore/   the catalog of their names, likewise
    SPARK_URL/raw/                   a copy of the raw layer, where SPARK_URL is set
    SPARK_URL/collected/             tables on their way from Spark to DuckDB; else in WAREHOUSE_DIR/spark/

Only this module imports pyspark.
"""

import contextlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from fsspec.core import url_to_fs
from pyspark.sql import SparkSession

from orchestration.building.build import DATABASES
from orchestration.building.dbt_project import manifest_path, target_dir
from orchestration.building.dbt_runs import run_dbt
from orchestration.building.engines import Engine
from orchestration.building.phases import record_phases
from orchestration.errors import RunError, SettingError
from orchestration.loading.mirror import mirror
from orchestration.loading.raw_files import quoted, text_literal
from orchestration.settings import PARQUET, THRIFT, Settings

# Whose rows are as many as sends: of them, those of the last OUTPUT_DAYS are published, by this time.
FACT_TIMES = {
    "fct_sends": "sent_at",
    "fct_delivery_issues": "sent_at",
    "fct_replies": "greatest(sent_at, received_at)",
    "fct_responses": "greatest(sent_at, received_at)",
    "export_messaging_data_receipts": "_sent_at",
    "export_messaging_data_events": "_sent_at",
}
# What is read beside the published tables and the outputs' views: the settings of the build, and its marks.
READ_TOO = ("stg_pipeline__settings", "audit_extract_rows")


class Spark(Engine):
    """Spark, in a process beside this one or on a cluster."""

    target = "spark"
    packages = ("dbt-spark", "pyspark")
    builds_in_databases = False

    def reason_to_refresh(self, settings: Settings) -> str:
        """Rows of plain Parquet can't be replaced."""
        if settings.spark_table_format == PARQUET:
            return "tables of plain Parquet are always made anew (SPARK_TABLE_FORMAT)"
        return ""

    def facts_since(self, settings: Settings, as_of: datetime) -> datetime | None:
        """They hold the sends of OUTPUT_DAYS, as the outputs do."""
        return as_of - timedelta(days=settings.output_days)

    def most_rows_at_once(self, settings: Settings) -> int | None:
        """All: what memory does not hold, Spark writes to disk."""
        return None

    @contextlib.contextmanager
    def running(self, settings: Settings) -> Iterator[None]:
        """Have a session, see `spark_session`."""
        with spark_session(settings):
            yield

    def stage(self, settings: Settings) -> None:
        """Copy the raw files where the cluster reaches them, and declare their tables, see `stage_raw_layer`."""
        stage_raw_layer(settings)

    def collect(self, settings: Settings, as_of: datetime) -> None:
        """Read the tables from Spark, see `collect_tables`."""
        collect_tables(settings, as_of)


@contextlib.contextmanager
def spark_session(settings: Settings) -> Iterator[SparkSession | None]:
    """Have a Spark session, which dbt's method `session` joins, until the block ends.

    Args:
        settings: SPARK_REMOTE names a cluster; without it, Spark runs in a process of its own beside this one, with
            the memory that MEMORY_LIMIT_GB says, and listens on the loopback address only.

    Yields:
        The session; None with SPARK_METHOD=thrift, where dbt itself connects to a server.

    Raises:
        SettingError: Spark does not know the format of the tables.
        RunError: Spark does not start.
    """
    if settings.spark_method == THRIFT:
        yield None
        return
    started = time.monotonic()
    try:
        session = _joined(settings) if settings.spark_remote else _started(settings)
    except Exception as error:
        where = settings.spark_remote.split("/;")[0] or f"its log is {_log_path(settings)}"
        raise RunError(f"Spark does not start ({type(error).__name__}); {where}") from error
    record_phases(settings, {"engine_start": time.monotonic() - started})
    try:
        _check_format(session, settings)
        yield session
    finally:
        session.stop()


def stage_raw_layer(settings: Settings) -> None:
    """Copy the raw layer to SPARK_URL, where that is set, and let Spark know its tables.

    Args:
        settings: of the warehouse; a session is there.

    Raises:
        DbtError: Spark can't read the raw layer.
        OSError: or another error of the file system's driver, where it can't be copied.
    """
    started = time.monotonic()
    if settings.spark_url:
        mirror(settings.raw_dir, f"{settings.spark_url}/raw", settings.build_dir / "mirrored.json")
    run_dbt(settings, ["run-operation", "stage_external_sources"])
    record_phases(settings, {"stage": time.monotonic() - started})


def collect_tables(settings: Settings, as_of: datetime) -> None:
    """Read what is published, and what the outputs show, from Spark into the databases of the build folder.

    Of facts, whose rows are as many as sends, those of OUTPUT_DAYS are read; all else is read whole.

    Args:
        settings: of the warehouse; a session is there.
        as_of: moment of the report, naive UTC.

    Raises:
        DbtError: a table can't be read.
        OSError: or another error of the file system's driver, where SPARK_URL can't be read.
    """
    started = time.monotonic()
    since = Spark().facts_since(settings, as_of)
    relations = json.loads((target_dir(settings) / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    nodes = _collected_nodes(json.loads(manifest_path(settings).read_text(encoding="utf-8"))["nodes"])
    local = settings.warehouse_dir / "spark" / "collected"
    url = f"{settings.spark_url}/collected" if settings.spark_url else str(local)
    location = f"{settings.engine_location}/collected" if settings.spark_url else str(local)

    statements = []
    for unique_id, node in nodes.items():
        name, relation = node["name"], relations[unique_id]["relation_name"]
        condition = f" where {FACT_TIMES[name]} > '{since}'" if name in FACT_TIMES else ""
        folder = text_literal(f"{location}/{name}")
        statements.append(f"insert overwrite directory {folder} using parquet select * from {relation}{condition}")
    shutil.rmtree(local, ignore_errors=True)
    run_dbt(settings, ["run-operation", "run_statements", "--args", json.dumps({"statements": statements})])
    if settings.spark_url:
        filesystem, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        filesystem.get(f"{root.rstrip('/')}/", f"{local}/", recursive=True)
        filesystem.rm(root, recursive=True)
    _read_into_databases(settings, local, nodes)
    shutil.rmtree(local)
    record_phases(settings, {"collect": time.monotonic() - started})


def _collected_nodes(nodes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of dbt's nodes by id: published tables and seeds, the outputs' views, and what is read beside them."""
    return {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
        and (node["database"] == "marts" or node["fqn"][1] == "exports" or node["name"] in READ_TOO)
    }


def _read_into_databases(settings: Settings, folder: Path, nodes: Mapping[str, dict[str, Any]]) -> None:
    """Make the databases of the build folder anew from folders of Parquet files, in the nodes' names and types."""
    new = {name: settings.build_dir / f"{name}.new" for name in DATABASES}
    for path in new.values():
        path.unlink(missing_ok=True)
    with duckdb.connect(str(new[DATABASES[0]])) as connection:
        connection.execute(f"set memory_limit = '{settings.memory_limit_gb}GB'")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {text_literal(str(new[DATABASES[1]]))} as marts (storage_version 'v1.0.0')")
        for node in nodes.values():
            files = f"read_parquet({text_literal(str(folder / node['name'] / '*.parquet'))})"
            kinds = {str(name): str(kind) for name, kind, *_ in connection.execute(f"describe from {files}").fetchall()}
            # Spark's times are UTC; where they say so, DuckDB would show them in a zone.
            wanted = {name: kind.removesuffix(" WITH TIME ZONE") for name, kind in kinds.items()}
            wanted |= {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            wanted |= node["config"].get("column_types") or {}
            values = ", ".join(f"{quoted(name)}::{wanted[name]} as {quoted(name)}" for name in kinds)
            database = "marts.main" if node["database"] == "marts" else "main"
            connection.execute(f"create table {database}.{quoted(node['name'])} as select {values} from {files}")
    for name, path in new.items():
        path.replace(settings.build_dir / name)


def _joined(settings: Settings) -> SparkSession:
    """A session on a cluster, by Spark Connect."""
    session: SparkSession = SparkSession.builder.remote(settings.spark_remote).getOrCreate()
    for name, value in _SESSION_OPTIONS.items():
        session.conf.set(name, value)
    return session


_SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}


def _started(settings: Settings) -> SparkSession:
    """A session of a Spark of our own; what else it is to know, spark-defaults.conf in SPARK_CONF_DIR says."""
    folder = settings.warehouse_dir / "spark"
    (folder / "scratch").mkdir(parents=True, exist_ok=True)
    processors = os.cpu_count() or 1
    options = {
        **_SESSION_OPTIONS,
        "spark.driver.memory": f"{settings.memory_limit_gb}g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={_log_path(settings).with_name('derby.log')}",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder / 'metastore'};create=true",
        "spark.hadoop.hive.exec.scratchdir": str(folder / "scratch"),
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "tables"),
        "spark.sql.shuffle.partitions": str(2 * processors),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local[{processors}]").appName("outbound-sms-reporting").enableHiveSupport()
    for name, value in options.items():
        builder = builder.config(name, value)
    with _output_of_children_to(_log_path(settings)):
        session: SparkSession = builder.getOrCreate()
    return session


def _log_path(settings: Settings) -> Path:
    return settings.build_dir / "logs" / "spark.log"


@contextlib.contextmanager
def _output_of_children_to(path: Path) -> Iterator[None]:
    """Let processes that are started now print to a file: Spark's, for as long as it runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    with path.open("ab") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    try:
        yield
    finally:
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


def _check_format(session: SparkSession, settings: Settings) -> None:
    """Make sure that Spark knows the format of the tables.

    Raises:
        SettingError: it does not.
    """
    if settings.spark_table_format == PARQUET:
        return
    try:
        session.sql(f"select * from {settings.spark_table_format}.`/nowhere`").schema  # noqa: B018
    except Exception as error:
        if re.search(r"DATA_SOURCE_NOT_FOUND|UNSUPPORTED_DATASOURCE|ClassNotFound|Failed to find.*source", str(error)):
            accepted = (
                f"{PARQUET}, or a format whose packages this Spark has (spark.jars.packages in spark-defaults.conf)"
            )
            raise SettingError("SPARK_TABLE_FORMAT", settings.spark_table_format, accepted) from None
