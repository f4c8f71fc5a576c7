"""Parsing the dbt project once for all warehouses: a run uses what was parsed before, unless the project changed.

dbt's own partial parsing starts anew for every folder of a warehouse. Reading its cache needs a decoder that is no part
of dbt's public interface: nothing else here is private to dbt, and where the cache can't be read, dbt parses.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.building.dbt_project import (
    PROJECT_DIR,
    dbt_environment,
    dbt_executable,
    target_dir,
    without_dbt_variables,
)
from orchestration.building.engines import engine_of
from orchestration.errors import DISK_IS_FULL, RunError, UserError, tells_of_a_full_disk
from orchestration.settings import DUCKDB, Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# What dbt reads when it parses; a manifest that is newer than all of it is used as it is.
PARSED_FOLDERS = ("models", "macros", "seeds", "tests/data")
PARSED_FILES = ("dbt_project.yml", "profiles.yml")
# It parses its packages' macros too; this folder changes whenever one is installed.
PACKAGES_DIR = Path(sysconfig.get_path("purelib"))
# What dbt makes of them, kept in the project for its next warehouse, by engine.
PARSED_DIR = PROJECT_DIR / "target" / "parsed"
PARTIAL_PARSE = "partial_parse.msgpack"
PARSE_RESULTS = (PARTIAL_PARSE, "manifest.json")
# In the first lines of a manifest: when dbt began to parse, also where it went on from what it knew.
_BEGUN = re.compile(rb'"generated_at": "([0-9T:.Z+-]+)"')


def ensure_manifest(settings: Settings) -> Path:
    """Make sure that dbt's manifest is there and no older than the project.

    It shows the project as DuckDB reads it, whatever the engine: which tables are published, and with which types.

    Args:
        settings: of the warehouse whose build folder holds the manifest.

    Returns:
        The manifest's path.

    Raises:
        UserError: the dbt project does not parse; the message is dbt's.
        RunError: the disk is full.
    """
    return _ensure_parsed(replace(settings, engine=DUCKDB))


def _ensure_parsed(settings: Settings) -> Path:
    """Make sure that the project is parsed for the settings' engine; returns the manifest's path."""
    path = target_dir(settings) / "manifest.json"
    kept = PARSED_DIR.with_name(PARSED_DIR.name + path.parent.name.removeprefix("target"))
    changed = max(_parsed_times())
    if _is_fresh(path, changed):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_fresh(kept / path.name, changed):
        # Of another warehouse; `run_dbt` puts in the folder of its own.
        with contextlib.suppress(OSError):
            _copy_parse_results(kept, path.parent)
            return path
    # In a folder aside: dbt writes its files where they are to lie, and one that was killed would leave half of them.
    with tempfile.TemporaryDirectory() as aside:
        _parse(settings, Path(aside))
        _copy_parse_results(Path(aside), path.parent)
    # A project that can't be written to is parsed for every warehouse.
    with contextlib.suppress(OSError):
        _copy_parse_results(path.parent, kept)
    return path


def _parse(settings: Settings, target: Path) -> None:
    """Let dbt parse the project in a process of its own, with what it knows of the last time."""
    known = target_dir(settings) / PARTIAL_PARSE
    parsed = subprocess.run(
        [
            *(dbt_executable(), "--quiet", "parse", "--target", engine_of(settings).target),
            *(("--partial-parse-file-path", str(known)) if known.exists() else ()),
        ],
        cwd=PROJECT_DIR,
        env={**without_dbt_variables(os.environ), **dbt_environment(settings), "DBT_TARGET_PATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    if parsed.returncode != 0 and tells_of_a_full_disk(parsed.stdout + parsed.stderr):
        raise RunError(DISK_IS_FULL)
    if parsed.returncode != 0:
        raise UserError(f"the dbt project does not parse:\n{parsed.stdout}{parsed.stderr}")
    if not (target / PARTIAL_PARSE).exists():
        # Files are newer and say the same: what dbt knew holds.
        shutil.copyfile(known, target / PARTIAL_PARSE)


def parsed_manifest(settings: Settings) -> "Manifest | None":
    """What was parsed for the settings' engine, with this raw layer; dbt itself would parse anew for another folder.

    Args:
        settings: of the warehouse.

    Returns:
        The manifest; None where it is gone or another version of dbt wrote it: dbt parses then.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    from dbt.version import __version__

    path = _ensure_parsed(settings).with_name(PARTIAL_PARSE)
    try:
        packed = path.read_bytes()
        manifest: Manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)  # type: ignore[attr-defined]
    except Exception:  # not there, or whatever another version's layout makes it raise
        return None
    if manifest.metadata.dbt_version != __version__:
        return None
    for source in manifest.sources.values():
        # As dbt_project.yml has it.
        source.meta["warehouse_dir"] = str(settings.warehouse_dir)
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest


def _is_fresh(path: Path, changed: float) -> bool:
    """Whether a manifest is there, whole, and of a parse that began after the last change of what it was made of.

    It says itself when: the time of the file would be that of a warehouse's copy.
    """
    if not path.exists():
        return False
    with path.open("rb") as file:
        begun = _BEGUN.search(file.read(1_000))
        file.seek(max(0, path.stat().st_size - 2))
        is_whole = file.read().rstrip().endswith(b"}")
    return is_whole and begun is not None and datetime.fromisoformat(begun[1].decode()).timestamp() >= changed


def _copy_parse_results(source: Path, target: Path) -> None:
    """Copy what dbt parsed; the manifest comes last and under another name first, so that it is never half there."""
    target.mkdir(parents=True, exist_ok=True)
    for name in PARSE_RESULTS:
        temporary = target / f"{name}.{os.getpid()}.tmp"
        shutil.copyfile(source / name, temporary)
        temporary.replace(target / name)


def _parsed_times() -> Iterator[float]:
    yield PACKAGES_DIR.stat().st_mtime
    for name in PARSED_FILES:
        yield (PROJECT_DIR / name).stat().st_mtime
    for folder in PARSED_FOLDERS:
        for directory, _, files in os.walk(PROJECT_DIR / folder):
            yield Path(directory).stat().st_mtime
            for name in files:
                yield Path(directory, name).stat().st_mtime
