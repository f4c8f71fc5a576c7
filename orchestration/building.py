"""A build: decide what to do, run dbt, and keep account of what the databases hold then."""

from collections.abc import Sequence
from datetime import datetime

from orchestration.build_state import BuildPlan, BuildStates
from orchestration.dbt_build import NodeResult, build_arguments, run_dbt
from orchestration.raw_layer import RawLayer
from orchestration.settings import Settings


def plan_build(settings: Settings, raw_layer: RawLayer, full_refresh: bool = False) -> BuildPlan:
    """Decide what the run builds, and write down what the models read of it.

    Args:
        settings: of the run.
        raw_layer: with the extracts loaded.
        full_refresh: whether to make everything anew in any case.

    Returns:
        The plan, for `build`.
    """
    plan = BuildStates(settings).plan(raw_layer.read_ledger(), raw_layer.as_of(), full_refresh)
    as_of = datetime.fromisoformat(plan.target.as_of)
    raw_layer.write_run_inputs(as_of, plan.previous_as_of, plan.new_extracts, plan.is_full)
    settings.build_dir.mkdir(parents=True, exist_ok=True)
    return plan


def build(
    settings: Settings, plan: BuildPlan, arguments: Sequence[str] = (), is_partial: bool = False
) -> list[NodeResult]:
    """Build and test the tables.

    Args:
        settings: of the run.
        plan: what `plan_build` decided last.
        arguments: further arguments of dbt.
        is_partial: whether these select some of the models only; what the databases hold counts as unknown then, and
            the next run builds everything.

    Returns:
        What became of dbt's nodes.

    Raises:
        DbtError: dbt failed; the next run builds everything.
    """
    states = BuildStates(settings)
    states.begin()
    results = run_dbt(settings, [*build_arguments(plan.is_full), *arguments])
    if not is_partial:
        states.finish(plan.target)
    return results
