"""`make bench ARGS="--engine spark …"`: the pipeline on Spark beside the pipeline on DuckDB, by size and by skew.

Each runs the same extracts; their CSVs have to be the same to the byte. Spark's event log tells what each table took.
The results go into docs/scaling_measured.md and .json.
"""

import datetime
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import CONTENDERS, PIPELINE, Contender, Job
from benchmarks.extracts import CUSTOMER_SKEW, MESSAGE_SKEW, ExtractPlan, write_history
from benchmarks.measuring import bytes_in
from benchmarks.numbers import NumbersDifferError
from benchmarks.spark_events import TableCost, table_costs

if TYPE_CHECKING:
    from benchmarks.run import Bench

SKEWS = {
    "": "even",
    MESSAGE_SKEW: "one message is half of all sends",
    CUSTOMER_SKEW: "one customer has a million sends",
}
# Phases of a run, in their order; the build on Spark is what dbt and Spark take between them.
PHASES = {
    "start_up": "start",
    "load": "load",
    "engine_start": "start of Spark",
    "stage": "raw tables",
    "build": "models",
    "test": "data tests",
    "collect": "from Spark to DuckDB",
    "outputs": "outputs",
    "report": "report",
    "publish": "publish",
}
# Tables of which the measured page tells.
TABLES_SHOWN = 15


def compare_engines(bench: "Bench", plans: Iterable[ExtractPlan], memory_gb: int) -> Iterator[dict[str, Any]]:
    """Run both engines on extracts of each plan.

    Args:
        bench: where, and within which limits.
        plans: the extracts.
        memory_gb: of each engine, GB.

    Yields:
        For each plan what both engines took, by phase, and on Spark by table, as JSON.

    Raises:
        RunFailedError: a run failed.
        NumbersDifferError: the engines wrote different CSVs.
    """
    for plan in plans:
        landing = bench.folder / "extracts"
        shutil.rmtree(landing, ignore_errors=True)
        written = write_history(plan, landing)
        midnight = datetime.datetime.combine(plan.first_day, datetime.time())
        as_of = midnight + datetime.timedelta(days=plan.days)
        result: dict[str, Any] = {"sends": plan.sends, "skew": plan.skew, "written": asdict(written), "runs": {}}
        outputs: dict[str, dict[str, bytes]] = {}
        for contender in (_on_duckdb(memory_gb), _on_spark(bench.folder, memory_gb)):
            job = Job(landing, bench.folder / contender.name, as_of)
            events = bench.folder / "events"
            for folder in (job.folder, events):
                shutil.rmtree(folder, ignore_errors=True)
            events.mkdir()
            measurement = bench.run(contender, job)
            run: dict[str, Any] = {
                "wall_seconds": measurement.wall_seconds,
                "cpu_seconds": measurement.cpu_seconds,
                "peak_bytes": measurement.peak_bytes,
                "ended_at": measurement.limit,
            }
            if measurement.limit is None:
                phases = (job.folder / "warehouse" / "build" / "phases.json").read_text(encoding="utf-8")
                run |= {"bytes_on_disk": bytes_in(job.folder), "phases": json.loads(phases)}
                run["tables"] = [asdict(cost) for cost in table_costs(events)]
                latest = job.folder / "outputs" / "latest"
                outputs[contender.name] = {path.name: path.read_bytes() for path in sorted(latest.glob("*.csv"))}
            result["runs"][contender.name] = run
            print(
                f"{plan.sends:,} sends, {SKEWS[plan.skew]}: {contender.title}: {run['wall_seconds']:.0f} s", flush=True
            )
            shutil.rmtree(job.folder, ignore_errors=True)
        _check_same(outputs)
        yield result


def plans_of(sizes: Iterable[int], days: int, first_day: datetime.date) -> list[ExtractPlan]:
    """The extracts to run on: each size without skew, and the largest with each."""
    sizes = sorted(sizes)
    even = [ExtractPlan(size, days, first_day) for size in sizes]
    return even + [ExtractPlan(sizes[-1], days, first_day, skew=skew) for skew in (MESSAGE_SKEW, CUSTOMER_SKEW)]


def _on_duckdb(memory_gb: int) -> Contender:
    pipeline = CONTENDERS[PIPELINE]
    return Contender("duckdb", "DuckDB", pipeline.command, variables={"MEMORY_LIMIT_GB": str(memory_gb)})


