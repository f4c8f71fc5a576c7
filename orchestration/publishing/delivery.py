"""Delivery: the finished outputs are copied to another place, which any fsspec URL names.

The manifest is taken away first and copied last, so a folder with a manifest is whole.
"""

import fsspec
from fsspec.core import url_to_fs

from orchestration.publishing.state import MANIFEST_FILE, note_delivered
from orchestration.settings import Settings


def deliver(settings: Settings) -> tuple[str, int]:
    """Copy the latest outputs to `OUTPUT_URL`, into a folder of their name.

    Args:
        settings: where the outputs lie and where they go.

    Returns:
        The folder's path in its file system, and how many files were copied: none where it has them already.

    Raises:
        OSError: or another error of the file system's driver, where it can't be written.
    """
    folder = (settings.output_dir / "latest").resolve()
    manifest = folder / MANIFEST_FILE
    # Other programs write to the place too: what was listed before is not relied on.
    filesystem, root = url_to_fs(settings.output_url, use_listings_cache=False, skip_instance_cache=True)
    target = f"{root.rstrip('/')}/{folder.name}"
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    names.remove(MANIFEST_FILE)
    copied = 0
    if not _has_manifest(filesystem, f"{target}/{MANIFEST_FILE}", manifest.read_bytes()):
        for name in [*names, MANIFEST_FILE]:
            remote = f"{target}/{name}"
            filesystem.makedirs(remote.rpartition("/")[0], exist_ok=True)
            filesystem.put_file(str(folder / name), remote)
            copied += 1
    note_delivered(settings)
    return target, copied


def _has_manifest(filesystem: fsspec.AbstractFileSystem, path: str, content: bytes) -> bool:
    """Whether a folder has this manifest already; another one is taken away, since its files are about to change."""
    if not filesystem.exists(path):
        return False
    if filesystem.cat_file(path) == content:
        return True
    filesystem.rm_file(path)
    return False
