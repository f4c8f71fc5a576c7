"""One writer at a time: a run holds the warehouse until it ends, and a second one waits its turn."""

from collections.abc import Generator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from orchestration.errors import tell
from orchestration.settings import Settings


@contextmanager
def warehouse_lock(settings: Settings) -> Generator[None, None, None]:
    """Hold a warehouse folder; waits, however long, while another process of this machine holds it."""
    settings.warehouse_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.warehouse_dir / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"another run is writing to {settings.warehouse_dir}; waiting for it to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_locked(settings: Settings) -> bool:
    """Whether a process of this machine holds a warehouse folder just now."""
    if not settings.warehouse_dir.is_dir():
        return False
    try:
        with FileLock(settings.warehouse_dir / ".lock", timeout=0):
            return False
    except Timeout:
        return True
