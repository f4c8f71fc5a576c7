"""What Spark notes of a run in its event log: shuffles, spills and time by table, from its own plans and counters.

A line of the log is an event in JSON. A statement is an execution with an id; its jobs name that id, and their stages
what the tasks read, wrote and spilled. An execution's last plan is the one that ran: adaptive execution changes plans.
"""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# How a plan names the table that it writes: in a CREATE TABLE AS, or as the last part of the folder of an INSERT.
_WRITTEN = re.compile(
    r"CreateDataSourceTableAsSelectCommand `?(?:spark_catalog`?\.`?)?(?:\w+`?\.`?)?(\w+)`?|file:[^\s,]*/(\w+),"
)
_SHUFFLE = re.compile(r"^[\s:+\-*()\d]*Exchange\b", re.MULTILINE)


@dataclass
class TableCost:
    """What it took to write a table.

    Attributes:
        table: its name.
        shuffles: exchanges in the plan that ran.
        shuffle_bytes: written by all of them.
        spilled_bytes: written to disk since memory did not hold them.
        read_bytes: read of files.
        task_seconds: of all tasks, which run side by side.
        longest_task_seconds: of the longest task; far above the others where keys are skewed.
    """

    table: str
    shuffles: int = 0
    shuffle_bytes: int = 0
    spilled_bytes: int = 0
    read_bytes: int = 0
    task_seconds: float = 0.0
    longest_task_seconds: float = 0.0


def table_costs(folder: Path) -> list[TableCost]:
    """Add up the event logs of a folder by table, the dearest first.

    Args:
        folder: of `spark.eventLog.dir`.

    Returns:
        A cost for each table that a statement wrote; what only read is left out.
    """
    plans: dict[int, str] = {}
    stages: dict[int, int] = {}
    counters: dict[int, TableCost] = defaultdict(lambda: TableCost(""))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line) if line.startswith("{") else {}
                kind = str(event.get("Event", "")).rpartition(".")[2]
                if kind in ("SparkListenerSQLExecutionStart", "SparkListenerSQLAdaptiveExecutionUpdate"):
                    plans[event["executionId"]] = event["physicalPlanDescription"]
                elif kind == "SparkListenerJobStart":
                    execution = (event.get("Properties") or {}).get("spark.sql.execution.id")
                    if execution is not None:
                        stages |= dict.fromkeys(event["Stage IDs"], int(execution))
                elif kind == "SparkListenerTaskEnd" and event["Stage ID"] in stages:
                    _add_task(counters[stages[event["Stage ID"]]], event)
    found: dict[str, TableCost] = {}
    for execution, plan in plans.items():
        if (table := _written_table(plan)) is None:
            continue
        cost, of_statement = found.setdefault(table, TableCost(table)), counters[execution]
        cost.shuffles += _shuffles(plan)
        for name in ("shuffle_bytes", "spilled_bytes", "read_bytes", "task_seconds"):
            setattr(cost, name, getattr(cost, name) + getattr(of_statement, name))
        cost.longest_task_seconds = max(cost.longest_task_seconds, of_statement.longest_task_seconds)
    return sorted(found.values(), key=lambda cost: -cost.task_seconds)


def _add_task(cost: TableCost, event: dict[str, Any]) -> None:
    metrics = event.get("Task Metrics") or {}
    seconds = metrics.get("Executor Run Time", 0) / 1000
    cost.task_seconds += seconds
    cost.longest_task_seconds = max(cost.longest_task_seconds, seconds)
    cost.shuffle_bytes += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
    cost.spilled_bytes += metrics.get("Disk Bytes Spilled", 0)
    cost.read_bytes += metrics.get("Input Metrics", {}).get("Bytes Read", 0)


def _written_table(plan: str) -> str | None:
    found = _WRITTEN.search(plan)
    return next(filter(None, found.groups()), None) if found else None


def _shuffles(plan: str) -> int:
    """Exchanges of the plan that ran: adaptive execution shows it before the plan that was meant at first."""
    ran = plan.partition("== Initial Plan ==")[0]
    return len(_SHUFFLE.findall(ran.partition("\n\n(")[0]))
