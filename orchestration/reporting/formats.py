"""How values look on a page: rounded for the eye, exact in the tooltip."""

import hashlib
import math
import re
from decimal import Decimal

from markupsafe import Markup, escape

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
    attributes = f' class="{escape(css_class)}"' if css_class else ""
    if part is None:
        return Markup(f"<td{attributes}>{NOTHING}</td>")
    if whole:
        attributes += f' title="{exact_share(part, whole)}"'
    return Markup(f"<td{attributes}>{number(part)} <small>{percent(part, whole)}</small></td>")


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
