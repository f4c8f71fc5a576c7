"""`python -m orchestration run|dev|demo`, which make's targets call."""

import sys

from orchestration.commands import main

sys.exit(main(sys.argv[1:]))
