"""Errors that a user can act on: what was expected, what was found, what to do."""

import errno
import logging
import sys
import traceback
from pathlib import Path

LOGGER = logging.getLogger("orchestration")
# Without any, Python itself would print what is said: a second time, see `tell`.
LOGGER.addHandler(logging.NullHandler())
# How a full disk shows: to Python (a limit of the account, or of a file's size, is the same), and in the words of
# SQLite, DuckDB and dbt.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK_WORDS = ("database or disk is full", "No space left on device", "Disk quota exceeded", "File too large")
DISK_IS_FULL = "the disk is full; make space and run again"
# Other faults of the machine that may pass by themselves: a lock, a file that another program just takes away.
PASSING_ERRNOS = (errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ENOENT)
PASSING_WORDS = ("Could not set lock", "No such file or directory")


def tell(message: str) -> None:
    """Say a line to who started the command, whose output goes to a log, and to Dagster's log."""
    LOGGER.warning(message)
    print(message, file=sys.__stderr__, flush=True)


def causes(error: BaseException) -> list[BaseException]:
    """An error, what it came of, and so on to the first cause, as a stack trace shows them."""
    found = [error]
    while (
        cause := found[-1].__cause__ or (None if found[-1].__suppress_context__ else found[-1].__context__)
    ) is not None:
        if cause in found:
            break
        found.append(cause)
    return found


def tells_of_a_full_disk(error: BaseException | str) -> bool:
    """Whether an error, or any of its causes, or what another program said, comes from a disk that is full."""
    if isinstance(error, BaseException):
        return any(
            getattr(cause, "errno", None) in FULL_DISK or tells_of_a_full_disk(str(cause)) for cause in causes(error)
        )
    return any(words in error for words in FULL_DISK_WORDS)


class UserError(Exception):
    """A problem that the person running the pipeline can mend; shown as one line, without a stack trace."""


class SettingError(UserError):
    """A setting (environment variable) has a value that is not accepted."""

    def __init__(self, name: str, value: str, accepted: str) -> None:
        super().__init__(f"{name}={value!r} is not accepted: {accepted}")
        self.name = name
        self.value = value


class ExtractRefusedError(UserError):
    """An extract file can't be loaded at all; the message is the reason shown in audit_loads."""


class PublishError(UserError):
    """The built marts did not pass the last check before publishing."""


class ExtractUnreadableError(ExtractRefusedError):
    """An extract file's bytes can't be read: it is refused, and tried again at each load."""


class LoadError(UserError):
    """A fault of this machine, such as a full disk, stopped a load; nothing is noted against the extracts."""


class RunError(UserError):
    """A run failed outside of its steps, such as on a full disk; the stack trace is in the log."""


def may_pass(error: BaseException) -> bool:
    """Whether trying again after a while may succeed: a lock, a full disk, a vanished file, also as a cause."""
    found = causes(error)
    if any(isinstance(cause, SettingError) for cause in found):
        return False
    return tells_of_a_full_disk(error) or any(
        (isinstance(cause, OSError) and cause.errno in PASSING_ERRNOS)
        or any(words in str(cause) for words in PASSING_WORDS)
        for cause in found
    )


def in_words(error: BaseException) -> str:
    """An error as a sentence for people; the text of an unforeseen one is left out, since it may hold personal data."""
    if tells_of_a_full_disk(error):
        return DISK_IS_FULL
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename2 or error.filename or 'the system'}: {error.strerror or type(error).__name__}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"an unforeseen fault: {type(error).__name__}{where}; its stack trace stands in the log"
