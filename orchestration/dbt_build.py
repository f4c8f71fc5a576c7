"""The dbt project as the pipeline runs it: where it lies, how it is parsed, what a run builds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import UserError
from orchestration.settings import Settings

PROJECT_DIR = Path(__file__).parent.parent
# What dbt reads when it parses; a manifest that is newer than all of it is used as it is.
PARSED_FOLDERS = ("models", "macros", "seeds", "tests/data")
PARSED_FILES = ("dbt_project.yml", "profiles.yml")


@dataclass(frozen=True)
class FailedNode:
    """A dbt model, seed or test that failed: its name, what dbt said, and where its SQL lies."""

    name: str
    message: str
    compiled_path: str | None


def target_dir(settings: Settings) -> Path:
    """Dbt's target folder: one a warehouse, so that runs on different warehouses do not meet."""
    return settings.build_dir / "target"


def manifest_path(settings: Settings) -> Path:
    """Dbt's manifest, see `ensure_manifest`."""
    return target_dir(settings) / "manifest.json"


def build_arguments() -> list[str]:
    """Arguments of dbt for the job `daily`: everything but the unit tests, which test the project and not the data."""
    return ["build", "--exclude-resource-type", "unit_test"]


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables of a dbt process: the folders that profiles.yml and the sources' YAML read, and where dbt writes."""
    return {
        **settings.as_environment(),
        "DBT_TARGET_PATH": str(target_dir(settings)),
        "DBT_LOG_PATH": str(settings.build_dir / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def dbt_executable() -> str:
    """The dbt of this Python environment, which need not be on PATH."""
    beside_python = Path(sys.executable).with_name("dbt")
    return str(beside_python) if beside_python.exists() else "dbt"


def ensure_manifest(settings: Settings) -> Path:
    """Make sure that dbt's manifest is there and no older than the project.

    Args:
        settings: of the warehouse whose build folder holds the manifest.

    Returns:
        The manifest's path.

    Raises:
        UserError: the dbt project does not parse; the message is dbt's.
    """
    path = manifest_path(settings)
    if path.exists() and path.stat().st_mtime >= max(_parsed_times()):
        return path
    settings.build_dir.mkdir(parents=True, exist_ok=True)
    parsed = subprocess.run(
        [dbt_executable(), "--quiet", "parse"],
        cwd=PROJECT_DIR,
        env={**os.environ, **dbt_environment(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    if parsed.returncode != 0:
        raise UserError(f"the dbt project does not parse:\n{parsed.stdout}{parsed.stderr}")
    os.utime(path)
    return path


def _parsed_times() -> Iterator[float]:
    for name in PARSED_FILES:
        yield (PROJECT_DIR / name).stat().st_mtime
    for folder in PARSED_FOLDERS:
        for directory, _, files in os.walk(PROJECT_DIR / folder):
            yield Path(directory).stat().st_mtime
            for name in files:
                yield Path(directory, name).stat().st_mtime


def failed_nodes(target: Path) -> list[FailedNode]:
    """Read what failed in the newest dbt run of a target folder.

    Args:
        target: folder with dbt's run_results.json.

    Returns:
        The failed nodes in the order of the run; none where there are no readable results.
    """
    try:
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        FailedNode(
            name=result["unique_id"].split(".")[2],
            message=" ".join(str(result.get("message") or "").split()),
            compiled_path=next(
                iter(str(path) for path in target.glob(f"compiled/**/{result['unique_id'].split('.')[2]}.sql")), None
            ),
        )
        for result in results
        if result["status"] in ("error", "fail")
    ]
