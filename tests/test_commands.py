"""The commands as users meet them: what they print, what they exit with, what they leave behind."""

import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.building import build as building
from orchestration.building import parsing
from orchestration.building.build import DATABASES, connect_to_build, taken_extracts
from orchestration.building.dbt_project import PROJECT_DIR, dbt_executable
from orchestration.building.dbt_runs import DbtError, NodeResult, incremental_models, seeds
from orchestration.commands import _is_nothing_new, _output_to
from orchestration.errors import UserError
from orchestration.publishing.marts import publish
from orchestration.publishing.outputs import OUTPUT_FILES
from orchestration.publishing.state import is_current
from orchestration.settings import Settings
from tests.first_extracts import SENDS, STATUSES, drop_extracts
from tests.pipeline import Pipeline, files_below
from tests.test_incremental import refresh_reason
from tests.webhook import listening


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REPORTING_TIMEZONE", "Nowhere"), ("AS_OF", "soon"), ("LANDING_DIR", "/no/such/folder")],
)
def test_a_wrong_setting_is_one_line(pipeline: Pipeline, variable: str, value: str) -> None:
    result = pipeline.make_run(in_new_python=True, **{variable: value})
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert variable in result.stderr
    assert not pipeline.settings.marts_path.exists()


def test_an_empty_landing_folder_is_a_clear_line(pipeline: Pipeline) -> None:
    result = pipeline.make_run()
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("No extracts in ")
    assert result.stderr == ""
    assert not pipeline.settings.marts_path.exists()
    assert not (pipeline.settings.output_dir / "latest").exists()


