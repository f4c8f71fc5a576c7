import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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
