"""Errors that a user can act on: what was expected, what was found, what to do."""

import errno
import traceback
from pathlib import Path


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


# Faults of the machine that may pass by themselves: no space, a lock, a file that another program just takes away.
PASSING_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ENOENT)
PASSING_WORDS = ("Could not set lock", "No space left on device", "Disk quota exceeded", "No such file or directory")


def may_pass(error: BaseException | None) -> bool:
    """Whether trying again after a while may succeed: a lock, a full disk, a vanished file, also as the cause."""
    while error is not None and not isinstance(error, SettingError):
        if isinstance(error, OSError) and error.errno in PASSING_ERRNOS:
            return True
        if any(words in str(error) for words in PASSING_WORDS):
            return True
        error = error.__cause__
    return False


def in_words(error: BaseException) -> str:
    """An error as a sentence for people; the text of an unforeseen one is left out, since it may hold personal data."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or type(error).__name__}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"An unforeseen fault: {type(error).__name__}{where}. Its stack trace stands in the step's error output."
