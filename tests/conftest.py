import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.publishing.state import note_built
from tests.outputs_extracts import ZONE, drop_extracts
from tests.pipeline import Pipeline


@pytest.fixture(scope="session")
def parsed_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parsed dbt project, which every other warehouse starts from instead of parsing anew."""
    root = tmp_path_factory.mktemp("parsed")
    pipeline = Pipeline(root)
    pipeline.load()
    return pipeline.settings.build_dir / "target"


@pytest.fixture
def pipeline(tmp_path: Path, parsed_target: Path) -> Iterator[Pipeline]:
    """A pipeline with folders of its own."""
    pipeline = Pipeline(tmp_path)
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    yield pipeline


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
