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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.contenders import (
    BASELINE,
    CONTENDERS,
    PIPELINE,
    PIPELINE_BEFORE,
    PROJECT_DIR,
    TWILIO_BASELINE,
    Contender,
    Job,
    environment,
    pipeline_before,
    results_folder,
)
from benchmarks.engines import compare_engines, plans_of, write_measured
from benchmarks.extracts import ExtractPlan, Written, WrittenLog, write_day, write_history, write_twilio_log
from benchmarks.measuring import Measurement, bytes_in, measure
from benchmarks.numbers import NumbersDifferError, assert_same_numbers
from benchmarks.results import as_markdown, machine, write_docs

DEFAULT_SENDS = 500_000
DEFAULT_TWILIO_ROWS = 300_000
DEFAULT_ROUNDS = 3
DAYS = 30
HISTORY_DAYS = 90
# The first day of the extracts, so early that the clock of any machine is past their last.
FIRST_DAY = datetime.date(2026, 6, 1)
# Sends of the run before the first round, which fills caches and compiles Python; it is checked, but does not count.
WARM_UP_SENDS = 10_000
PHASES_FILE = Path("warehouse") / "build" / "phases.json"

Extracts = TypeVar("Extracts")


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
        phases: seconds by phase, per round; of the pipeline and the version before only.
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

    def run(self, contender: Contender, job: Job, name: str | None = None) -> Measurement:
        """Run a contender as `measure` does; the name is its own where none is given."""
        command, name = contender.command(job), name or contender.name
        return self.measure(command, job, name, contender.folder, contender.variables)

    def measure(
        self,
        command: list[str],
        job: Job,
        name: str,
        folder: Path = PROJECT_DIR,
        variables: Mapping[str, str] | None = None,
    ) -> Measurement:
        """Run a command and fail where it fails, but not where it was ended at a limit."""
        log = self.folder / f"{name}.log"
        given = {**environment(job), **(variables or {})}
        measurement = measure(command, given, folder, log, self.limit_seconds, self.limit_bytes)
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


def compare_on_sends(
    bench: Bench, contenders: list[Contender], sends: int, rounds: int, all_sizes: bool
) -> tuple[Written, list[Runs]]:
    """Run contenders on the application's extracts of a size; see `_compare`."""

    def write(plan: ExtractPlan, landing: Path) -> Written:
        written = write_history(plan, landing)
        megabytes = f"{written.bytes / 1e6:,.0f} MB"
        say(f"{sends:,} sends: {written.statuses:,} statuses, {written.replies:,} replies, {megabytes}")
        return written

    return _compare(bench, contenders, CONTENDERS[BASELINE], write, sends, rounds, all_sizes)


def compare_on_log(
    bench: Bench, contenders: list[Contender], messages: int, rounds: int
) -> tuple[WrittenLog, list[Runs]]:
    """Run contenders on a Twilio log of a size and nothing else; see `_compare`."""

    def write(plan: ExtractPlan, landing: Path) -> WrittenLog:
        written = write_twilio_log(plan, landing)
        say(f"a Twilio log alone: {written.rows:,} rows, {written.bytes / 1e6:,.0f} MB")
        return written

    return _compare(bench, contenders, TWILIO_BASELINE, write, messages, rounds, True)


