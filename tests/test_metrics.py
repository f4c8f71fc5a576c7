"""The semantic layer: docs/metrics.md says what it defines. That it answers as the reports do: tests/test_dbt.py."""

import re

import yaml

from orchestration.building.dbt_project import PROJECT_DIR

DEFINED = {
    metric["name"]: metric["description"]
    for metric in yaml.safe_load((PROJECT_DIR / "models/marts/_metrics.yml").read_text())["metrics"]
}


def test_the_page_of_metrics_says_what_the_semantic_layer_defines() -> None:
    page = (PROJECT_DIR / "docs" / "metrics.md").read_text().split("## The semantic layer")[1].split("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)) == DEFINED
