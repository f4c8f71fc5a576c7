"""Killing the job at random moments: what is published stays whole, and the next run makes up for it.

Two warehouses get the same extracts. In one, runs are killed; then one is let end, and must leave the same bytes as the
only run of the other. A process reads the published marts all the while, and another holds an old file open.
"""

import csv
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb

from tests.oracle.edge_extracts import generate
from tests.pipeline import Pipeline, files_below

START = datetime(2026, 11, 1, 6)
# How often of ten each way to end a run is tried.
SIGNALS = [signal.SIGKILL] * 6 + [signal.SIGTERM] * 2 + [signal.SIGINT] * 2
STOPPED = re.compile(r"Stopped by (SIGTERM|SIGINT): what is published is whole; the next run goes on from here\.\n")
# Pairs of numbers that are equal in each publication.
READ = """
    select
        (select sum(sent_count) from rpt_messages), (select sum(sent_count) from rpt_customer_engagement_daily),
        (select count(*) from fct_sends), (select count(distinct send_id) from fct_sends)
"""
# What tells of the moment of a run and not of its extracts.
NOT_COMPARED = {"loaded_at", "published_at", "extract_number"}


def torture(folder: Path, *, kills: int, kills_a_round: int, minutes: float, chance: random.Random) -> dict[str, Any]:
    """Kill runs, and check after each what is published, and after each round that the next run makes up for all.

    Args:
        folder: where the two warehouses lie.
        kills: most runs that are killed.
        kills_a_round: of them between two runs that end.
        minutes: after which no further run is killed.
        chance: of the moments and signals.

    Returns:
        Figures by name; `faults` lists what must not be.
    """
    # A forked run starts without seconds of imports, and so do a hundred of them.
    for name in ("orchestration.bindings.jobs", "orchestration.commands", "dbt.cli.main", "dagster"):
        importlib.import_module(name)
    killed, twin = Pipeline(folder / "killed"), Pipeline(folder / "undisturbed")
    extracts = _extracts(chance, 2 + kills)
    faults: list[str] = []
    hit: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    for pipeline in (killed, twin):
        _drop(pipeline, *extracts[0])
        Run(pipeline, START)
    # A day's run, for how long it takes.
    for pipeline in (killed, twin):
        _drop(pipeline, *extracts[-1])
    seconds = Run(killed, START).seconds
    noted = (killed.settings.build_dir / "fingerprint.txt").stat().st_mtime_ns
    context = multiprocessing.get_context("spawn")
    stop, reads = context.Event(), context.Queue()
    for is_held in (False, True):
        arguments = (str(killed.settings.marts_path), is_held, stop, reads)
        context.Process(target=read_on, args=arguments, daemon=True).start()
    rounds, deadline = 0, time.monotonic() + 60 * minutes
    for number in range(1, kills + 1):
        if number % kills_a_round == 1 or kills_a_round == 1:
            rounds += 1
            as_of = START + timedelta(hours=rounds)
        for pipeline in (killed, twin):
            _drop(pipeline, *extracts[number])
        how = chance.choice(SIGNALS)
        run = Run(killed, as_of, how, chance.uniform(0, seconds))
        signals[how.name if run.is_killed else "ended before"] += 1
        seconds = seconds if run.is_killed else run.seconds
        where = _where(killed) if run.is_killed else "ended before"
        hit[where] += 1
        found = [f"kill {number} ({how.name} in {where}): {fault}" for fault in _faults(killed, run, how)]
        faults += found
        is_last = number == kills or time.monotonic() > deadline
        print("\n".join([f"{number}: {how.name}, {where}, {len(faults)} fault(s)", *found]), flush=True)
        if number % kills_a_round == 0 or is_last:
            for pipeline in (killed, twin):
                run = Run(pipeline, as_of)
                if run.exit_code != 0:
                    faults.append(f"round {rounds}: exit code {run.exit_code}: {run.output[-500:]}")
            seconds = run.seconds
            faults += [f"round {rounds}: {fault}" for fault in _differences(killed, twin)]
            if (killed.settings.build_dir / "fingerprint.txt").stat().st_mtime_ns != noted:
                faults.append(f"round {rounds}: everything was made anew")
        if is_last:
            break
    stop.set()
    read_counts, problems = zip(*(reads.get(timeout=60) for _ in range(2)), strict=True)
    faults += [f"reader: {problem} ({count} times)" for found in problems for problem, count in found.items()]
    return {
        "kills": number,
        "rounds": rounds,
        "signals": dict(signals),
        "killed in": dict(hit.most_common()),
        "reads meanwhile": sum(read_counts),
        "faults": faults,
    }


