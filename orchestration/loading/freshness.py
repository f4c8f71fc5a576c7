"""Which sources have not had a new extract for longer than STALE_AFTER_HOURS says."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from orchestration.loading.raw_layer import LOADED, LedgerEntry
from orchestration.settings import Settings


def newest_loads(ledger: Iterable[LedgerEntry]) -> dict[tuple[str, str], datetime]:
    """When the newest extract of each table was loaded, naive UTC; a table that never had one is left out."""
    newest: dict[tuple[str, str], datetime] = {}
    for entry in ledger:
        if entry.outcome == LOADED:
            key = (entry.source, entry.table_name)
            newest[key] = max(entry.loaded_at, newest.get(key, entry.loaded_at))
    return newest


def stale_tables(settings: Settings, ledger: Iterable[LedgerEntry], now: datetime | None = None) -> dict[str, int]:
    """Tables of extracts that are stale.

    Args:
        settings: say after how many hours.
        ledger: all extract file versions.
        now: naive UTC; the clock's when None.

    Returns:
        The hours that are allowed, by "source/table".
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    stale = {}
    for (source, table), loaded_at in sorted(newest_loads(ledger).items()):
        hours = settings.hours_until_stale(source, table)
        if hours and now - loaded_at > timedelta(hours=hours):
            stale[f"{source}/{table}"] = hours
    return stale
