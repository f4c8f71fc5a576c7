"""dbt's own pages, models, columns, tests and graph, in one file that opens from disk."""

import os
import shutil
import subprocess
import tempfile

from orchestration.building.dbt_project import (
    PROJECT_DIR,
    dbt_environment,
    dbt_executable,
    target_dir,
    without_dbt_variables,
)
from orchestration.settings import Settings

PAGE = PROJECT_DIR / "docs" / "dbt.html"


def main() -> None:
    """Write `docs/dbt.html`; it needs no warehouse, and holds no data."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment({"WAREHOUSE_DIR": folder, "LANDING_DIR": folder, "OUTPUT_DIR": folder})
        settings.build_dir.mkdir()
        subprocess.run(
            [dbt_executable(), "--quiet", "docs", "generate", "--static", "--empty-catalog"],
            cwd=PROJECT_DIR,
            env={**without_dbt_variables(os.environ), **dbt_environment(settings)},
            check=True,
        )
        shutil.copyfile(target_dir(settings) / "static_index.html", PAGE)
    print(f"{PAGE}: {PAGE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