class Run:
    """A run of the job in a process of its own that has everything imported already."""

    def __init__(
        self, pipeline: Pipeline, as_of: datetime, how: signal.Signals | None = None, delay: float = 0
    ) -> None:
        """Run the job, to its end or until a signal.

        Args:
            pipeline: whose job it is.
            as_of: moment of the report.
            how: the signal that ends it; None for none.
            delay: seconds after which it is sent.
        """
        output = pipeline.root / "output.txt"
        started = time.monotonic()
        process = os.fork()
        if process == 0:
            _be_the_run(pipeline, as_of, output)
        ended, status = 0, 0
        while how is not None and not ended and time.monotonic() - started < delay:
            time.sleep(0.02)
            ended, status = os.waitpid(process, os.WNOHANG)
        self.is_killed = how is not None and not ended
        if how is not None and not ended:
            os.kill(process, how)
        if not ended:
            _, status = os.waitpid(process, 0)
        self.seconds = time.monotonic() - started
        self.output = output.read_text(errors="replace") if output.exists() else ""
        self.exit_code = os.waitstatus_to_exitcode(status)
        # A signal that came when all was done, on the way out, killed nothing.
        self.is_killed &= self.exit_code != 0


def _be_the_run(pipeline: Pipeline, as_of: datetime, output: Path) -> None:
    """Become `make run`; does not return."""
    from orchestration.commands import main
    from orchestration.stopping import stop_at_once

    exit_code = 1
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.environ.update(pipeline.variables, AS_OF=as_of.isoformat())
        stop_at_once()
        exit_code = main(["run"])
        sys.stdout.flush()
    finally:
        os._exit(exit_code)


def _extracts(chance: random.Random, count: int) -> list[tuple[str, dict[str, list[dict[str, str | None]]]]]:
    """Rows of extracts, cut into parts that come one after another."""
    parts: list[tuple[str, dict[str, list[dict[str, str | None]]]]] = []
    tables = generate(chance.randrange(1000), 4 * count)
    for number in range(count):
        parts.append((f"{number:04}", {name: rows[number::count] for name, rows in tables.items()}))
    return parts


def _drop(pipeline: Pipeline, name: str, tables: dict[str, list[dict[str, str | None]]]) -> None:
    for table, rows in tables.items():
        if rows:
            pipeline.drop_rows(f"{table.replace('.', '/')}/{name}.csv", rows)


def published(pipeline: Pipeline) -> tuple[Any, Any]:
    """As-of moment and number of sends of the published marts, and of the latest outputs, whose files are checked.

    Raises:
        AssertionError: a file is not what the manifest says.
    """
    ((as_of, sent_count),) = pipeline.query(
        "select (select as_of from report_info), (select sum(sent_count) from rpt_messages)"
    )
    latest = (pipeline.settings.output_dir / "latest").resolve()
    manifest = json.loads((latest / "manifest.json").read_text())
    for name, facts in manifest["files"].items():
        assert hashlib.sha256((latest / name).read_bytes()).hexdigest() == facts["sha256"], f"{name} is not whole"
    assert set(files_below(latest)) == {*manifest["files"], "manifest.json"}
    with (latest / "messages.csv").open(newline="") as file:
        sent = sum(int(row["sent_count"]) for row in csv.DictReader(file))
    return (as_of, int(sent_count)), (datetime.fromisoformat(manifest["as_of"].rstrip("Z")), sent)


