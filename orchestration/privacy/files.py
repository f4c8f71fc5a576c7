"""Who may read what the pipeline writes: the owner and the group, nobody else."""

import os
import stat

from orchestration.settings import Settings

# New files: all rights for the owner, reading for the group, nothing for others.
PRIVATE_UMASK = 0o027


def keep_private(settings: Settings) -> None:
    """Keep others out of the warehouse and the outputs, and out of what this process and its children write.

    The folders themselves are closed, so that dbt run by hand, whose files have the rights that the caller's umask
    leaves, shows nothing to others either.
    """
    os.umask(PRIVATE_UMASK)
    for folder in (settings.warehouse_dir, settings.output_dir):
        folder.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
        # The folder may be another user's, who then has decided.
        if mode & stat.S_IRWXO and folder.stat().st_uid == os.geteuid():
            folder.chmod(mode & ~stat.S_IRWXO)
