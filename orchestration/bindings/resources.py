"""Dagster's resources."""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from orchestration.loading.warehouse_lock import warehouse_lock
from orchestration.settings import Settings


class WarehouseLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Held for the whole run (the in-process executor sets resources up once a run); freed by the system if it dies."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["WarehouseLock", None, None]:
        """Take the lock, waiting for the run that holds it."""
        with warehouse_lock(Settings.from_environment()):
            yield self
