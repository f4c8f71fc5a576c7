"""`make torture KILLS=100 MINUTES=600 SEED=1`: see `kills`; with `-s` it tells how far it is."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.torture.kills import torture


@pytest.mark.torture
def test_runs_that_are_killed_at_random_moments_leave_everything_whole(tmp_path: Path) -> None:
    seed = int(os.environ.get("TORTURE_SEED") or random.randrange(10**6))
    kills, minutes = (
        int(os.environ.get(f"TORTURE_{name}") or most) for name, most in (("KILLS", 100), ("MINUTES", 600))
    )
    figures = torture(tmp_path, kills=kills, kills_a_round=10, minutes=minutes, chance=random.Random(seed))
    print(json.dumps({"seed": seed, **figures}, indent=1))
    assert figures["faults"] == []
