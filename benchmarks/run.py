"""The benchmark: `make bench`, or `python -m benchmarks.run`; larger sizes by argument.

Contenders run one after the other, each in a process of its own, in rounds that alternate their order. Their numbers
are checked against each other before a time counts. The results go into docs/performance.md, .json and .svg.
"""

import argparse
import contextlib
import datetime
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import (
    BASELINE,
    CONTENDERS,
    PIPELINE,
    PROJECT_DIR,
    Contender,
    Job,
    environment,
    results_folder,
)
from benchmarks.extracts import ExtractPlan, Written, write_day, write_history
from benchmarks.measuring import Measurement, bytes_in, measure
from benchmarks.numbers import NumbersDifferError, assert_same_numbers
from benchmarks.results import as_markdown, machine, write_docs

DEFAULT_SENDS = 500_000
DEFAULT_ROUNDS = 3
DAYS = 30
HISTORY_DAYS = 90
# The first day of the extracts, so early that the clock of any machine is past their last.
FIRST_DAY = datetime.date(2026, 6, 1)
# Sends of the run before the first round, which fills caches and compiles Python; it is checked, but does not count.
WARM_UP_SENDS = 10_000
PHASES_FILE = Path("warehouse") / "build" / "phases.json"


class RunFailedError(Exception):
    """A contender did not end well; the message says how and shows the end of what it printed."""


@dataclass
class Runs:
    """All runs of a contender at a size.

    Attributes:
        contender: its name.
        sends: size of the extracts.
        measurements: one per round.
        bytes_on_disk: of everything that it wrote, per round.
        phases: seconds by phase, per round; of the pipeline only.
        not_run: why it was not run or not run to its end, None where it was.
    """

    contender: str
    sends: int
    measurements: list[Measurement] = field(default_factory=list)
    bytes_on_disk: list[int] = field(default_factory=list)
    phases: list[dict[str, float]] = field(default_factory=list)
    not_run: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The runs with their medians."""
        found = asdict(self)
        for measurement in found["measurements"]:
            del measurement["output"], measurement["exit_code"], measurement["limit"]
        if self.measurements:
            found["median"] = {
                name: statistics.median(getattr(measurement, name) for measurement in self.measurements)
                for name in ("wall_seconds", "cpu_seconds", "peak_bytes")
            } | {"bytes_on_disk": statistics.median(self.bytes_on_disk)}
        return found


@dataclass(frozen=True)
class Bench:
    """Where and within which limits runs take place.

    Attributes:
        folder: for extracts and results, emptied on the way.
        limit_seconds: after which a contender is ended.
        limit_bytes: of memory from which a contender is ended.
    """

    folder: Path
    limit_seconds: float
    limit_bytes: int

    def measure(self, command: list[str], job: Job, name: str) -> Measurement:
        """Run a command and fail where it fails, but not where it was ended at a limit."""
        log = self.folder / f"{name}.log"
        measurement = measure(command, environment(job), PROJECT_DIR, log, self.limit_seconds, self.limit_bytes)
        if measurement.exit_code != 0 and measurement.limit is None:
            raise RunFailedError(f"{name} failed with exit code {measurement.exit_code}:\n{measurement.output}")
        return measurement


def say(text: str) -> None:
    """Print a line at once."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def end_of(plan: ExtractPlan, days: int = 0) -> datetime.datetime:
    """The midnight after the last day of a history, or some days later."""
    return datetime.datetime.combine(plan.first_day, datetime.time()) + datetime.timedelta(days=plan.days + days)


def read_phases(folder: Path) -> dict[str, float]:
    """Seconds by phase of the pipeline's last run."""
    phases: dict[str, float] = json.loads((folder / PHASES_FILE).read_text(encoding="utf-8"))
    return phases


def compare_contenders(
    bench: Bench, contenders: list[Contender], sends: int, rounds: int, all_sizes: bool
) -> tuple[Written, list[Runs]]:
    """Run all contenders on extracts of a size.

    Args:
        bench: where.
        contenders: to run; the baseline among them.
        sends: size.
        rounds: how often.
        all_sizes: whether to run also those for which the size is too large.

    Returns:
        What the extracts hold, and the runs of each contender.

    Raises:
        RunFailedError: a contender failed.
        NumbersDifferError: two contenders came to different numbers.
    """
    plan = ExtractPlan(sends, days=DAYS, first_day=FIRST_DAY)
    landing = bench.folder / "extracts"
    shutil.rmtree(landing, ignore_errors=True)
    written = write_history(plan, landing)
    say(f"{sends:,} sends: {written.statuses:,} statuses, {written.replies:,} replies, {written.bytes / 1e6:,.0f} MB")
    runs = {contender.name: Runs(contender.name, sends) for contender in contenders}
    for contender in contenders:
        if contender.largest_size is not None and sends > contender.largest_size and not all_sizes:
            runs[contender.name].not_run = f"not run above {contender.largest_size:,} sends"
    for number in range(rounds):
        # The baseline runs first, for the others to be checked against; the order of the others alternates.
        others = [contender for contender in contenders if contender.name != BASELINE]
        order = [CONTENDERS[BASELINE], *(others if number % 2 == 0 else reversed(others))]
        baseline = bench.folder / BASELINE / "results"
        for contender in order:
            its_runs = runs[contender.name]
            if its_runs.not_run is not None:
                continue
            job = Job(landing, bench.folder / contender.name, end_of(plan))
            shutil.rmtree(job.folder, ignore_errors=True)
            measurement = bench.measure(contender.command(job), job, contender.name)
            if measurement.limit is not None:
                its_runs.not_run = f"ended at {measurement.limit}"
                its_runs.measurements.clear()
                say(f"  {contender.name}: {its_runs.not_run}")
                continue
            its_runs.bytes_on_disk.append(bytes_in(job.folder))
            if contender.name == PIPELINE:
                its_runs.phases.append(read_phases(job.folder))
            if contender.name != BASELINE:
                assert_same_numbers(BASELINE, baseline, contender.name, results_folder(contender, job))
                shutil.rmtree(job.folder)
            its_runs.measurements.append(measurement)
            say(f"  {contender.name}: {told(measurement)}")
        shutil.rmtree(bench.folder / BASELINE, ignore_errors=True)
    shutil.rmtree(landing)
    return written, list(runs.values())


