"""The benchmark's results as JSON, as a table in the docs, and as a plot of cost against size."""

import datetime
import html
import json
import math
import os
import platform
import statistics
from importlib import metadata
from pathlib import Path
from typing import Any

DOCS_FILE, JSON_FILE, PLOT_FILE = "performance.md", "performance.json", "performance.svg"
START, END = "<!-- benchmark results: begin (written by make bench) -->", "<!-- benchmark results: end -->"
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "dlt", "pyarrow")
# Phases of the pipeline's run in their order, with what they are; what is not listed comes after them.
PHASES = {
    "start_up": "Dagster's imports, dbt's parse of a changed project, definitions",
    "load": "extracts into the raw layer",
    "build": "dbt's start, models and seeds",
    "test": "data tests",
    "outputs": "CSVs, workbook and messaging data export",
    "report": "the HTML report and the manifest",
    "publish": "copy, check and exchange of the published database",
    "other": "Dagster's run and events, Python's start and end, what lies between the phases",
}
COLOURS = ("#1b6ca8", "#d1495b", "#e8a33d", "#3c8d5a", "#7b5ea7", "#5c6670")

Json = dict[str, Any]


def machine() -> Json:
    """What the benchmark ran on: processor, cores that may be used, memory, system and versions."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "versions": versions,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def write_docs(results: Json, docs_dir: Path | None) -> str:
    """Write the results where the docs show them.

    Args:
        results: of the benchmark, see run.py.
        docs_dir: folder of the docs, whose page holds the markers; None writes nothing.

    Returns:
        The results as Markdown.

    Raises:
        ValueError: the page lacks the markers.
    """
    text = as_markdown(results)
    if docs_dir is not None:
        page = docs_dir / DOCS_FILE
        before, start, rest = page.read_text(encoding="utf-8").partition(START)
        _, end, after = rest.partition(END)
        if not start or not end:
            raise ValueError(f"{page}: expected the lines {START} and {END}")
        page.write_text(f"{before}{START}\n\n{text}\n{END}{after}", encoding="utf-8")
        (docs_dir / JSON_FILE).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (docs_dir / PLOT_FILE).write_text(as_svg(results), encoding="utf-8")
    return text


def as_markdown(results: Json) -> str:
    """The results as Markdown: the machine, the contenders, cost by size, phases, a log alone, the daily scenario."""
    largest = results["sizes"][-1]
    parts = [
        _machine_told(results["machine"]),
        _sends_told(results, largest),
        _sizes_told(results),
        *(_phases_told(largest, runs, results["titles"]) for runs in largest["runs"]),
    ]
    if results["twilio"]:
        parts.append(_twilio_told(results["twilio"]))
    if results["daily"]:
        parts.append(_daily_told(results["daily"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine_told(found: Json) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"Measured on {found['date']}: {found['cores']} cores ({found['processor']}), {found['memory_gib']} GiB of"
        f" memory, {found['system']}, Python {found['python']}; {versions}."
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    alignment = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, alignment, *rows])


def _sends_told(results: Json, size: Json) -> str:
    written = size["written"]
    return (
        f"### {size['sends']:,} sends\n\n{written['sends']:,} rows of sends, {written['statuses']:,} of statuses,"
        f" {written['replies']:,} of replies: {_contenders_told(results['titles'], results['baseline'], size)}"
    )


def _twilio_told(twilio: Json) -> str:
    told = _contenders_told(twilio["titles"], twilio["baseline"], twilio)
    return f"### A Twilio log alone\n\n{twilio['written']['rows']:,} rows: {told}"


def _contenders_told(titles: dict[str, str], baseline_name: str, size: Json) -> str:
    """The rest of a sentence on the extracts, and the table of the contenders."""
    baseline = next(runs for runs in size["runs"] if runs["contender"] == baseline_name)
    rows = []
    for runs in size["runs"]:
        title = titles[runs["contender"]]
        if "median" not in runs:
            rows.append([title, runs["not_run"], "", "", "", ""])
            continue
        median = runs["median"]
        rows.append(
            [
                title,
                f"{median['wall_seconds']:.1f} ({_spread(runs)})",
                f"{median['wall_seconds'] / baseline['median']['wall_seconds']:.2f}",
                f"{median['cpu_seconds']:.1f}",
                f"{median['peak_bytes'] / 2**30:.2f}",
                f"{median['bytes_on_disk'] / 2**20:,.0f}",
            ]
        )
    rounds = len(baseline["measurements"])
    intro = (
        f"{size['written']['bytes'] / 1e9:.2f} GB of CSV; {rounds} round{'s' * (rounds != 1)}, medians (least to most)."
    )
    header = ["", "seconds", "ratio to the script", "CPU seconds", "peak memory, GiB", "on disk, MiB"]
    return f"{intro}\n\n{_table(header, rows)}"


def _spread(runs: Json) -> str:
    seconds = [measurement["wall_seconds"] for measurement in runs["measurements"]]
    return f"{min(seconds):.1f} to {max(seconds):.1f}"


def _sizes_told(results: Json) -> str:
    sizes = results["sizes"]
    if len(sizes) < 2:
        return ""
    rows = []
    for place, runs in enumerate(sizes[0]["runs"]):
        cells = [results["titles"][runs["contender"]]]
        for size in sizes:
            median = size["runs"][place].get("median")
            cells.append(
                f"{median['wall_seconds']:.1f} s, {median['peak_bytes'] / 2**30:.2f} GiB"
                if median
                else size["runs"][place]["not_run"]
            )
        rows.append(cells)
    header = ["", *(f"{size['sends']:,} sends" for size in sizes)]
    plot = f"![Seconds and memory against the number of sends]({PLOT_FILE})"
    return f"### Cost against size\n\n{plot}\n\n{_table(header, rows)}"


def phases_of(wall_seconds: float, phases: dict[str, float]) -> dict[str, float]:
    """Seconds by phase in the order of the docs, with what no phase accounts for as `other`."""
    known = {name: seconds for name, seconds in phases.items() if name != "total"}
    known["other"] = max(0.0, wall_seconds - sum(known.values()))
    order = [*PHASES, *(name for name in known if name not in PHASES)]
    return {name: known[name] for name in order if name in known}


def _phases_told(size: Json, runs: Json, titles: dict[str, str]) -> str:
    if not runs["phases"] or "median" not in runs:
        return ""
    split = [
        phases_of(measurement["wall_seconds"], phases)
        for measurement, phases in zip(runs["measurements"], runs["phases"], strict=True)
    ]
    medians = {name: statistics.median(one.get(name, 0.0) for one in split) for name in split[0]}
    total = sum(medians.values())
    rows = [
        [name.replace("_", "-"), PHASES.get(name, ""), f"{seconds:.1f}", f"{seconds / total:.0%}"]
        for name, seconds in medians.items()
    ]
    table = _table(["phase", "what", "seconds", "share"], rows).replace("| ---: |", "| --- |", 1)
    return f"### Where the time goes: {titles[runs['contender']]}, {size['sends']:,} sends\n\n{table}"


def _daily_told(daily: Json) -> str:
    titles: dict[str, str] = {}
    for name, title in {
        "empty": "the day on an empty history",
        "history": f"the day on {daily['history']['sends']:,} sends of history",
        "nothing_new": "nothing new after it",
    }.items():
        titles |= {name: title, f"{name}_before": f"{title}, the version before"}
    titles["dagster_alone"] = "Dagster with an empty job, for comparison"
    titles = {name: title for name, title in titles.items() if name in daily["runs"]}
    medians = {
        name: {
            measure: statistics.median(run[measure] for run in runs)
            for measure in ("wall_seconds", "cpu_seconds", "peak_bytes")
        }
        for name, runs in daily["runs"].items()
    }
    phase_names: list[str] = []
    split: dict[str, dict[str, float]] = {}
    for name, runs in daily["runs"].items():
        by_run = [phases_of(run["wall_seconds"], run["phases"]) if run["phases"] else {} for run in runs]
        names = [phase for phase in by_run[0] if any(one.get(phase) for one in by_run)]
        split[name] = {phase: statistics.median(one.get(phase, 0.0) for one in by_run) for phase in names}
        phase_names += [phase for phase in names if phase not in phase_names]
    ordered = [name for name in PHASES if name in phase_names]
    ordered += [name for name in phase_names if name not in ordered]
    rows = [
        [
            title,
            f"{medians[name]['wall_seconds']:.1f}",
            f"{medians[name]['wall_seconds'] / medians['empty']['wall_seconds']:.2f}",
            f"{medians[name]['cpu_seconds']:.1f}",
            f"{medians[name]['peak_bytes'] / 2**30:.2f}",
            *(f"{split[name][phase]:.1f}" if phase in split[name] else "" for phase in ordered),
        ]
        for name, title in titles.items()
    ]
    header = ["", "seconds", "ratio", "CPU seconds", "peak memory, GiB", *(name.replace("_", "-") for name in ordered)]
    day, rounds = daily["day"], len(daily["runs"]["empty"])
    intro = (
        f"### A day\n\n{day['sends']:,} rows of sends, {day['statuses']:,} of statuses, one in a thousand of them of"
        f" sends one to four weeks before, {day['replies']:,} of replies; {rounds} round{'s' * (rounds != 1)}, medians."
        f" The history is {daily['days']} days ({daily['bytes_on_disk'] / 2**20:,.0f} MiB of warehouse, made in"
        f" {daily['history_run']['wall_seconds']:.0f} s). The script on all extracts came to the same numbers."
    )
    return f"{intro}\n\n{_table(header, rows)}"


def as_svg(results: Json) -> str:
    """Seconds and peak memory against the number of sends, in two plots side by side, all axes logarithmic."""
    series: dict[str, list[tuple[float, float, float]]] = {name: [] for name in results["titles"]}
    for size in results["sizes"]:
        for runs in size["runs"]:
            if "median" in runs:
                median = runs["median"]
                series[runs["contender"]].append((size["sends"], median["wall_seconds"], median["peak_bytes"] / 2**30))
    legend = "".join(
        f'<g transform="translate({20 + place % 3 * 300}, {388 + place // 3 * 22})">'
        f'<rect width="22" height="4" y="-5" fill="{COLOURS[place % len(COLOURS)]}"/>'
        f'<text x="30">{html.escape(title.replace("`", ""))}</text></g>'
        for place, title in enumerate(results["titles"].values())
    )
    height = 400 + (len(series) + 2) // 3 * 22
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 {height}" font-family="sans-serif" font-size="13"'
        f' fill="#333">\n<rect width="940" height="{height}" fill="#fff"/>\n'
        + _plot(20, "Seconds", {name: [(x, seconds) for x, seconds, _ in points] for name, points in series.items()})
        + _plot(490, "Peak memory, GiB", {name: [(x, gib) for x, _, gib in points] for name, points in series.items()})
        + legend
        + "\n</svg>\n"
    )


def _plot(left: int, title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_range = (min(xs) / 1.3, max(xs) * 1.3)
    y_range = (min(ys) / 1.3, max(ys) * 1.3)
    plot_left, width, top, height = left + 44, 370, 40, 290

    def place(value: float, limits: tuple[float, float], start: float, length: float) -> float:
        share = math.log(value / limits[0]) / math.log(limits[1] / limits[0])
        return round(start + share * length, 1)

    parts = [f'<text x="{plot_left}" y="24" font-weight="bold">{title}</text>']
    for value in _ticks(y_range):
        y = place(value, y_range, top + height, -height)
        parts.append(f'<path d="M{plot_left} {y}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{plot_left - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>')
    for value in sorted(set(xs)):
        x = place(value, x_range, plot_left, width)
        parts.append(f'<path d="M{x} {top}v{height}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{_short(value)}</text>')
    parts.append(f'<text x="{plot_left + width / 2}" y="{top + height + 36}" text-anchor="middle">sends</text>')
    for colour, points in zip(COLOURS * 2, series.values(), strict=False):
        placed = [(place(x, x_range, plot_left, width), place(y, y_range, top + height, -height)) for x, y in points]
        line = " ".join(f"{x},{y}" for x, y in placed)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in placed]
    return "\n".join(parts) + "\n"


def _ticks(limits: tuple[float, float]) -> list[float]:
    """Round values within limits: 1, 2 and 5 times the powers of ten."""
    first, last = math.floor(math.log10(limits[0])), math.ceil(math.log10(limits[1]))
    values = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    return [value for value in values if limits[0] <= value <= limits[1]]


def _short(number: float) -> str:
    """A number of sends: 100 k, 10 M."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:.3g} M"
    return f"{number / 1_000:.3g} k" if number >= 1_000 else f"{number:g}"
