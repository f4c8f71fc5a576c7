"""The benchmark measures what it says: the same extracts for the same arguments, and contenders with the same numbers."""

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import duckdb_script
from benchmarks.alerts import HISTORY_DAYS, Alerts, business, false_alarms, faults, found_on
from benchmarks.contenders import Job, pipeline_before
from benchmarks.engines import plans_of, write_measured
from benchmarks.extracts import (
    CUSTOMER_SKEW,
    LATE_DAYS,
    MESSAGE_SKEW,
    ExtractPlan,
    write_day,
    write_history,
    write_twilio_log,
)
from benchmarks.measuring import measure
from benchmarks.numbers import (
    FILES,
    PIPELINE_FILES,
    PIPELINE_REPORTS,
    TABLES,
    NumbersDifferError,
    assert_same_numbers,
)
from benchmarks.results import END, START, as_svg, write_docs
from benchmarks.run import end_of, main
from benchmarks.spark_events import TableCost, table_costs
from orchestration.building.build import connect_to_build
from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.building.dbt_runs import incremental_models
from orchestration.publishing.csv_files import CSV_FILES, write_csv_files
from tests.pipeline import Pipeline

PLAN = ExtractPlan(4_000, days=6, first_day=datetime.date(2026, 6, 1))
AS_OF = end_of(PLAN)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def run_script(landing: Path, results: Path, *options: str) -> Path:
    results.mkdir()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.duckdb_script", str(landing), str(results), AS_OF.isoformat(), *options],
        cwd=PROJECT_DIR,
        check=True,
    )
    return results


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extracts")
    write_history(PLAN, folder)
    return folder


