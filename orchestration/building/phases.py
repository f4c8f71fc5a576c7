"""How long each phase of a run took: `WAREHOUSE_DIR/build/phases.json`, seconds by phase, in the order of the run."""

import contextlib
import json

from orchestration.settings import Settings

PHASES_FILE = "phases.json"
# What an engine beside DuckDB takes around a build: to start, to see the raw layer, to hand over the tables.
ENGINE_PHASES = ("engine_start", "stage", "collect")


def read_phases(settings: Settings) -> dict[str, float]:
    """Seconds by phase of the run under way, or of the last one."""
    try:
        phases: dict[str, float] = json.loads((settings.build_dir / PHASES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return phases


def record_phases(settings: Settings, seconds: dict[str, float], restart: bool = False) -> None:
    """Note how long phases took.

    Args:
        settings: of the warehouse.
        seconds: by phase.
        restart: whether a new run begins, whose first phases these are.
    """
    phases = ({} if restart else read_phases(settings)) | {name: round(value, 3) for name, value in seconds.items()}
    # A run does not fail because its duration could not be noted.
    with contextlib.suppress(OSError):
        settings.build_dir.mkdir(parents=True, exist_ok=True)
        (settings.build_dir / PHASES_FILE).write_text(json.dumps(phases, indent=1), encoding="utf-8")
