"""What was noted of dropping old personal data, and whether it is time to drop more (see retention.py)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.loading.raw_layer import LOADED, LedgerEntry, RawLayer
from orchestration.notes import read_note
from orchestration.settings import Settings


def note_path(settings: Settings) -> Path:
    """The note.

    Its keys: `cutoff`, before which all rows have lost their personal data; `day` and `days`, for which it was told;
    `oldest`, the time of the oldest row that has not, by the hash of what a raw file holds; `key_check`.
    """
    return settings.raw_dir / "pipeline" / "retention.json"


def moment_of(settings: Settings) -> datetime:
    """The moment from which the days count, naive UTC: AS_OF, else now."""
    return (settings.as_of or datetime.now(UTC)).replace(tzinfo=None)


def cutoff_of(settings: Settings, note: dict[str, Any]) -> datetime:
    """What is older loses its personal data; it moves with the first run of a day, since all tables are made anew then.

    Without RETENTION_DAYS it stays where it was, so that what was dropped does not come back.

    Args:
        settings: of the run.
        note: see `note_path`; it is there, or RETENTION_DAYS is set.

    Returns:
        Naive UTC.
    """
    moment = moment_of(settings)
    if not settings.retention_days:
        return datetime.fromisoformat(note["cutoff"])
    if (note.get("day"), note.get("days")) == (moment.date().isoformat(), settings.retention_days):
        return datetime.fromisoformat(note["cutoff"])
    return moment - timedelta(days=settings.retention_days)


def loaded_entries(raw_layer: RawLayer) -> list[LedgerEntry]:
    """The ledger's entries of what is in the raw layer."""
    return [entry for entry in raw_layer.read_ledger() if entry.outcome == LOADED]


def is_due(settings: Settings, raw_layer: RawLayer) -> bool:
    """Whether a run would drop personal data."""
    note = read_note(note_path(settings))
    if not settings.retention_days and not note:
        return False
    oldest, cutoff = note.get("oldest", {}), cutoff_of(settings, note).isoformat()
    return any(oldest.get(entry.raw_hash, "") < cutoff for entry in loaded_entries(raw_layer))
