"""`python -m orchestration <command>`, which make's targets call."""

import os
import sys

from orchestration.stopping import stop_at_once

if __name__ == "__main__":
    # Before the imports, which take a second.
    stop_at_once()
    from orchestration.commands import main

    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written and closed: to take half a million objects of Dagster and dbt apart would take two seconds more.
    os._exit(exit_code)
