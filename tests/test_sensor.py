"""When the sensor starts a run."""

import itertools

from orchestration.bindings.sensors import LONGEST_RETRY_SECONDS, RETRY_SECONDS, Look, next_look
from orchestration.loading.warehouse_lock import is_locked, warehouse_lock
from tests.pipeline import Pipeline

FILE = {"outbound/sends/a.csv": [10, 1]}
GROWN = {"outbound/sends/a.csv": [20, 2]}
OTHER = {"outbound/sends/b.csv": [10, 1]}


def look_again(
    look: Look, found: dict[str, list[int]], now: float, has_unpublished: bool = False, is_running: bool = False
) -> Look:
    """As the sensor does, which knows of the last look what its cursor holds."""
    known = Look.from_cursor(look.as_cursor())
    return next_look(known, found, has_unpublished=has_unpublished, is_running=is_running, now=now)


def starts(look: Look, found: dict[str, list[int]], now: float, has_unpublished: bool, days: int = 3) -> list[float]:
    """When runs are started, with a look each 30 seconds and none of them succeeding."""
    started, keys, end = [], set(), now + days * 24 * 3600
    while now < end:
        look = look_again(look, found, now, has_unpublished)
        if look.run_key is not None:
            started.append(now)
            keys.add(look.run_key)
        else:
            assert "did not succeed" in look.reason
        now += 30
    assert len(keys) == len(started)  # Dagster starts no run with a key that it knows
    return started


def test_a_run_starts_once_when_new_files_do_not_grow_any_more() -> None:
    look = look_again(Look(), FILE, 0)
    assert look.run_key is None
    look = look_again(look, GROWN, 30)
    assert look.run_key is None
    look = look_again(look, GROWN, 60)
    assert look.run_key is not None
    look = look_again(look, GROWN, 90, is_running=True)  # not loaded yet
    assert look.run_key is None
    assert look_again(look, {}, 120).run_key is None


def test_files_that_come_while_a_run_is_under_way_get_a_run_of_their_own() -> None:
    look = look_again(look_again(Look(), FILE, 0), FILE, 30)
    first = look.run_key
    look = look_again(look, OTHER, 60, has_unpublished=True, is_running=True)
    assert look.run_key is None
    look = look_again(look, OTHER, 90, has_unpublished=True, is_running=True)
    assert look.run_key not in (None, first)


def test_a_failed_run_is_started_again_after_a_growing_delay() -> None:
    look = look_again(look_again(Look(), FILE, 0), FILE, 30)
    started = starts(look, {}, 60.0, has_unpublished=True)
    delays = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert RETRY_SECONDS <= started[0] - 30 <= RETRY_SECONDS + 30
    assert delays == sorted(delays)
    assert delays[0] == 2 * RETRY_SECONDS
    assert delays[-1] == LONGEST_RETRY_SECONDS
    assert len(started) > 10


def test_a_clock_that_was_set_back_delays_no_further_attempt() -> None:
    day = 24 * 3600.0
    look = look_again(look_again(Look(), FILE, day), FILE, day + 30)
    started = starts(look, {}, 0.0, has_unpublished=True)
    assert RETRY_SECONDS <= started[0] <= RETRY_SECONDS + 30


def test_a_run_that_failed_before_it_had_loaded_is_started_again() -> None:
    look = look_again(look_again(Look(), FILE, 0), FILE, 30)
    started = starts(look, FILE, 60.0, has_unpublished=False)
    assert RETRY_SECONDS <= started[0] - 30 <= RETRY_SECONDS + 30
    assert len(started) > 10


def test_no_run_is_queued_behind_one_that_is_under_way() -> None:
    look = look_again(look_again(Look(), FILE, 0), FILE, 30)
    for now in range(60, 3600, 30):
        look = look_again(look, {}, now, has_unpublished=True, is_running=True)
        assert look.run_key is None
    # It failed: the delay begins with its end, as near as the looks tell.
    assert look_again(look, {}, 3600, has_unpublished=True).run_key is None
    assert look_again(look, {}, 3600 + RETRY_SECONDS, has_unpublished=True).run_key is not None


def test_a_published_run_ends_the_attempts() -> None:
    look = look_again(Look(attempts=5, last_attempt=1000.0), {}, 2000)
    assert (look.run_key, look.attempts) == (None, 0)


def test_a_cursor_of_an_earlier_version_is_no_error() -> None:
    assert Look.from_cursor('{"outbound/sends/a.csv": [10, 1]}') == Look()
    assert Look.from_cursor('{"files": {}, "attempts": 0, "last_attempt": 0.0}') == Look()
    assert Look.from_cursor(None) == Look()


def test_a_run_under_way_is_seen_by_its_lock(pipeline: Pipeline) -> None:
    assert not is_locked(pipeline.settings)
    with warehouse_lock(pipeline.settings):
        assert is_locked(pipeline.settings)
    assert not is_locked(pipeline.settings)
