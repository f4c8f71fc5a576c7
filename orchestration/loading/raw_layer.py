"""The raw layer: immutable Parquet files of what was delivered, and a ledger of every extract file.

    WAREHOUSE_DIR/raw/<source>/<table>/load_date=YYYY-MM-DD/<content hash>.parquet
    WAREHOUSE_DIR/raw/pipeline/rejected_records/<source>/<table>/<content hash>.parquet
    WAREHOUSE_DIR/raw/pipeline/loads.parquet         the ledger: a row per extract file version
    WAREHOUSE_DIR/raw/pipeline/settings.parquet      the settings of the newest run, one row
    WAREHOUSE_DIR/raw/pipeline/forgotten.parquet     whose rows are left out, see privacy/register.py
    WAREHOUSE_DIR/raw/pipeline/retention.json        what is too old to be kept, see privacy/retention.py
    WAREHOUSE_DIR/raw/pipeline/numbers.parquet       numbers that newer rows give back to older ones, see there

A file is written under a temporary name and renamed, so a killed load leaves nothing half done; loading a file again
is a no-op, since the hash of its bytes is its name. Only forgetting a person writes a raw file anew, without the rows,
and RETENTION_DAYS, without the personal data of old ones.

Each load makes the raw layer whole first: a ledger that is gone or damaged is made anew from the raw files' lineage,
and a raw file that is gone or damaged from its extract. What can't be mended stops the load.
"""

import itertools
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import ExtractRefusedError, ExtractUnreadableError, LoadError, tell
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.extract_files import hash_file, read_extract
from orchestration.loading.landing import Extract, list_extracts
from orchestration.loading.raw_files import Limits, Lineage, ReadResult, write_empty_parquet
from orchestration.loading.raw_integrity import (
    glance,
    hash_files,
    is_readable,
    raw_files_below,
    read_lineage,
    write_table,
)
from orchestration.outside_text import shown
from orchestration.privacy.register import ERASURES_SCHEMA, Register
from orchestration.settings import Settings

