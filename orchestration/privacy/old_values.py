"""What takes the place of personal data that are too old to be kept: pseudonyms of numbers, stand-ins of texts."""

import contextlib
import functools
import json
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from orchestration.privacy.keys import keyed_hash
from orchestration.privacy.personal_data import E164, HASH_DIGITS, ID, NUMBER

# What stands in place of a text that is gone. Of a reply, what kind of reply it was, in words that are read as that
# kind; in place of a keyword stands the keyword.
REMOVED, REMOVED_OPT_OUT, REMOVED_REACTION = "(removed)", "(removed) take me off your list", "Liked “(removed)”"
# Digits that tell country and time zone, as many as the seeds' longest calling prefix has, then what tells numbers
# apart: behind `x` where it was a phone's, behind `X` where it was none, behind `0x` where it lacked its country.
AREA_DIGITS = 9
PSEUDONYM = re.compile(rf"(?:\+[0-9]*|0)?[xX][0-9a-f]{{{HASH_DIGITS}}}")
_NATIONAL = re.compile(r"\+?0[0-9]{5,14}")
_SHORT_CODE = re.compile(r"[1-9][0-9]{2,6}")
# In carriers' logs: keys of numbers, and of what tells of a person and is read by no model.
_NUMBER_KEYS = {
    *("to", "from", "msisdn", "recipient", "recipients", "destination", "cld", "cli", "sourcetn", "destinationtn"),
    *("phone_number", "to_number", "from_number", "identifiervalue", "destinationphonenumber"),
    *("originationphonenumber", "destination_phone_number", "origination_phone_number"),
}
_DROPPED_KEYS = {"keyword", "displayname", "firstname", "lastname", "fullname", "profilename", "email", "annotations"}
_WITH_PREFIX = re.compile(r"(?is)(\s*(?:whatsapp|rcs|sms|mms|tel):)?(.*)")
_LIKE_A_NUMBER = re.compile(r"\s*[='\"]{0,2}\+?[0-9][0-9 ().\-/]{5,}[0-9]['\"]?\s*")
# Amounts, times, and the direction of a message.
_TELLS_OF_NOBODY = re.compile(
    r"(?i)\s*(?:-?[0-9]{0,6}(?:\.[0-9]*)?|[12][0-9]{3}-?[01][0-9]-?[0-3][0-9](?:[T ][0-9:.,]*)?(?:Z|[+-][0-9:]*)?"
    r"|inbound|outbound(?:-[a-z]+)?)\s*"
)
_ADDRESSES = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"',;]+")


class Pseudonyms:
    """What stands in place of numbers that are gone."""

    def __init__(self, key: bytes, prefixes: dict[str, tuple[str, ...]]) -> None:
        """Prepare.

        Args:
            key: of the keyed hashes.
            prefixes: what is told from each calling prefix, without its `+`; the longest that a number begins with
                counts.
        """
        self.key = key
        self.prefixes = prefixes
        # Of all prefixes that tell the same, the pseudonyms have one: so they tell no more than that.
        self.areas: dict[tuple[str, ...], str] = {}
        for prefix in sorted(prefixes):
            fillings = (prefix + digit * (AREA_DIGITS - len(prefix)) for digit in "0123456789")
            area = next((filling for filling in fillings if self._prefix(filling) == prefix), "")
            self.areas.setdefault(prefixes[prefix], area)

    def of(self, number: str) -> str:
        """The pseudonym of a number as it is matched; a short code, and what is a pseudonym already, stays."""
        if PSEUDONYM.fullmatch(number) or _SHORT_CODE.fullmatch(number):
            return number
        told = keyed_hash(self.key, "number", number)[:HASH_DIGITS]
        if _NATIONAL.fullmatch(number):
            return f"0x{told}"
        mark = "x" if E164.fullmatch(number) else "X"
        return f"+{self._area(number)}{mark}{told}" if number.startswith("+") else f"{mark}{told}"

    def _area(self, number: str) -> str:
        prefix = self._prefix(number.removeprefix("+"))
        return self.areas[self.prefixes[prefix]] if prefix else ""

    def _prefix(self, digits: str) -> str:
        return next((digits[:length] for length in range(AREA_DIGITS, 0, -1) if digits[:length] in self.prefixes), "")


@dataclass(frozen=True)
class Listed:
    """What seeds list, and so tells of nobody.

    Attributes:
        characters: those that can be replaced by plain ones, of which reports tell.
        words: channels, statuses and providers, in small letters.
    """

    characters: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True)
class OldRow:
    """What is known of a row whose personal data go.

    Attributes:
        number: of the person; None where there is none.
        pseudonym: what takes its place; None for nothing.
        own_number: the company's number in it.
        body: its text.
        stand_in: what takes its place.
        is_rejected: whether the row was set apart, so that anything can stand anywhere.
        listed: what stays all the same.
    """

    number: str | None
    pseudonym: str | None
    own_number: str | None
    body: str | None
    stand_in: str | None
    is_rejected: bool
    listed: Listed


