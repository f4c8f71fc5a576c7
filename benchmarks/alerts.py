"""How often the deliverability alerts cry wolf, and what they find: `python -m benchmarks.alerts`.

Months of SMS of a made-up business, in which nothing goes wrong but what always does: shares of carriers drift, days
and lists differ from each other beyond chance, weekends are quiet, campaigns go to new lists. The alerts' own SQL, as
dbt compiles it, judges each morning; what it tells then is a false alarm. Then faults are planted, each by itself, on
several days, and the day is noted on which an alert names what failed.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.building.dbt_runs import run_dbt
from orchestration.building.parsing import ensure_manifest
from orchestration.settings import Settings

MODELS = ("rpt_deliverability_days", "rpt_deliverability_changes", "rpt_deliverability_alerts")
SEEDS = ("alert_kinds", "issue_reasons")
FIRST_DAY = pd.Timestamp("2026-06-01")
# Days before the first that is judged, which the alerts compare with, and hours until a send counts as unconfirmed.
HISTORY_DAYS, TIMEOUT_HOURS = 31, 72
PROVIDERS = ("alpha", "beta", "gamma")
# Countries with their shares of the sends and of sends that no final status comes of.
COUNTRIES = {
    "US": (0.40, 0.010),
    "GB": (0.18, 0.005),
    "DE": (0.14, 0.005),
    "FR": (0.10, 0.010),
    "MX": (0.08, 0.030),
    "BR": (0.05, 0.040),
    "ES": (0.03, 0.010),
    "IN": (0.02, 0.080),
}
REASONS = {
    "recipient_unreachable": 0.40,
    "landline_or_unreachable_carrier": 0.25,
    "something_went_wrong": 0.20,
    "carrier_unavailable": 0.10,
    "recipient_unsubscribed": 0.05,
}
# Usual shares of sends with an issue and of those answered with an opt-out.
ISSUE_SHARE, OPT_OUT_SHARE = 0.04, 0.005
# Standard deviations, on the scale of log odds, by which issues of one day differ from those of another beyond chance:
# a message's by its list, a carrier's and a country's for a few days in a row; opt-outs by the list.
LIST_SPREAD, CARRIER_SPREAD, COUNTRY_SPREAD, OPT_OUT_SPREAD = 0.35, 0.20, 0.25, 0.40
# Of a carrier's or country's deviation, how much is left on the next day.
PERSISTENCE = 0.7
# Standard deviations of the logarithm of a message's volume and of a carrier's delivery times between days.
VOLUME_SPREAD, SECONDS_SPREAD = 0.25, 0.20


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong from a day on.

    Attributes:
        name: as shown.
        column: of the sends, which says what fails: provider, country_code, from_number or message_id; empty for all.
        value: of that column.
        kinds: of the alerts that tell of it.
        issues, unconfirmed, opt_outs: share of these sends that it happens to beside what is usual.
        reason: of the issues.
        slower: times by which deliveries take longer.
        gone: whether nothing is sent any more.
    """

    name: str
    column: str
    value: str
    kinds: tuple[str, ...]
    issues: float = 0
    unconfirmed: float = 0
    opt_outs: float = 0
    reason: str = "carrier_unavailable"
    slower: float = 1
    gone: bool = False


ISSUES = ("issue_rate", "new_issue_reason", "growing_issue_reason")


def faults() -> Iterator[Fault]:
    """What is planted: of carriers, countries, senders and messages, in several sizes."""
    for share in (0.02, 0.05, 0.1, 0.3, 0.9):
        yield Fault(f"carrier: {share:.0%} more issues", "provider", "beta", ISSUES, issues=share)
    for share in (0.05, 0.1, 0.3, 1):
        yield Fault(f"country (8 % of sends): {share:.0%} more issues", "country_code", "MX", ISSUES, issues=share)
    for share in (0.1, 0.3, 0.8):
        sender = Fault(
            f"sender (a country's, of one carrier): {share:.0%} more issues", "from_number", "beta-GB", ISSUES
        )
        yield replace(sender, issues=share)
    for share in (0.05, 0.2):
        text = Fault(f"message: {share:.0%} too long", "message_id", "message-02", ISSUES, reason="content_too_long")
        yield replace(text, issues=share)
    for share in (0.02, 0.04, 0.08):
        yield Fault(f"message: {share:.0%} more opt out", "message_id", "message-02", ("opt_out_rate",), opt_outs=share)
    for share in (0.05, 0.2, 1):
        receipts = Fault(f"carrier: {share:.0%} without receipts", "provider", "beta", ("unconfirmed_rate",))
        yield replace(receipts, unconfirmed=share)
    for times in (2, 3, 10):
        yield Fault(f"carrier: {times} times slower", "provider", "beta", ("delivery_seconds_p95",), slower=times)
    yield Fault("message: not sent any more", "message_id", "message-01", ("volume_gone",), gone=True)
    yield Fault("carrier: nothing sent any more", "provider", "beta", ("volume_gone",), gone=True)


