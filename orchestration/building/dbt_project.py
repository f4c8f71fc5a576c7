"""The dbt project as the pipeline runs it: where it lies, where it writes, which variables it reads."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestration.settings import DUCKDB, Settings

PROJECT_DIR = Path(__file__).parent.parent.parent


def target_dir(settings: Settings) -> Path:
    """Dbt's target folder: one a warehouse and engine, so that runs on different warehouses do not meet."""
    return settings.build_dir / ("target" if settings.engine == DUCKDB else f"target-{settings.engine}")


def manifest_path(settings: Settings) -> Path:
    """Dbt's manifest, see `ensure_manifest`."""
    return target_dir(replace(settings, engine=DUCKDB)) / "manifest.json"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables of a dbt process: the folders that profiles.yml and the sources' YAML read, and where dbt writes."""
    return {
        **settings.as_environment(),
        "DBT_TARGET_PATH": str(target_dir(settings)),
        "DBT_LOG_PATH": str(settings.build_dir / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # What dbt prints goes to a log.
        "DBT_USE_COLORS": "false",
    }


def set_environment(wanted: Mapping[str, str]) -> None:
    """Give this process these variables and no others."""
    for name in set(os.environ) - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)


def without_dbt_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what dbt reads as its options: the caller's are meant for other projects."""
    return {name: value for name, value in environment.items() if not name.startswith("DBT_")}


def dbt_executable() -> str:
    """The dbt of this Python environment, which need not be on PATH."""
    beside_python = Path(sys.executable).with_name("dbt")
    return str(beside_python) if beside_python.exists() else "dbt"
