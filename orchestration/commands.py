"""The commands behind make's targets: run, rebuild, load, full-check, export, forget, sql, dev, demo, demo-dev."""

import contextlib
import gc
import importlib
import io
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from orchestration.building.dbt_project import (
    PROJECT_DIR,
    dbt_environment,
    manifest_path,
    set_environment,
    without_dbt_variables,
)
from orchestration.building.parsing import ensure_manifest
from orchestration.building.phases import record_phases
from orchestration.errors import (
    DISK_IS_FULL,
    LoadError,
    RunError,
    SettingError,
    UserError,
    causes,
    in_words,
    tells_of_a_full_disk,
)
from orchestration.loading.declarations import read_extract_tables
from orchestration.loading.raw_layer import REFUSED, LedgerEntry, RawLayer
from orchestration.loading.warehouse_lock import warehouse_lock
from orchestration.notifications import tell_of_failure, tell_of_success
from orchestration.outside_text import shown
from orchestration.privacy.files import PRIVATE_UMASK, keep_private
from orchestration.publishing.messaging_data_export import export_range
from orchestration.publishing.state import is_current
from orchestration.run_history import set_damaged_databases_aside
from orchestration.settings import Settings
from orchestration.sql_prompt import sql_prompt

# Folder of everything that the demo makes.
DEMO_DIR = "demo"
# The address at which only this machine reaches the web interface.
LOOPBACK = "127.0.0.1"
# Refused files that a command names; of more it tells the number.
REFUSALS_SHOWN = 10
# Lines that a command says of a failure; the log has all.
LINES_SHOWN = 20
# Exit codes: a run that failed, and a command that could not start because of a setting.
EXIT_FAILED, EXIT_USAGE = 1, 2
# With less, a disk counts as full where a run failed on it.
LEAST_FREE_BYTES = 1_000_000


def prepare(settings: Settings) -> None:
    """Make the folders and variables that Dagster and dbt need.

    Raises:
        UserError: the landing folder is missing, or the dbt project does not parse.
    """
    settings.check_landing_dir()
    keep_private(settings)
    set_environment({**without_dbt_variables(os.environ), **dbt_environment(settings)})
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_EVENT_LOG_DIR"] = str(home / "history" / "runs")
    # In one step: another run may be reading it.
    new = home / f"dagster.yaml.{os.getpid()}.tmp"
    new.write_bytes(Path(__file__).with_name("dagster.yaml").read_bytes())
    new.replace(home / "dagster.yaml")
    ensure_manifest(settings)


def run_daily(settings: Settings) -> int:
    """Run the job `daily`, see `run_job`; where there is nothing to do, end before Dagster is imported."""
    started = time.monotonic()
    if _is_nothing_new(settings):
        record_phases(settings, {"total": time.monotonic() - started}, restart=True)
        tell_of_success(settings, "daily")
        _say_nothing_new(settings)
        return 0
    return run_job(settings, "daily")


def rebuild(settings: Settings) -> int:
    """Run the job `rebuild`, which makes everything anew from the raw layer, see `run_job`."""
    return run_job(settings, "rebuild")


def full_check(settings: Settings) -> int:
    """Run the job `full_check`, see `run_job`."""
    return run_job(settings, "full_check")


def run_job(settings: Settings, job_name: str) -> int:
    """Run a Dagster job, see `execute_job`, and tell NOTIFY_URLS where it could not even start.

    Raises:
        Exception: the run could not start.
    """
    try:
        return execute_job(settings, job_name)
    except Exception as error:
        tell_of_failure(settings, job_name, [in_words(error)])
        raise


