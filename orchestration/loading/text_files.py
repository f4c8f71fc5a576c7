"""The text of extract files: opened within the limits, read in pieces, and told apart from what is no text."""

import gzip
import io
import re
import zlib
from pathlib import Path
from typing import BinaryIO

from orchestration.errors import ExtractRefusedError, ExtractUnreadableError
from orchestration.loading.raw_files import MAXIMUM_RECORD_CHARACTERS, Limits

# Read at once, in bytes.
BLOCK_BYTES = 1 << 20


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, by its name."""
    return path.name.lower().endswith(".gz")


def open_bytes(path: Path, limits: Limits) -> io.BufferedReader:
    """Open an extract for reading, unpacked.

    Args:
        path: the extract.
        limits: how long it may be when it is unpacked.

    Returns:
        A reader that raises ExtractRefusedError where the file is damaged or too long, and ExtractUnreadableError where
        it can't be read.
    """
    return io.BufferedReader(_Unpacked(path, limits), BLOCK_BYTES)


class _Unpacked(io.RawIOBase):
    """A file's bytes. What goes wrong here is wrong with the extract: all other errors are this machine's."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limit = limits.unpacked_bytes if is_packed(path) else None
        self._count = 0
        try:
            self._file: BinaryIO = gzip.GzipFile(path) if is_packed(path) else path.open("rb", buffering=0)  # type: ignore[assignment]
        except OSError as error:
            raise ExtractUnreadableError(f"can't be read: {error.strerror}") from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            block = self._file.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ExtractRefusedError(f"damaged gzip file, perhaps half-written: {error}") from error
        except OSError as error:
            raise ExtractUnreadableError(f"can't be read: {error.strerror or error}") from error
        self._count += len(block)
        if self._limit is not None and self._count > self._limit:
            raise ExtractRefusedError(f"holds more than {self._limit / 1e9:g} GB when it is unpacked (MAX_UNPACKED_GB)")
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def as_text(file: BinaryIO, newline: str) -> io.TextIOWrapper:
    """A file's text, without a byte order mark; bytes that are no UTF-8 become lone surrogates.

    Args:
        file: its bytes.
        newline: as `open` has it; line ends stay as they are.
    """
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline=newline)


def unreadable_text(text: str) -> str | None:
    """Why a text can't be kept: it holds NUL, or what is no UTF-8. None where it can."""
    if text.isascii() and "\x00" not in text:
        return None
    if "\x00" in text:
        return "holds NUL: expected text"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    return None


def printable(text: str) -> str:
    r"""A record's text for people: what is no text shown as \x.. or \u...., cut where it is very long."""
    cut = text[:MAXIMUM_RECORD_CHARACTERS] + (" … (cut)" if len(text) > MAXIMUM_RECORD_CHARACTERS else "")
    readable = re.sub("[\udc80-\udcff]", lambda found: f"\\x{ord(found.group()) - 0xDC00:02x}", cut)
    return readable.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