def drifts(chance: np.random.Generator, days: int, count: int, spread: float) -> np.ndarray:
    """Deviations that last some days, an autoregressive series of the standard deviation `spread`: days by things."""
    found = chance.normal(0, spread, (days, count))
    for day in range(1, days):
        found[day] = PERSISTENCE * found[day - 1] + np.sqrt(1 - PERSISTENCE**2) * found[day]
    return found


def business(sends_per_day: int, messages: int, days: int, seed: int) -> pd.DataFrame:
    """Draw the sends of a business in which nothing goes wrong.

    Args:
        sends_per_day: on a weekday, about.
        messages: of which half go out each day, a quarter on weekdays, an eighth once a week; the others are campaigns
            of one day each.
        days: from FIRST_DAY on.
        seed: of everything that is random.

    Returns:
        A row per send, with what became of it: `outcome` and the moment at which it is known, `receipt_at`.
    """
    chance = np.random.default_rng(seed)
    numbers = np.arange(messages)
    weights = 1 / (numbers + 3)
    weights *= sends_per_day / weights.sum()
    provider_of = numbers % len(PROVIDERS)
    rhythm = numbers % 8  # 0 to 3 daily, 4 and 5 on weekdays, 6 weekly, 7 campaigns
    shares = np.array([share for share, _ in COUNTRIES.values()])
    carrier_drift = drifts(chance, days, len(PROVIDERS), CARRIER_SPREAD)
    country_drift = drifts(chance, days, len(COUNTRIES), COUNTRY_SPREAD)
    seconds_factor = np.exp(chance.normal(0, SECONDS_SPREAD, (days, len(PROVIDERS))))
    own_issues = chance.normal(0, 0.5, messages)
    own_opt_outs = chance.normal(0, 0.5, messages)
    cells = []
    for day in range(days):
        weekday = (FIRST_DAY + pd.Timedelta(days=day)).day_of_week
        is_sent = np.select(
            [rhythm <= 3, rhythm <= 5, rhythm == 6],
            [True, weekday < 5, weekday == numbers % 5],
            day % 14 == numbers % 14,
        )
        quiet = np.where((rhythm <= 3) & (weekday >= 5), 0.6, 1)
        times = np.where(rhythm == 6, 4, np.where(rhythm == 7, 6, 1))
        expected = weights * is_sent * quiet * times * np.exp(chance.normal(0, VOLUME_SPREAD, messages))
        for number, count in enumerate(chance.poisson(expected)):
            by_country = chance.multinomial(count, shares)
            issue_odds = own_issues[number] + chance.normal(0, LIST_SPREAD * (1.5 if rhythm[number] == 7 else 1))
            opt_out_odds = own_opt_outs[number] + chance.normal(0, OPT_OUT_SPREAD)
            for country in np.flatnonzero(by_country):
                odds = issue_odds + carrier_drift[day, provider_of[number]] + country_drift[day, country]
                cells.append((day, number, country, by_country[country], odds, opt_out_odds))
    frame = pd.DataFrame(cells, columns=["day", "message", "country", "count", "issue_odds", "opt_out_odds"])
    sends = frame.loc[frame.index.repeat(frame["count"])].reset_index(drop=True)
    return _drawn(sends, chance, provider_of, seconds_factor)