def old_row(found: dict[str, Any], pseudonyms: Pseudonyms, listed: Listed) -> OldRow:
    """Decide what takes the place of a row's number and text.

    Of rows that repeat a send or a reply the one that counts still has to. So what it won over goes without a number or
    text, where these could win now.

    Args:
        found: the row as `retention` reads it, with what counts of its send or reply.
        pseudonyms: of numbers.
        listed: by seeds.
    """
    matched, winning = found["matched_number"], found["winning_number"]
    pseudonym = pseudonyms.of(matched) if matched else None
    is_beaten = winning is not None and pseudonym != pseudonyms.of(winning)
    if is_beaten and found["source"] == "outbound" and E164.fullmatch(matched or ""):
        pseudonym = None
    body, stand_in = found["body"], None
    if body is not None and not found["is_reply"]:
        stand_in = text_shape(body, listed.characters)
    elif body is not None and body == found["winning_body"]:
        stand_in = _stand_in(found) if found["is_first_part"] else ""
    return OldRow(found["number"], pseudonym, found["own_number"], body, stand_in, found["is_rejected"], listed)


def _stand_in(reply: dict[str, Any]) -> str:
    if not (reply["whole_body"] or "").strip():
        return " "
    if reply["keyword"] is not None:
        return str(reply["keyword"])
    if reply["is_reaction"]:
        return REMOVED_REACTION
    return REMOVED_OPT_OUT if reply["is_possible_opt_out"] else REMOVED


def application_value(value: str | None, kind: str | None, row: OldRow, pseudonyms: Pseudonyms) -> str | None:
    """A value of one of the application's extracts without personal data.

    Args:
        value: as it stands in the raw layer.
        kind: of personal data that its column holds (`personal_data.ID`, `NUMBER` or `TEXT`); None for none.
        row: in which it stands.
        pseudonyms: of numbers.
    """
    if value is None or kind == NUMBER:
        return value and row.pseudonym
    if kind == ID and E164.fullmatch(value.strip()):
        return pseudonyms.of(value.strip())
    if kind in (None, ID):
        return _of_rejected(value, row) if row.is_rejected else value
    return row.stand_in if value == row.body else None


def log_value(value: str | None, column: str, row: OldRow, pseudonyms: Pseudonyms) -> str | None:
    """A value of a carrier's log without personal data, also where it is JSON.

    Args:
        value: as it stands in the raw layer.
        column: in which it stands.
        row: likewise.
        pseudonyms: of numbers.
    """
    if value is None:
        return None
    if value[:1] in "{[" and value != row.body:
        with contextlib.suppress(ValueError, RecursionError):
            return json.dumps(_without_personal_data(json.loads(value), column, row, pseudonyms), ensure_ascii=False)
    told = _without_personal_data(value, column, row, pseudonyms)
    return None if told is None else str(told)


def _without_personal_data(value: Any, key: str, row: OldRow, pseudonyms: Pseudonyms) -> Any:
    if isinstance(value, dict):
        return {name: _without_personal_data(inner, name, row, pseudonyms) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_personal_data(inner, key, row, pseudonyms) for inner in value]
    if key.lower() in _DROPPED_KEYS:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    number = _without_number(str(value), key, row, pseudonyms)
    if number is not None:
        return number
    return _without_text(value, row) if isinstance(value, str) else value


def _without_text(text: str, row: OldRow) -> str | None:
    """A text of a log without what a person wrote, and without addresses and the person's number."""
    if text == row.body:
        return row.stand_in
    if row.is_rejected:
        return _of_rejected(text, row)
    person = _digits(row.number or "")
    text = _ADDRESSES.sub(REMOVED, text)
    return re.sub(rf"\+?{person}", REMOVED, text) if person else text


def _of_rejected(text: str, row: OldRow) -> str:
    """A value of a row that was set apart: anything can stand anywhere, so only what tells of nobody stays."""
    word = "_".join(re.findall("[a-z0-9]+", text.lower()))
    return text if _TELLS_OF_NOBODY.fullmatch(text) or word in row.listed.words else REMOVED


def _without_number(text: str, key: str, row: OldRow, pseudonyms: Pseudonyms) -> str | None:
    """A value of a log that is a number, a person's as its pseudonym; None for any other value."""
    prefix, bare = _WITH_PREFIX.fullmatch(text).groups()  # type: ignore[union-attr]
    digits = _digits(bare)
    if digits and digits == _digits(row.own_number or ""):
        return text
    if bare.strip() == row.number or (digits and digits == _digits(row.number or "")):
        return f"{prefix or ''}{row.pseudonym or ''}"
    if digits and (key.lower() in _NUMBER_KEYS or bare.strip().startswith("+")):
        return f"{prefix or ''}{pseudonyms.of(f'+{digits}')}"
    return None


def _digits(text: str) -> str:
    """The digits of what may be a phone number, without what stands before its country; nothing for a short code."""
    digits = re.sub(r"[^0-9]", "", re.sub(r"\.0+$", "", text)).removeprefix("00")
    return digits if len(digits) > 6 and _LIKE_A_NUMBER.fullmatch(text) else ""


def text_shape(text: str, replaceable: Collection[str]) -> str:
    """A text in which letters and digits are replaced by one of the same alphabet, so that it takes the same segments.

    Args:
        text: of a send.
        replaceable: characters that stay, since reports tell of them.
    """
    return "".join(character if character in replaceable else _letter_like(character) for character in text)


@functools.cache
def _letter_like(character: str) -> str:
    if unicodedata.category(character)[0] not in "LNM":
        return character
    if character.isascii() or character in "èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜäöñüà":
        return "x"
    return "ж" if ord(character) <= 0xFFFF else "\N{DESERET CAPITAL LETTER LONG I}"