def execute_job(settings: Settings, job_name: str) -> int:
    """Run a Dagster job in this process, and say what came out, here and to NOTIFY_URLS.

    Args:
        settings: of the run.
        job_name: of one of the jobs in bindings/jobs.py.

    Returns:
        Exit code: 0 where the job succeeded, else `EXIT_FAILED`.

    Raises:
        UserError: the run could not start.
    """
    started = time.monotonic()
    # Dagster and dbt make millions of objects that last; looking through all of them for garbage took half a second.
    gc.set_threshold(50_000, 20, 50)
    settings.check_landing_dir()
    log_path = settings.build_dir / "logs" / f"{job_name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    published = _published(settings)
    with _output_to(log_path), _failures_as_one_line(settings, job_name, log_path):
        # Dagster is imported here: a wrong setting is told at once, without seconds of imports. They go on while dbt
        # parses, in a process of its own.
        with ThreadPoolExecutor(max_workers=1) as pool:
            importing = pool.submit(importlib.import_module, "orchestration.bindings.jobs")
            prepare(settings)
            importing.result()
        import dagster as dg

        from orchestration.bindings.command_line_runs import RUN_TAGS, put_into_code_location
        from orchestration.bindings.dead_runs import end_dead_runs
        from orchestration.bindings.failures import failure_sentences
        from orchestration.bindings.history import prune_history
        from orchestration.bindings.jobs import build_definitions

        job = build_definitions(settings).resolve_job_def(job_name)
        start_up = time.monotonic() - started

        def execute() -> dg.ExecuteInProcessResult:
            with dg.DagsterInstance.get() as instance:
                end_dead_runs(instance, settings)
                result = job.execute_in_process(instance=instance, raise_on_error=False, tags=RUN_TAGS)
                put_into_code_location(instance, result.run_id)
                prune_history(instance, settings)
                return result

        try:
            result = execute()
        except Exception:
            if not set_damaged_databases_aside(settings.dagster_home):
                raise
            result = execute()
    record_phases(settings, {"start_up": start_up, "total": time.monotonic() - started})
    problems = failure_sentences(result.all_events)
    if result.success:
        tell_of_success(settings, job_name)
    else:
        tell_of_failure(settings, job_name, problems)
    if job_name == "full_check":
        return _say_checked(result, problems, log_path)
    if not result.success:
        _say_failure(job_name, result, problems, log_path, is_published=_published(settings) != published)
        return EXIT_FAILED
    is_published = any(event.is_step_success and event.step_key == "publish" for event in result.all_events)
    if not is_published:
        _say_nothing_new(settings)
        return 0
    _say_success(settings, time.monotonic() - started)
    return 0


def load(settings: Settings) -> int:
    """Load what is new and write the settings for the models, so that dbt can be run by hand; nothing is built."""
    settings.check_landing_dir()
    ensure_manifest(settings)
    keep_private(settings)
    raw_layer = RawLayer(settings, read_extract_tables(manifest_path(settings)))
    with warehouse_lock(settings):
        summaries = raw_layer.load()
        raw_layer.write_settings()
    entries = [entry for summary in summaries.values() for entry in summary.new_entries]
    for entry in (entry for entry in entries if entry.outcome != REFUSED):
        told = f": {shown(entry.reason)}" if entry.reason else f", {entry.row_count} rows"
        print(f"{entry.outcome}: {shown(entry.file)}{told}")
    _say_refused(raw_layer.standing_refusals(), str(raw_layer.ledger_path))
    if settings.numbering_plan:
        print(f"for dbt by hand: export NUMBERING_PLAN='{settings.numbering_plan}'")
    print(f"{len(entries)} new extract file(s); dbt build takes what it has not taken yet from {settings.raw_dir}")
    return 0


def export(settings: Settings) -> int:
    """Write a messaging data export of a range of send days, which the variables FROM, TO and MESSAGE give."""
    first, last, message_id = (os.environ.get(name, "").strip() for name in ("FROM", "TO", "MESSAGE"))
    path, receipts = export_range(settings, first, last, message_id)
    print(f"{receipts:,} receipts: {path}")
    return 0


