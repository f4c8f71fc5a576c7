"""The HTML report: static pages, made from the published tables, that open from disk without network or server.

report/index.html         the Messages list
report/messages/*.html    a page for each message
report/engagement.html    SMS beside the other channels; who hears from us too often
report/fix_list.html      what to do, for how many customers
report/about.html         what was loaded, and what the words mean
report/assets/            style, script, DataTables with its licence
"""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from orchestration.reporting import charts, formats
from orchestration.reporting.definitions import DEFINITIONS
from orchestration.reporting.queries import CURVE_DAYS, CURVE_STEPS, MOST_DAYS, ReportData, read_report_data

Row = dict[str, Any]

PACKAGE_DIR = Path(__file__).parent
# Control characters in texts from outside; no page has one of its own.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
PAGES = [
    ("index.html", "Messages"),
    ("engagement.html", "Customer engagement"),
    ("fix_list.html", "Fix list"),
    ("about.html", "About the data"),
]
ENGAGEMENT_COLUMNS = [
    "delivered_count",
    "issue_count",
    "opened_count",
    "clicked_count",
    "replied_count",
    "goal_count",
    "unsubscribed_count",
    "engaged_count",
]
PART_COLUMNS = [
    "sent_count",
    "delivered_count",
    "issue_count",
    "pending_count",
    "unconfirmed_count",
    "replied_count",
    "engaged_count",
]
ENGAGED_TILES = [
    ("Opened", "opened_customer_count"),
    ("Clicked", "clicked_customer_count"),
    ("Replied", "replied_customer_count"),
    ("Reached the goal", "goal_customer_count"),
    ("Completed", "completed_customer_count"),
    ("Engaged", "engaged_customer_count"),
]
# Windows of the engagement report: id, name, days; None is all.
WINDOWS = [
    ("w7", "Last 7 days", 7),
    ("w28", "Last 28 days", 28),
    ("w90", "Last 90 days", 90),
    ("wall", "All days", None),
]
TREND_DAYS = 28
# Countries of a message's page, and days of its table; a page of a message sent daily to the world stays near 25 kB.
MOST_COUNTRIES, DAYS_IN_TABLE = 10, 28
# The plot of a message's charts within their SVG of 640 x 190, in its units.
LEFT, RIGHT, TOP, BOTTOM = 56, 630, 20, 160


