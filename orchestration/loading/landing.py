"""The landing folder: which files are extracts, and which can be none, with the reason."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOT_READY_PREFIXES = (".", "_")
NOT_READY_SUFFIXES = (".tmp", ".part")
# The ledger's largest time, in the year 2262; file systems have later ones.
LATEST_NS = 2**63 - 1


@dataclass(frozen=True)
class Extract:
    """A file, or another thing with a name, that stands where extracts are.

    Attributes:
        path: where it lies.
        file: its path below the landing folder, with "/" between the parts; the name that users see.
        source: first folder of `file`; empty where it lies in none.
        table_name: second folder of `file`; empty where it lies in none.
        size_bytes: its size.
        modified_ns: time of its last change, nanoseconds since 1970.
        problem: why it is refused without being read; None for a file that is to be read.
    """

    path: Path
    file: str
    source: str
    table_name: str
    size_bytes: int
    modified_ns: int
    problem: str | None = None

    def is_unchanged(self) -> bool:
        """Whether the file is there as it was listed."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_size, _modified_ns(status)) == (self.size_bytes, self.modified_ns)


def list_extracts(landing_dir: Path) -> list[Extract]:
    """List the extracts that are ready, in the order of their names.

    Args:
        landing_dir: the landing folder.

    Returns:
        Everything in it but folders, and names (of files or folders) that begin with "." or "_" or end in ".tmp" or
        ".part". What can be no extract has a `problem`: files that lie higher than `<source>/<table>/`, links
        that leave the landing folder or lead nowhere, what is no regular file or can't be reached, and folders that
        can't be listed. A folder that links lead to, too, is listed once, where it lies itself if that is below the
        landing folder.
    """
    root = Path(os.path.realpath(landing_dir))
    seen: set[tuple[int, int]] = set()
    links: list[Path] = []
    extracts = list(_walk(landing_dir, landing_dir, root, seen, links))
    while links:
        link = min(links)
        links.remove(link)
        extracts += _walk(link, landing_dir, root, seen, links)
    return sorted(extracts, key=lambda extract: extract.file)


def _walk(
    folder: Path, landing_dir: Path, root: Path, seen: set[tuple[int, int]], links: list[Path]
) -> Iterator[Extract]:
    """The extracts below a folder; folders that links lead to are added to `links` for later."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as scanned:
            names = sorted(entry.name for entry in scanned)
    except FileNotFoundError:
        return  # gone since it was listed
    except OSError as error:
        yield from _listed(folder, landing_dir, f"the folder can't be listed: {error.strerror}")
        return
    for name in names:
        if name.startswith(NOT_READY_PREFIXES) or name.lower().endswith(NOT_READY_SUFFIXES):
            continue
        path = folder / name
        # pathlib's own raise where a name is out of reach.
        is_link = os.path.islink(path)  # noqa: PTH114
        if is_link and not Path(os.path.realpath(path)).is_relative_to(root):
            yield from _listed(path, landing_dir, "is a link that leaves the landing folder, and is not followed")
        elif os.path.isdir(path):  # noqa: PTH112
            if is_link:
                links.append(path)
            else:
                yield from _walk(path, landing_dir, root, seen, links)
        else:
            yield from _listed(path, landing_dir)


def _listed(path: Path, landing_dir: Path, problem: str | None = None) -> Iterator[Extract]:
    """A file, with what keeps it from being read; nothing where it is gone since it was listed."""
    # A name that is no UTF-8 is shown with its bytes.
    parts = [
        part.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for part in path.relative_to(landing_dir).parts
    ]
    size_bytes = modified_ns = 0
    try:
        status = path.lstat()
        if problem is None and path.is_symlink():
            problem = None if path.exists() else "is a link that leads nowhere"
        if problem is None:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                problem = "is no regular file"
            elif len(parts) < 3:
                problem = "lies too high: extracts belong in <source>/<table>/"
        size_bytes, modified_ns = status.st_size, _modified_ns(status)
    except FileNotFoundError:
        return
    except OSError as error:
        problem = problem or f"can't be reached: {error.strerror}"
    source, table_name = [*parts[:-1], "", ""][:2]
    yield Extract(path, "/".join(parts), source, table_name, size_bytes, modified_ns, problem)


def _modified_ns(status: os.stat_result) -> int:
    return min(status.st_mtime_ns, LATEST_NS)