def forget(settings: Settings) -> int:
    """Erase the person whom the variables CUSTOMER and NUMBER give, and make everything anew; see docs/privacy.md.

    Returns:
        Exit code of the rebuild: until it succeeds, what was published before stays.
    """
    # Imported here: only this command needs it.
    from orchestration.privacy.erasure import erase, finish_erasure

    customer, number, shared = (os.environ.pop(name, "").strip() for name in ("CUSTOMER", "NUMBER", "SHARED"))
    if shared not in ("", "yes"):
        raise SettingError("SHARED", shared, "yes, or none")
    settings.check_landing_dir()
    raw_layer = RawLayer(settings, read_extract_tables(ensure_manifest(settings)))
    log_path = settings.build_dir / "logs" / "forget.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with (
        warehouse_lock(settings),
        _output_to(log_path),
        _failures_as_one_line(settings, "forget", log_path),
    ):
        erased = erase(settings, raw_layer, customer, number, is_shared=shared == "yes")
    rows = [(f"{source}/{table}", count) for (source, table), count in sorted(erased.counts.items())]
    print(text_table(["extracts", "rows erased"], rows) if rows else "No row of this person was found.")
    if erased.hidden_count:
        print(f"Of {erased.hidden_count} row(s) that could not be read, the text was erased.")
    if raw_layer.read_ledger():
        exit_code = run_job(settings, "rebuild")
        if exit_code != 0:
            print("  The marts and outputs published before still hold the person; run the job again.", file=sys.stderr)
            return exit_code
    finish_erasure(settings)
    print(f"Forgotten. Extracts in {settings.landing_dir} are as they were: rows in them are left out from now on.")
    if settings.output_url:
        print("Outputs that were copied to OUTPUT_URL before are still there: remove them.")
    return 0


def _is_nothing_new(settings: Settings) -> bool:
    """Whether a run would find that there is nothing to do, after seconds of imports; the job decides the same way."""
    settings.check_landing_dir()
    raw_layer = RawLayer(settings, {})
    if not raw_layer.ledger_path.exists() or raw_layer.new_extracts():
        return False
    return is_current(settings, raw_layer)


def _say_nothing_new(settings: Settings) -> None:
    if settings.marts_path.exists():
        print(f"Nothing new in {settings.landing_dir} since the last run: nothing to build, nothing published.")
    else:
        print(f"No extracts in {settings.landing_dir} yet: nothing to build, nothing published.")


def serve(settings: Settings) -> int:
    """Start Dagster's web interface with schedule and sensor; returns its exit code when it is stopped."""
    prepare(settings)
    set_damaged_databases_aside(settings.dagster_home)
    # Dagster's processes import the project, and the event storage that dagster.yaml names.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT_DIR), os.environ.get("PYTHONPATH")]))
    dagster = Path(sys.executable).with_name("dagster")
    os.chdir(PROJECT_DIR)
    # Whoever reaches the web interface can start runs and read what they say: it asks nobody who he is.
    arguments = ["dev", "--host", LOOPBACK, "-m", "orchestration.definitions", *sys.argv[2:]]
    os.execv(str(dagster), [str(dagster), *arguments])


def prepare_demo() -> Settings:
    """Write the demo's extracts, and take its folders and as-of moment, whatever those of the environment are."""
    from orchestration.demo.extracts import DEMO_AS_OF, write_demo_extracts

    folders = {f"{name}_DIR": f"{DEMO_DIR}/{name.lower()}" for name in ("LANDING", "WAREHOUSE")}
    os.environ.update({**folders, "OUTPUT_DIR": f"{DEMO_DIR}/outputs", "AS_OF": DEMO_AS_OF.isoformat()})
    settings = Settings.from_environment()
    settings.landing_dir.mkdir(parents=True, exist_ok=True)
    write_demo_extracts(settings.landing_dir)
    return settings


def serve_demo(settings: Settings) -> int:
    """Start Dagster's web interface on the demo, see `serve`; its jobs run on the demo's folders."""
    return serve(prepare_demo())


def run_demo(settings: Settings) -> int:
    """Write the demo's extracts, run the job on them, and show the Messages list and where everything lies.

    Args:
        settings: whatever its folders and as-of moment, the demo's own are used, so that it never mixes with yours.

    Returns:
        Exit code of the job.
    """
    settings = prepare_demo()
    exit_code = run_daily(settings)
    if exit_code == 0:
        print()
        print(messages_list(settings.marts_path))
        print()
        print(f"Extracts   {settings.landing_dir}")
        print(f"Marts      {settings.marts_path}   (DuckDB, e.g. select * from rpt_messages)")
        latest = settings.output_dir / "latest"
        for path in sorted(path for path in latest.iterdir() if path.is_file()):
            print(f"Output     {path}")
        print(f"Report     {latest / 'report' / 'index.html'}   (open it in a browser)")
    return exit_code


