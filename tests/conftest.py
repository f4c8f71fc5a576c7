import gc
import shutil
from pathlib import Path

import pytest

from orchestration.publishing.state import note_built
from tests import first_extracts
from tests.outputs_extracts import ZONE, drop_extracts
from tests.pipeline import Kept, Pipeline

# dbt makes millions of objects that last: looking through all of them for garbage took a tenth of each build, and
# `run_dbt` does so in the end.
gc.set_threshold(1_000_000)


# Files that take longest come first, so that no worker is left with one of them at the end (pytest --dist loadfile).
LONGEST = (
    # The worker of test_commands has done so first, and has the first run that test_full_check starts from.
    *("test_commands", "test_incremental", "test_retention", "test_full_check", "test_forgetting", "test_report"),
    *("test_benchmarks", "test_dbt", "test_demo", "test_order", "test_messy_values", "test_oracle", "test_native_logs"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def parsed_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parsed dbt project, which every other warehouse starts from instead of parsing anew."""
    root = tmp_path_factory.mktemp("parsed")
    pipeline = Pipeline(root)
    pipeline.load()
    return pipeline.settings.build_dir / "target"


@pytest.fixture(scope="session")
def kept_run(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Kept:
    """What `make run` made of the extracts of tests/first_extracts.py."""
    pipeline = Pipeline(tmp_path_factory.mktemp("first") / "run")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    first_extracts.drop_extracts(pipeline)
    result = pipeline.make_run()
    assert result.returncode == 0, result.stderr
    return Kept(pipeline)


@pytest.fixture
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Pipeline:
    """A pipeline with folders of its own, which are empty, or as after the first `make run` (mark `after_first_run`)."""
    if request.node.get_closest_marker("after_first_run"):
        kept: Kept = request.getfixturevalue("kept_run")
        return kept.put_back()
    pipeline = Pipeline(tmp_path)
    shutil.copytree(request.getfixturevalue("parsed_target"), pipeline.settings.build_dir / "target")
    return pipeline


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Pipeline:
    """A pipeline that has published `outputs_extracts`; its tests only read."""
    root = tmp_path_factory.mktemp("outputs")
    pipeline = Pipeline(root, AS_OF="2026-11-02T06:00:00Z", REPORTING_TIMEZONE=ZONE, OVER_MESSAGED_COUNT="2")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    drop_extracts(pipeline)
    pipeline.run()
    note_built(pipeline.settings, pipeline.raw_layer)
    return pipeline