@pytest.fixture(scope="module")
def script_results(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield run_script(landing, tmp_path_factory.mktemp("script") / "results")


@pytest.fixture(scope="module")
def log_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    write_twilio_log(PLAN, folder)
    return folder


def test_extracts_are_the_same_bytes_whatever_the_threads(
    landing: Path, log_landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = duckdb.connect

    def connect_with_one_thread() -> duckdb.DuckDBPyConnection:
        connection = connect()
        connection.execute("set threads = 1")
        return connection

    monkeypatch.setattr(duckdb, "connect", connect_with_one_thread)
    write_history(PLAN, tmp_path / "extracts")
    write_twilio_log(PLAN, tmp_path / "log")
    assert contents(tmp_path / "extracts") == contents(landing)
    assert contents(tmp_path / "log") == contents(log_landing)


def test_another_seed_gives_other_extracts(landing: Path, tmp_path: Path) -> None:
    write_history(ExtractPlan(PLAN.sends, PLAN.days, PLAN.first_day, seed=2), tmp_path)
    ours, others = contents(tmp_path), contents(landing)
    assert all(ours[name] != others[name] for name in others)


def test_daily_files_hold_the_rows_of_one_file(landing: Path, tmp_path: Path) -> None:
    write_history(ExtractPlan(PLAN.sends, PLAN.days, PLAN.first_day, daily_files=True), tmp_path)
    for table in ("sends", "statuses", "replies"):
        paths = sorted((tmp_path / "outbound" / table).glob("*.csv"))
        assert len(paths) == PLAN.days
        rows = [row for path in paths for row in path.read_text().splitlines()[1:]]
        assert sorted(rows) == sorted((landing / "outbound" / table / "all.csv").read_text().splitlines()[1:])


def test_a_day_has_late_statuses_of_sends_weeks_before(tmp_path: Path) -> None:
    plan = ExtractPlan(60_000, days=30, first_day=datetime.date(2026, 6, 1))
    history, day = tmp_path / "history", tmp_path / "day"
    write_history(plan, history)
    write_day(plan, day)
    with duckdb.connect() as connection:
        connection.execute(f"create view sends as from '{history}/outbound/sends/*.csv'")
        connection.execute(f"create view statuses as from '{day}/outbound/statuses/*.csv'")
        rows = connection.execute(
            """
            select date_diff('day', sends.sent_at::date, $day::date)
            from statuses
            inner join (select distinct send_id, provider, provider_message_id, sent_at from sends) as sends
                on coalesce(
                    statuses.send_id = sends.send_id,
                    statuses.provider = sends.provider and statuses.provider_message_id = sends.provider_message_id
                )
            """,
            {"day": end_of(plan).date()},
        ).fetchall()
        total = connection.execute("select count(*) from statuses").fetchone()
    ages = [age for (age,) in rows]
    assert ages
    assert min(ages) >= LATE_DAYS[0]
    assert max(ages) <= LATE_DAYS[1]
    assert total is not None
    assert 0.3 < 1_000 * len(ages) / total[0] < 3


def test_extracts_hold_every_kind_of_case(landing: Path) -> None:
    with duckdb.connect() as connection:
        for table in ("sends", "statuses", "replies"):
            connection.execute(
                f"create view {table} as from read_csv('{landing}/outbound/{table}/all.csv', all_varchar = true)"
            )
        for condition in (
            "from sends group by send_id having count(*) > 1",
            "from sends where channel = 'email'",
            "from sends where not regexp_full_match(to_number, '\\+[0-9]+')",
            "from sends where length(body) > 1800",
            "from statuses where send_id is null and provider_message_id is not null",
            "from statuses where error_code is not null and error_code_space is not null",
            "from statuses where status = 'opened'",
            "from statuses group by all having count(*) > 1",
            "from replies where send_id is not null",
            "from replies where from_number is not null and send_id is null",
            "from replies where customer_id is not null and from_number is null",
            "from replies where body is null",
            # Two issues with different codes; a send that is only accepted.
            "from statuses group by send_id having count(distinct error_code) > 1 and bool_and(status <> 'delivered')",
            "from statuses group by send_id having bool_and(status = 'accepted') and count(send_id) > 0",
        ):
            assert connection.execute(f"select 1 {condition}").fetchone() is not None, condition


def test_a_twilio_log_holds_every_kind_of_case(log_landing: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"create view messages as from read_csv('{log_landing}/twilio/messages/all.csv', all_varchar = true)"
        )
        for condition in (
            "where direction = 'outbound-api' and status = 'delivered' and price like '-%'",
            "where direction = 'outbound-reply'",
            "where status = 'undelivered' and error_code is not null",
            "where status = 'undelivered' and error_code is null",
            "where status = 'failed'",
            "where status in ('accepted', 'scheduled') and date_sent is null",
            "where status = 'read' and \"to\" like 'whatsapp:%'",
            "where date_updated::timestamp > date_sent::timestamp + interval 72 hours",
            "where messaging_service_sid is null",
            "where length(body) > 1800",
            "group by sid having count(distinct status) > 1",
            "where direction = 'inbound' and upper(body) = 'STOP'",
            "where direction = 'inbound' and body = 'Thanks!'",
            "where direction = 'inbound' and body is null",
            'as replies inner join messages as sends on replies."from" = sends."to" and replies."to" = sends."from"'
            " where replies.direction = 'inbound' and replies.date_sent > sends.date_sent",
        ):
            assert connection.execute(f"select 1 from messages {condition}").fetchone() is not None, condition


def run_pipeline(pipeline: Pipeline, landing: Path) -> Path:
    pipeline = Pipeline(pipeline.root, AS_OF=f"{AS_OF.isoformat()}Z")
    shutil.copytree(landing, pipeline.settings.landing_dir, dirs_exist_ok=True)
    pipeline.load()
    pipeline.build()
    results = pipeline.root / "results"
    results.mkdir()
    # What would be published, without the report and the workbook, which nobody compares here.
    shutil.copy2(pipeline.settings.build_dir / "marts.duckdb", results)
    with duckdb.connect(str(pipeline.settings.build_dir / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{pipeline.settings.build_dir / 'marts.duckdb'}' as marts (read_only)")
        write_csv_files(connection.cursor, results)
    return results


def assert_no_extract_is_read_again(pipeline: Pipeline) -> None:
    """Where nothing is new, the marks keep the models from every file: so a day reads the day's extracts alone."""
    folding = ["--select", "config.materialized:incremental", "--exclude", "dim_phone_numbers"]
    compiled = {model.unique_id: str(model.compiled_code) for model in pipeline.dbt("compile", *folding)}
    models = incremental_models(pipeline.settings) & compiled.keys()
    with connect_to_build(pipeline.settings) as connection:
        assert {model: rows_of_extracts(connection, compiled[model]) for model in models} == dict.fromkeys(models, 0)
        sources = ("stg_outbound__sends", "stg_twilio__messages")
        assert any(rows_of_extracts(connection, f"select count(*) from {source}") for source in sources)


def rows_of_extracts(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """How many rows a query takes from the raw files of extracts."""
    ((_, profile),) = connection.execute(f"explain (analyze, format json) {query}").fetchall()
    steps, rows = json.loads(profile)["operator"], 0
    while steps:
        step = steps.pop()
        steps += step.get("children", [])
        file = step["extra_info"].get("Filename(s)", "")
        rows += step["rows_scanned"] if "/raw/" in file and "/raw/pipeline/" not in file else 0
    return rows


def test_script_and_pipeline_come_to_the_same_numbers(pipeline: Pipeline, landing: Path, script_results: Path) -> None:
    assert_same_numbers("duckdb_script", script_results, "pipeline", run_pipeline(pipeline, landing))
    assert_no_extract_is_read_again(pipeline)


def test_script_and_pipeline_come_to_the_same_numbers_from_a_twilio_log(
    pipeline: Pipeline, log_landing: Path, tmp_path: Path
) -> None:
    expected = run_script(log_landing, tmp_path / "script_results", "--twilio")
    assert_same_numbers("twilio_script", expected, "pipeline", run_pipeline(pipeline, log_landing))
    assert_no_extract_is_read_again(pipeline)


@pytest.mark.parametrize(("table", "column"), [("rpt_messages", "sent_count"), ("rpt_message_delivery", "cost")])
def test_a_difference_is_told_with_both_values(table: str, column: str, script_results: Path, tmp_path: Path) -> None:
    shutil.copytree(script_results, tmp_path / "results")
    with duckdb.connect(str(tmp_path / "results" / duckdb_script.NUMBERS_FILE)) as connection:
        connection.execute(f"update {table} set {column} = {column} + 1 where message_id = 'm00001'")
    with pytest.raises(
        NumbersDifferError, match=rf"{table} \(1 rows differ\), row m00001: {column} [0-9.]+ and [0-9.]+"
    ):
        assert_same_numbers("one", script_results, "other", tmp_path / "results")


def test_a_missing_row_of_a_file_is_told(script_results: Path, tmp_path: Path) -> None:
    shutil.copytree(script_results, tmp_path / "results")
    path = tmp_path / "results" / "delivery_issues.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(
        NumbersDifferError, match=r"delivery_issues.csv \(1 rows differ\), row s[0-9]+: only in the first"
    ):
        assert_same_numbers("one", script_results, "other", tmp_path / "results")


def test_all_files_and_reports_are_compared() -> None:
    assert {*FILES, *PIPELINE_FILES} == set(CSV_FILES)
    reports = {path.stem for path in (PROJECT_DIR / "models" / "marts").glob("rpt_*.sql")}
    assert {*(table for table in TABLES if table.startswith("rpt_")), *PIPELINE_REPORTS} == reports


def test_a_run_at_its_limit_is_ended_and_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; held = b'x' * 200_000_000; time.sleep(60)"]
    by_memory = measure(command, {}, tmp_path, tmp_path / "log", 30, 100 << 20)
    assert by_memory.limit == "0.1 GiB"
    assert by_memory.exit_code != 0
    by_time = measure([sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path, tmp_path / "log", 1, 1 << 40)
    assert by_time.limit == "1 s"


def test_measuring_counts_children(tmp_path: Path) -> None:
    child = "held = b'x' * 150_000_000; sum(range(5_000_000)); import time; time.sleep(0.5)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]
    found = measure(command, {}, tmp_path, tmp_path / "log", 60, 1 << 40)
    assert (found.exit_code, found.limit) == (0, None)
    assert found.peak_bytes > 150_000_000
    assert found.cpu_seconds > 0


def test_results_are_written_between_the_markers(tmp_path: Path) -> None:
    measurement = {"wall_seconds": 2.0, "cpu_seconds": 3.0, "peak_bytes": 2**30}
    run = {"measurements": [measurement], "median": {**measurement, "bytes_on_disk": 2**20}, "not_run": None}
    sizes = [
        {
            "sends": sends,
            "written": {"sends": sends, "statuses": 3 * sends, "replies": 3, "bytes": 10},
            "runs": [
                {"contender": "script", "phases": [], **run},
                {"contender": "pipeline", "phases": [{"load": 0.5, "total": 1.8}], **run},
                {"contender": "slow", "phases": [], "measurements": [], "not_run": "ended at 4 s"},
            ],
        }
        for sends in (1_000, 10_000)
    ]
    results = {
        "machine": {"date": "2026-06-01", "cores": 2, "processor": "P", "memory_gib": 4, "system": "S", "python": "3"}
        | {"versions": {"duckdb": "2"}},
        "titles": {"script": "Script", "pipeline": "Pipeline", "slow": "Slow"},
        "baseline": "script",
        "sizes": sizes,
        "twilio": {**sizes[0], "titles": {"script": "Its script", "pipeline": "Pipeline", "slow": "Slow"}}
        | {"baseline": "script", "written": {"rows": 1_010, "bytes": 10}},
        "daily": {
            "history": {"sends": 9_000},
            "day": {"sends": 100, "statuses": 300, "replies": 3},
            "days": 90,
            "history_run": measurement,
            "bytes_on_disk": 2**20,
            "runs": {
                name: [{**measurement, "phases": {"load": 0.5}}] for name in ("empty", "history", "history_before")
            },
        },
    }
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    write_docs(results, tmp_path)
    written = page.read_text()
    assert written.startswith(f"before\n{START}\n") and written.endswith(f"{END}\nafter\n")
    assert "old" not in written
    assert "| Pipeline | 2.0 (2.0 to 2.0) | 1.00 | 3.0 | 1.00 | 1 |" in written
    assert "ended at 4 s" in written
    assert "| other |" in written
    assert "1,010 rows: " in written and "| Its script |" in written
    assert "| the day on 9,000 sends of history, the version before | 2.0 |" in written
    assert as_svg(results).count("<polyline") == 6


def test_a_version_before_is_run_in_its_own_folder_and_environment(tmp_path: Path) -> None:
    job = Job(tmp_path, tmp_path / "job", AS_OF)
    contender = pipeline_before(tmp_path)
    assert contender.folder == tmp_path
    assert contender.command(job)[0] == sys.executable
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    assert pipeline_before(tmp_path).command(job)[0] == str(tmp_path / ".venv" / "bin" / "python")


def test_the_runner_checks_measures_and_writes_the_docs(tmp_path: Path) -> None:
    docs, work = tmp_path / "docs", tmp_path / "work"
    docs.mkdir()
    shutil.copy2(PROJECT_DIR / "docs" / "performance.md", docs)
    given = ["--sends", "3000", "--sizes", "1000", "--rounds", "2", "--history", "0", "--twilio-rows", "2000"]
    given += ["--contenders", "duckdb_reports_only", "--docs", str(docs), "--folder", str(work)]
    # A version before that does nothing but tell how long it took, and lives until its memory has been sampled.
    before = tmp_path / "before" / "orchestration"
    before.mkdir(parents=True)
    (before / "__main__.py").write_text(
        "import os, pathlib, time\n"
        "path = pathlib.Path(os.environ['WAREHOUSE_DIR'], 'build', 'phases.json')\n"
        "path.parent.mkdir(parents=True)\n"
        "path.write_text('{\"load\": 0.5}')\n"
        "time.sleep(0.5)\n"
    )
    assert main([*given, "--before", str(before.parent)]) == 0
    results = json.loads((docs / "performance.json").read_text())
    assert [size["sends"] for size in results["sizes"]] == [1_000, 3_000]
    for size, rounds in zip(results["sizes"], (1, 2), strict=True):
        contenders = [runs["contender"] for runs in size["runs"]]
        assert contenders == ["pipeline_before", "duckdb_script", "duckdb_reports_only"]
        for runs in size["runs"]:
            assert len(runs["measurements"]) == rounds
            assert runs["median"]["wall_seconds"] > 0
            assert runs["median"]["peak_bytes"] > 2**20
            assert runs["median"]["bytes_on_disk"] > 0
    assert [runs["contender"] for runs in results["twilio"]["runs"]] == ["pipeline_before", "twilio_script"]
    assert len(results["twilio"]["runs"][1]["measurements"]) == 2
    assert "### A Twilio log alone" in (docs / "performance.md").read_text()
    assert (docs / "performance.svg").read_text().startswith("<svg")
    assert not list(work.rglob("*.csv"))


def test_alerts_are_simulated_with_faults_and_without(tmp_path: Path) -> None:
    days = range(HISTORY_DAYS, HISTORY_DAYS + 3)
    sends = business(1_000, 8, days.stop, seed=1)
    assert sends.equals(business(1_000, 8, days.stop, seed=1))
    alerts = Alerts(tmp_path)
    assert false_alarms(alerts, sends, days)["alerts a day"] == 0
    outage = next(fault for fault in faults() if fault.issues == 0.9)
    assert found_on(alerts, sends, outage, days[1], within=2) == 1
    silence = next(fault for fault in faults() if fault.unconfirmed == 1)
    assert found_on(alerts, sends, silence, days[1], within=2) is None  # these sends are pending still


@pytest.mark.parametrize(
    ("skew", "column", "share"), [(MESSAGE_SKEW, "message_id", 0.5), (CUSTOMER_SKEW, "customer_id", 0.1)]
)
def test_skewed_extracts_have_one_key_with_a_large_share(tmp_path: Path, skew: str, column: str, share: float) -> None:
    write_history(replace(PLAN, skew=skew), tmp_path)
    with duckdb.connect() as connection:
        counts = f"select count(*) as number from '{tmp_path}/outbound/sends/*.csv' group by {column}"
        largest = connection.execute(f"select max(number) / sum(number) from ({counts})").fetchone()
    assert largest is not None and share < largest[0] < share + 0.1


def test_what_spark_notes_of_a_run_is_added_up_by_table(tmp_path: Path) -> None:
    plan = """== Physical Plan ==
Execute CreateDataSourceTableAsSelectCommand (3)
   +- CreateDataSourceTableAsSelectCommand `spark_catalog`.`marts`.`fct_sends`, Overwrite
AdaptiveSparkPlan (12)
+- == Final Plan ==
   * HashAggregate (9)
   +- ShuffleQueryStage (5), Statistics(sizeInBytes=1.0 B)
      +- Exchange (4)
         +- * Project (2)
+- == Initial Plan ==
   HashAggregate (11)
   +- Exchange (10)

(1) Scan parquet
"""
    task = {
        "Executor Run Time": 1500,
        "Disk Bytes Spilled": 5,
        "Shuffle Write Metrics": {"Shuffle Bytes Written": 7},
        "Input Metrics": {"Bytes Read": 11},
    }
    events = [
        {"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart", "executionId": 4, "physicalPlanDescription": "-"},
        {"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart", "executionId": 5, "physicalPlanDescription": "a count"},
        {"Event": "SparkListenerJobStart", "Stage IDs": [1, 2], "Properties": {"spark.sql.execution.id": "4"}},
        {"Event": "SparkListenerJobStart", "Stage IDs": [3], "Properties": {}},
        *({"Event": "SparkListenerTaskEnd", "Stage ID": stage, "Task Metrics": task} for stage in (1, 2, 2, 3)),
        {"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLAdaptiveExecutionUpdate", "executionId": 4, "physicalPlanDescription": plan},
    ]  # fmt: skip
    (tmp_path / "local-1").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    expected = TableCost("fct_sends", 1, shuffle_bytes=21, spilled_bytes=15, read_bytes=33, task_seconds=4.5)
    expected.longest_task_seconds = 1.5
    assert table_costs(tmp_path) == [expected]


def test_the_measured_page_tells_what_ended_and_what_did_not(tmp_path: Path) -> None:
    done = {
        "wall_seconds": 61.0, "cpu_seconds": 100.0, "peak_bytes": 2**31, "ended_at": None, "bytes_on_disk": 5 * 10**9,
        "phases": {"load": 3.0, "build": 40.0}, "tables": [vars(TableCost("fct_sends", 3, 9 * 10**6, 0, 0, 12.0, 4.0))],
    }  # fmt: skip
    ended = {"wall_seconds": 3600.0, "cpu_seconds": 1.0, "peak_bytes": 1, "ended_at": "3600 s"}
    results = [
        {"sends": plan.sends, "skew": plan.skew, "runs": {"duckdb": done, "spark": done if plan.skew else ended}}
        for plan in plans_of([2_000, 1_000], 30, PLAN.first_day)
    ]
    machine = {"processor": "a processor", "cores": 2, "memory_gib": 24.0}
    page = write_measured(results, machine, 12, tmp_path)
    assert (tmp_path / "scaling_measured.md").read_text() == page
    assert "| 1,000 | even | spark | ended at 3600 s |" in page
    assert "| 2,000 | one message is half of all sends | spark | 61 | 100 | 2.0 | 5.00 |" in page
    assert "| fct_sends | 3 | 9 | 0 | 0 | 12.0 | 4.0 |" in page