def _compare(
    bench: Bench,
    contenders: list[Contender],
    baseline: Contender,
    write: Callable[[ExtractPlan, Path], Extracts],
    sends: int,
    rounds: int,
    all_sizes: bool,
) -> tuple[Extracts, list[Runs]]:
    """Run contenders on extracts of a size.

    Args:
        bench: where.
        contenders: to run; the baseline among them.
        baseline: against whose numbers the others' are held.
        write: writes the extracts into a landing folder.
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
    written = write(plan, landing)
    runs = {contender.name: Runs(contender.name, sends) for contender in contenders}
    for contender in contenders:
        if contender.largest_size is not None and sends > contender.largest_size and not all_sizes:
            runs[contender.name].not_run = f"not run above {contender.largest_size:,} sends"
    for number in range(rounds):
        # The baseline runs first, for the others to be checked against; the order of the others alternates.
        others = [contender for contender in contenders if contender.name != baseline.name]
        order = [baseline, *(others if number % 2 == 0 else reversed(others))]
        expected = bench.folder / baseline.name / "results"
        for contender in order:
            its_runs = runs[contender.name]
            if its_runs.not_run is not None:
                continue
            job = Job(landing, bench.folder / contender.name, end_of(plan))
            shutil.rmtree(job.folder, ignore_errors=True)
            measurement = bench.run(contender, job)
            if measurement.limit is not None:
                its_runs.not_run = f"ended at {measurement.limit}"
                its_runs.measurements.clear()
                say(f"  {contender.name}: {its_runs.not_run}")
                continue
            its_runs.bytes_on_disk.append(bytes_in(job.folder))
            if contender.name in (PIPELINE, PIPELINE_BEFORE):
                its_runs.phases.append(read_phases(job.folder))
            if contender.name not in (baseline.name, PIPELINE_BEFORE):
                assert_same_numbers(baseline.name, expected, contender.name, results_folder(contender, job))
            if contender.name != baseline.name:
                shutil.rmtree(job.folder)
            its_runs.measurements.append(measurement)
            say(f"  {contender.name}: {told(measurement)}")
        shutil.rmtree(bench.folder / baseline.name, ignore_errors=True)
    shutil.rmtree(landing)
    return written, list(runs.values())


def told(measurement: Measurement) -> str:
    """A measurement in a few words."""
    return (
        f"{measurement.wall_seconds:.1f} s, {measurement.cpu_seconds:.1f} s of CPU,"
        f" {measurement.peak_bytes / 2**30:.2f} GiB of memory"
    )


def daily_scenario(
    bench: Bench, history_sends: int, day_sends: int | None, rounds: int, version_before: Contender | None = None
) -> dict[str, Any]:
    """The same day on an empty history and on top of a history, and the run that finds nothing new.

    Args:
        bench: where.
        history_sends: sends of the history, over `HISTORY_DAYS` days.
        day_sends: sends of the day, None for as many as a day of the history.
        rounds: how often; each starts from a copy of the same warehouse.
        version_before: another version of the pipeline, which runs in the same rounds; its numbers are not checked.

    Returns:
        Measurements and phases by scenario, as JSON.

    Raises:
        RunFailedError: a run failed.
        NumbersDifferError: the pipeline came to other numbers than the script does on all extracts.
    """
    plan = ExtractPlan(history_sends, HISTORY_DAYS, FIRST_DAY, day_sends=day_sends, daily_files=True)
    versions = {"": CONTENDERS[PIPELINE]} | ({"_before": version_before} if version_before else {})
    landings = {name: bench.folder / f"landing-{name}" for name in ("empty", "history")}
    day_dir = bench.folder / "day"
    for folder in (*landings.values(), day_dir):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    history = write_history(plan, landings["history"])
    day = write_day(plan, day_dir)
    say(f"daily: a history of {history.sends:,} sends; a day of {day.sends:,} sends, {day.statuses:,} statuses")
    # What a version's warehouse on a landing folder is before the day is kept as a copy.
    scenarios = {
        f"{name}{suffix}": (pipeline, landing, bench.folder / f"day-on-{name}{suffix}")
        for suffix, pipeline in versions.items()
        for name, landing in landings.items()
    }
    before = {}
    for name, (pipeline, landing, folder) in scenarios.items():
        shutil.rmtree(folder, ignore_errors=True)
        before[name] = bench.run(pipeline, Job(landing, folder, end_of(plan)), f"before-{name}")
        _fail_at_limit(before[name], f"the history's run ({name})")
        _copy(folder / "warehouse", folder / "warehouse-before")
    for suffix in versions:
        say(f"  the history itself{_told_suffix(suffix)}: {told(before[f'history{suffix}'])}")
    found: dict[str, list[dict[str, Any]]] = {
        f"{name}{suffix}": [] for name in ("empty", "history", "nothing_new") for suffix in versions
    }
    found["dagster_alone"] = []
    for number in range(rounds):
        for name in scenarios if number % 2 == 0 else reversed(scenarios):
            pipeline, landing, folder = scenarios[name]
            job = Job(landing, folder, end_of(plan, 1))
            _start_of_day(job, day_dir)
            measurement = bench.run(pipeline, job, f"day-{name}")
            _fail_at_limit(measurement, f"the day on {name}")
            if number == 0 and pipeline.name == PIPELINE:
                _check_day(bench, pipeline, job)
            found[name].append(_as_json(measurement, read_phases(folder)))
            say(f"  the day on {name}: {told(measurement)}")
        for suffix in versions:
            pipeline, landing, folder = scenarios[f"history{suffix}"]
            job = Job(landing, folder, end_of(plan, 1))
            measurement = bench.run(pipeline, job, f"nothing-new{suffix}")
            if "Nothing new" not in measurement.output:
                raise RunFailedError(f"The run without new extracts did not notice it:\n{measurement.output}")
            found[f"nothing_new{suffix}"].append(_as_json(measurement, read_phases(folder)))
            say(f"  nothing new{_told_suffix(suffix)}: {told(measurement)}")
        found["dagster_alone"].append(_as_json(_dagster_alone(bench), {}))
        say(f"  Dagster alone: {found['dagster_alone'][-1]['wall_seconds']:.1f} s")
    result = {
        "history": asdict(history),
        "day": asdict(day),
        "days": plan.days,
        "history_run": _as_json(before["history"], {}),
        "bytes_on_disk": bytes_in(scenarios["history"][2] / "warehouse"),
        "runs": found,
    }
    if version_before:
        result["history_run_before"] = _as_json(before["history_before"], {})
    for folder in (*(folder for _, _, folder in scenarios.values()), *landings.values(), day_dir):
        shutil.rmtree(folder)
    return result


def _told_suffix(suffix: str) -> str:
    return ", the version before" if suffix else ""


def _fail_at_limit(measurement: Measurement, name: str) -> None:
    if measurement.limit is not None:
        raise RunFailedError(f"{name} was ended at {measurement.limit}")


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def _start_of_day(job: Job, day_dir: Path) -> None:
    """Put the warehouse back to what it was before the day, and drop the day's extracts."""
    _copy(job.folder / "warehouse-before", job.folder / "warehouse")
    shutil.rmtree(job.folder / "outputs", ignore_errors=True)
    for path in day_dir.rglob("*.csv"):
        target = job.landing / path.relative_to(day_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def _check_day(bench: Bench, pipeline: Contender, job: Job) -> None:
    script = Job(job.landing, bench.folder / "day-check", job.as_of)
    bench.run(CONTENDERS[BASELINE], script, "day-check")
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


def _twilio_scenario(bench: Bench, contenders: list[Contender], messages: int, rounds: int) -> dict[str, Any]:
    """The pipeline, where it is among the contenders, and the script for it on a Twilio log, as JSON."""
    compared = [contender for contender in contenders if contender.name in (PIPELINE, PIPELINE_BEFORE)]
    compared.append(TWILIO_BASELINE)
    written, runs = compare_on_log(bench, compared, messages, rounds)
    return {
        "messages": messages,
        "titles": {contender.name: contender.title for contender in compared},
        "baseline": TWILIO_BASELINE.name,
        "written": asdict(written),
        "runs": [of_one.as_json() for of_one in runs],
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
    parser.add_argument(
        "--twilio-rows",
        type=int,
        default=DEFAULT_TWILIO_ROWS,
        help="messages of the scenario in which a Twilio log is all there is (%(default)s); 0: none",
    )
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="a checkout of another version, which runs beside the pipeline"
    )
    parser.add_argument("--day-sends", type=int, help=f"sends of its day; default: a {HISTORY_DAYS}th of the history")
    parser.add_argument("--limit-seconds", type=float, default=3600, help="for one run (%(default)s)")
    parser.add_argument("--limit-gib", type=float, default=0.9 * memory_bytes() / 2**30, help="of memory for one run")
    parser.add_argument("--folder", type=Path, help="for extracts and results; default: a temporary one")
    parser.add_argument("--docs", type=Path, default=PROJECT_DIR / "docs", help="where the results are written")
    parser.add_argument("--no-docs", action="store_true", help="only print the results")
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb", help="spark: Spark beside DuckDB")
    parser.add_argument("--memory-gb", type=int, default=3, help="of each engine, MEMORY_LIMIT_GB; with --engine spark")
    arguments = parser.parse_args(given)
    sizes = arguments.sizes or sorted({arguments.sends // 10, arguments.sends // 3})
    names = {BASELINE, *arguments.contenders}
    contenders = [contender for contender in CONTENDERS.values() if contender.name in names]
    version_before = pipeline_before(arguments.before.resolve()) if arguments.before else None
    if version_before:
        contenders.insert(1 if PIPELINE in names else 0, version_before)
    with _work_folder(arguments.folder) as folder:
        bench = Bench(folder, arguments.limit_seconds, int(arguments.limit_gib * 2**30))
        titles = {contender.name: contender.title for contender in contenders}
        results: dict[str, Any] = {"machine": machine(), "titles": titles, "baseline": BASELINE}
        results |= {"sizes": [], "twilio": None, "daily": None}
        try:
            if arguments.engine == "spark":
                return _beside_spark(bench, arguments, sizes)
            say("warm-up, which does not count")
            compare_on_sends(bench, contenders, WARM_UP_SENDS, 1, arguments.all_sizes)
            for sends in [size for size in sizes if 0 < size < arguments.sends] + [arguments.sends]:
                rounds = arguments.rounds if sends == arguments.sends else 1
                written, runs = compare_on_sends(bench, contenders, sends, rounds, arguments.all_sizes)
                told_runs = [of_one.as_json() for of_one in runs]
                results["sizes"].append({"sends": sends, "written": asdict(written), "runs": told_runs})
            if arguments.twilio_rows:
                results["twilio"] = _twilio_scenario(bench, contenders, arguments.twilio_rows, arguments.rounds)
            history = arguments.sends if arguments.history is None else arguments.history
            if history:
                results["daily"] = daily_scenario(bench, history, arguments.day_sends, arguments.rounds, version_before)
        except (RunFailedError, NumbersDifferError) as error:
            if results["sizes"]:
                print(f"\nMeasured until then, and not written to the docs:\n\n{as_markdown(results)}")
            print(error, file=sys.stderr)
            return 1
    print()
    print(write_docs(results, None if arguments.no_docs else arguments.docs))
    return 0


def _beside_spark(bench: Bench, arguments: argparse.Namespace, sizes: list[int]) -> int:
    """Measure Spark beside DuckDB; returns the exit code."""
    plans = plans_of({*sizes, arguments.sends}, DAYS, FIRST_DAY)
    docs = None if arguments.no_docs else arguments.docs
    results: list[dict[str, Any]] = []
    measured_on = machine()
    # Written after each, since the largest take hours.
    for result in compare_engines(bench, plans, arguments.memory_gb):
        results.append(result)
        page = write_measured(results, measured_on, arguments.memory_gb, docs)
    print(page)
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
