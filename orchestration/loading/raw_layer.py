"""The raw layer: immutable Parquet files of what was delivered, and a ledger of every extract file.

    WAREHOUSE_DIR/raw/<source>/<table>/load_date=YYYY-MM-DD/<content hash>.parquet
    WAREHOUSE_DIR/raw/pipeline/rejected_records/<source>/<table>/<content hash>.parquet
    WAREHOUSE_DIR/raw/pipeline/loads.parquet         the ledger: a row per extract file version
    WAREHOUSE_DIR/raw/pipeline/settings.parquet      the settings of the newest run, one row

A file is written under a temporary name and renamed, so a killed load leaves nothing half done; loading a file again
is a no-op, since the hash of its bytes is its name.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import ExtractRefusedError, ExtractUnreadableError, LoadError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.extract_files import hash_file, read_extract
from orchestration.loading.landing import Extract, list_extracts
from orchestration.loading.raw_files import Limits, Lineage, ReadResult, write_empty_parquet
from orchestration.settings import Settings

# Of the tables and outputs; pyproject.toml and dbt_project.yml have the same.
VERSION = "0.2.0"
LOADED, DUPLICATE, REFUSED = "loaded", "duplicate", "refused"
# Files that are read side by side.
WORKERS = os.cpu_count() or 1

_LEDGER_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("table_name", pa.string()),
        ("file", pa.string()),
        ("content_hash", pa.string()),
        ("extract_number", pa.int64()),
        ("loaded_at", pa.timestamp("us")),
        ("row_count", pa.int64()),
        ("rejected_count", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("size_bytes", pa.int64()),
        ("modified_ns", pa.int64()),
    ]
)
_REJECTED_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("table_name", pa.string()),
        ("file", pa.string()),
        ("content_hash", pa.string()),
        ("line_number", pa.int64()),
        ("record", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class LedgerEntry:
    """An extract file version (a file with one content) and what became of it.

    `extract_number` counts them in the order of their loads, within a load of their names; every row of the raw layer
    carries it. `row_count` counts all its rows, `rejected_count` those that could not be read; both are 0 for a refused
    file.
    """

    source: str
    table_name: str
    file: str
    content_hash: str
    extract_number: int
    loaded_at: datetime
    row_count: int
    rejected_count: int
    outcome: str
    reason: str | None
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True)
class LoadSummary:
    """What a load did to one table: the entries that are new in the ledger."""

    table: ExtractTable
    new_entries: list[LedgerEntry] = field(default_factory=list)


class RawLayer:
    """Reads and writes the raw layer of one warehouse folder."""

    def __init__(self, settings: Settings, tables: dict[tuple[str, str], ExtractTable]) -> None:
        """Prepare for a warehouse; nothing is read or written yet.

        Args:
            settings: where landing folder and raw layer lie.
            tables: the declared extract tables by (source, name).
        """
        self.settings = settings
        self.tables = tables
        self.limits = Limits(
            columns=settings.max_extract_columns,
            field_characters=settings.max_field_characters,
            unpacked_bytes=settings.max_unpacked_gb * 1_000_000_000,
            memory_bytes=settings.memory_limit_gb * 1_000_000_000 // WORKERS,
        )
        self.pipeline_dir = settings.raw_dir / "pipeline"
        self.ledger_path = self.pipeline_dir / "loads.parquet"

    def read_ledger(self) -> list[LedgerEntry]:
        """All extract file versions seen so far, oldest load first."""
        if not self.ledger_path.exists():
            return []
        # Ledgers and raw files of version 0.1.0 have no numbers.
        return [LedgerEntry(**{"extract_number": 0, **row}) for row in pq.read_table(self.ledger_path).to_pylist()]

    def new_extracts(self) -> list[Extract]:
        """The extracts in the landing folder whose size or time of change is not in the ledger."""
        seen = {(entry.file, entry.size_bytes, entry.modified_ns) for entry in self.read_ledger()}
        return [
            extract
            for extract in list_extracts(self.settings.landing_dir)
            if (extract.file, extract.size_bytes, extract.modified_ns) not in seen
        ]

    def standing_refusals(self) -> list[LedgerEntry]:
        """Refusals of files that are still there as they were refused, in the order of their names."""
        there = {extract.file: extract for extract in list_extracts(self.settings.landing_dir)}
        standing = {}
        for entry in self.read_ledger():
            extract = there.get(entry.file)
            # One that could not be read is noted without its time.
            if extract and entry.size_bytes == extract.size_bytes and entry.modified_ns in (extract.modified_ns, -1):
                standing[entry.file] = entry
        return [standing[file] for file in there if file in standing and standing[file].outcome == REFUSED]

    def load(self, selected: Iterable[tuple[str, str]] | None = None) -> dict[tuple[str, str], LoadSummary]:
        """Load every new extract into the raw layer and note it in the ledger.

        Args:
            selected: keys of the tables to load; all when None. Files of undeclared tables are refused in any case.

        Returns:
            A summary for each declared table that was selected.

        Raises:
            LoadError: a fault of this machine; nothing is noted, and the next load goes on from what was there before.
        """
        try:
            return self._load(set(self.tables if selected is None else selected))
        except MemoryError as error:
            raise LoadError("the load took more memory than this machine has; see MEMORY_LIMIT_GB") from error
        except OSError as error:
            where = error.filename or self.settings.raw_dir
            raise LoadError(f"can't write to the raw layer: {where}: {error.strerror or error}") from error

    def _load(self, keys: set[tuple[str, str]]) -> dict[tuple[str, str], LoadSummary]:
        self._prepare()
        loaded_at = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
        ledger = self.read_ledger()
        extracts = [
            extract
            for extract in self.new_extracts()
            if (extract.source, extract.table_name) in keys or (extract.source, extract.table_name) not in self.tables
        ]
        # One thread a file; the files of a load are independent of one another, and their results are noted in order.
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            hashes = list(pool.map(_hash_or_none, extracts))
            first_files: dict[tuple[str, str, str], str] = {
                (entry.source, entry.table_name, entry.content_hash): entry.file
                for entry in ledger
                if entry.outcome == LOADED
            }
            known_contents = set(first_files)
            pending: list[tuple[Extract, str | None, Future[LedgerEntry] | None]] = []
            first_number = 1 + max((entry.extract_number for entry in ledger), default=0)
            for number, (extract, content_hash) in enumerate(zip(extracts, hashes, strict=True), start=first_number):
                content_key = (extract.source, extract.table_name, content_hash or "")
                if content_hash is None or content_key in first_files:
                    pending.append((extract, content_hash, None))
                else:
                    first_files[content_key] = extract.file
                    task = pool.submit(self._load_extract, extract, content_hash, number, loaded_at)
                    pending.append((extract, content_hash, task))
            loaded = set(known_contents)
            new_entries = []
            for number, (extract, content_hash, future) in enumerate(pending, start=first_number):
                content_key = (extract.source, extract.table_name, content_hash or "")
                if extract.problem is not None:
                    entry = _entry(extract, "", number, loaded_at, REFUSED, extract.problem)
                elif content_hash is None:
                    reason = "can't be read: check that it exists and its permissions"
                    # Tried again each time.
                    entry = replace(_entry(extract, "", number, loaded_at, REFUSED, reason), modified_ns=-1)
                elif future is None and content_key in loaded:
                    reason = f"same content as {first_files[content_key]}"
                    entry = _entry(extract, content_hash, number, loaded_at, DUPLICATE, reason)
                else:
                    # A copy of a file that was refused is tried itself: its name may tell another format.
                    entry = future.result() if future else self._load_extract(extract, content_hash, number, loaded_at)
                if entry.outcome == LOADED:
                    loaded.add(content_key)
                    first_files[content_key] = extract.file
                new_entries.append(entry)
        ledger, new_entries = _merge(ledger, new_entries)
        if new_entries or not self.ledger_path.exists() or extracts:
            self._write_table(self.ledger_path, _LEDGER_SCHEMA, [asdict(entry) for entry in ledger])
        return {
            key: LoadSummary(
                self.tables[key],
                [entry for entry in new_entries if (entry.source, entry.table_name) == key],
            )
            for key in self.tables
            if key in keys
        }

    def as_of(self) -> datetime:
        """The moment of the report, naive UTC: the setting AS_OF, else the time of the newest load."""
        if self.settings.as_of is not None:
            return self.settings.as_of.replace(tzinfo=None)
        ledger = self.read_ledger()
        loaded = [entry.loaded_at for entry in ledger if entry.outcome == LOADED]
        # Where every file was refused: a moment that stays, so that the next run finds nothing new.
        times = loaded or [entry.loaded_at for entry in ledger]
        return max(times, default=datetime.now(UTC).replace(microsecond=0, tzinfo=None))

    def write_settings(self, last_extract_number: int | None = None) -> None:
        """Write what the models read of the run, one row in `settings.parquet`.

        Args:
            last_extract_number: of the last extract whose rows the models may take; None means the newest.
        """
        newest = max((entry.extract_number for entry in self.read_ledger()), default=0)
        settings = self.settings
        row = {
            "as_of": self.as_of(),
            "published_at": datetime.now(UTC).replace(tzinfo=None),
            "reporting_timezone": settings.reporting_timezone,
            "version": VERSION,
            "last_extract_number": newest if last_extract_number is None else last_extract_number,
            "receipt_timeout_hours": settings.receipt_timeout_hours,
            "output_days": settings.output_days,
            "reply_window_days": settings.reply_window_days,
            "over_messaged_count": settings.over_messaged_count,
            "alert_hours": settings.alert_hours,
            "alert_least_sends": settings.alert_least_sends,
            "alert_opt_out_percent": settings.alert_opt_out_percent,
        }
        kinds: dict[str, pa.DataType] = {"last_extract_number": pa.int64()}
        kinds |= dict.fromkeys(("reporting_timezone", "version"), pa.string())
        kinds |= dict.fromkeys(("as_of", "published_at"), pa.timestamp("us"))
        schema = pa.schema([(name, kinds.get(name, pa.int32())) for name in row])
        self._write_table(self.pipeline_dir / "settings.parquet", schema, [row])

    def _prepare(self) -> None:
        """Write the files without rows that let every table be read before its first extract."""
        rejected_dir = self.pipeline_dir / "rejected_records"
        if not (rejected_dir / "no_records.parquet").exists():
            self._write_table(rejected_dir / "no_records.parquet", _REJECTED_SCHEMA, [])
        for table in self.tables.values():
            target = (
                self.settings.raw_dir / table.source / table.name / "load_date=1970-01-01" / "declared_columns.parquet"
            )
            if not target.exists() or pq.read_schema(target).names[: len(table.columns)] != list(table.columns):
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_suffix(".tmp")
                write_empty_parquet(table, temporary)
                temporary.replace(target)

    def _load_extract(self, extract: Extract, content_hash: str, number: int, loaded_at: datetime) -> LedgerEntry:
        table = self.tables.get((extract.source, extract.table_name))
        if table is None:
            known = ", ".join("/".join(key) for key in self.tables)
            reason = f"no table {extract.source}/{extract.table_name} is declared; the declared ones are {known}"
            return _entry(extract, content_hash, number, loaded_at, REFUSED, reason)
        folder = self.settings.raw_dir / table.source / table.name / f"load_date={loaded_at:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{content_hash}.parquet"
        temporary = target.with_suffix(".tmp")
        try:
            lineage = Lineage(extract.file, content_hash, number, loaded_at)
            result = read_extract(extract.path, table, lineage, temporary, self.limits)
            if not extract.is_unchanged():
                raise ExtractRefusedError("changed while it was read; it is tried again at the next load")
            self._write_rejected(extract, content_hash, result)
            # A load that was killed before its ledger was written may have left the same content under another day.
            for left in folder.parent.glob(f"*/{content_hash}.parquet"):
                left.unlink()
            temporary.replace(target)
        except ExtractRefusedError as error:
            entry = _entry(extract, content_hash, number, loaded_at, REFUSED, str(error))
            return replace(entry, modified_ns=-1) if isinstance(error, ExtractUnreadableError) else entry
        finally:
            temporary.unlink(missing_ok=True)
        entry = _entry(extract, content_hash, number, loaded_at, LOADED, None)
        rejected_count = len(result.rejected)
        return replace(entry, row_count=result.row_count + rejected_count, rejected_count=rejected_count)

    def _write_rejected(self, extract: Extract, content_hash: str, result: ReadResult) -> None:
        if not result.rejected:
            return
        rows = [
            {
                "source": extract.source,
                "table_name": extract.table_name,
                "file": extract.file,
                "content_hash": content_hash,
                **asdict(record),
            }
            for record in result.rejected
        ]
        folder = self.pipeline_dir / "rejected_records" / extract.source / extract.table_name
        self._write_table(folder / f"{content_hash}.parquet", _REJECTED_SCHEMA, rows)

    @staticmethod
    def _write_table(path: Path, schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), temporary)
        temporary.replace(path)


def _hash_or_none(extract: Extract) -> str | None:
    if extract.problem is not None:
        return None
    try:
        return hash_file(extract.path)
    except OSError:
        return None


def _entry(
    extract: Extract, content_hash: str, number: int, loaded_at: datetime, outcome: str, reason: str | None
) -> LedgerEntry:
    return LedgerEntry(
        source=extract.source,
        table_name=extract.table_name,
        file=extract.file,
        content_hash=content_hash,
        extract_number=number,
        loaded_at=loaded_at,
        row_count=0,
        rejected_count=0,
        outcome=outcome,
        reason=reason,
        size_bytes=extract.size_bytes,
        modified_ns=extract.modified_ns,
    )


def _merge(ledger: list[LedgerEntry], found: list[LedgerEntry]) -> tuple[list[LedgerEntry], list[LedgerEntry]]:
    """Add entries to the ledger.

    A version that is there already (same file, same content) only gets its new time of change; a copy of a loaded
    file takes over that file's counts.

    Returns:
        The ledger, and those of `found` that are new in it.
    """
    loaded = {
        (entry.source, entry.table_name, entry.content_hash): entry
        for entry in [*ledger, *found]
        if entry.outcome == LOADED
    }
    versions = {(entry.file, entry.content_hash): position for position, entry in enumerate(ledger)}
    merged, new_entries = list(ledger), []
    for new in found:
        first = loaded.get((new.source, new.table_name, new.content_hash))
        entry = replace(new, row_count=first.row_count) if new.outcome == DUPLICATE and first else new
        position = versions.get((entry.file, entry.content_hash))
        known = merged[position] if position is not None else None
        if position is not None and known is not None and (known.outcome != REFUSED or entry.outcome == REFUSED):
            merged[position] = replace(known, size_bytes=entry.size_bytes, modified_ns=entry.modified_ns)
        elif position is not None:
            merged[position] = entry
            new_entries.append(entry)
        else:
            merged.append(entry)
            new_entries.append(entry)
    return merged, new_entries
