"""The demo: the same bytes for the same seed, every channel, and the job on it from end to end."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.demo.extracts import write_demo_extracts
from tests.webhook import listening


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without anything generated, as on a fresh clone."""
    folder = tmp_path_factory.mktemp("demo") / "checkout"
    names = ["models", "macros", "seeds", "orchestration", "tests/data", "dbt_project.yml", "profiles.yml"]
    for name in names:
        source = PROJECT_DIR / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(source, folder / name)
    return folder


def run_demo(checkout: Path, **variables: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "orchestration", "demo"],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LANDING_DIR": "elsewhere", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def first_demo(checkout: Path) -> tuple[str, list[tuple[str, str]]]:
    """What the first demo printed, and what it told a webhook."""
    with listening() as webhook:
        return run_demo(checkout, NOTIFY_URLS=webhook.url), webhook.messages


@pytest.fixture(scope="module")
def output(first_demo: tuple[str, list[tuple[str, str]]]) -> str:
    """What the first demo printed."""
    return first_demo[0]


def test_the_demos_extracts_are_the_same_each_time(checkout: Path, output: str, tmp_path: Path) -> None:
    """Those of another process, too; those of another seed are others."""
    written = files(checkout / "demo" / "landing")
    write_demo_extracts(tmp_path / "again")
    assert files(tmp_path / "again") == written
    write_demo_extracts(tmp_path / "other", 1)
    assert files(tmp_path / "other") != written


def test_the_demo_runs_twice_and_ends_in_the_messages_list(
    checkout: Path, output: str, first_demo: tuple[str, list[tuple[str, str]]]
) -> None:
    demo = checkout / "demo"
    first = files(demo / "outputs")
    for shown in (
        "Appointment reminder",
        "refused: outbound/sends/without-customers.csv",
        "demo/warehouse/marts.duckdb",
        "messages.csv",
        "demo/outputs/latest/report/index.html",
    ):
        assert shown in output
    assert sorted(path.name for path in demo.iterdir()) == ["landing", "outputs", "warehouse"]
    with duckdb.connect(str(demo / "warehouse" / "marts.duckdb"), read_only=True) as connection:
        channels = connection.execute("select count(distinct channel) from fct_sends").fetchone()
        unexplained = connection.execute(
            "select sum(unexplained_count), sum(rejected_count) from audit_reconciliation"
        ).fetchone()
        over_messaged = connection.execute(
            "select count(*) from rpt_customer_contacts where is_over_messaged"
        ).fetchone()
        goals = connection.execute(
            "select min(goal_customer_count) from rpt_message_engagement where channel = 'email'"
        ).fetchone()
        answers = connection.execute(
            "select count(*) from fct_replies where message_id = 'message-01' and body = 'YES'"
        ).fetchone()
        after_opt_out = connection.execute("select sum(sent_after_opt_out_count) from rpt_messages").fetchone()
        nights = connection.execute(
            "select distinct message_id, sent_at::date::varchar, country_code from rpt_sends_at_quiet_hours order by all"
        ).fetchall()
        curly_quotes = connection.execute(
            "select max(avoidable_segment_count) from rpt_replaceable_characters"
            " where message_title = 'Invoice overdue' and character = '’'"
        ).fetchone()
        landlines = connection.execute(
            "select count(*) from rpt_fix_list where number_type = 'landline' and number_fix is not null"
            " and issue_reason_id = 'something_went_wrong'"
        ).fetchone()
        alerts = connection.execute(
            "select kind, dimension, provider, message_title, since_date::varchar from rpt_deliverability_alerts order by kind"
        ).fetchall()
    # What the demo plants for the alerts to find, and nothing else.
    assert alerts == [
        ("growing_issue_reason", "provider", "bandwidth", "Two-step code", "2026-10-30"),
        ("issue_rate", "provider", "bandwidth", "Two-step code", "2026-10-30"),
        ("opt_out_rate", "message", "twilio", "Weekend deals, again", "2026-10-31"),
    ]
    ((_, told),) = first_demo[1]
    for words in (
        "More issues (Carrier unable to process message at this time): Two-step code, bandwidth",
        "Opt-outs: ",
    ):
        assert f"\n- {words}" in told
    # A message that once went out at an hour of Europe.
    assert nights == [("message-02", "2026-10-17", country) for country in ("CU", "MX", "US")]
    for found in (over_messaged, goals, answers, after_opt_out, curly_quotes, landlines):
        assert found is not None
        assert found[0] > 0
    assert (demo / "outputs" / "latest" / "report" / "index.html").is_file()
    assert channels == (14,)
    assert unexplained == (0, 8)
    assert run_demo(checkout).splitlines()[-1] == output.splitlines()[-1]
    assert files(demo / "outputs") == first


def test_no_cell_of_the_demos_csvs_can_run_as_a_formula(checkout: Path, output: str) -> None:
    outputs = checkout / "demo" / "outputs" / "latest"
    escaped = 0
    for path in outputs.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    is_number = cell[1:].replace(".", "", 1).isdigit()
                    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r") or is_number, (path.name, cell)
                    escaped += cell.startswith(("'=", "'@", "'+"))
    assert escaped > 0