def write_report(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """Write the report.

    Args:
        connection: whose default database holds the published tables; it is only read.
        folder: the report's folder, not there yet.

    Returns:
        The written files, in the order of their paths; the same data give the same bytes.

    Raises:
        duckdb.Error: a table or column is not there.
    """
    data = read_report_data(connection)
    (folder / "assets").mkdir(parents=True)
    for asset in (PACKAGE_DIR / "assets").iterdir():
        # Without the permissions that the file has here.
        shutil.copyfile(asset, folder / "assets" / asset.name)
    (folder / "messages").mkdir()
    report = _Report(data)
    for name, page in report.pages():
        (folder / name).write_text(_CONTROLS.sub("\ufffd", page), encoding="utf-8")
    return sorted(path for path in folder.rglob("*") if path.is_file())


class _Report:
    """The report's pages, as texts."""

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self.zone = ZoneInfo(data.info["reporting_timezone"])
        self.channel_names = {row["channel"]: row["channel_name"] for row in _rows(data.frames["channels"])}
        self.rows = {name: _by_message(frame) for name, frame in data.frames.items() if "message_id" in frame}
        self.messages = [self._listed(row) for row in _rows(data.frames["messages"])]
        self.environment = Environment(
            loader=PackageLoader("orchestration.reporting"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        self.environment.globals.update(
            number=formats.number,
            percent=formats.percent,
            share_cell=formats.share_cell,
            exact_share=formats.exact_share,
            duration=formats.duration,
            exact_seconds=formats.exact_seconds,
            money=formats.money,
            customer=formats.customer_cell,
            part_row=formats.part_row,
            issue_row=formats.issue_row,
            reply_row=formats.reply_row,
            alert_value=formats.alert_value,
            nothing=formats.NOTHING,
            info={name: value for name, value in data.info.items() if name != "published_at"},
            as_of=self._local(data.as_of),
            pages=PAGES,
            channel_names=self.channel_names,
            engagement_columns=ENGAGEMENT_COLUMNS,
            engaged_tiles=ENGAGED_TILES,
        )

    def pages(self) -> Iterable[tuple[str, str]]:
        """Each page: its path below the report's folder, and its text."""
        used = {channel for message in self.messages for channel in message["channels"].split()}
        channels_used = [channel for channel in self.channel_names if channel in used]
        yield self._page("index.html", **self._index(), channels_used=channels_used)
        yield self._page("engagement.html", **self._engagement())
        yield self._page("fix_list.html", **self._fix_list())
        yield self._page("about.html", **self._about())
        template = self.environment.get_template("message.html.j2")
        for message in self.messages:
            text = template.render(root="../", current="", **self._message(message))
            yield f"messages/{message['page']}", text

    def _page(self, name: str, **values: object) -> tuple[str, str]:
        template = self.environment.get_template(f"{name}.j2")
        return name, template.render(root="", current=name, **values)

    def _local(self, moment: datetime | None) -> str:
        """A moment (naive UTC) in the reporting time zone."""
        if moment is None or pd.isna(moment):
            return ""
        return f"{moment.replace(tzinfo=UTC).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def _listed(self, row: Row) -> Row:
        """A row of the Messages list with what the list shows of it."""
        parts = self.rows["parts"].get(row["message_id"], [])
        channels = [name for name in self.channel_names if any(part["channel"] == name for part in parts)]
        of = row["sent_customer_count"]
        names = ("delivered", "issue", "replied", "opt_out", "engaged")
        return {
            **row,
            "page": formats.page_name(row["message_id"]),
            "title": row["message_title"] or row["message_id"],
            "channel_name": self.channel_names.get(row["channel"], row["channel"]),
            "channels": " ".join(channels),
            "channel_names": ", ".join(self.channel_names[name] for name in channels),
            "sms": "1" if "sms" in channels else "",
            "is_mixed": len(channels) > 1,
            "first_at": self._local(row["first_sent_at"]),
            "last_at": self._local(row["last_sent_at"]),
            "last_day": self._local(row["last_sent_at"])[:10],
            "cells": Markup("").join(formats.share_cell(row[f"{name}_customer_count"], of, "n") for name in names),
            "send_cell": formats.part_cell(row["delivered_count"], row["sent_count"]),
            "trend": self._trend(row["message_id"]),
        }

    def _trend(self, message_id: str) -> Markup:
        """Sends by day of the last weeks, as lines of a small picture."""
        last = self._as_of_day()
        days = {
            (last - row["sent_date"].date()).days: row["sent_count"]
            for row in self.rows["message_days"].get(message_id, [])
        }
        recent = {age: sends for age, sends in days.items() if 0 <= age < TREND_DAYS and sends}
        if not recent:
            return Markup('<small title="no sends in the last 28 days">none</small>')
        most = max(recent.values())
        path = "".join(
            f"M{2 * (TREND_DAYS - age)} 17V{16 - round(15 * recent[age] / most)}"
            for age in sorted(recent, reverse=True)
        )
        label = f"up to {most:,} sends a day"
        return Markup(  # noqa: S704
            f'<svg class="t" viewBox="0 0 57 18" role="img" aria-label="{label}"><path d="{path}"/></svg>'
        )

    def _as_of_day(self) -> date:
        return self.data.as_of.replace(tzinfo=UTC).astimezone(self.zone).date()

    def _within(self, frame: pd.DataFrame, days: int) -> pd.DataFrame:
        """Rows whose sent_date is one of so many days that end at the as-of day."""
        last = pd.Timestamp(self._as_of_day())
        dates = pd.to_datetime(frame["sent_date"])
        return frame[(dates > last - timedelta(days=days)) & (dates <= last)]

    def _index(self) -> Row:
        recent = self._within(self.data.frames["channel_days"], 90)
        return {
            "totals": _rows(self.data.frames["totals"])[0],
            "alerts": self._alerts(_rows(self.data.frames["alerts"])),
            "messages": self.messages,
            "daily_chart": charts.sends_by_day(recent, 0) if len(recent) else "",
        }

    def _alerts(self, alerts: list[Row]) -> list[Row]:
        """Alerts with the page of their message, where it has one."""
        pages = {message["message_id"]: message["page"] for message in self.messages}
        return [{**row, "page": pages.get(row["message_id"], "")} for row in alerts]

    def _message(self, message: Row) -> Row:
        """What a message's page shows."""
        message_id = message["message_id"]

        def of(name: str) -> list[Row]:
            return self.rows[name].get(message_id, [])

        parts = of("parts")
        sms_parts = [part for part in parts if part["channel"] == "sms"]
        retries = {row["issue_reason_id"]: row for row in of("retries")}
        issues = [{**row, **retries.get(row["issue_reason_id"], {})} for row in of("issues")]
        totals = _only(of("reply_totals"))
        countries = _summed(sms_parts, "country_code")
        channels = _summed(parts, "channel")
        editions = _summed(parts, "message_version_id")
        delivery = _only(of("delivery"))
        if delivery:
            delivery = {
                **delivery,
                "first_at": self._local(delivery["first_delivered_at"]),
                "last_at": self._local(delivery["last_delivered_at"]),
            }
        return {
            "message": {**message, **_only(of("engagement"))},
            "alerts": self._alerts(of("alerts")),
            "delivery": delivery,
            "costs": of("costs"),
            "issue_costs": of("issue_costs"),
            "characters": of("characters"),
            "after_opt_out_rows": [
                {**row, **{name: self._local(row[name]) for name in ("opted_out_at", "sent_at")}}
                for row in of("after_opt_out_rows")
            ],
            "curve": self._curve(message, of("curves")),
            "days": _day_bars(of("message_days")),
            "issues": issues,
            "sms_issue_count": sum(row["issue_count"] for row in issues),
            "carriers": _summed(sms_parts, "provider"),
            "countries": sorted(countries, key=lambda row: -row["issue_count"])[:MOST_COUNTRIES],
            "country_total": len(countries),
            "issue_rows": [
                {**row, "retry": {True: "yes", False: "no"}.get(row["is_retryable"], "unknown")}
                for row in of("issue_rows")
            ],
            "issue_row_total": _only(of("issue_totals")).get("row_count", 0),
            "groups": of("groups"),
            "reply_rows": of("reply_rows"),
            "has_later_replies": any(
                row["channel"] == "sms" and not row["keyword_group"] and not row["is_first"] for row in of("reply_rows")
            ),
            "reply_row_total": totals.get("row_count", 0),
            "replier_count": totals.get("replier_count", 0),
            "reply_count": totals.get("reply_count", 0),
            "possible_opt_out_count": totals.get("possible_opt_out_count", 0),
            "reply_groups": sorted({row["keyword_group"] for row in of("reply_rows") if row["keyword_group"]}),
            "editions": editions if len(editions) > 1 else [],
            "channel_parts": [
                {**row, "name": self.channel_names.get(row["name"], row["name"])} for row in channels
            ] if len(channels) > 1 else [],
        }  # fmt: skip

    def _curve(self, message: Row, steps: list[Row]) -> Row:
        """Deliveries over time of a message that was sent within two days; the last step stands for all later ones."""
        if not steps:
            return {}
        total, within = sum(row["delivered_count"] for row in steps), 0
        by_step = {row["step"]: row["delivered_count"] for row in steps}
        points = [f"M{LEFT} {BOTTOM}"]
        for step in range(1, CURVE_STEPS + 1):
            within += by_step.get(step, 0)
            x = LEFT + (RIGHT - LEFT) * step / CURVE_STEPS
            y = BOTTOM - (BOTTOM - TOP) * within / total
            points.append(f"L{x:.0f} {y:.1f}")
        seconds = steps[0]["step_seconds"] * CURVE_STEPS
        return {
            "path": "".join([*points, f"V{BOTTOM}Z"]),
            "total": total,
            "within": within,
            "span": formats.duration(seconds),
            "starts": message["first_at"],
            "ends": self._local(message["first_sent_at"] + timedelta(seconds=seconds)),
        }

    def _engagement(self) -> Row:
        frame = self.data.frames["channel_days"]
        frame = frame.assign(channel_name=frame["channel"].map(self.channel_names))
        windows: list[Row] = []
        for number, (window_id, name, days) in enumerate(WINDOWS if len(frame) else []):
            within = self._within(frame, days) if days else frame
            within = within[within["sent_count"] > 0]
            if within.empty:
                windows.append({"id": window_id, "name": name, "channels": []})
                continue
            counts = ["sent_count", *ENGAGEMENT_COLUMNS]
            channels = within.groupby(["channel", "channel_name"], as_index=False)[counts].sum()
            order = {channel: position for position, channel in enumerate(self.channel_names)}
            channels = channels.sort_values("channel", key=lambda column: column.map(order), ignore_index=True)
            windows.append({
                "id": window_id,
                "name": name,
                "channels": _rows(channels),
                "total": {column: channels[column].sum() for column in counts},
                "funnel": charts.channel_funnel(channels, 2 * number),
                "line": charts.engagement_by_day(within, 2 * number + 1),
            })  # fmt: skip
        with_sends = [window["id"] for window in windows if window["channels"]]
        contacts = _rows(self.data.frames["contacts"])
        return {
            "windows": windows,
            # The last 28 days, or the shortest time in which anything was sent.
            "shown_window": next((shown for shown in ("w28", *with_sends) if shown in with_sends), "wall"),
            "days": [{**row, "day": f"{row['sent_date']:%Y-%m-%d}"} for row in _rows(frame.head(MOST_DAYS))],
            "day_total": len(frame),
            "channels_used": [channel for channel in self.channel_names if channel in set(frame["channel"])],
            "contacts": contacts,
            "contact_total": contacts[0]["row_count"] if contacts else 0,
        }

    def _fix_list(self) -> Row:
        pages = {message["message_id"]: message["page"] for message in self.messages}
        fixes = _rows(self.data.frames["fixes"])
        return {
            "fixes": fixes,
            "fix_total": sum(row["row_count"] for row in fixes),
            "fix_rows": [
                {**row, "page": pages.get(row["last_message_id"], "")} for row in _rows(self.data.frames["fix_rows"])
            ],
        }

    def _about(self) -> Row:
        names = ("loads", "reconciliation", "refused", "rejected", "unmapped", "keyword_groups")
        return {
            **{name: _rows(self.data.frames[name]) for name in names},
            "definitions": {
                anchor: (term, text.format_map(self.data.info)) for anchor, (term, text) in DEFINITIONS.items()
            },
        }


def _rows(frame: pd.DataFrame) -> list[Row]:
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*(frame[name] for name in names), strict=True)]


def _by_message(frame: pd.DataFrame) -> Mapping[str, list[Row]]:
    """Rows by message, in their order."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(frame):
        grouped[row["message_id"]].append(row)
    return dict(grouped)


def _only(rows: list[Row]) -> Row:
    return rows[0] if rows else {}


def _summed(parts: list[Row], column: str) -> list[Row]:
    """Sends by the values of a column, most first."""
    sums: dict[str | None, Row] = {}
    for part in parts:
        row = sums.setdefault(part[column], {"name": part[column], **dict.fromkeys(PART_COLUMNS, 0)})
        for counted in PART_COLUMNS:
            row[counted] += part[counted]
    return sorted(sums.values(), key=lambda row: (-row["sent_count"], row["name"] or ""))


def _day_bars(days: list[Row]) -> Row:
    """Bars by day of the send: delivered below, then issues, then what is not known."""
    if not days:
        return {}
    last = days[-1]["sent_date"]
    shown = [row for row in days if (last - row["sent_date"]).days < CURVE_DAYS]
    first = shown[0]["sent_date"]
    width = (RIGHT - LEFT) / ((last - first).days + 1)
    most = max(row["sent_count"] for row in shown)
    paths: dict[str, list[str]] = {"ok": [], "bad": [], "rest": []}
    for row in shown:
        x = LEFT + width * ((row["sent_date"] - first).days + 0.5)
        rest = row["sent_count"] - row["delivered_count"] - row["issue_count"]
        base = float(BOTTOM)
        for kind, sends in (("ok", row["delivered_count"]), ("bad", row["issue_count"]), ("rest", rest)):
            if sends:
                height = (BOTTOM - TOP) * sends / most
                base -= height
                paths[kind].append(f"M{x:.0f} {base + height:.0f}V{base:.0f}")
    return {
        "paths": [(kind, "".join(path)) for kind, path in paths.items() if path],
        "width": f"{min(width * 0.85, 40):.1f}",
        "most": most,
        "first": f"{first:%Y-%m-%d}",
        "last": f"{last:%Y-%m-%d}" if last != first else "",
        "count": len(shown),
        "rows": [{**row, "day": f"{row['sent_date']:%Y-%m-%d}"} for row in reversed(shown[-DAYS_IN_TABLE:])],
    }
