"""Charts, drawn ahead as SVG that stands in the page: Vega-Altair and vl-convert for those that a page has once.

Colours are the page's own (CSS variables of assets/report.css), so that a chart is dark where the page is.
A chart costs about 45 ms, so the curve of each message's page is plain SVG of the template instead.
"""

import re

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup, escape

INK, GRID = "currentColor", "var(--line)"
SMS, OTHERS, SENT = "var(--sms)", "var(--others)", "var(--sent)"
FONT = "system-ui, sans-serif"
# Readers' fonts can be wider than the one that the labels are measured with.
PADDING = {"left": 24, "top": 4, "right": 12, "bottom": 4}
# Days beyond which a line shows weeks instead of days.
MOST_DAYS_APART = 120
DAYS_AXIS = alt.Axis(format="%d %b", tickCount=8)

# What vl-convert says to screen readers of a chart's parts, beside the label of the whole.
_roles = re.compile(r' (?:role|aria-roledescription|aria-hidden)="[^"]*"')
_ids = re.compile(r'(id="|url\(#|href="#)((?:clip|gradient)[^")]*)')


def _svg(chart: alt.LayerChart | alt.Chart | alt.HConcatChart, label: str, number: int) -> Markup:
    """Draw a chart; its parts are no landmarks to a screen reader, its label says what it shows."""
    styled = (
        chart.configure(aria=False, font=FONT, background="transparent", padding=PADDING)
        .configure_axis(
            labelColor=INK, titleColor=INK, gridColor=GRID, domainColor=GRID, tickColor=GRID, labelFontSize=12,
            titleFontSize=12, titleFontWeight="normal", labelLimit=140,
        )
        .configure_legend(labelColor=INK, titleColor=INK, labelFontSize=12, orient="top", title=None)
        .configure_view(stroke=None)
    )  # fmt: skip
    svg = _roles.sub("", vl_convert.vegalite_to_svg(styled.to_dict()))
    # Ids of several charts must not meet in a page.
    svg = _ids.sub(rf"\g<1>chart{number}-\g<2>", svg)
    # The texts in a chart are names of channels and dates; vl-convert has escaped them.
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))  # noqa: S704


def channel_funnel(channels: pd.DataFrame, number: int) -> Markup:
    """Sent, delivered and engaged by channel, as shares of the sends.

    Args:
        channels: a row per channel: channel_name, sent_count, delivered_count, engaged_count.
        number: of the chart in its page.

    Returns:
        SVG.
    """
    names = channels["channel_name"].tolist()
    long = pd.concat(
        [
            pd.DataFrame({
                "channel": channels["channel_name"],
                "step": step,
                "share": channels[column].astype(float) / channels["sent_count"].astype(float),
                "sends": channels[column].astype(int),
            })
            for step, column in (("Sent", "sent_count"), ("Delivered", "delivered_count"), ("Engaged", "engaged_count"))
        ]
    )  # fmt: skip
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y("channel:N", sort=names, title=None),
            yOffset=alt.YOffset("step:N", sort=["Sent", "Delivered", "Engaged"]),
            x=alt.X("share:Q", title="Share of the sends", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "step:N", sort=["Sent", "Delivered", "Engaged"],
                scale=alt.Scale(domain=["Sent", "Delivered", "Engaged"], range=[SENT, SMS, OTHERS]),
            ),
        )
        .properties(width=520, height=alt.Step(10))
    )  # fmt: skip
    return _svg(
        bars,
        "Shares of sends that were delivered and engaged with, by channel; the numbers are in the table below",
        number,
    )


def engagement_by_day(days: pd.DataFrame, number: int) -> Markup:
    """Share of the sends that were engaged with, by day of the send, SMS beside all other channels.

    Args:
        days: a row per day and channel: sent_date, channel, sent_count, engaged_count.
        number: of the chart in its page.

    Returns:
        SVG.
    """
    spanned = days.assign(
        day=pd.to_datetime(days["sent_date"]),
        kind=days["channel"].map(lambda channel: "SMS" if channel == "sms" else "Other channels"),
    )
    span = (spanned["day"].max() - spanned["day"].min()).days
    is_weekly = span > MOST_DAYS_APART
    if is_weekly:
        spanned["day"] = spanned["day"] - pd.to_timedelta(spanned["day"].dt.weekday, unit="D")
    summed = spanned.groupby(["day", "kind"], as_index=False)[["sent_count", "engaged_count"]].sum()
    summed = summed[summed["sent_count"] > 0]
    summed["share"] = summed["engaged_count"].astype(float) / summed["sent_count"].astype(float)
    lines = (
        alt.Chart(summed[["day", "kind", "share"]])
        .mark_line(point=alt.OverlayMarkDef(size=24), strokeWidth=2)
        .encode(
            x=alt.X("day:T", title=f"{'Week' if is_weekly else 'Day'} of the send", axis=DAYS_AXIS),
            y=alt.Y("share:Q", title="Engaged, share of the sends", axis=alt.Axis(format=".0%", tickCount=5)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=["SMS", "Other channels"], range=[SMS, OTHERS])),
        )
        .properties(width=520, height=200)
    )  # fmt: skip
    return _svg(
        lines,
        "Share of the sends that were engaged with, by day, SMS beside the other channels; the table below has numbers",
        number,
    )


def sends_by_day(days: pd.DataFrame, number: int) -> Markup:
    """Sends by day, SMS and all other channels on top of each other.

    Args:
        days: a row per day and channel: sent_date, channel, sent_count.
        number: of the chart in its page.

    Returns:
        SVG.
    """
    spanned = days.assign(
        day=pd.to_datetime(days["sent_date"]),
        kind=days["channel"].map(lambda channel: "SMS" if channel == "sms" else "Other channels"),
    )
    summed = spanned.groupby(["day", "kind"], as_index=False)["sent_count"].sum()
    summed["sent_count"] = summed["sent_count"].astype(int)
    bars = (
        alt.Chart(summed)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, axis=DAYS_AXIS),
            y=alt.Y("sent_count:Q", title="Sends", axis=alt.Axis(tickCount=4, format=",d")),
            color=alt.Color("kind:N", scale=alt.Scale(domain=["SMS", "Other channels"], range=[SMS, OTHERS])),
        )
        .properties(width=1120, height=130)
    )
    return _svg(bars, "Sends by day, SMS and other channels; customer_engagement.csv has the numbers", number)
