"""When the sensor starts a run."""

import itertools

from orchestration.bindings.automation import LONGEST_RETRY_SECONDS, RETRY_SECONDS, Look, next_look

FILE = {"outbound/sends/a.csv": [10, 1]}
GROWN = {"outbound/sends/a.csv": [20, 2]}


def look_again(look: Look, found: dict[str, list[int]], has_unpublished: bool, now: float) -> Look:
    """As the sensor does, which knows of the last look what its cursor holds."""
    return next_look(Look.from_cursor(look.as_cursor()), found, has_unpublished, now)


def test_a_run_starts_once_when_new_files_do_not_grow_any_more() -> None:
    look = look_again(Look(), FILE, False, 0)
    assert look.run_key is None
    look = look_again(look, GROWN, False, 30)
    assert look.run_key is None
    look = look_again(look, GROWN, False, 60)
    assert look.run_key is not None
    assert look_again(look, GROWN, False, 90).run_key == look.run_key  # the same files are the same run
    assert look_again(look, {}, False, 120).run_key is None


def test_a_failed_run_is_started_again_after_a_growing_delay() -> None:
    look = look_again(look_again(Look(), FILE, False, 0), FILE, False, 30)
    started, now = [], 60.0
    while now < 3 * 24 * 3600:
        look = look_again(look, {}, True, now)
        if look.run_key is not None:
            started.append(now)
        else:
            assert "not published" in look.reason
        now += 30
    delays = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert RETRY_SECONDS <= started[0] - 30 <= RETRY_SECONDS + 30
    assert delays == sorted(delays)
    assert delays[0] == 2 * RETRY_SECONDS
    assert delays[-1] == LONGEST_RETRY_SECONDS
    assert len(set(started)) == len(started) > 10


def test_a_published_run_ends_the_attempts() -> None:
    look = Look(attempts=5, last_attempt=1000.0)
    look = look_again(look, {}, False, 2000)
    assert (look.run_key, look.attempts) == (None, 0)


def test_a_cursor_of_an_earlier_version_is_no_error() -> None:
    assert Look.from_cursor('{"outbound/sends/a.csv": [10, 1]}') == Look()
    assert Look.from_cursor(None) == Look()
