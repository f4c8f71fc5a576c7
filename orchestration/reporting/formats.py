"""How values look on a page: rounded for the eye, exact in the tooltip."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

# The markup of cells and rows is put together here, not in templates, since the pages of a thousand messages hold a
# hundred thousand of them: that takes a fifth of the time. What comes from outside goes through `escape`.
NOTHING = "–"
# Characters of a message's id that its page's name begins with.
SLUG_CHARACTERS = 40


def number(value: float | None) -> str:
    """A count with separators between thousands."""
    return NOTHING if value is None else f"{int(value):,}"


def percent(part: float | None, whole: float | None) -> str:
    """A share in per cent with one decimal; a dash where there is no whole."""
    return NOTHING if part is None or not whole else f"{100 * part / whole:.1f}\N{NO-BREAK SPACE}%"


def exact_share(part: float | None, whole: float | None) -> str:
    """The same share as a formula with the exact result."""
    return "" if part is None or not whole else f"{part} / {whole} = {part / whole!r}"


def share_cell(part: float | None, whole: float | None, css_class: str = "") -> Markup:
    """A table cell with a number and its share of a whole; the exact share is its tooltip.

    Args:
        part: the number; None gives a dash.
        whole: what it is a share of.
        css_class: of the cell.

    Returns:
        Markup.
    """
    attributes = f' class="{css_class}"' if css_class else ""
    if part is None:
        return Markup(f"<td{attributes}>{NOTHING}</td>")  # noqa: S704
    if whole:
        attributes += f' title="{exact_share(part, whole)}"'
    return Markup(  # noqa: S704
        f"<td{attributes}>{number(part)} <small>{percent(part, whole)}</small></td>"
    )


def part_cell(part: int, whole: int) -> Markup:
    """A table cell with a number, what it is a part of, and the share; the exact share is its tooltip."""
    share = f"of {number(whole)}, {percent(part, whole)}" if whole else f"of {number(whole)}"
    return Markup(  # noqa: S704
        f'<td class="n" title="{exact_share(part, whole)}">{number(part)} <small>{share}</small></td>'
    )


def duration(seconds: float | None) -> str:
    """A duration in the two largest units that matter."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    for size, name, smaller, small_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            whole, rest = divmod(round(seconds / smaller), size // smaller)
            return f"{whole:,} {name} {rest} {small_name}" if rest else f"{whole:,} {name}"
    return NOTHING


def exact_seconds(seconds: float | None) -> str:
    """The exact number of seconds."""
    return "" if seconds is None else f"{seconds!r} s"


def money(amount: str | None, currency_code: str | None) -> str:
    """An amount with two decimals, four where it is below one, and its currency."""
    if amount is None:
        return NOTHING
    value = Decimal(amount)
    decimals = 2 if value == 0 or abs(value) >= 1 else 4
    return f"{value:,.{decimals}f} {currency_code or '(no currency)'}"


def alert_value(value: float, kind: str) -> str:
    """A value of a deliverability alert: a share in per cent, a duration or a number of sends.

    Args:
        value: or usual value of the alert.
        kind: of the alert.
    """
    if kind == "delivery_seconds_p95":
        return duration(value)
    return number(value) if kind == "volume_gone" else percent(value, 1)


def page_name(message_id: str) -> str:
    """File name of a message's page: the same for the same id, whatever characters the id has.

    Args:
        message_id: from outside; two ids that differ in a letter's case must not meet in a file system that does not.

    Returns:
        Letters, digits and dashes, and `.html`.
    """
    digest = hashlib.sha256(message_id.encode("utf-8")).hexdigest()[:10]
    slug = re.sub(r"[^a-z0-9]+", "-", message_id.lower())[:SLUG_CHARACTERS].strip("-")
    return f"{slug}-{digest}.html" if slug else f"{digest}.html"


def part_row(row: Mapping[str, Any], columns: Iterable[str]) -> Markup:
    """A row of sends by edition, channel, carrier or country.

    Args:
        row: name, None where it is not known, and counts of sends.
        columns: the counts shown beside sent_count, without `_count`.

    Returns:
        Markup.
    """
    cells = "".join(share_cell(row[f"{column}_count"], row["sent_count"]) for column in columns)
    return Markup(  # noqa: S704
        f'<tr><th scope="row"><bdi>{escape(row["name"] or "not known")}</bdi></th>'
        f"<td>{number(row['sent_count'])}</td>{cells}</tr>"
    )


def customer_cell(row: Mapping[str, Any]) -> Markup:
    """A cell with a customer's name and id; the id alone where the name is not known.

    Args:
        row: customer_name and customer_id, either None.

    Returns:
        Markup.
    """
    customer_id = escape(row["customer_id"] or NOTHING)
    if not row["customer_name"]:
        return Markup(f'<td class="name"><bdi>{customer_id}</bdi></td>')  # noqa: S704
    name = escape(row["customer_name"])
    return Markup(  # noqa: S704
        f'<td class="name"><bdi>{name}</bdi> <small><bdi>{customer_id}</bdi></small></td>'
    )


def issue_row(row: Mapping[str, Any]) -> Markup:
    """A row of a message's list of issues.

    Args:
        row: of the frame `issue_rows`.

    Returns:
        Markup.
    """
    retry = escape(row["retry"])
    described = f' title="{escape(row["error_description"])}"' if row["error_description"] else ""
    return Markup(  # noqa: S704
        f'<tr data-reason="{escape(row["issue_reason_id"])}" data-retry="{retry}">{customer_cell(row)}'
        f'<td class="w">{escape(row["to_number"] or NOTHING)}</td><td class="name">{escape(row["issue_reason"])}</td>'
        f"<td{described}>{escape(row['provider_error_code'] or NOTHING)}</td>"
        f"<td>{escape(row['provider'] or NOTHING)}</td><td>{escape(row['country_code'] or NOTHING)}</td>"
        f'<td>{retry}</td><td class="w">{row["sent_at"]}</td></tr>'
    )


def reply_row(row: Mapping[str, Any]) -> Markup:
    """A row of a message's list of replies.

    Args:
        row: of the frame `reply_rows`.

    Returns:
        Markup.
    """
    kinds = ("first " if row["is_first"] else "") + ("review " if row["is_possible_opt_out"] else "")
    kinds += "reaction" if row["is_reaction"] else ""
    marks = ("first reply " if row["is_first"] else "") + (
        '<span class="mark">no more messages?</span>' if row["is_possible_opt_out"] else ""
    )
    marks += "reaction" if row["is_reaction"] else ""
    seconds = row["response_seconds"]
    return Markup(  # noqa: S704
        f'<tr data-group="{escape(row["keyword_group"] or "-")}" data-kind="{kinds}">'
        f'<td class="w">{row["received_at"]}</td>{customer_cell(row)}'
        f'<td class="text"><bdi>{escape(row["body"] or "(no text)")}</bdi></td>'
        f"<td>{escape(row['keyword_group'] or NOTHING)}</td><td>{marks}</td>"
        f'<td class="n" data-order="{-1 if seconds is None else int(seconds)}" title="{exact_seconds(seconds)}">'
        f"{duration(seconds)}</td></tr>"
    )