def _on_spark(folder: Path, memory_gb: int) -> Contender:
    """The pipeline on Spark, which notes its events; spark-defaults.conf is how it is told to."""
    conf = folder / "spark-conf"
    conf.mkdir(exist_ok=True)
    options = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "events").as_uri(),
    }
    text = "".join(f"{name} {value}\n" for name, value in options.items())
    (conf / "spark-defaults.conf").write_text(text, encoding="utf-8")
    variables = {"ENGINE": "spark", "MEMORY_LIMIT_GB": str(memory_gb), "SPARK_CONF_DIR": str(conf)}
    return Contender("spark", "Spark", CONTENDERS[PIPELINE].command, variables=variables)


def _check_same(outputs: dict[str, dict[str, bytes]]) -> None:
    if len(outputs) < 2:
        return
    expected, found = outputs.values()
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        raise NumbersDifferError(f"DuckDB and Spark wrote different bytes: {', '.join(differing)}")


def write_measured(results: list[dict[str, Any]], machine: dict[str, Any], memory_gb: int, folder: Path | None) -> str:
    """Write docs/scaling_measured.md and .json.

    Args:
        results: of `compare_engines`.
        machine: of `benchmarks.results.machine`.
        memory_gb: of each engine, GB.
        folder: of the docs; None to write nothing.

    Returns:
        The page's text.
    """
    lines = [
        "# Spark beside DuckDB, measured",
        "",
        f'`make bench ARGS="{" ".join(sys.argv[1:])}"` wrote this: {machine["processor"]}, {machine["cores"]} cores,'
        f" {machine['memory_gib']:.0f} GiB; {memory_gb} GB for each engine. What the figures mean stands in"
        " [scaling.md](scaling.md). CSVs of both engines are the same to the byte. CPU seconds are Python's: what Java"
        " takes are the task seconds below.",
        "",
        *_table(
            ["sends", "", "engine", "seconds", "CPU seconds", "memory, GiB", "on disk, GB"],
            [
                [f"{result['sends']:,}", SKEWS[result["skew"]], engine, *_measured(run)]
                for result in results
                for engine, run in result["runs"].items()
            ],
        ),
        "",
        "## Seconds by phase",
        "",
        *_table(
            ["sends", "", "engine", *PHASES.values()],
            [
                [
                    f"{result['sends']:,}",
                    SKEWS[result["skew"]],
                    engine,
                    *(f"{run['phases'].get(phase, 0):,.1f}" for phase in PHASES),
                ]
                for result in results
                for engine, run in result["runs"].items()
                if "phases" in run
            ],
        ),
    ]
    for result in results:
        costs = [TableCost(**cost) for cost in result["runs"].get("spark", {}).get("tables", [])][:TABLES_SHOWN]
        if costs:
            lines += ["", f"## Spark's dearest tables: {result['sends']:,} sends, {SKEWS[result['skew']]}", ""]
            lines += _table(
                ["table", "shuffles", "shuffled, MB", "spilled, MB", "read, MB", "task seconds", "longest task"],
                [
                    [
                        cost.table,
                        str(cost.shuffles),
                        *(f"{part / 1e6:,.0f}" for part in (cost.shuffle_bytes, cost.spilled_bytes, cost.read_bytes)),
                        f"{cost.task_seconds:,.1f}",
                        f"{cost.longest_task_seconds:,.1f}",
                    ]
                    for cost in costs
                ],
            )
    text = "\n".join(lines) + "\n"
    if folder is not None:
        (folder / "scaling_measured.md").write_text(text, encoding="utf-8")
        measured = json.dumps({"machine": machine, "memory_gb": memory_gb, "results": results}, indent=1)
        (folder / "scaling_measured.json").write_text(measured + "\n", encoding="utf-8")
    return text


def _measured(run: dict[str, Any]) -> list[str]:
    if run["ended_at"]:
        return [f"ended at {run['ended_at']}", "", "", ""]
    return [
        f"{run['wall_seconds']:,.0f}",
        f"{run['cpu_seconds']:,.0f}",
        f"{run['peak_bytes'] / 2**30:.1f}",
        f"{run['bytes_on_disk'] / 1e9:.2f}",
    ]


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
