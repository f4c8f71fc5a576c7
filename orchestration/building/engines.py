"""The engines that can build the tables: DuckDB in this process, or Spark; the setting ENGINE says which.

After a build, both leave the same in `WAREHOUSE_DIR/build/`: a DuckDB database of what is published, and one of the
views that outputs show. With DuckDB these are the databases that dbt built in; from Spark they are read (spark.py).
All that comes after a build, from the previews to the outputs, knows no engine (docs/scaling.md).
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from orchestration.settings import DUCKDB, Settings


class Engine(ABC):
    """What differs between the engines.

    Attributes:
        target: dbt's, in profiles.yml.
        packages: those whose versions decide what the tables hold.
        builds_in_databases: whether dbt builds in the databases of the build folder, so that they can be asked why a
            build failed, damage of theirs is mended by building anew, and a full check can compare them.
    """

    target: str
    packages: tuple[str, ...]
    builds_in_databases: bool

    @abstractmethod
    def reason_to_refresh(self, settings: Settings) -> str:
        """Why each build makes everything anew; empty where it can go on from what is there."""

    @abstractmethod
    def facts_since(self, settings: Settings, as_of: datetime) -> datetime | None:
        """After which the published facts begin, for a report as of a moment (naive UTC); None where they hold all."""

    @abstractmethod
    def most_rows_at_once(self, settings: Settings) -> int | None:
        """Rows of extracts that are applied at once; None for all."""

    @abstractmethod
    def running(self, settings: Settings) -> AbstractContextManager[None]:
        """Have the engine run while dbt builds."""

    @abstractmethod
    def stage(self, settings: Settings) -> None:
        """Let the engine see the raw layer as it is now."""

    @abstractmethod
    def collect(self, settings: Settings, as_of: datetime) -> None:
        """Let the databases of the build folder hold what was built, as of that moment (naive UTC)."""


class DuckDB(Engine):
    """The engine of one machine."""

    target = "warehouse"
    packages = ("dbt-duckdb", "duckdb")
    builds_in_databases = True

    def reason_to_refresh(self, settings: Settings) -> str:
        """None."""
        return ""

    def facts_since(self, settings: Settings, as_of: datetime) -> datetime | None:
        """They hold all."""
        return None

    def most_rows_at_once(self, settings: Settings) -> int | None:
        """As the setting says, so that memory holds them."""
        return settings.max_rows_at_once

    @contextlib.contextmanager
    def running(self, settings: Settings) -> Iterator[None]:
        """Dbt starts and ends it."""
        yield

    def stage(self, settings: Settings) -> None:
        """There is nothing to do: staging reads the raw files."""

    def collect(self, settings: Settings, as_of: datetime) -> None:
        """There is nothing to do: dbt built in them."""


def engine_of(settings: Settings) -> Engine:
    """The engine that the setting ENGINE names."""
    if settings.engine == DUCKDB:
        return DuckDB()
    # It imports pyspark, which need not be installed for DuckDB.
    from orchestration.building.spark import Spark

    return Spark()
