"""Whether what is published is what a run would publish, so that a run with nothing to do ends at once.

    WAREHOUSE_DIR/build/built.json       what the last whole build that passed its tests was made of
    WAREHOUSE_DIR/build/published.json   the same of what is published, and how its files looked: size, time of change

    WAREHOUSE_DIR/build/delivered.json   which outputs were copied to OUTPUT_URL

A file that is gone, damaged or elsewhere makes the next run publish again, and a delivery that failed deliver again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from orchestration.building.build import DATABASES, fingerprint
from orchestration.errors import PublishError
from orchestration.loading.raw_layer import LedgerEntry, RawLayer
from orchestration.notes import read_note, write_note
from orchestration.privacy.retention_note import is_due
from orchestration.settings import Settings

MANIFEST_FILE = "manifest.json"


def note_built(settings: Settings, raw_layer: RawLayer) -> None:
    """Note that all tables were built of what is loaded, and passed their tests."""
    write_note(_built_path(settings), _made_of(settings, raw_layer))


def forget_built(settings: Settings) -> None:
    """Note that a build failed: what it left is not to be published."""
    _built_path(settings).unlink(missing_ok=True)


def note_published(settings: Settings) -> None:
    """Note that marts and outputs were published; of what, the last whole build tells."""
    write_note(_published_path(settings), {**read_note(_built_path(settings)), "files": _files(settings)})


def check_is_publishable(settings: Settings) -> None:
    """Make sure that the tables passed their tests.

    Raises:
        PublishError: they did not, or were never built.
    """
    if not read_note(_built_path(settings)):
        raise PublishError("the last build did not pass its tests; nothing is published: run the job daily")


def is_current(settings: Settings, raw_layer: RawLayer) -> bool:
    """Whether marts and outputs are there, undamaged, what a run would make, and delivered, and the raw files whole."""
    known = read_note(_published_path(settings))
    is_published = bool(known) and known == {**_made_of(settings, raw_layer), "files": _files(settings)}
    return is_published and raw_layer.is_as_written() and is_delivered(settings) and not is_due(settings, raw_layer)


def note_delivered(settings: Settings) -> None:
    """Note that the latest outputs are where `OUTPUT_URL` says."""
    write_note(_delivered_path(settings), _delivered(settings))


def is_delivered(settings: Settings) -> bool:
    """Whether the latest outputs are where `OUTPUT_URL` says, or it says nothing."""
    return not settings.output_url or read_note(_delivered_path(settings)) == _delivered(settings)


def has_unpublished_extracts(settings: Settings, raw_layer: RawLayer) -> bool:
    """Whether extracts were loaded that no run has published."""
    ledger = raw_layer.read_ledger()
    return bool(ledger) and read_note(_published_path(settings)).get("ledger") != _ledger_digest(ledger)


def _built_path(settings: Settings) -> Path:
    return settings.build_dir / "built.json"


def _published_path(settings: Settings) -> Path:
    return settings.build_dir / "published.json"


def _delivered_path(settings: Settings) -> Path:
    return settings.build_dir / "delivered.json"


def _delivered(settings: Settings) -> dict[str, str]:
    """The URL as a digest, since it can hold a password, and that of the latest manifest."""
    manifest = settings.output_dir / "latest" / MANIFEST_FILE
    contents = {"url": settings.output_url.encode(), "manifest": manifest.read_bytes()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _made_of(settings: Settings, raw_layer: RawLayer) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint(settings),
        "as_of": raw_layer.as_of().isoformat(),
        "output_days": settings.output_days,
        "over_messaged_count": settings.over_messaged_count,
        "alerts": [settings.alert_hours, settings.alert_least_sends, settings.alert_opt_out_percent],
        "personal_data": [
            settings.personal_data_csv,
            settings.personal_data_workbook,
            settings.personal_data_export,
            settings.personal_data_report,
            settings.personal_data_marts,
        ],
        "ledger": _ledger_digest(raw_layer.read_ledger()),
    }


def _files(settings: Settings) -> dict[str, list[int]]:
    """Size (bytes) and time of change (nanoseconds) of all that was published and of what it was published from."""
    latest = (settings.output_dir / "latest").resolve()
    paths = [settings.marts_path, *(settings.build_dir / name for name in DATABASES)]
    paths += sorted(path for path in latest.rglob("*") if path.is_file()) if latest.is_dir() else []
    states = {str(path): path.stat() for path in paths if path.exists()}
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}


def _ledger_digest(ledger: list[LedgerEntry]) -> str:
    noted = sorted(
        (entry.source, entry.table_name, entry.file, entry.content_hash, entry.outcome, entry.reason or "")
        for entry in ledger
    )
    return hashlib.sha256(json.dumps(noted).encode()).hexdigest()