RunOfReplies = tuple[Pipeline, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run_of_replies(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> RunOfReplies:
    """A first run with one reply, and files that are refused."""
    pipeline = Pipeline(tmp_path_factory.mktemp("replies"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    pipeline.drop_rows(
        "outbound/replies/a.csv", [{"reply_id": "r1", "received_at": "2026-10-31T09:00:00Z", "from_number": "+1"}]
    )
    for file in ("f19.csv", "outbound/f19.csv", "outbound/orders/f19.csv"):
        pipeline.drop(file, "a,b\n1,2\n")
    return pipeline, pipeline.make_run()


def test_a_first_run_with_only_replies_works(run_of_replies: RunOfReplies) -> None:
    pipeline, result = run_of_replies
    assert result.returncode == 0, result.stderr
    assert pipeline.query("select reply_id, send_id from fct_replies") == [("r1", None)]
    assert pipeline.query("select count(*) from rpt_messages") == [(0,)]


def test_a_run_tells_of_every_refusal(run_of_replies: RunOfReplies) -> None:
    pipeline, result = run_of_replies
    assert result.returncode == 0, result.stderr
    told = [line.split(":")[1].strip() for line in result.stdout.splitlines() if line.startswith("refused: ")]
    assert told == ["f19.csv", "outbound/f19.csv", "outbound/orders/f19.csv"]
    assert pipeline.query("select count(*) from audit_loads where outcome = 'refused'") == [(3,)]
    for file in ("f19.csv", "outbound/f19.csv"):
        (pipeline.settings.landing_dir / file).unlink()
    assert pipeline.make_run().stdout.startswith("Nothing new in ")
    shown = pipeline.make_run("load").stdout.splitlines()
    assert [line.split(":")[1].strip() for line in shown if line.startswith("refused: ")] == ["outbound/orders/f19.csv"]


@pytest.mark.after_first_run
def test_a_run_publishes_marts_and_outputs(pipeline: Pipeline) -> None:
    assert pipeline.query(
        "select message_id, sent_count, delivered_count, issue_count, delivery_rate from rpt_messages"
    ) == [("m1", 4, 1, 1, 0.25)]
    latest = pipeline.settings.output_dir / "latest"
    assert latest.readlink() == Path("20261101-060000")
    manifest = json.loads((latest / "manifest.json").read_text())
    assert manifest["as_of"] == "2026-11-01T06:00:00Z"
    assert {name for name in manifest["files"] if not name.startswith("report/")} == set(OUTPUT_FILES)
    for name, facts in manifest["files"].items():
        content = (latest / name).read_bytes()
        assert (facts["bytes"], facts["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        if name.endswith(".csv"):
            rows = list(csv.reader(content.decode().splitlines()))
            assert rows[0] == facts["columns"]
            assert len(rows) - 1 == facts["rows"]
    with (latest / "delivery_issues.csv").open(newline="") as file:
        (issue,) = csv.DictReader(file)
    assert issue["message_title"] == "'=1+1"
    assert issue["to_number"] == "+14155550001"
    assert issue["issue_reason"] == "Unable to deliver to landline or unreachable carrier."
    assert issue["issue_at"] == "2026-10-31T09:00:05Z"


@pytest.mark.after_first_run
def test_nothing_new_is_noticed_before_anything_starts(pipeline: Pipeline) -> None:
    published = pipeline.settings.marts_path.stat()
    # Python tells on standard error what it imports.
    result = pipeline.make_run(in_new_python=True, PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0
    assert result.stdout.startswith("Nothing new in ")
    assert "| orchestration.commands" in result.stderr.replace("  ", "")
    assert "dagster" not in result.stderr
    left = pipeline.settings.marts_path.stat()
    assert (left.st_ino, left.st_mtime_ns) == (published.st_ino, published.st_mtime_ns)
    assert _is_nothing_new(pipeline.settings)
    new = pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    assert not _is_nothing_new(pipeline.settings)
    new.unlink()
    # That a run at another as-of moment then begins, and publishes: the test of a run that waits.
    assert _is_nothing_new(pipeline.settings)
    assert not _is_nothing_new(Pipeline(pipeline.root, AS_OF=TOMORROW).settings)


TOMORROW = "2026-11-02T06:00:00Z"
DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: shutil.rmtree(path) if path.is_dir() else path.unlink(),
    "garbage": lambda path: path.write_bytes(b"not a database"),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
}


@pytest.mark.after_first_run
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", DATABASES)
def test_a_damaged_database_is_noticed_though_nothing_is_new(pipeline: Pipeline, name: str, damage: str) -> None:
    settings = pipeline.settings
    assert is_current(settings, pipeline.raw_layer)
    assert taken_extracts(settings)
    DAMAGES[damage](settings.build_dir / name)
    assert not is_current(settings, pipeline.raw_layer)
    assert taken_extracts(settings) is None


@pytest.mark.after_first_run
@pytest.mark.parametrize(("name", "damage"), [("warehouse/marts.duckdb", "garbage"), ("outputs", "gone")])
def test_a_damaged_publication_is_noticed_though_nothing_is_new(pipeline: Pipeline, name: str, damage: str) -> None:
    DAMAGES[damage](pipeline.root / name)
    assert not is_current(pipeline.settings, pipeline.raw_layer)
    assert taken_extracts(pipeline.settings)


@pytest.mark.after_first_run
def test_what_is_damaged_is_mended_and_a_failed_delivery_made_up_for_though_nothing_is_new(pipeline: Pipeline) -> None:
    """All at once; that each by itself is noticed, the tests above show. What was mended is published at the first try."""
    settings = pipeline.settings
    outputs = files_below(settings.output_dir / "latest")
    DAMAGES["garbage"](settings.marts_path)
    DAMAGES["gone"](settings.output_dir)
    DAMAGES["cut off"](settings.build_dir / "warehouse.duckdb")
    DAMAGES["gone"](settings.build_dir / "marts.duckdb")
    elsewhere, blocked = pipeline.root / "elsewhere", pipeline.root / "blocked"
    blocked.write_text("a file where the folder is to be")
    variables = {"OUTPUT_DIR": str(elsewhere), "OUTPUT_URL": f"file://{blocked}/delivered"}
    failed = pipeline.make_run(**variables)
    assert failed.returncode == 1
    assert failed.stderr.startswith("The job daily failed in outputs__delivered; marts and outputs are published")
    assert pipeline.query("select sent_count from rpt_messages") == [(4,)]
    assert files_below(elsewhere / "latest") == outputs
    blocked.unlink()
    made_up = pipeline.make_run(**variables)
    assert made_up.returncode == 0, made_up.stderr
    assert files_below(blocked / "delivered" / "20261101-060000") == outputs
    assert pipeline.make_run(**variables).stdout.startswith("Nothing new in ")


def test_where_all_files_were_refused_the_next_run_finds_nothing_new(tmp_path: Path, parsed_target: Path) -> None:
    """Without AS_OF, the moment of the report is one that stays; the run itself: tests/test_report.py."""
    pipeline = Pipeline(tmp_path, AS_OF="")
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    pipeline.drop("outbound/sends/a.csv", "a,b\n1,2\n")
    (entry,) = pipeline.load()["outbound", "sends"].new_entries
    assert entry.outcome == "refused"
    assert pipeline.load()["outbound", "sends"].new_entries == []
    assert pipeline.raw_layer.as_of() == entry.loaded_at
    assert not pipeline.raw_layer.new_extracts()


@contextlib.contextmanager
def reading(pipeline: Pipeline) -> Iterator[set[object]]:
    """Read the published marts all the time; yields what is seen: counts of sends, and whatever a reader meets."""
    seen: set[object] = set()
    stop = threading.Event()

    def read() -> None:
        query = "select (select count(*) from fct_sends), (select sum(sent_count) from rpt_messages)"
        while not stop.is_set():
            try:
                seen.add(pipeline.query(query)[0])
            except Exception as error:
                seen.add(error)
            time.sleep(0.02)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
        time.sleep(0.05)
    finally:
        stop.set()
        reader.join()


@contextlib.contextmanager
def held_open(database: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Have a database open in another process, which closes it when it gets a line."""
    hold = f"import duckdb; connection = duckdb.connect({str(database)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder


@contextlib.contextmanager
def closing_after(holder: "subprocess.Popen[bytes]", log: Path, words: str) -> Iterator[None]:
    """Let a process that waits for a line go on as soon as a log has these words."""

    def close() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (log.exists() and words in log.read_text()):
            time.sleep(0.1)
        holder.communicate(b"\n")

    waiting = threading.Thread(target=close)
    waiting.start()
    try:
        yield
    finally:
        waiting.join()


@pytest.mark.after_first_run
def test_assets_by_themselves_do_not_hide_what_waits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """As materialized in Dagster's interface: what they leave to do is done by the next run."""
    fingerprint = pipeline.settings.build_dir / "fingerprint.txt"
    noted = fingerprint.stat().st_mtime_ns
    pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    assert pipeline.make_run("load").returncode == 0
    for step, *names in (["publish"], ["dbt_build", "fct_sends"]):
        assert materialize(pipeline, monkeypatch, step, *names)
        assert pipeline.query("select count(*) from fct_sends") == [(4,)]
        assert not _is_nothing_new(pipeline.settings)
    assert "Published" in pipeline.make_run().stdout
    assert pipeline.query("select count(*) from fct_sends") == [(5,)]
    assert fingerprint.stat().st_mtime_ns == noted  # no full refresh
    # A build that failed is not published by itself either.
    (pipeline.settings.build_dir / "built.json").unlink()
    assert not materialize(pipeline, monkeypatch, "publish")
    # Where models or settings changed, an asset by itself leaves all tables to the next run as they are.
    fingerprint.write_text("of other models")
    assert not materialize(pipeline, monkeypatch, "dbt_build", "rpt_messages")
    assert taken_extracts(pipeline.settings)


@pytest.mark.after_first_run
def test_a_seed_whose_test_failed_is_tested_until_it_passes(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on from the folds of one that failed by a seed would else publish what did not pass."""
    settings, commands_of_dbt = pipeline.settings, []

    def run(settings: Settings, arguments: Sequence[str]) -> list[NodeResult]:
        commands_of_dbt.append(arguments)
        made = incremental_models(settings) | seeds(settings)
        results = [NodeResult(unique_id, "success", 0.0, "", None, None) for unique_id in made]
        if len(commands_of_dbt) > 2:
            return results
        failed = NodeResult("test.outbound_sms.assert_seeds_name_only_what_is_seeded", "fail", 0.0, "", 1, None)
        raise DbtError("", [*results, failed])

    monkeypatch.setattr(building, "run_dbt", run)
    monkeypatch.setattr(building, "remove_databases", lambda settings: None)
    for _ in range(2):
        with pytest.raises(DbtError):
            building.build(settings, pipeline.raw_layer, full_refresh=not commands_of_dbt)
    for _ in range(2):
        building.build(settings, pipeline.raw_layer)
    assert ["--full-refresh" in arguments for arguments in commands_of_dbt] == [True, False, False, False]
    assert ["path:seeds" in arguments for arguments in commands_of_dbt] == [False, False, False, True]


def materialize(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, step: str, *names: str) -> bool:
    """Materialize some assets of a step, or all of them, in a run of their own; returns whether it succeeded."""
    import dagster as dg

    from orchestration.bindings.jobs import build_definitions

    with monkeypatch.context() as patch:
        for name, value in pipeline.variables.items():
            patch.setenv(name, value)
        patch.setenv("DAGSTER_EVENT_LOG_DIR", str(pipeline.settings.dagster_home / "history" / "runs"))
        definitions = build_definitions(pipeline.settings)
        (assets,) = (
            asset
            for asset in definitions.assets or []
            if isinstance(asset, dg.AssetsDefinition) and asset.op.name == step
        )
        keys = {dg.AssetKey([name]) for name in names} or set(assets.keys)
        with dg.DagsterInstance.from_config(str(pipeline.settings.dagster_home)) as instance:
            job = definitions.resolve_job_def("daily").get_subset(asset_selection=keys)
            return job.execute_in_process(instance=instance, raise_on_error=False).success


def test_what_does_the_work_imports_no_dagster() -> None:
    """Dagster's files only bind: loading, building and publishing can be called without it."""
    package = PROJECT_DIR / "orchestration"
    importing = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) dagster", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {name for name in importing if not name.startswith("bindings/")} == {"commands.py"}


UNMAPPED = STATUSES[1] | {"provider_message_id": "SM2", "error_code": "99123"}
UNMAPPED_ISSUE = "select provider_error_code, issue_reason_id from fct_delivery_issues where send_id = 's2'"


@pytest.mark.after_first_run
def test_runs_fail_by_an_open_database_and_by_a_test_and_are_continued_while_others_read(pipeline: Pipeline) -> None:
    """A run fails that waits in vain, the next one by a test; the last one waits, succeeds, and warns of an error code.

    Failures are told, the success too; readers of the marts wait for nobody.
    """
    fingerprint = pipeline.settings.build_dir / "fingerprint.txt"
    noted = fingerprint.stat().st_mtime_ns
    database = pipeline.settings.build_dir / "warehouse.duckdb"
    file_number = database.stat().st_ino
    with held_open(database) as holder:
        # Nothing is new but the as-of moment.
        result = pipeline.make_run(RETRY_SECONDS="0", AS_OF=TOMORROW)
        assert result.returncode == 1
        assert f"{database} is open in another program" in result.stderr
        holder.communicate(b"\n")
    with duckdb.connect(str(pipeline.settings.build_dir / "marts.duckdb")) as connection:
        connection.execute("insert into audit_unmapped_codes (error_code) values ('x')")
        connection.execute("update fct_sends set delivery_status = 'nonsense' where send_id = 's3'")
    pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    pipeline.drop_rows("outbound/statuses/b.csv", [UNMAPPED])
    with listening() as webhook:
        result = pipeline.make_run(NOTIFY_URLS=webhook.url)
        assert result.returncode == 1
        sentence = next(line.strip() for line in result.stderr.splitlines() if "delivery_status is one of" in line)
        # In words, with the row that is wrong; no file of dbt's, no number, no name.
        assert "fct_sends: delivery_status is one of delivered, " in sentence
        assert "1 row is otherwise, such as send_id s3" in sentence
        assert "target/" not in result.stderr
        assert "+1415" not in result.stderr
        assert "Traceback" not in result.stderr
        ((title, text),) = webhook.messages
        assert title == "The job daily failed"
        # What does not pass by itself is not tried again.
        assert "STEP_UP_FOR_RETRY" not in (pipeline.settings.build_dir / "logs" / "daily.log").read_text()
        assert sentence in text
        assert "Published since " in text
        assert "make rebuild mends them" in text
        assert run_pages(pipeline)[0] == ("orchestration.definitions", [sentence])
        with duckdb.connect(str(pipeline.settings.build_dir / "marts.duckdb")) as connection:
            connection.execute("update fct_sends set delivery_status = 'pending' where send_id = 's3'")
        # It is tried again: the database is closed after the second try.
        log = pipeline.settings.build_dir / "logs" / "daily.log"
        log.unlink()
        with held_open(database) as holder, closing_after(holder, log, "STEP_UP_FOR_RETRY"), reading(pipeline) as seen:
            result = pipeline.make_run(RETRY_SECONDS="2", NOTIFY_URLS=webhook.url, AS_OF=TOMORROW)
        assert result.returncode == 0, result.stderr
        assert webhook.titles[1] == "The job daily works again"
        assert "secret" not in log.read_text()
    # Never blocked, and never half a result.
    assert seen == {(4, 4), (5, 5)}
    assert database.stat().st_ino == file_number
    assert (pipeline.settings.output_dir / "latest").readlink() == Path("20261102-060000")
    assert pipeline.query("select count(*) from fct_sends") == [(5,)]
    assert fingerprint.stat().st_mtime_ns == noted  # no full refresh
    assert "1 error code(s) are not mapped to a reason yet: select * from audit_unmapped_codes" in result.stdout
    assert pipeline.query(UNMAPPED_ISSUE) == [("99123", "something_went_wrong")]
    assert check_results(pipeline)[-1] == ("WARN", False)


@pytest.mark.after_first_run
def test_a_row_in_the_seed_maps_an_error_code(pipeline: Pipeline, tmp_path: Path) -> None:
    """The recipe "Map an error code" of CONTRIBUTING; that the code shows as a warning before: the test above.

    The run parses, builds and publishes without a network, and takes none of the caller's own variables for dbt.
    """
    project = tmp_path / "project"
    for folder in ("models", "macros", "seeds", "orchestration", "tests/data"):
        shutil.copytree(PROJECT_DIR / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("dbt_project.yml", "profiles.yml", "requirements.txt"):
        shutil.copy(PROJECT_DIR / file, project)
    with (project / "seeds" / "carrier_error_codes.csv").open("a", encoding="utf-8") as seed:
        seed.write("twilio,message,99123,A code of tomorrow,issue,recipient_unreachable,true,\n")
    pipeline.drop_rows("outbound/statuses/b.csv", [UNMAPPED])
    others = {"DBT_TARGET": "prod", "DBT_PROFILE": "other", "DBT_STATE": "/nonexistent", "DBT_DEFER": "true"}
    result = pipeline.make_run(cwd=project, without_network=True, **others)
    assert result.returncode == 0, result.stderr
    assert "not mapped" not in result.stdout
    assert pipeline.query(UNMAPPED_ISSUE) == [("99123", "recipient_unreachable")]
    assert check_results(pipeline)[-1] == ("ERROR", True)


def check_results(pipeline: Pipeline) -> list[tuple[str, bool]]:
    """Severity and outcome of the check of unmapped codes, run by run, as Dagster has noted them."""
    import dagster as dg

    os.environ["DAGSTER_EVENT_LOG_DIR"] = str(pipeline.settings.dagster_home / "history" / "runs")
    key = dg.AssetCheckKey(dg.AssetKey(["audit_unmapped_codes"]), "warn_of_codes_without_a_reason")
    with dg.DagsterInstance.from_config(str(pipeline.settings.dagster_home)) as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        found = [record.event.asset_check_evaluation for record in records if record.event is not None]
    return [(evaluation.severity.value, evaluation.passed) for evaluation in reversed(found) if evaluation is not None]


def run_pages(pipeline: Pipeline) -> list[tuple[str | None, list[str]]]:
    """Of each run, the newest first: the code location that it shows under, and the sentences that its steps end in."""
    import dagster as dg

    from orchestration.bindings.failures import failure_sentences

    os.environ["DAGSTER_EVENT_LOG_DIR"] = str(pipeline.settings.dagster_home / "history" / "runs")
    with dg.DagsterInstance.from_config(str(pipeline.settings.dagster_home)) as instance:
        return [
            (
                origin.repository_origin.code_location_origin.location_name
                if (origin := run.remote_job_origin)
                else None,
                failure_sentences(
                    [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
                ),
            )
            for run in instance.get_runs()
        ]


def test_a_run_that_was_killed_blocks_nobody_and_goes_in_time(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's queue waits for a run that it takes for started; that its process is dead, the warehouse's lock tells."""
    import dagster as dg

    from orchestration.bindings import dead_runs
    from orchestration.bindings.history import prune_history
    from orchestration.loading.warehouse_lock import is_locked

    drop_extracts(pipeline)
    monkeypatch.setattr(dead_runs, "BEGINNING_SECONDS", 0)
    monkeypatch.setenv("DAGSTER_EVENT_LOG_DIR", str(pipeline.settings.dagster_home / "history" / "runs"))
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=PROJECT_DIR,
        env={**os.environ, **pipeline.variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not is_locked(pipeline.settings) and process.poll() is None:
            time.sleep(0.1)
        with dg.DagsterInstance.from_config(str(pipeline.settings.dagster_home)) as instance:
            assert dead_runs.end_dead_runs(instance, pipeline.settings) == []
            process.kill()
            process.wait()
            (run,) = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.STARTED
            assert [dead.run_id for dead in dead_runs.end_dead_runs(instance, pipeline.settings)] == [run.run_id]
            (run,) = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.FAILURE
            assert dead_runs.end_dead_runs(instance, pipeline.settings) == []
            # It is kept for HISTORY_DAYS, then all that Dagster has of it goes.
            assert prune_history(instance, replace(pipeline.settings, history_days=1)) == 0
            assert [*pipeline.settings.dagster_home.rglob(f"*{run.run_id}*")]
            assert prune_history(instance, replace(pipeline.settings, history_days=0)) == 1
            assert instance.get_runs() == []
            assert [*pipeline.settings.dagster_home.rglob(f"*{run.run_id}*")] == []


@pytest.mark.after_first_run
def test_tables_and_columns_carry_their_descriptions(pipeline: Pipeline) -> None:
    assert pipeline.query("select table_name from duckdb_tables() where comment is null") == []
    lacking = pipeline.query(
        "select table_name, column_name from duckdb_columns() where not internal and comment is null"
    )
    assert lacking == []


@pytest.mark.after_first_run
def test_load_prepares_dbt_by_hand(pipeline: Pipeline) -> None:
    pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    result = pipeline.make_run("load")
    assert result.returncode == 0, result.stderr
    assert "loaded: outbound/sends/b.csv, 1 rows" in result.stdout
    # As the README says, with nothing but the warehouse's folder in the environment.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    target = str(pipeline.root / "target")
    built = subprocess.run(
        [
            dbt_executable(),
            "build",
            "--exclude-resource-type",
            "unit_test",
            "--quiet",
            "--target-path",
            target,
        ],
        cwd=PROJECT_DIR,
        env={**environment, "WAREHOUSE_DIR": str(pipeline.settings.warehouse_dir), "DBT_LOG_PATH": target},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout
    assert len(pipeline.table("fct_sends")) == 5
    # The next run publishes it.
    assert not _is_nothing_new(pipeline.settings)
    assert refresh_reason(pipeline) == ""


def test_a_new_warehouse_takes_over_what_dbt_parsed(
    tmp_path: Path, parsed_target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed_dir = tmp_path / "parsed"
    parsed_dir.mkdir()
    for name in parsing.PARSE_RESULTS:
        shutil.copyfile(parsed_target / name, parsed_dir / name)
    monkeypatch.setattr(parsing, "PARSED_DIR", parsed_dir)
    monkeypatch.setattr(parsing, "dbt_executable", lambda: "false")
    path = parsing.ensure_manifest(Pipeline(tmp_path / "one").settings)
    assert path.read_bytes() == (parsed_dir / "manifest.json").read_bytes()
    # Older than the project, or than a package: dbt parses, here a dbt that fails.
    packages_dir = tmp_path / "packages"
    packages_dir.mkdir()
    os.utime(packages_dir, (0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(parsing, "PACKAGES_DIR", packages_dir)
        parsing.ensure_manifest(Pipeline(tmp_path / "two").settings)
        os.utime(packages_dir, (time.time() + 60, time.time() + 60))
        with pytest.raises(UserError, match="does not parse"):
            parsing.ensure_manifest(Pipeline(tmp_path / "three").settings)
    manifest = (parsed_dir / "manifest.json").read_text(encoding="utf-8")
    begun = json.loads(manifest)["metadata"]["generated_at"]
    (parsed_dir / "manifest.json").write_text(manifest.replace(begun, "2000-01-01T00:00:00Z"), encoding="utf-8")
    with pytest.raises(UserError, match="does not parse"):
        parsing.ensure_manifest(Pipeline(tmp_path / "three").settings)


def test_what_dbt_parsed_serves_warehouses_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        pytest.fail("dbt parsed the project again")

    monkeypatch.setattr("dbt.cli.requires.parse_manifest", parse)
    for name, count in (("one", 2), ("another, of two words", 3)):
        pipeline = Pipeline(tmp_path / name)
        pipeline.drop_rows("outbound/sends/a.csv", SENDS[:count])
        pipeline.load()
        assert staged_sends(pipeline) == count


def staged_sends(pipeline: Pipeline) -> int:
    """Stage the application's sends, and count them."""
    results = pipeline.dbt("build", "--select", "+stg_outbound__sends", "--exclude-resource-type", "test", "unit_test")
    assert {result.status for result in results} == {"success"}
    with connect_to_build(pipeline.settings) as connection:
        return len(connection.execute("select * from stg_outbound__sends").fetchall())


def test_dbt_parses_where_what_it_parsed_can_not_be_used(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    drop_extracts(pipeline)
    pipeline.load()
    assert parsing.parsed_manifest(pipeline.settings) is not None
    with monkeypatch.context() as patch:
        patch.setattr("dbt.version.__version__", "1.11.0")
        assert parsing.parsed_manifest(pipeline.settings) is None
    parsed = pipeline.settings.build_dir / "target" / parsing.PARTIAL_PARSE
    parsed.unlink()
    assert parsing.parsed_manifest(pipeline.settings) is None
    # It lies where dbt looks for what it knows, too.
    parsed.write_bytes(b"not what dbt wrote")
    assert parsing.parsed_manifest(pipeline.settings) is None
    assert staged_sends(pipeline) == 4


@pytest.mark.after_first_run
def test_the_published_file_opens_in_older_clients(pipeline: Pipeline) -> None:
    header = pipeline.settings.marts_path.read_bytes()[:64]
    # Bytes 12 to 19 of a DuckDB file are its storage version; 64 is what 1.0 and all later clients read.
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64


@pytest.mark.after_first_run
def test_a_failed_run_leaves_what_was_published(pipeline: Pipeline) -> None:
    latest = pipeline.settings.output_dir / "latest"
    before = pipeline.settings.marts_path.read_bytes(), files_below(latest)
    pipeline.drop_rows("outbound/sends/b.csv", [{**SENDS[0], "send_id": "s9"}])
    raw = next((pipeline.settings.raw_dir / "outbound" / "statuses").glob("*/*[0-9a-f].parquet"))
    raw.write_bytes(b"damaged by a disk")
    # With its extract, the raw file would be made anew.
    (pipeline.settings.landing_dir / "outbound" / "statuses" / "a.jsonl").unlink()
    result = pipeline.make_run()
    assert result.returncode == 1
    assert "what was published before is untouched" in result.stderr
    assert raw.name in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    after = pipeline.settings.marts_path.read_bytes(), files_below(latest)
    assert after == before


@pytest.mark.after_first_run
def test_the_same_as_of_moment_is_replaced_in_one_step(pipeline: Pipeline) -> None:
    first = pipeline.settings.output_dir / "20261101-060000"
    content = (first / "messages.csv").read_bytes()
    assert publish(pipeline.settings).output_dir == first
    assert (first / "messages.csv").read_bytes() == content
    with duckdb.connect(str(pipeline.settings.build_dir / "marts.duckdb")) as connection:
        connection.execute("update rpt_messages set message_title = 'Another'")
    assert publish(pipeline.settings).output_dir == first
    assert (first / "messages.csv").read_bytes() != content
    assert sorted(path.name for path in pipeline.settings.output_dir.iterdir()) == [first.name, "latest"]


def test_wrong_rows_show_where_they_stand(pipeline: Pipeline) -> None:
    pipeline.drop(
        "outbound/sends/a.csv",
        "send_id,message_id,channel,customer_id,sent_at,message_title\n"
        's1,m1,sms,c1,2026-10-31T09:00:00Z,"two\nlines"\n'
        "s2,m1,fax,c1,2026-10-31T09:00:00Z,x\n"
        "s3,m1,sms,c1,yesterday,x\n",
    )
    pipeline.load()
    pipeline.build(arguments=["--select", "+audit_rejected_rows", "+audit_loads"])
    found = pipeline.query_built(
        "select file, line_number, record, reason from audit_rejected_rows order by line_number"
    )
    assert [(file, line) for file, line, _, _ in found] == [("outbound/sends/a.csv", 4), ("outbound/sends/a.csv", 5)]
    assert json.loads(found[0][2])["channel"] == "fax"
    assert found[0][3] == "unknown channel: fax"
    assert pipeline.query_built("select row_count, rejected_count, outcome from audit_loads") == [(3, 2, "loaded")]


@pytest.mark.parametrize("command", ["dev", "demo-dev"])
def test_the_web_interface_starts(pipeline: Pipeline, command: str) -> None:
    """`make dev`, until it answers: its processes find the project and the event storage of dagster.yaml."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = pipeline.root / "dev.log"
    # A shell's background job, as the tests may be, ignores Ctrl-C, and so would the processes that it starts.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", command, "--port", str(port)],
            # The demo lies in the folder in which it is started, and needs no landing folder of one's own.
            cwd=pipeline.root if command == "demo-dev" else PROJECT_DIR,
            env={**os.environ, **pipeline.variables, "PYTHONPATH": str(PROJECT_DIR)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    signal.signal(signal.SIGINT, handler)
    try:
        deadline = time.monotonic() + 120
        answer = ""
        while not answer and process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info") as page:
                answer = page.read().decode()
            time.sleep(0.5)
        # It listens on one address of this machine, not on all.
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=5).close()
    finally:
        # It ends its own processes when it is interrupted, as by Ctrl-C.
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert "dagster_version" in answer, log.read_text()[-3000:]
    assert (pipeline.root / "demo" / "landing").is_dir() == (command == "demo-dev")


def test_a_log_keeps_whole_what_threads_write_at_once(tmp_path: Path) -> None:
    def write(letter: str) -> None:
        for number in range(2_000):
            print(letter, letter * (number % 300))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with _output_to(tmp_path / "a.log"):
            threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    text = (tmp_path / "a.log").read_text(encoding="utf-8")
    assert {letter: text.count(letter) for letter in "abcd"} == dict.fromkeys(
        "abcd", 2_000 + sum(n % 300 for n in range(2_000))
    )
    assert set(text) == set("abcd \n")