def messages_list(marts_path: Path) -> str:
    """The Messages list of a published database as a table of text."""
    with duckdb.connect(str(marts_path), read_only=True) as connection:
        relation = connection.sql(
            """
            select
                message_title as message,
                channel,
                strftime(last_sent_at, '%Y-%m-%d') as last_sent,
                sent_count as sent,
                delivered_count as delivered,
                issue_count as issues,
                replied_customer_count as replied,
                opt_out_customer_count as opt_outs,
                engaged_customer_count as engaged,
                format('{:.1f} %', 100 * delivered_send_rate) as delivered_of_sends,
                format('{:.1f} %', 100 * issue_send_rate) as issues_of_sends,
                format('{:.1f} %', 100 * opt_out_rate) as opt_outs_of_customers,
                format('{:.1f} %', 100 * engagement_rate) as engaged_of_customers
            from (select * replace (coalesce(message_title, message_id) as message_title) from rpt_messages)
            order by last_sent_at desc, message_id
            """
        )
        columns = relation.columns
        rows = relation.fetchall()
    return text_table(columns, rows)


def text_table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """Lay out rows as a table of text: numbers to the right, texts to the left and cut at 40 characters."""
    cells = [["" if value is None else shown(" ".join(str(value).split()))[:40] for value in row] for row in rows]
    widths = [
        max(len(column), *(len(row[i]) for row in cells)) if cells else len(column) for i, column in enumerate(columns)
    ]
    is_number = [
        bool(rows) and all(isinstance(row[i], int) or str(row[i] or "").endswith("%") for row in rows)
        for i in range(len(columns))
    ]

    def line(values: list[str]) -> str:
        laid = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, is_number, strict=True)
        )
        return "  ".join(laid).rstrip()

    return "\n".join([line(list(columns)), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def _say_success(settings: Settings, seconds: float) -> None:
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        rows = connection.execute(
            "select source || '/' || table_name, read_count, rejected_count, duplicate_count, waiting_count"
            " from audit_reconciliation where read_count > 0 order by all"
        ).fetchall()
        unmapped = connection.execute("select count(*) from audit_unmapped_codes").fetchone()
    print(text_table(["extracts", "rows read", "rejected", "repeated", "waiting"], rows))
    _say_refused(RawLayer(settings, {}).standing_refusals(), "audit_loads")
    if unmapped and unmapped[0]:
        print(f"{unmapped[0]} error code(s) are not mapped to a reason yet: select * from audit_unmapped_codes")
    print(f"Published {settings.marts_path} and {settings.output_dir / 'latest'} in {seconds:.1f} s")


def _say_refused(refused: list[LedgerEntry], table: str) -> None:
    """Say which files that are there were refused and why; of many the first ones, their number and where all are."""
    for entry in refused[:REFUSALS_SHOWN]:
        print(f"refused: {shown(entry.file)}: {shown(entry.reason)}")
    if len(refused) > REFUSALS_SHOWN:
        left = len(refused) - REFUSALS_SHOWN
        print(
            f"refused: {left} more, {len(refused)} in all: select file, reason from {table} where outcome = 'refused'"
        )


def _say_checked(result: Any, problems: list[str], log_path: Path) -> int:
    """Say what the full check found; returns the exit code."""
    failed = [
        (event.step_key, event.asset_check_evaluation_data)
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
        and not event.asset_check_evaluation_data.passed
        and event.asset_check_evaluation_data.severity.value == "ERROR"
    ]
    for _, check in failed:
        print(f"{check.asset_key.to_user_string()}: {check.check_name} failed", file=sys.stderr)
        for label, value in check.metadata.items():
            for line in str(value.value).splitlines():
                print(f"  {label}: {shown(line)}", file=sys.stderr)
    # A step whose checks failed fails for that; others failed before they could check.
    told = {step_key for step_key, _ in failed}
    others = [event for event in result.all_events if event.is_step_failure and event.step_key not in told]
    if others:
        _say_failure("full_check", result, problems, log_path, is_published=False)
    if failed:
        print(f"  make rebuild makes everything anew. The whole log: {log_path}", file=sys.stderr)
    elif result.success:
        print("Every data test passed, and all tables equal a rebuild of them.")
    return 0 if result.success and not failed else EXIT_FAILED


def _say_failure(job_name: str, result: Any, problems: list[str], log_path: Path, *, is_published: bool) -> None:
    """Say which steps failed and why."""
    names = ", ".join(str(event.step_key) for event in result.all_events if event.is_step_failure)
    stays = "marts and outputs are published" if is_published else "what was published before is untouched"
    print(f"The job {job_name} failed in {names or 'its set-up'}; {stays}.", file=sys.stderr)
    for line in list(dict.fromkeys("\n".join(problems).splitlines()))[:LINES_SHOWN]:
        print(f"  {shown(line)}", file=sys.stderr)
    print(f"  The whole log: {log_path}", file=sys.stderr)


def _published(settings: Settings) -> tuple[Path, Path]:
    """What the links to what is published lead to."""
    return settings.marts_path.resolve(), (settings.output_dir / "latest").resolve()


class _LogFile(io.FileIO):
    """A log file; a full disk ends the log, and not the run."""

    def write(self, content: Any) -> int:
        """Write what the disk takes; the rest counts as written."""
        with contextlib.suppress(OSError):
            super().write(content)
        return len(content)


class _Log(io.TextIOWrapper):
    """A log that threads write to; Python 3.11's own mixes up what they write at once, and writes bytes of memory."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        file = io.BufferedWriter(_LogFile(path, "w"))
        super().__init__(file, encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """Write a text, one at a time."""
        with self._lock:
            return super().write(text)


@contextlib.contextmanager
def _output_to(log_path: Path) -> Iterator[None]:
    """Send what Dagster and dbt print to a log file, so that the command's own few lines stand out.

    The log of the run before, which may still be under way, is kept beside it.
    """
    if log_path.exists():
        log_path.replace(log_path.with_suffix(".previous.log"))
    with (
        _Log(log_path) as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        yield


@contextlib.contextmanager
def _failures_as_one_line(settings: Settings, job_name: str, log_path: Path) -> Iterator[None]:
    """Write the stack trace of what fails outside of a job's steps to the log, and raise what the user is told.

    Raises:
        RunError: with a line that says what failed.
    """
    published = _published(settings)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        traceback.print_exc()
        stays = "what was published before is untouched" if _published(settings) == published else "it has published"
        # SQLite tells of some writes that found no place as of any other fault of the disk.
        is_full = shutil.disk_usage(settings.warehouse_dir).free < LEAST_FREE_BYTES
        reason = DISK_IS_FULL if is_full or tells_of_a_full_disk(error) else in_words(causes(error)[-1])
        raise RunError(f"The job {job_name} failed: {reason}; {stays}. The whole log: {log_path}") from error


def main(arguments: list[str]) -> int:
    """Run one of the commands; a problem that the user can mend is one line on standard error.

    Args:
        arguments: the command's name.

    Returns:
        The process's exit code.
    """
    commands = {
        "run": run_daily,
        "rebuild": rebuild,
        "load": load,
        "full-check": full_check,
        "export": export,
        "forget": forget,
        "sql": sql_prompt,
        "dev": serve,
        "demo": run_demo,
        "demo-dev": serve_demo,
    }
    if len(arguments) < 1 or arguments[0] not in commands:
        print(f"usage: python -m orchestration {{{'|'.join(commands)}}}", file=sys.stderr)
        return EXIT_USAGE
    os.umask(PRIVATE_UMASK)
    try:
        return commands[arguments[0]](Settings.from_environment())
    except UserError as error:
        print("\n".join(map(shown, str(error).splitlines())), file=sys.stderr)
        return EXIT_FAILED if isinstance(error, (LoadError, RunError)) else EXIT_USAGE
    except PermissionError as error:
        print(f"{shown(error.filename)}: {error.strerror}; the folders need to be writable", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        print(shown(in_words(error)), file=sys.stderr)
        return EXIT_FAILED
