"""A build: decide what to do, run dbt, and keep account of what the databases hold then."""

from collections.abc import Sequence
from datetime import datetime

from orchestration.build_state import BuildPlan, BuildStates
from orchestration.dbt_build import NodeResult, build_arguments, run_dbt
from orchestration.errors import UserError
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
    raw_layer.write_run_inputs(
        as_of,
        plan.previous_as_of,
        plan.new_extracts,
        is_full=plan.is_full,
        tests_everything=plan.is_full,
    )
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


def test_everything(settings: Settings, raw_layer: RawLayer) -> list[NodeResult]:
    """Run every data test over all rows of the last finished build; nothing is built.

    Args:
        settings: of the warehouse.
        raw_layer: of the same warehouse.

    Returns:
        What became of the tests.

    Raises:
        UserError: there is no finished build.
        DbtError: a test failed.
    """
    state = BuildStates(settings).read()
    if state is None:
        raise UserError("there is no finished build to test; run the job daily first")
    as_of = datetime.fromisoformat(state.as_of)
    raw_layer.write_run_inputs(as_of, as_of, [], is_full=False, tests_everything=True)
    return run_dbt(settings, ["test", "--exclude-resource-type", "unit_test"])
