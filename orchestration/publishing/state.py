"""Whether what is published is what a run would publish, so that a run with nothing to do ends at once.

    WAREHOUSE_DIR/build/published.json

The file tells what marts and outputs were made of, and how their files looked: size and time of change. A file that is
gone, damaged or elsewhere makes the next run publish again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from orchestration.building.build import DATABASES, fingerprint
from orchestration.loading.raw_layer import LedgerEntry, RawLayer
from orchestration.settings import Settings


def note_published(settings: Settings, raw_layer: RawLayer) -> None:
    """Note that marts and outputs were published from the build."""
    state = {**_made_of(settings, raw_layer), "files": _files(settings)}
    temporary = _path(settings).with_suffix(".tmp")
    temporary.write_text(json.dumps(state, indent=1), encoding="utf-8")
    temporary.replace(_path(settings))


def is_current(settings: Settings, raw_layer: RawLayer) -> bool:
    """Whether marts and outputs are there, undamaged, and what a run would make."""
    try:
        known = json.loads(_path(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(known == {**_made_of(settings, raw_layer), "files": _files(settings)})


def has_unpublished_extracts(settings: Settings, raw_layer: RawLayer) -> bool:
    """Whether extracts were loaded that no run has published."""
    ledger = raw_layer.read_ledger()
    try:
        known = json.loads(_path(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return bool(ledger)
    return bool(known.get("ledger") != _ledger_digest(ledger))


def _path(settings: Settings) -> Path:
    return settings.build_dir / "published.json"


def _made_of(settings: Settings, raw_layer: RawLayer) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint(settings),
        "as_of": raw_layer.as_of().isoformat(),
        "output_days": settings.output_days,
        "over_messaged_count": settings.over_messaged_count,
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