# Of the tables and outputs; pyproject.toml and dbt_project.yml have the same.
VERSION = "0.2.0"
LOADED, DUPLICATE, REFUSED = "loaded", "duplicate", "refused"
# The numbers of newer rows that older rows have as pseudonyms, see privacy/retention.py.
NUMBERS_FILE = "numbers.parquet"
NUMBERS_SCHEMA = pa.schema([("pseudonym", pa.string()), ("number", pa.string())])
# Files that are read side by side.
WORKERS = os.cpu_count() or 1
# Raw files that can't be made anew which the error names; of more it tells the number.
LOST_SHOWN = 5

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
        ("erased_count", pa.int64()),
        ("raw_bytes", pa.int64()),
        ("raw_modified_ns", pa.int64()),
        ("raw_hash", pa.string()),
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
    file. `erased_count` counts those that are no more there, since they were of persons who were forgotten.
    `raw_bytes`, `raw_modified_ns` and `raw_hash` are size, time of change and SHA-256 of what a loaded one's raw files
    hold, as they were written.
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
    erased_count: int = 0
    raw_bytes: int = 0
    raw_modified_ns: int = 0
    raw_hash: str = ""


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
        """All extract file versions seen so far, oldest load first; none where the ledger is gone or damaged."""
        return self._read_ledger() or []

    def _read_ledger(self) -> list[LedgerEntry] | None:
        """The ledger; None where it is gone or damaged."""
        try:
            rows = pq.read_table(self.ledger_path, page_checksum_verification=True).to_pylist()
            # Ledgers and raw files of version 0.1.0 have no numbers.
            return [LedgerEntry(**{"extract_number": 0, **row}) for row in rows]
        except PermissionError:
            raise
        except (OSError, pa.ArrowException, TypeError):
            return None  # gone, damaged, or another table

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
            where = error.filename2 or error.filename or self.settings.raw_dir
            raise LoadError(
                f"can't write to the raw layer: {shown(where)}: {shown(error.strerror or error)}"
            ) from error

    def restore(self) -> None:
        """Make sure, byte by byte, that the raw files are as they were written, and mend those that are not.

        Raises:
            LoadError: a raw file is gone or damaged, and its extract is not in the landing folder.
        """
        ledger = self.read_ledger()
        restored = self._restored(ledger, {}, thoroughly=True)
        if restored != ledger:
            remade = [entry for entry in restored if entry not in ledger]
            self.write_ledger(self._without_forgotten(restored, remade))

    def is_as_written(self) -> bool:
        """Whether the raw files are there and look as when they were written."""
        return all(self._looks_as_written(entry) for entry in self.read_ledger() if entry.outcome == LOADED)

    def _load(self, keys: set[tuple[str, str]]) -> dict[tuple[str, str], LoadSummary]:
        self.prepare()
        known = self._read_ledger()
        extracts = [
            extract
            for extract in self.new_extracts()
            if (extract.source, extract.table_name) in keys or (extract.source, extract.table_name) not in self.tables
        ]
        # One thread a file; the files of a load are independent of one another, and their results are noted in order.
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            hashes = list(pool.map(_hash_or_none, extracts))
            found = {content: extract for extract, content in zip(extracts, hashes, strict=True) if content}
            ledger = self._restored([*(known or []), *self._unknown_entries(known, found)], found)
            remade = [entry for entry in ledger if entry not in (known or [])]
            # A clock that was set back makes no load older than the one before.
            now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
            loaded_at = max([now, *(entry.loaded_at for entry in ledger)])
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
        ledger = self._without_forgotten(ledger, [*new_entries, *remade])
        noted = {(entry.file, entry.content_hash): entry for entry in ledger}
        new_entries = [noted[entry.file, entry.content_hash] for entry in new_entries]
        if ledger != known:
            self.write_ledger(ledger)
        return {
            key: LoadSummary(
                self.tables[key],
                [entry for entry in new_entries if (entry.source, entry.table_name) == key],
            )
            for key in self.tables
            if key in keys
        }

    def _without_forgotten(self, ledger: list[LedgerEntry], written: list[LedgerEntry]) -> list[LedgerEntry]:
        """Take the rows of forgotten persons out of the raw files that were just written; returns the ledger then."""
        if not Register(self.settings).exists():
            return ledger
        # Imported here: it reads extracts by way of dbt.
        from orchestration.privacy.erasure import set_aside

        return self.noted(set_aside(self, ledger, written))

    def noted(self, ledger: list[LedgerEntry]) -> list[LedgerEntry]:
        """The ledger, with how the raw files are now; the caller has changed them."""
        return [
            entry if entry.outcome != LOADED or self._looks_as_written(entry) else self._with_raw_state(entry)
            for entry in ledger
        ]

    def write_ledger(self, ledger: Sequence[LedgerEntry]) -> None:
        """Write all extract file versions, in one step."""
        write_table(self.ledger_path, pa.Table.from_pylist([asdict(entry) for entry in ledger], schema=_LEDGER_SCHEMA))

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
        write_table(self.pipeline_dir / "settings.parquet", pa.Table.from_pylist([row], schema=schema))

    def prepare(self) -> None:
        """Write the files without rows that let every table be read before its first extract."""
        no_records = self.pipeline_dir / "rejected_records" / "no_records.parquet"
        if not is_readable(no_records):
            write_table(no_records, pa.Table.from_pylist([], schema=_REJECTED_SCHEMA))
        register = Register(self.settings)
        if not is_readable(register.erasures_path):
            if register.exists():
                tell(f"{register.erasures_path} was gone or damaged; audit_erasures begins anew")
            write_table(register.erasures_path, ERASURES_SCHEMA.empty_table())
        if not is_readable(self.pipeline_dir / NUMBERS_FILE):
            write_table(self.pipeline_dir / NUMBERS_FILE, NUMBERS_SCHEMA.empty_table())
        ledger = self._read_ledger()
        if ledger is not None and pq.read_schema(self.ledger_path).names != _LEDGER_SCHEMA.names:
            # Of an earlier version.
            self.write_ledger(ledger)
        # From now on a ledger that is not there has gone.
        if not self.ledger_path.exists() and not raw_files_below(self.settings.raw_dir):
            self.write_ledger([])
        for table in self.tables.values():
            target = (
                self.settings.raw_dir / table.source / table.name / "load_date=1970-01-01" / "declared_columns.parquet"
            )
            if not is_readable(target) or pq.read_schema(target).names[: len(table.columns)] != list(table.columns):
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_suffix(".tmp")
                write_empty_parquet(table, temporary)
                temporary.replace(target)

    def _load_extract(self, extract: Extract, content_hash: str, number: int, loaded_at: datetime) -> LedgerEntry:
        table = self.tables.get((extract.source, extract.table_name))
        if table is None:
            known = ", ".join("/".join(key) for key in self.tables)
            reason = (
                f"no table {shown(f'{extract.source}/{extract.table_name}')} is declared; the declared ones are {known}"
            )
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
        rejected_count = len(result.rejected)
        entry = replace(
            _entry(extract, content_hash, number, loaded_at, LOADED, None),
            row_count=result.row_count + rejected_count,
            rejected_count=rejected_count,
        )
        return self._with_raw_state(entry)

    def raw_files(self, entry: LedgerEntry) -> list[Path]:
        """The raw file of a loaded extract, and the list of its rejected rows where it has any."""
        folder = self.settings.raw_dir / entry.source / entry.table_name / f"load_date={entry.loaded_at:%Y-%m-%d}"
        rejected = [self._rejected_file(entry.source, entry.table_name, entry.content_hash)]
        return [folder / f"{entry.content_hash}.parquet", *(rejected if entry.rejected_count else [])]

    def _rejected_file(self, source: str, table_name: str, content_hash: str) -> Path:
        return self.pipeline_dir / "rejected_records" / source / table_name / f"{content_hash}.parquet"

    def _with_raw_state(self, entry: LedgerEntry) -> LedgerEntry:
        """A loaded entry with how its raw files are now."""
        files = self.raw_files(entry)
        raw_bytes, raw_modified_ns = glance(files) or (0, 0)
        return replace(entry, raw_bytes=raw_bytes, raw_modified_ns=raw_modified_ns, raw_hash=hash_files(files))

    def _looks_as_written(self, entry: LedgerEntry) -> bool:
        return glance(self.raw_files(entry)) == (entry.raw_bytes, entry.raw_modified_ns)

    def _is_whole(self, entry: LedgerEntry) -> bool:
        files = self.raw_files(entry)
        # Ledgers of version 0.2.0 have no hashes, and an erasure that was killed has not noted those of the files that
        # it wrote anew: what can be opened counts as whole.
        is_noted = entry.raw_hash and not Register(self.settings).is_unfinished()
        return all(map(is_readable, files)) and (not is_noted or entry.raw_hash == hash_files(files))

    def _unknown_entries(self, ledger: list[LedgerEntry] | None, found: dict[str, Extract]) -> list[LedgerEntry]:
        """Entries for raw files that the ledger does not know.

        Args:
            ledger: None where it is gone or damaged: every raw file is unknown then, and tells of its extract. Else
                only a load that was killed leaves unknown ones; their extracts are loaded again where they are there.
            found: extracts that are not in the ledger, by the hash of their content.

        Raises:
            LoadError: an unknown raw file is damaged, and no extract with its content is in the landing folder.
        """
        noted = {(entry.source, entry.table_name, entry.content_hash) for entry in ledger or []}
        found_lineage, lost = [], []
        for path in raw_files_below(self.settings.raw_dir):
            source, table_name = path.parts[-4:-2]
            is_loaded_again = path.stem in found and (ledger is not None or not is_readable(path))
            if (source, table_name, path.stem) in noted or is_loaded_again:
                continue
            try:
                lineage = read_lineage(path, self._rejected_file(source, table_name, path.stem))
            except (OSError, pa.ArrowException):
                lost.append(f"{path} (of an extract of {source}/{table_name}, SHA-256 {path.stem})")
            else:
                found_lineage += [(lineage, source, table_name, path.stem)] if lineage else []
        self._check_nothing_is_lost(lost)
        numbers = [lineage.extract_number or 0 for lineage, *_ in found_lineage]
        next_numbers = itertools.count(
            1 + max([*numbers, *(entry.extract_number for entry in ledger or [])], default=0)
        )
        entries = [
            LedgerEntry(
                source=source,
                table_name=table_name,
                file=lineage.file,
                content_hash=content_hash,
                extract_number=next(next_numbers) if lineage.extract_number is None else lineage.extract_number,
                loaded_at=lineage.loaded_at,
                row_count=lineage.row_count,
                rejected_count=lineage.rejected_count,
                outcome=LOADED,
                reason=None,
                # Not known: the extract is looked at anew, where it is there.
                size_bytes=-1,
                modified_ns=-1,
            )
            for lineage, source, table_name, content_hash in found_lineage
        ]
        if ledger is None and entries:
            tell(f"{self.ledger_path} was gone or damaged; it was made anew from {len(entries)} raw file(s)")
        return sorted(map(self._with_raw_state, entries), key=lambda entry: entry.extract_number)

    def _restored(
        self, ledger: list[LedgerEntry], found: dict[str, Extract], *, thoroughly: bool = False
    ) -> list[LedgerEntry]:
        """Make raw files that are gone or damaged anew from their extracts.

        Args:
            ledger: all entries.
            found: extracts that are not in it, by the hash of their content.
            thoroughly: whether files that look as they were written are read too.

        Returns:
            The ledger, with how the raw files are now.

        Raises:
            LoadError: a raw file is not whole, and no extract with its content is in the landing folder.
        """
        restored, lost = [], []
        for entry in ledger:
            if entry.outcome != LOADED or (self._looks_as_written(entry) and not thoroughly):
                restored.append(entry)
            elif self._is_whole(entry):
                restored.append(entry if self._looks_as_written(entry) else self._with_raw_state(entry))
            elif (anew := self._loaded_anew(entry, ledger, found)) is not None:
                tell(f"{self.raw_files(entry)[0]} was gone or damaged; it was made anew from its extract")
                restored.append(anew)
            else:
                lost.append(f"{self.raw_files(entry)[0]} (of the extract {entry.file!r}, SHA-256 {entry.content_hash})")
                restored.append(entry)
        self._check_nothing_is_lost(lost)
        return restored

    def _loaded_anew(
        self, entry: LedgerEntry, ledger: list[LedgerEntry], found: dict[str, Extract]
    ) -> LedgerEntry | None:
        """Make an entry's raw files anew, with its number and time; None where no extract has its content."""
        noted = {
            (copy.file, copy.size_bytes, copy.modified_ns) for copy in ledger if copy.content_hash == entry.content_hash
        }
        for extract in [*list_extracts(self.settings.landing_dir), *found.values()]:
            is_noted = (extract.file, extract.size_bytes, extract.modified_ns) in noted
            if not is_noted and found.get(entry.content_hash) != extract:
                continue
            is_its_table = (extract.source, extract.table_name) == (entry.source, entry.table_name)
            if is_its_table and _hash_or_none(extract) == entry.content_hash:
                named = replace(extract, file=entry.file)
                anew = self._load_extract(named, entry.content_hash, entry.extract_number, entry.loaded_at)
                if anew.outcome == LOADED:
                    return replace(anew, size_bytes=entry.size_bytes, modified_ns=entry.modified_ns)
        return None

    def _check_nothing_is_lost(self, lost: Sequence[str]) -> None:
        if lost:
            more = f" and {len(lost) - LOST_SHOWN} more" if len(lost) > LOST_SHOWN else ""
            raise LoadError(
                f"gone or damaged: {'; '.join(lost[:LOST_SHOWN])}{more}. Put the extract back into"
                f" {self.settings.landing_dir} under any name, or the raw file from a backup, and run again. To go on"
                f" without its rows, remove the raw file and {self.ledger_path}, which is then made anew"
            )

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
        write_table(
            self._rejected_file(extract.source, extract.table_name, content_hash),
            pa.Table.from_pylist(rows, schema=_REJECTED_SCHEMA),
        )


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
