"""Dagster's event log, kept in SQLite as Dagster's own storage does, with connections that stay open.

Dagster's storage opens a database anew for each of a run's several hundred events; on a small run that takes longer
than dbt does. Measured with Dagster 1.13, a run of 489 events beside other work on two slow cores: 43 seconds with this
one; with Dagster's own, three such runs had not ended after nine minutes. Tables, files and locking are Dagster's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

# Databases of a process that stay open: a run needs two, the web interface one for each run that is looked at.
KEPT_CONNECTIONS = 8


class ReusedConnectionsEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log with one connection a database, kept until the process ends or `dispose` is called."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Prepare the folder of the databases, as Dagster's storage does."""
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "ReusedConnectionsEventLogStorage":
        """Make the storage that dagster.yaml names; Dagster's own method makes its own class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                while len(self._engines) >= KEPT_CONNECTIONS:
                    self._engines.pop(next(iter(self._engines))).dispose()
                self._engines[shard] = _engine(self.conn_string_for_shard(shard))
            engine = self._engines[shard]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def dispose(self) -> None:
        """Close the databases."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _engine(url: str) -> Engine:
    """An engine with one connection; a write reaches the disk when the write-ahead log is merged, not at each event."""
    engine = create_engine(
        url,
        poolclass=StaticPool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_synchronous(connection: Any, _: Any) -> None:
        connection.execute("pragma synchronous = normal")

    return engine
