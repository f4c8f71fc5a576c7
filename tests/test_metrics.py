"""The semantic layer: it answers as the reports do, and docs/metrics.md says what it defines."""

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from orchestration.building.dbt_project import PROJECT_DIR, dbt_environment, dbt_executable
from orchestration.settings import Settings
from tests.pipeline import Pipeline

DEFINED = {
    metric["name"]: metric["description"]
    for metric in yaml.safe_load((PROJECT_DIR / "models/marts/_metrics.yml").read_text())["metrics"]
}


def test_the_page_of_metrics_says_what_the_semantic_layer_defines() -> None:
    page = (PROJECT_DIR / "docs" / "metrics.md").read_text().split("## The semantic layer")[1].split("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)) == DEFINED


def test_the_semantic_layer_answers_as_the_reports_do(published: Pipeline, tmp_path: Path) -> None:
    # A copy: it opens the databases being built for writing.
    shutil.copytree(published.settings.build_dir, tmp_path / "build")
    settings = Settings.from_environment({**published.variables, "WAREHOUSE_DIR": str(tmp_path)})
    # It reads the folder target of the project in which it is started, and nothing else of it.
    shutil.copy(PROJECT_DIR / "dbt_project.yml", tmp_path)
    environment = {**os.environ, **dbt_environment(settings), "DBT_TARGET_PATH": str(tmp_path / "target")}
    subprocess.run([dbt_executable(), "--quiet", "parse"], cwd=PROJECT_DIR, env=environment, check=True)
    # The plugin of profiles.yml is imported from there, too.
    environment |= {"HOME": str(tmp_path), "DBT_PROJECT_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT_DIR)}
    answer = tmp_path / "answer.csv"
    mf = str(Path(dbt_executable()).with_name("mf"))
    query = [
        mf,
        "query",
        "--metrics",
        ",".join(DEFINED),
        "--group-by",
        "message",
        "--order",
        "message",
        "--csv",
        str(answer),
    ]
    result = subprocess.run(query, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    with answer.open(newline="") as file:
        answered = [[row["message"], *(float(row[name]) for name in DEFINED)] for row in csv.DictReader(file)]
    reported = published.query(f"select message_id, {', '.join(DEFINED)} from rpt_messages order by message_id")
    assert answered == [[message, *(float(value) for value in row)] for message, *row in reported]
