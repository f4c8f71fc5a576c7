"""Small JSON files in which one run leaves word for the next."""

import json
from pathlib import Path
from typing import Any


def read_note(path: Path) -> dict[str, Any]:
    """What was noted; nothing where the file is gone or damaged."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_note(path: Path, content: dict[str, Any]) -> None:
    """Note something, in one step, in a folder that is there."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    temporary.replace(path)
