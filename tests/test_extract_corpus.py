"""Damaged and hostile extracts, loaded in one go: each has its outcome, and the run goes on without them."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.loading.raw_layer import LedgerEntry
from tests.extract_corpus import CASES, MOST_CHARACTERS, MOST_COLUMNS, MOST_UNPACKED, Case
from tests.pipeline import Pipeline
from tests.test_raw_layer import raw_rows, rejected


class Loaded:
    """The corpus in a warehouse: its cases by the name that users see, and what became of them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        landing_dir = pipeline.settings.landing_dir
        self.cases = {
            case.write(landing_dir, str(number)): (case, str(number)) for number, case in enumerate(CASES, 100)
        }
        layer = pipeline.raw_layer
        layer.limits = replace(
            layer.limits, columns=MOST_COLUMNS, field_characters=MOST_CHARACTERS, unpacked_bytes=MOST_UNPACKED
        )
        layer.load()
        layer.write_settings()
        self.again = layer.load()
        self.entries = {entry.file: entry for entry in layer.read_ledger()}
        self.kept: dict[str, list[tuple[int, str, str | None]]] = defaultdict(list)
        for row in raw_rows(pipeline):
            self.kept[row["_file"]].append((row["_line"], row["send_id"], row["body"]))
        self.apart: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for file, *rest in rejected(pipeline):
            self.apart[file].append((rest[0], rest[1], rest[2]))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Iterator[Loaded]:
    pipeline = Pipeline(tmp_path_factory.mktemp("corpus"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    yield Loaded(pipeline)
    # Paths that are too long are more than pytest removes.
    shutil.rmtree(pipeline.settings.landing_dir, ignore_errors=True)


def found_wrong(loaded: Loaded, file: str, case: Case, number: str) -> list[str]:
    """What is otherwise than a case says."""
    entry: LedgerEntry | None = loaded.entries.get(file)
    kept = [(line, body.replace("$", number) if body else body) for line, body in case.kept]
    rows = sorted(loaded.kept[file])
    apart = [(line, reason) for line, _, reason in loaded.apart[file]]
    checks = {
        "outcome": (entry.outcome if entry else "left") == case.outcome,
        "reason": case.refused in ((entry and entry.reason) or ""),
        "rows": [(line, body) for line, _, body in rows] == kept,
        "ids": case.name == "a header twice" or all(not id_ or id_.startswith(f"{number}-") for _, id_, _ in rows),
        "apart": len(apart) == len(case.apart)
        and all(line == at and part in reason for (at, part), (line, reason) in zip(case.apart, apart, strict=True)),
        "counts": entry is None
        or case.outcome != "loaded"
        or (entry.row_count, entry.rejected_count) == (len(kept) + len(apart), len(apart)),
    }
    return [f"{case.name}: {name}: {entry}, {rows[:3]}, {apart}"[:700] for name, right in checks.items() if not right]


def test_every_extract_has_its_outcome(loaded: Loaded) -> None:
    assert len(loaded.cases) == len(CASES) >= 150
    wrong = [text for file, (case, number) in loaded.cases.items() for text in found_wrong(loaded, file, case, number)]
    assert wrong == []


def test_nothing_but_the_corpus_is_in_the_ledger(loaded: Loaded) -> None:
    others = [entry for file, entry in loaded.entries.items() if file not in loaded.cases]
    assert [(entry.outcome, entry.reason) for entry in others] == [("refused", "can't be reached: File name too long")]
