"""`python -m orchestration <command>`, which make's targets call."""

import sys

from orchestration.stopping import stop_at_once

if __name__ == "__main__":
    # Before the imports, which take a second.
    stop_at_once()
    from orchestration.commands import main

    sys.exit(main(sys.argv[1:]))