def _faults(pipeline: Pipeline, run: Run, how: signal.Signals) -> list[str]:
    """What is wrong after a run was killed."""
    faults = []
    try:
        marts, outputs = published(pipeline)
        if marts != outputs:
            faults.append(f"marts are of {marts}, outputs of {outputs}")
    except Exception as error:  # whatever is met is the result
        faults.append(f"{type(error).__name__}: {error}")
    if run.is_killed and how != signal.SIGKILL:
        told = STOPPED.fullmatch(run.output)
        if not told or run.exit_code != 128 + how:
            faults.append(f"exit code {run.exit_code}, said {run.output[-300:]!r}")
    return faults


def _differences(killed: Pipeline, twin: Pipeline) -> list[str]:
    """Where a warehouse whose runs were killed differs from one that was not disturbed."""
    latest = [files_below((pipeline.settings.output_dir / "latest").resolve()) for pipeline in (killed, twin)]
    faults = [
        f"{name} differs" for name in latest[0].keys() | latest[1].keys() if latest[0].get(name) != latest[1].get(name)
    ]
    with duckdb.connect() as connection:
        for name, pipeline in (("killed", killed), ("twin", twin)):
            connection.execute(f"attach '{pipeline.settings.marts_path}' as {name} (read_only)")
        tables = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where database_name = 'twin' and not starts_with(column_name, '_') group by all order by all"
        ).fetchall()
        for table, columns in tables:
            shown = ", ".join(f'"{column}"' for column in columns if column not in NOT_COMPARED)
            sides = [f"select {shown} from {name}.main.{table}" for name in ("killed", "twin")]
            for first, second in (sides, sides[::-1]):
                rows = connection.execute(f"select count(*) from ({first} except all {second})").fetchone()
                if rows and rows[0]:
                    faults.append(f"{table}: {rows[0]} rows differ")
        unexplained = connection.execute(
            "select sum(abs(unexplained_count)) from killed.audit_reconciliation"
        ).fetchone()
        if unexplained != (0,):
            faults.append(f"unexplained rows: {unexplained}")
    return faults


def _where(pipeline: Pipeline) -> str:
    """In which part of the run it was killed: what its log ends with, and what it left."""
    log = (pipeline.settings.build_dir / "logs" / "daily.log").read_text(errors="replace")
    if "STEP_START" not in log:
        return "start"
    staged = list(pipeline.settings.output_dir.glob(".staged-*"))
    if "publish - STEP_START" in log:
        if not staged:
            return "publish: after"
        names = {path.name for path in staged[0].iterdir()}
        return f"publish: {'marts' if 'manifest.json' in names else 'report' if 'report' in names else 'outputs'}"
    if "dbt_build - STEP_START" not in log:
        return "load"
    if "dbt_build - STEP_SUCCESS" in log:
        return "between steps"
    nodes = re.findall(r"START (.*?) (?:\S+\.)?(\w+) \.+ \[RUN", log)
    return f"build: {'tests' if nodes[-1][0] == 'test' else nodes[-1][1]}" if nodes else "build: start"


def read_on(path: str, is_held: bool, stop: Event, result: Any) -> None:
    """Read the published marts until told to stop; puts the number of reads and what went wrong.

    Args:
        path: of the marts.
        is_held: whether one connection serves twenty reads, which must all be answered alike; else each has its own.
        stop: set when it is to end.
        result: takes the number of reads, and how often what went wrong.
    """
    count, problems = 0, Counter[str]()
    connection, first = None, None
    while not stop.is_set():
        try:
            if connection is None or not is_held or count % 20 == 0:
                connection = duckdb.connect(path, read_only=True)
                first = connection.execute(READ).fetchone()
            row = connection.execute(READ).fetchone()
            if row is None or row[0] != row[1] or row[2] != row[3] or row != first:
                problems[f"half a state, or another one: {first}, {row}"] += 1
            if not is_held:
                connection.close()
        except Exception as error:  # whatever a reader meets is the result
            problems[f"{type(error).__name__}: {error}"] += 1
        count += 1
        time.sleep(0.3)
    result.put((count, dict(problems)))
