"""What the databases being built hold: which extracts, with which models and settings; so, what the next run must do.

    WAREHOUSE_DIR/build/state.json

The file is taken away before a build starts and written when it has passed its tests. A run that finds no file, or one
of other models, seeds or settings, rebuilds everything from the raw layer; any other run adds the new extracts to what
is there.
"""

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from orchestration.dbt_build import PROJECT_DIR
from orchestration.raw_layer import LOADED, LedgerEntry
from orchestration.settings import Settings

# What decides the rows of the tables; tests and documentation do not.
DECIDING_FOLDERS = ("models", "macros", "seeds")
DECIDING_SUFFIXES = (".sql", ".csv", ".yml")
DECIDING_FILES = ("dbt_project.yml", "profiles.yml")
DECIDING_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")


@dataclass(frozen=True)
class BuildState:
    """What a finished build holds.

    Attributes:
        fingerprint: of the models, seeds and settings that it was made with.
        as_of: its moment of the report, naive UTC, ISO 8601.
        output_days: setting of the outputs published from it.
        extracts: those in it, each as source/table/content hash.
        ledger_digest: of all that the loader had noted, refused files too.
        is_published: whether marts and outputs were published from it.
    """

    fingerprint: str
    as_of: str
    output_days: int
    extracts: list[str]
    ledger_digest: str
    is_published: bool = False


@dataclass(frozen=True)
class BuildPlan:
    """What a run builds.

    Attributes:
        target: the state when it is done.
        is_full: whether everything is rebuilt from the raw layer.
        new_extracts: those to apply, each as source/table/content hash; all of them in a full build.
        previous_as_of: as-of moment of the state it builds on, naive UTC; None in a full build.
        reason: why the build is full; empty where it is not.
    """

    target: BuildState
    is_full: bool
    new_extracts: list[str]
    previous_as_of: datetime | None
    reason: str


class BuildStates:
    """Reads and writes the state of one warehouse's build."""

    def __init__(self, settings: Settings) -> None:
        """Prepare for a warehouse; nothing is read or written yet."""
        self.settings = settings
        self.path = settings.build_dir / "state.json"

    def read(self) -> BuildState | None:
        """The state of the last finished build; None where there is none, or a build began and did not end."""
        try:
            return BuildState(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def plan(self, ledger: list[LedgerEntry], as_of: datetime, full_refresh: bool = False) -> BuildPlan:
        """Decide what a run builds.

        Args:
            ledger: all extract file versions.
            as_of: moment of the report, naive UTC.
            full_refresh: whether to rebuild everything in any case.

        Returns:
            The plan; nothing is changed yet.
        """
        known = self.read()
        extracts = sorted(
            {f"{entry.source}/{entry.table_name}/{entry.content_hash}" for entry in ledger if entry.outcome == LOADED}
        )
        target = BuildState(
            fingerprint=fingerprint(self.settings),
            as_of=as_of.isoformat(),
            output_days=self.settings.output_days,
            extracts=extracts,
            ledger_digest=_ledger_digest(ledger),
        )
        reason = ""
        if full_refresh:
            reason = "a rebuild was asked for"
        elif known is None:
            reason = "there is no finished build"
        elif known.fingerprint != target.fingerprint:
            reason = "models, seeds or settings changed"
        elif not set(known.extracts) <= set(extracts):
            reason = "the raw layer lacks extracts that the build holds"
        elif not (self.settings.build_dir / "marts.duckdb").exists():
            reason = "the databases being built are gone"
        if reason or known is None:
            return BuildPlan(target, True, extracts, None, reason)
        new = sorted(set(extracts) - set(known.extracts))
        return BuildPlan(target, False, new, datetime.fromisoformat(known.as_of), "")

    def is_current(self, plan: BuildPlan) -> bool:
        """Whether what is published is what the plan would publish."""
        known = self.read()
        return (
            not plan.is_full and known == replace(plan.target, is_published=True) and self.settings.marts_path.exists()
        )

    def begin(self) -> None:
        """Note that a build is under way: until `finish`, what is in the databases counts as unknown."""
        self.path.unlink(missing_ok=True)

    def finish(self, state: BuildState) -> None:
        """Note what the databases hold now."""
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        temporary.replace(self.path)

    def note_published(self) -> None:
        """Note that marts and outputs were published from the build."""
        known = self.read()
        if known is not None:
            self.finish(replace(known, is_published=True))


def fingerprint(settings: Settings) -> str:
    """A hash of what decides the tables beside the extracts: models, macros, seeds, engine and settings."""
    digest = hashlib.sha256()
    files = [PROJECT_DIR / name for name in DECIDING_FILES]
    for folder in DECIDING_FOLDERS:
        files += [path for path in (PROJECT_DIR / folder).rglob("*") if path.suffix in DECIDING_SUFFIXES]
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT_DIR)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    deciding = [
        *(importlib.metadata.version(package) for package in DECIDING_PACKAGES),
        settings.reporting_timezone,
        settings.receipt_timeout_hours,
        settings.reply_window_days,
        settings.over_messaged_count,
    ]
    digest.update(json.dumps(deciding).encode())
    return digest.hexdigest()


def _ledger_digest(ledger: list[LedgerEntry]) -> str:
    noted = sorted(
        (entry.source, entry.table_name, entry.file, entry.content_hash, entry.outcome, entry.reason or "")
        for entry in ledger
    )
    return hashlib.sha256(json.dumps(noted).encode()).hexdigest()