def _drawn(
    sends: pd.DataFrame, chance: np.random.Generator, provider_of: np.ndarray, seconds_factor: np.ndarray
) -> pd.DataFrame:
    """Draw what became of each send, from the odds of its message, carrier and country on its day."""
    count = len(sends)
    day, message, country = (sends[name].to_numpy() for name in ("day", "message", "country"))
    provider = provider_of[message]

    def happens(share: float, odds: pd.Series) -> np.ndarray:
        usual = np.log(share / (1 - share))
        return np.asarray(chance.random(count) < 1 / (1 + np.exp(-(usual + odds.to_numpy()))))

    silent = np.array([share for _, share in COUNTRIES.values()])
    outcome = np.where(
        happens(ISSUE_SHARE, sends["issue_odds"]),
        "issue",
        np.where(chance.random(count) < silent[country], "unconfirmed", "delivered"),
    )
    seconds = chance.lognormal(1.6, 1.0, count) * seconds_factor[day, provider]
    seconds += np.where(chance.random(count) < 0.01, chance.integers(3_600, 2 * 86_400, count), 0)
    names = np.array([f"message-{number:02}" for number in range(len(provider_of))])
    providers, countries = np.array(PROVIDERS), np.array(list(COUNTRIES))
    sent_at = FIRST_DAY + pd.to_timedelta(day * 86_400 + chance.integers(8 * 3_600, 20 * 3_600, count), unit="s")
    return pd.DataFrame(
        {
            "send_id": np.arange(count).astype(str),
            "customer_id": chance.integers(0, max(1, count // 20), count).astype(str),
            "message_id": names[message],
            "provider": providers[provider],
            "country_code": countries[country],
            "from_number": pd.Series(providers[provider]) + "-" + pd.Series(countries[country]),
            "sent_at": sent_at,
            "outcome": outcome,
            "issue_reason_id": pd.Series(chance.choice(list(REASONS), count, p=list(REASONS.values()))).where(
                outcome == "issue"
            ),
            "delivery_seconds": np.round(seconds, 3),
            "is_opted_out": (outcome == "delivered") & happens(OPT_OUT_SHARE, sends["opt_out_odds"]),
        }
    )


def with_fault(sends: pd.DataFrame, fault: Fault, day: int, seed: int) -> pd.DataFrame:
    """The sends as they are where a fault began on a day (counted from FIRST_DAY) and lasts."""
    chance = np.random.default_rng(seed)
    hit = sends["sent_at"] >= FIRST_DAY + pd.Timedelta(days=day)
    if fault.column:
        hit &= sends[fault.column] == fault.value
    if fault.gone:
        return sends[~hit]
    changed = sends.copy()
    for outcome, share in (("issue", fault.issues), ("unconfirmed", fault.unconfirmed)):
        struck = hit & (changed["outcome"] == "delivered") & (chance.random(len(sends)) < share)
        changed.loc[struck, "outcome"] = outcome
        changed.loc[struck, "is_opted_out"] = False
        if outcome == "issue":
            changed.loc[struck, "issue_reason_id"] = fault.reason
    opted_out = hit & (changed["outcome"] == "delivered") & (chance.random(len(sends)) < fault.opt_outs)
    changed.loc[opted_out, "is_opted_out"] = True
    changed.loc[hit, "delivery_seconds"] *= fault.slower
    return changed


class Alerts:
    """The alerts' models on sends in memory, judged as of any morning."""

    def __init__(self, folder: Path) -> None:
        """Compile the models; `folder` is for dbt's files."""
        settings = Settings(warehouse_dir=folder / "warehouse", landing_dir=folder / "landing")
        settings.build_dir.mkdir(parents=True)
        ensure_manifest(settings)
        compiled = {result.name: result.compiled_code for result in run_dbt(settings, ["compile", "--select", *MODELS])}
        self._connection = duckdb.connect()
        self._connection.execute("attach ':memory:' as warehouse; attach ':memory:' as marts; set threads = 1")
        for seed in SEEDS:
            path = PROJECT_DIR / "seeds" / f"{seed}.csv"
            self._connection.execute(f"create table marts.{seed} as from read_csv(?)", [str(path)])
        self._connection.execute("create table marts.dim_messages (message_id varchar, message_title varchar)")
        self._connection.execute(
            """
            create table warehouse.stg_pipeline__settings as
            select
                null::timestamp as as_of,
                'UTC' as reporting_timezone,
                ?::integer as receipt_timeout_hours,
                0 as alert_hours,
                ?::integer as alert_least_sends,
                ?::double as alert_opt_out_percent
            """,
            [TIMEOUT_HOURS, settings.alert_least_sends, settings.alert_opt_out_percent],
        )
        self._models = {model: compiled[model] for model in MODELS}

    def look_at(self, sends: pd.DataFrame) -> None:
        """Take sends as `business` draws them."""
        self._connection.register("drawn", sends)
        self._connection.execute("create or replace temp table all_sends as from drawn")

    def on(self, day: int) -> pd.DataFrame:
        """The alerts of the morning after a day, at six."""
        as_of = (FIRST_DAY + pd.Timedelta(days=day + 1, hours=6)).to_pydatetime()
        self._connection.execute("update warehouse.stg_pipeline__settings set as_of = ?", [as_of])
        # A receipt comes after the seconds of a delivery; until then a send is pending.
        self._connection.execute(
            f"""
            create or replace table marts.fct_sends as
            select
                * exclude (outcome, is_opted_out) replace (
                    case when outcome = 'issue' and is_known then issue_reason_id end as issue_reason_id,
                    case when outcome = 'delivered' and is_known then delivery_seconds end as delivery_seconds
                ),
                'sms' as channel,
                sent_at::date as sent_date,
                case
                    when outcome <> 'unconfirmed' and is_known then outcome
                    when $as_of >= sent_at + interval {TIMEOUT_HOURS} hours then 'unconfirmed'
                    else 'pending'
                end as delivery_status,
                case when is_opted_out and is_known then sent_at end as _first_opt_out_at
            from (select *, sent_at + to_seconds(delivery_seconds) <= $as_of as is_known from all_sends)
            where sent_at between $as_of - interval 35 days and $as_of
            """,
            {"as_of": as_of},
        )
        for model, compiled in self._models.items():
            self._connection.execute(f"create or replace table marts.{model} as {compiled}")
        return self._connection.execute("from marts.rpt_deliverability_alerts order by kind, score desc").df()


def false_alarms(alerts: Alerts, sends: pd.DataFrame, days: range) -> dict[str, float | int | str]:
    """Count what is told of a business in which nothing goes wrong."""
    alerts.look_at(sends)
    told = [alerts.on(day) for day in days]
    counts = [len(rows) for rows in told]
    kinds = Counter(kind for rows in told for kind in rows["kind"])
    return {
        "alerts a day": round(float(np.mean(counts)), 2),
        "days without any": f"{100 * np.mean([count == 0 for count in counts]):.0f} %",
        "most on one day": max(counts),
        "by kind": ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none",
    }


def found_on(alerts: Alerts, sends: pd.DataFrame, fault: Fault, day: int, within: int) -> int | None:
    """On which day of a fault an alert names what failed, 1 for its first; None where none does `within` so many."""
    first, last = day - HISTORY_DAYS - 1, day + within
    near = sends[
        sends["sent_at"].between(FIRST_DAY + pd.Timedelta(days=first), FIRST_DAY + pd.Timedelta(days=last + 1))
    ]
    alerts.look_at(with_fault(near, fault, day, seed=day))
    for after in range(within):
        rows = alerts.on(day + after)
        named = rows[rows["kind"].isin(fault.kinds) & (rows[fault.column] == fault.value)]
        if not named.empty:
            return after + 1
    return None


def main(arguments: list[str] | None = None) -> None:
    """Simulate, and print two tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends-per-day", type=int, nargs="+", default=[500, 3_000, 20_000])
    parser.add_argument("--messages", type=int, default=24)
    parser.add_argument("--days", type=int, default=120, help="that are judged")
    parser.add_argument("--tries", type=int, default=8, help="days on which each fault is planted; 0: none is")
    parser.add_argument("--within", type=int, default=5, help="days in which a fault has to be found")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    days = range(HISTORY_DAYS, HISTORY_DAYS + options.days)
    starts = np.linspace(days[0], days[-1] - options.within, options.tries, dtype=int).tolist()
    with tempfile.TemporaryDirectory() as folder:
        alerts = Alerts(Path(folder))
        found: dict[str, list[str]] = {}
        print("| sends a day | alerts a day | days without any | most on one day | by kind |\n|---|---|---|---|---|")
        for sends_per_day in options.sends_per_day:
            sends = business(sends_per_day, options.messages, days.stop + options.within, options.seed)
            row = false_alarms(alerts, sends, days)
            print(f"| {sends_per_day:,} |", " | ".join(str(value) for value in row.values()), "|", flush=True)
            for fault in faults() if options.tries else ():
                told = Counter(found_on(alerts, sends, fault, day, options.within) for day in starts)
                cell = ", ".join(f"{told[day]} on day {day}" for day in sorted(filter(None, told))) or "none"
                found.setdefault(fault.name, []).append(cell)
        if found:
            print("\n| planted |", " | ".join(f"{size:,} a day" for size in options.sends_per_day), "|")
            print("|---|" + "---|" * len(options.sends_per_day))
            for name, cells in found.items():
                print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