def told(measurement: Measurement) -> str:
    """A measurement in a few words."""
    return (
        f"{measurement.wall_seconds:.1f} s, {measurement.cpu_seconds:.1f} s of CPU,"
        f" {measurement.peak_bytes / 2**30:.2f} GiB of memory"
    )


def daily_scenario(bench: Bench, history_sends: int, day_sends: int | None, rounds: int) -> dict[str, Any]:
    """The same day on an empty history and on top of a history, and the run that finds nothing new.

    Args:
        bench: where.
        history_sends: sends of the history, over `HISTORY_DAYS` days.
        day_sends: sends of the day, None for as many as a day of the history.
        rounds: how often; each starts from a copy of the same warehouse.

    Returns:
        Measurements and phases by scenario, as JSON.

    Raises:
        RunFailedError: a run failed.
        NumbersDifferError: the pipeline came to other numbers than the script does on all extracts.
    """
    plan = ExtractPlan(history_sends, HISTORY_DAYS, FIRST_DAY, day_sends=day_sends, daily_files=True)
    # Two landing folders and warehouses, each with a copy of the warehouse as it is before the day.
    scenarios = {"empty": bench.folder / "day-on-empty", "history": bench.folder / "day-on-history"}
    for folder in scenarios.values():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "landing").mkdir(parents=True)
    history = write_history(plan, scenarios["history"] / "landing")
    day_dir = bench.folder / "day"
    shutil.rmtree(day_dir, ignore_errors=True)
    day = write_day(plan, day_dir)
    say(f"daily: a history of {history.sends:,} sends; a day of {day.sends:,} sends, {day.statuses:,} statuses")
    pipeline = CONTENDERS[PIPELINE]
    before = {}
    for name, folder in scenarios.items():
        job = Job(folder / "landing", folder, end_of(plan))
        before[name] = bench.measure(pipeline.command(job), job, f"before-{name}")
        _fail_at_limit(before[name], f"the history's run ({name})")
        _copy(folder / "warehouse", folder / "warehouse-before")
    say(f"  the history itself: {told(before['history'])}")
    found: dict[str, list[dict[str, Any]]] = {"empty": [], "history": [], "nothing_new": [], "dagster_alone": []}
    for number in range(rounds):
        for name in ("empty", "history") if number % 2 == 0 else ("history", "empty"):
            folder = scenarios[name]
            job = Job(folder / "landing", folder, end_of(plan, 1))
            _start_of_day(folder, day_dir)
            measurement = bench.measure(pipeline.command(job), job, f"day-{name}")
            _fail_at_limit(measurement, f"the day on {name}")
            if number == 0:
                _check_day(bench, pipeline, job)
            found[name].append(_as_json(measurement, read_phases(folder)))
            say(f"  the day on {name}: {told(measurement)}")
        folder = scenarios["history"]
        job = Job(folder / "landing", folder, end_of(plan, 1))
        measurement = bench.measure(pipeline.command(job), job, "nothing-new")
        if "Nothing new" not in measurement.output:
            raise RunFailedError(f"The run without new extracts did not notice it:\n{measurement.output}")
        found["nothing_new"].append(_as_json(measurement, read_phases(folder)))
        say(f"  nothing new: {told(measurement)}")
        found["dagster_alone"].append(_as_json(_dagster_alone(bench), {}))
        say(f"  Dagster alone: {found['dagster_alone'][-1]['wall_seconds']:.1f} s")
    result = {
        "history": asdict(history),
        "day": asdict(day),
        "days": plan.days,
        "history_run": _as_json(before["history"], {}),
        "bytes_on_disk": bytes_in(scenarios["history"] / "warehouse"),
        "runs": found,
    }
    for folder in (*scenarios.values(), day_dir):
        shutil.rmtree(folder)
    return result


