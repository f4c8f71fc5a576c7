"""The register of forgotten persons: keyed hashes of what tells their rows, and no personal data.

WAREHOUSE_DIR/raw/pipeline/forgotten.parquet         their customer ids, numbers, sends and messages, hashed
WAREHOUSE_DIR/raw/pipeline/erasures.parquet          a row per erasure and table: when, whom (hashed), how many rows
WAREHOUSE_DIR/raw/pipeline/erasure_is_unfinished     there until what was published before is gone
"""

from collections.abc import Collection
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.errors import UserError
from orchestration.loading.raw_integrity import is_readable, write_table
from orchestration.privacy.keys import PrivacyKeyError, keyed_hash, read_key
from orchestration.settings import Settings

# What a hash is of. A number given without a customer finds the customers of its sends (`only_number`). A carrier's id
# of a message is of one provider (`message`); a send that names none has it of any (`message_id`), and such a send is
# found by `named_message_id`.
KINDS = ("customer", "number", "only_number", "send", "message", "message_id", "named_message_id")
# The hash by which another key is told.
KEY_CHECK = ("key", "check")
Known = set[tuple[str, str]]
ERASURES_SCHEMA = pa.schema(
    [
        ("erased_at", pa.timestamp("us")),
        ("person_hash", pa.string()),
        ("source", pa.string()),
        ("table_name", pa.string()),
        ("row_count", pa.int64()),
    ]
)
TIES_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("customer", "number", "send", "message", "message_id")] + [("is_log", pa.bool_())]
)
_FORGOTTEN_SCHEMA = pa.schema([("kind", pa.string()), ("keyed_hash", pa.string())])


class RegisterError(UserError):
    """Nobody knows any more who was forgotten."""


class Register:
    """Reads and writes the register of one warehouse."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is read or written yet."""
        self.settings = settings
        self.folder = settings.raw_dir / "pipeline"
        self.path = self.folder / "forgotten.parquet"
        self.erasures_path = self.folder / "erasures.parquet"
        self.ties_path = self.folder / "erased_ties.parquet"
        self.mark_path = self.folder / "erasure_is_unfinished"

    def exists(self) -> bool:
        """Whether anybody was forgotten; rows that were erased tell of it too."""
        return self.path.exists() or (is_readable(self.ties_path) and pq.read_metadata(self.ties_path).num_rows > 0)

    def key(self) -> bytes:
        """The key of the register's hashes.

        Raises:
            PrivacyKeyError: it is gone, or another one than that of the hashes.
        """
        key = read_key(self.settings, may_be_made=not self.exists())
        if self.exists() and self._check(key) not in self._rows():
            raise PrivacyKeyError(
                "the privacy key is not the one with which persons were forgotten: with it, extracts would bring them"
                f" back; give the old PRIVACY_KEY or {self.settings.privacy_key_path.name} (docs/privacy.md)"
            )
        return key

    def known(self) -> Known:
        """The hashes, with their kinds."""
        return {row for row in self._rows() if row[0] in KINDS}

    def write(self, known: Known) -> None:
        """Keep these hashes."""
        rows = sorted(known | {self._check(self.key())})
        columns = [list(column) for column in zip(*rows, strict=True)]
        write_table(self.path, pa.table(columns, schema=_FORGOTTEN_SCHEMA))

    def write_ties(self, ties: pa.Table) -> None:
        """Keep the hashed ties of rows that are about to be erased, beside those that were before."""
        write_table(self.ties_path, ties)

    def write_erasure(self, person_hash: str, counts: dict[tuple[str, str], int]) -> None:
        """Note that a person was erased.

        Args:
            person_hash: keyed hash of what the person was given by.
            counts: erased rows by source and table; empty where there were none.
        """
        erased_at = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
        rows = [
            {"erased_at": erased_at, "person_hash": person_hash, "source": source, "table_name": table, "row_count": n}
            for (source, table), n in sorted(counts.items() or {("", ""): 0}.items())
        ]
        before = pq.read_table(self.erasures_path).to_pylist() if self.erasures_path.exists() else []
        write_table(self.erasures_path, pa.Table.from_pylist([*before, *rows], schema=ERASURES_SCHEMA))

    def mark_unfinished(self) -> None:
        """Note that rows are being erased that were built or published."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mark_path.touch()

    def is_unfinished(self) -> bool:
        """Whether an erasure has not reached everything yet."""
        return self.mark_path.exists()

    def _rows(self) -> Collection[tuple[str, str]]:
        if not self.exists():
            return set()
        try:
            return {(row["kind"], row["keyed_hash"]) for row in pq.read_table(self.path).to_pylist()}
        except (OSError, pa.ArrowException) as error:
            raise RegisterError(
                f"{self.path} is gone or damaged, and with it whom to leave out: put it back from a backup; if there is"
                f" none, remove it and {self.ties_path.name}, and forget all persons again (docs/privacy.md)"
            ) from error

    @staticmethod
    def _check(key: bytes) -> tuple[str, str]:
        return (KEY_CHECK[0], keyed_hash(key, *KEY_CHECK))
