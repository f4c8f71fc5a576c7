"""How a step fails: in a sentence, which the run's page ends in, and tried again only where that may help."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from orchestration.errors import in_words, may_pass
from orchestration.settings import Settings


def retries(settings: Settings) -> dg.RetryPolicy:
    """Three more tries of a step; `failing_in_words` says which faults get them."""
    return dg.RetryPolicy(max_retries=3, delay=settings.retry_seconds, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def failing_in_words() -> Iterator[None]:
    """Turn an error of a step into a sentence; its stack trace goes to the step's error output.

    Raises:
        dagster.Failure: with the sentence; the step is tried again where the fault may pass by itself.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        raise dg.Failure(in_words(error), allow_retries=may_pass(error)) from None


def failure_sentences(events: Sequence[Any]) -> list[str]:
    """What went wrong in a run, a sentence for each step that failed.

    Args:
        events: Dagster's of the run.
    """
    sentences = []
    checks = [
        event.asset_check_evaluation_data for event in events if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    for event in events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        error = data.error.cause or data.error if data.error else None
        if data.user_failure_data and data.user_failure_data.description:
            sentences.append(data.user_failure_data.description)
        elif error and error.cls_name == "DagsterAssetCheckFailedError":
            failed = [check for check in checks if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
            sentences += [
                f"{check.asset_key.to_user_string()}: {check.description or check.check_name}" for check in failed
            ]
        else:
            # Of an error that is Dagster's own only the class is told: its text may hold values.
            sentences.append(f"The step {event.step_key} failed: {error.cls_name if error else 'no message'}.")
    return sentences
