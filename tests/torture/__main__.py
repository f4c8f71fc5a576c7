"""`make torture`: the job is killed at random moments, faults are made, and readers read all the while.

    python -m tests.torture --kills 100 --kills-a-round 20 --seed 1 --folder DIR

What is promised, and the figures of the last full run: docs/reliability.md.
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.torture.kills import torture


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture ARGS=…", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="runs that are killed")
    parser.add_argument("--kills-a-round", type=int, default=10, help="of them between two runs that end")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the moments and signals")
    parser.add_argument("--folder", type=Path, help="where the warehouses lie; it is kept")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        figures = torture(folder, arguments.kills, arguments.kills_a_round, random.Random(arguments.seed))
    print(json.dumps(figures, indent=1))
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