def _fail_at_limit(measurement: Measurement, name: str) -> None:
    if measurement.limit is not None:
        raise RunFailedError(f"{name} was ended at {measurement.limit}")


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def _start_of_day(folder: Path, day_dir: Path) -> None:
    """Put the warehouse back to what it was before the day, and drop the day's extracts."""
    _copy(folder / "warehouse-before", folder / "warehouse")
    shutil.rmtree(folder / "outputs", ignore_errors=True)
    for path in day_dir.rglob("*.csv"):
        target = folder / "landing" / path.relative_to(day_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def _check_day(bench: Bench, pipeline: Contender, job: Job) -> None:
    script = Job(job.landing, bench.folder / "day-check", job.as_of)
    bench.measure(CONTENDERS[BASELINE].command(script), script, "day-check")
    assert_same_numbers(
        f"{BASELINE} on all extracts", script.folder / "results", PIPELINE, results_folder(pipeline, job)
    )
    shutil.rmtree(script.folder)


def _dagster_alone(bench: Bench) -> Measurement:
    folder = bench.folder / "dagster-alone"
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    job = Job(folder, folder, datetime.datetime.combine(FIRST_DAY, datetime.time()))
    command = ["env", f"DAGSTER_HOME={home}", sys.executable, "-m", "benchmarks.dagster_alone"]
    return bench.measure(command, job, "dagster-alone")


def _as_json(measurement: Measurement, phases: dict[str, float]) -> dict[str, Any]:
    return {
        "wall_seconds": measurement.wall_seconds,
        "cpu_seconds": measurement.cpu_seconds,
        "peak_bytes": measurement.peak_bytes,
        "phases": phases,
    }


def main(given: list[str] | None = None) -> int:
    """Run the benchmark as the command line says.

    Args:
        given: the arguments; the process's own when None.

    Returns:
        Exit code: 0, or 1 where a contender failed or numbers differ.
    """
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--sends", type=int, default=DEFAULT_SENDS, help="sends of the largest size (%(default)s)")
    parser.add_argument("--sizes", type=_numbers, help="smaller sizes, one round each; default: a tenth and a third")
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help="rounds of the largest size (%(default)s)")
    parser.add_argument("--contenders", type=_names, default=list(CONTENDERS), help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--all-sizes", action="store_true", help="run every contender at every size")
    parser.add_argument(
        "--history", type=int, help="sends of the daily scenario's history; default: as --sends; 0: none"
    )
    parser.add_argument("--day-sends", type=int, help=f"sends of its day; default: a {HISTORY_DAYS}th of the history")
    parser.add_argument("--limit-seconds", type=float, default=3600, help="for one run (%(default)s)")
    parser.add_argument("--limit-gib", type=float, default=0.9 * memory_bytes() / 2**30, help="of memory for one run")
    parser.add_argument("--folder", type=Path, help="for extracts and results; default: a temporary one")
    parser.add_argument("--docs", type=Path, default=PROJECT_DIR / "docs", help="where the results are written")
    parser.add_argument("--no-docs", action="store_true", help="only print the results")
    arguments = parser.parse_args(given)
    sizes = arguments.sizes or sorted({arguments.sends // 10, arguments.sends // 3})
    names = {BASELINE, *arguments.contenders}
    contenders = [contender for contender in CONTENDERS.values() if contender.name in names]
    with _work_folder(arguments.folder) as folder:
        bench = Bench(folder, arguments.limit_seconds, int(arguments.limit_gib * 2**30))
        titles = {contender.name: contender.title for contender in contenders}
        results: dict[str, Any] = {"machine": machine(), "titles": titles, "baseline": BASELINE}
        results |= {"sizes": [], "daily": None}
        try:
            say("warm-up, which does not count")
            compare_contenders(bench, contenders, WARM_UP_SENDS, 1, arguments.all_sizes)
            for sends in [size for size in sizes if 0 < size < arguments.sends] + [arguments.sends]:
                rounds = arguments.rounds if sends == arguments.sends else 1
                written, runs = compare_contenders(bench, contenders, sends, rounds, arguments.all_sizes)
                told_runs = [of_one.as_json() for of_one in runs]
                results["sizes"].append({"sends": sends, "written": asdict(written), "runs": told_runs})
            history = arguments.sends if arguments.history is None else arguments.history
            if history:
                results["daily"] = daily_scenario(bench, history, arguments.day_sends, arguments.rounds)
        except (RunFailedError, NumbersDifferError) as error:
            if results["sizes"]:
                print(f"\nMeasured until then, and not written to the docs:\n\n{as_markdown(results)}")
            print(error, file=sys.stderr)
            return 1
    print()
    print(write_docs(results, None if arguments.no_docs else arguments.docs))
    return 0


def memory_bytes() -> int:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _numbers(text: str) -> list[int]:
    return sorted(int(part) for part in text.replace("_", "").split(",") if part)


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = sorted(set(names) - set(CONTENDERS))
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known are {', '.join(CONTENDERS)}")
    return names


@contextlib.contextmanager
def _work_folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="outbound-sms-bench-") as temporary:
        yield Path(temporary)


if __name__ == "__main__":
    sys.exit(main())
