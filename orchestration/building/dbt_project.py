"""The dbt project as the pipeline runs it: where it lies, how it is parsed, what a run builds."""

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import UserError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT_DIR = Path(__file__).parent.parent.parent
# What dbt reads when it parses; a manifest that is newer than all of it is used as it is.
PARSED_FOLDERS = ("models", "macros", "seeds", "tests/data")
PARSED_FILES = ("dbt_project.yml", "profiles.yml")
# It parses its packages' macros too; this folder changes whenever one is installed.
PACKAGES_DIR = Path(sysconfig.get_path("purelib"))
# What dbt makes of them, kept in the project for its next warehouse.
PARSED_DIR = PROJECT_DIR / "target" / "parsed"
PARTIAL_PARSE = "partial_parse.msgpack"
PARSE_RESULTS = (PARTIAL_PARSE, "manifest.json")


# Every data test of the project; unit tests test the project and not the data.
TEST_ARGUMENTS = ("test", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class NodeResult:
    """What became of a dbt model, seed or test.

    Attributes:
        unique_id: dbt's id of the node.
        status: dbt's word: success, pass, warn, fail, error, skipped.
        seconds: duration.
        message: what dbt said.
        failures: rows that a test found; None for others.
        compiled_path: where the node's SQL lies.
    """

    unique_id: str
    status: str
    seconds: float
    message: str
    failures: int | None
    compiled_path: str | None

    @property
    def name(self) -> str:
        """Name of the node."""
        return self.unique_id.split(".")[2]

    @property
    def is_failed(self) -> bool:
        """Whether the node failed by itself, not because another did."""
        return self.status in ("error", "fail")


class DbtError(Exception):
    """Dbt failed; `results` holds what became of the nodes until then."""

    def __init__(self, message: str, results: list[NodeResult]) -> None:
        """Keep dbt's message and the results so far."""
        failed = "\n".join(
            f"{result.name}: {result.message[:500]}" + (f" ({result.compiled_path})" if result.compiled_path else "")
            for result in results
            if result.is_failed
        )
        super().__init__(failed or message)
        self.results = results


def target_dir(settings: Settings) -> Path:
    """Dbt's target folder: one a warehouse, so that runs on different warehouses do not meet."""
    return settings.build_dir / "target"


def manifest_path(settings: Settings) -> Path:
    """Dbt's manifest, see `ensure_manifest`."""
    return target_dir(settings) / "manifest.json"


def build_arguments(full_refresh: bool, with_seeds: bool = True, folds_only: bool = False) -> list[str]:
    """Arguments of dbt for a build: everything but the unit tests, which test the project and not the data.

    Args:
        full_refresh: whether incremental models are made anew.
        with_seeds: whether seeds are loaded and tested; a changed seed makes everything anew, so others need not.
        folds_only: whether only incremental models are built, with what they read, and nothing is tested.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if full_refresh else [])]
    if folds_only:
        return [*arguments, "--exclude-resource-type", "test", "--select", "+config.materialized:incremental"]
    return (
        arguments
        if with_seeds
        else [*arguments, "--exclude", "path:seeds", "assert_written_out_statuses_are_the_seeds"]
    )


def incremental_models(settings: Settings) -> set[str]:
    """Dbt's ids of the models that fold extracts into what is there."""
    manifest = json.loads(ensure_manifest(settings).read_text(encoding="utf-8"))
    return {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }


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
    changed = max(_parsed_times())
    if _is_fresh(path, changed):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_fresh(PARSED_DIR / path.name, changed):
        # Of another warehouse; `run_dbt` puts in the folder of its own.
        with contextlib.suppress(OSError):
            _copy_parse_results(PARSED_DIR, path.parent)
            return path
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
    # A project that can't be written to is parsed for every warehouse.
    with contextlib.suppress(OSError):
        _copy_parse_results(path.parent, PARSED_DIR)
    return path


def _is_fresh(path: Path, changed: float) -> bool:
    """Whether a file is there and newer than the last change of what it was made of."""
    return path.exists() and path.stat().st_mtime >= changed


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


def _parsed_manifest(settings: Settings) -> "Manifest | None":
    """What `ensure_manifest` had parsed, with this raw layer; dbt itself would parse anew for another folder.

    Args:
        settings: of the warehouse.

    Returns:
        The manifest; None where it is gone or another version of dbt wrote it: dbt parses then.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    from dbt.version import __version__

    path = ensure_manifest(settings).with_name(PARTIAL_PARSE)
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


def run_dbt(settings: Settings, arguments: Sequence[str]) -> list[NodeResult]:
    """Run a dbt command in this process, with what `ensure_manifest` had parsed.

    Args:
        settings: of the warehouse.
        arguments: dbt's, such as `build_arguments()`.

    Returns:
        What became of every node, in the order in which they ended.

    Raises:
        DbtError: dbt could not run at all, or a node failed; `results` tells which.
        UserError: the dbt project does not parse.
    """
    # dbt is imported here: a wrong setting is told at once, without seconds of imports.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    os.environ.update(dbt_environment(settings))
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    folders += ["--target-path", str(target_dir(settings)), "--log-path", str(settings.build_dir / "logs")]
    # What runs is in target/run; a log of every statement took a second of a day's run.
    folders += ["--log-level-file", "info"]
    try:
        outcome = dbtRunner(manifest=_parsed_manifest(settings)).invoke([*arguments, *folders])
    finally:
        # dbt lets go of its databases only with its connection manager; the previews and the publishing open them next.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        gc.collect()
    results = [
        NodeResult(
            unique_id=str(result.node.unique_id),
            status=str(result.status),
            seconds=float(result.execution_time),
            message=" ".join(str(result.message or "").split()),
            failures=result.failures,
            compiled_path=getattr(result.node, "compiled_path", None),
        )
        for result in getattr(outcome.result, "results", None) or []
        if hasattr(result, "execution_time")
    ]
    if not outcome.success:
        raise DbtError(str(outcome.exception or "dbt failed"), results)
    return results
