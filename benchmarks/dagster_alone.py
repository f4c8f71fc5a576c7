"""Dagster with an empty job and nothing else: what any run costs before it does anything."""

import dagster as dg


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def empty() -> None:
    """A job of the one op that does nothing."""
    nothing()


if __name__ == "__main__":
    with dg.DagsterInstance.get() as dagster_instance:
        empty.execute_in_process(instance=dagster_instance)
