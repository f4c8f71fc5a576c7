"""A copy of the raw layer at an fsspec URL, where a cluster reads it."""

from pathlib import Path

from fsspec.core import url_to_fs

from orchestration.notes import read_note, write_note


def mirror(folder: Path, url: str, note: Path) -> int:
    """Let a folder at an fsspec URL hold the same raw files as a local one.

    Args:
        folder: of the raw layer.
        url: where the copy lies; nothing else does.
        note: file that remembers how the files looked that were copied (size, time of change): the raw file of a person
            who was forgotten is another one under its old name.

    Returns:
        How many files were copied.

    Raises:
        OSError: or another error of the file system's driver, where it can't be written.
    """
    filesystem, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    root = root.rstrip("/")
    there = set(filesystem.find(root)) if filesystem.exists(root) else set()
    files = {f"{root}/{path.relative_to(folder).as_posix()}": path for path in sorted(folder.rglob("*.parquet"))}
    states = {name: [path.stat().st_size, path.stat().st_mtime_ns] for name, path in files.items()}
    known = read_note(note)
    for name in there - files.keys():
        filesystem.rm_file(name)
    wanted = [name for name, state in states.items() if name not in there or known.get(name) != state]
    for name in wanted:
        filesystem.makedirs(name.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(files[name]), name)
    write_note(note, states)
    return len(wanted)
