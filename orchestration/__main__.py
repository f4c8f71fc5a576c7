"""`python -m orchestration <command>`, which make's targets call."""

import sys

from orchestration.commands import main

sys.exit(main(sys.argv[1:]))
