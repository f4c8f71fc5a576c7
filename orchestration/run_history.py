"""Dagster's folder: its databases of runs and events tell what was, and no run depends on them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from orchestration.errors import tell


def set_damaged_databases_aside(home: Path) -> list[Path]:
    """Rename databases that can't be read any more; Dagster makes new ones, and its history begins anew.

    Args:
        home: Dagster's folder.

    Returns:
        Where they lie now.
    """
    aside = []
    for path in sorted(home.rglob("*.db")):
        if not _is_whole(path):
            damaged = path.with_name(f"{path.name}.damaged")
            path.replace(damaged)
            for suffix in ("-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            tell(f"Dagster's {path} was damaged; its history begins anew, and the old file is kept as {damaged.name}")
            aside.append(damaged)
    return aside


def _is_whole(path: Path) -> bool:
    """Whether SQLite finds nothing wrong; a database that is locked or can't be opened just now counts as whole."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("pragma quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False
