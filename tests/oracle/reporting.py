"""The contract's rules a second time, in plain Python loops, to hold the SQL against.

Nothing here is fast or clever on purpose: each function is one rule, to be checked by reading it.
"""

import csv
import math
import re
import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

Row = dict[str, Any]
Extracts = dict[str, list[dict[str, str | None]]]

NUMBERS_WITH_PREFIX = ("whatsapp:", "rcs:", "sms:", "mms:", "tel:")
LARGEST_SEGMENT_COUNT = 255
LARGEST_PRICE = 10**12
SEND_TEXTS = [
    "message_id",
    "channel",
    "customer_id",
    "message_title",
    "message_version_id",
    "series_id",
    "series_title",
    "node_id",
    "customer_external_id",
    "customer_name",
    "customer_email",
    "company_id",
    "to_number",
    "from_number",
    "body",
    "currency_code",
    "provider",
    "provider_message_id",
]
# What the fact keeps, in the order in which rows that tie otherwise are compared (rule 2).
KEPT = [
    "message_id",
    "channel",
    "customer_id",
    "provider",
    "provider_message_id",
    "to_number",
    "from_number",
    "message_version_id",
    "series_id",
    "node_id",
    "encoding",
    "segment_count",
    "price",
    "currency_code",
    "computed_segment_count",
    "is_too_long",
    "avoidable_segment_count",
    "replaceable_characters",
    "body",
]
REPLY_TEXTS = ["send_id", "customer_id", "channel", "body", "from_number", "to_number", "provider"]
FREE_TEXTS = ("message_title", "series_title", "customer_name", "body", "error_message")
TIMES_OF_STATUSES = {
    "opened": "opened_at",
    "clicked": "clicked_at",
    "replied": "replied_at",
    "goal_success": "goal_at",
    "unsubscribed": "unsubscribed_at",
    "completed": "completed_at",
}


@dataclass(frozen=True)
class OracleSettings:
    """The settings that the rules name."""

    as_of: datetime
    loaded_at: datetime
    reporting_timezone: str = "UTC"
    receipt_timeout_hours: int = 72
    reply_window_days: int = 30
    over_messaged_count: int = 10
    alert_hours: int = 0
    alert_least_sends: int = 20
    alert_opt_out_percent: int = 3


class Seeds:
    """The seeds, read from their CSVs."""

    def __init__(self, folder: Path) -> None:
        def rows(name: str) -> list[dict[str, str]]:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        self.channels = {row["channel"] for row in rows("channels")}
        self.statuses = {row["status"]: row for row in rows("statuses")}
        self.twilio = {
            row["provider_status"]: row["status"] for row in rows("provider_statuses") if row["provider"] == "twilio"
        }
        self.spaces = {row["provider"]: row["default_code_space"] for row in rows("providers")}
        self.codes = {
            (row["provider"], row["code_space"], row["error_code"]): row for row in rows("carrier_error_codes")
        }
        self.provider_aliases = {
            row["provider_alias"].replace("_", ""): row["provider"] for row in rows("provider_aliases")
        }
        self.alert_kinds = {row["kind"]: row for row in rows("alert_kinds")}
        self.reasons = {row["issue_reason_id"]: row for row in rows("issue_reasons")}
        self.country_codes = {row["calling_prefix"]: row["country_code"] for row in rows("countries")}
        self.countries = {row["calling_prefix"]: row["is_supported"] == "true" for row in rows("countries")}
        groups = {row["keyword_group"]: row["is_opt_out"] == "true" for row in rows("keyword_groups")}
        self.keywords = {
            keyword_text(row["keyword"]): (row["keyword"], row["keyword_group"], groups[row["keyword_group"]])
            for row in rows("keywords")
        }
        phrases = rows("opt_out_phrases")
        words = {row["word_list"]: without_accents(row["pattern"]) for row in phrases if row["phrase_kind"] == "words"}
        self.opt_out_phrases = {
            kind: [phrase(row["pattern"], words) for row in phrases if row["phrase_kind"] == kind]
            for kind in ("request", "exception")
        }
        self.replacements = {row["character"]: row["replacement"] for row in rows("character_replacements")}
        self.time_zones: dict[str, list[str]] = defaultdict(list)
        for row in rows("calling_prefix_time_zones"):
            self.time_zones[row["calling_prefix"]].append(row["time_zone"])
        self.number_fixes = {row["number_type"]: row["fix"] or None for row in rows("number_types")}
        self.reactions = [reaction(row["pattern"]) for row in rows("reaction_phrases")]


# --- reading values ------------------------------------------------------------------------------------------------


def is_invisible(character: str) -> bool:
    """White space, and what shows nothing."""
    is_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return character.isspace() or is_selector or unicodedata.category(character)[0] in "ZC"


def cleaned(text: str | None) -> str | None:
    """Rule 11, of ids."""
    text = text or ""
    while text and is_invisible(text[0]):
        text = text[1:]
    while text and is_invisible(text[-1]):
        text = text[:-1]
    whole, point, zeros = text.partition(".")
    if point and zeros and not zeros.strip("0") and whole.isascii() and whole.isdigit():
        return whole
    try:
        bare = text.removeprefix("{").removesuffix("}")
        if str(uuid.UUID(bare)) == bare.lower():
            return bare.lower()
    except ValueError:
        pass
    return text or None


def provider_name(text: str | None, seeds: "Seeds") -> str | None:
    name = word(text)
    return seeds.provider_aliases.get(re.sub("[ ._-]", "", name), name) if name else None


def segments(text: str | None) -> int | None:
    count = number(text, int)
    return count if count is not None and 1 <= count <= LARGEST_SEGMENT_COUNT else None


def amount(text: str | None) -> Decimal | None:
    price = number(text, Decimal)
    return None if price is None or abs(price) >= LARGEST_PRICE else rounded(abs(price))


def rounded(money: Decimal) -> Decimal:
    """Money is kept to six decimals."""
    return money.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def word(text: str | None) -> str | None:
    return (cleaned(text) or "").lower() or None


def moment(text: str | None) -> datetime | None:
    """Naive UTC; ISO 8601 or RFC 2822; None where it is no time."""
    text = cleaned(text)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        try:
            value = parsedate_to_datetime(text)
        except ValueError:
            return None
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def phone(text: str | None) -> str | None:
    """Rule 11."""
    text = cleaned(text)
    if text is None:
        return None
    for prefix in NUMBERS_WITH_PREFIX:
        if text.lower().startswith(prefix):
            text = text[len(prefix) :].strip()
            break
    text = re.sub("^%2[Bb]", "+", text)
    bare = re.sub(r"(\d)[\s()./-]*\(\s*0\s*\)", r"\1", text)
    bare = re.sub(r"^(\+?\d+)\.0+$", r"\1", bare)
    bare = "".join(
        c for c in bare if not (is_invisible(c) or c in "./\\\"'=" or unicodedata.category(c) in ("Ps", "Pe", "Pd"))
    )
    if not re.fullmatch(r"\+?[0-9]+", bare):
        return text.strip(" ")
    if re.match("00[1-9]", bare):
        return "+" + bare[2:]
    if bare.startswith("+"):
        return bare
    return "+" + bare if 8 <= len(bare) <= 15 and bare[0] != "0" else bare


def is_digits(number: str | None) -> bool:
    """Rule 11: whether a number says whose it is; `4.479E+11` can be several people's."""
    return bool(re.fullmatch(r"\+?[0-9]+", number or ""))


def plain_characters(text: str) -> str:
    """Letters and digits for their full-width, mathematical, circled, squared and raised forms; no invisible characters."""

    def plain(character: str) -> str:
        if character in "\u00ad\u200b\u200c\u2060\ufeff":
            return ""
        form, meant = unicodedata.decomposition(character).split(">")[0], unicodedata.normalize("NFKC", character)
        is_letter_or_digit = len(meant) == 1 and meant.isascii() and meant.isalnum()
        if match := re.fullmatch(
            "NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER (.)", unicodedata.name(character, "")
        ):
            return match[1]
        if form == "<super":
            return meant if is_letter_or_digit and meant.isalpha() and character not in "ªº" else character
        return meant if form in ("<wide", "<font", "<circle", "<square") and is_letter_or_digit else character

    return "".join(map(plain, text))


def folded_text(text: str) -> str:
    """Plain characters, lower case, no accents."""
    return without_accents(plain_characters(text)).lower().replace("\0", " ")


def keyword_text(text: str | None) -> str:
    """Rule 6: the text without case, and without white space and punctuation around it or between single letters."""

    def is_around(character: str) -> bool:
        return character in "$+<=>^`|~" or unicodedata.category(character)[0] in "PZC"

    value = unicodedata.normalize("NFC", plain_characters(text or ""))
    while value and is_around(value[0]):
        value = value[1:]
    while value and is_around(value[-1]):
        value = value[:-1]
    letters, signs = value[::2], value[1::2]
    if 3 <= len(letters) <= 5 and letters.isalpha() and all(unicodedata.category(sign)[0] == "P" for sign in signs):
        value = letters
    return value.lower()


def without_accents(text: str) -> str:
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFC", "".join(bare))


def phrase(pattern: str, words: dict[str, str]) -> re.Pattern[str]:
    """A pattern of the seed `opt_out_phrases`, as docs/opt_outs.md says how to read it."""
    pattern = without_accents(pattern)
    while names := [name for name in words if "{" + name + "}" in pattern]:
        for name in names:
            pattern = pattern.replace("{" + name + "}", f"(?:{words[name]})")
    pattern = pattern.replace(" ... ", r" (?:[^ .?]+ ){0,4}")
    signs = {"<": "[.?] ", ">": " [.]", "^": r"\A [.] ", "$": r" [.] \Z"}
    pattern = re.sub(r"(?<!\[)[<>^$]", lambda found: signs[found[0]], pattern)
    return re.compile(rf"(?:\A| )(?:{pattern})(?: |\Z)")


WROTE = r"(?:wrote|schrieb|a ecrit|escribio|escreveu|ha scritto|schreef|skrev|napisa[lł]|pisze|написал)"
ATTRIBUTION = (
    r"(?:(?:\A|[\t\n\f\r ])(?:on|am|le|el|il|op|em|den|dnia) [^\n]*[0-9][^\n]*\n?[^\n]*"
    rf"{WROTE}[^\n]*:|(?:\A|\n)[^\n]*{WROTE}[^\n]*: *\r?\n)"
)
HEADING = (
    r"(?:\A|\n)[ \t]*(?:--[ \t\r]*\n|-{3,}|_{5,}|begin forwarded message|(?:from|von|de|da|van|fran): [^\n]*\n *"
    r"(?:sent|date|to|gesendet|envoye|enviado|inviato|verzonden|skickat|an|datum|para): )"
)
QUOTED_MAIL = re.compile(
    rf"(?:{ATTRIBUTION}[\t\n\f\r ]*)?(?:(?:\A|\n)[ \t]*>[^\n]*)+|{ATTRIBUTION}(?s:.*)|{HEADING}(?s:.*)"
)


def plain_words(text: str) -> str:
    """The words of a text without the mail that it quotes, a `.` or `?` at the ends of its sentences, single spaces."""
    text = re.sub("['’`´]", "", f".{QUOTED_MAIL.sub(' . ', folded_text(text))}.")
    tokens: list[str] = []
    word = ""
    for place, character in enumerate(text):
        if unicodedata.category(character)[0] in "LN":
            word += character
            continue
        if word:
            tokens.append(word)
            word = ""
        end = ""
        if character in "?？":
            end = "?"
        elif character in '.!;:…()"|\r\n。！' or (character in "-–—~" and text[place - 1] == " "):
            end = "."
        if end and (not tokens or tokens[-1] not in ("?", ".") or (tokens[-1] == "." and end == "?")):
            tokens.append(end)
    return f" {' '.join(tokens)} "


def reaction(pattern: str) -> re.Pattern[str]:
    """A pattern of the seed `reaction_phrases`, as docs/opt_outs.md says how to read it."""
    quotes, pictures = "\"'“”„«»‹›‘’‚「」『』", "‼⁉\u2190-\u2bff\U0001f000-\U0001faff"
    signs = {
        " ": r"\s*",
        "{text}": f"[{quotes}].*[{quotes}…]",
        "{emoji}": rf"[{pictures}][{pictures}\u200d\ufe0f\U000e0020-\U000e007f\s]*",
    }
    pattern = without_accents(pattern)
    for sign, meaning in signs.items():
        pattern = pattern.replace(sign, meaning)
    return re.compile(pattern, re.DOTALL)


def is_reaction(text: str, seeds: Seeds) -> bool:
    """Whether a text is a reaction that a phone sent as a text."""
    folded = folded_text(text)
    while folded and unicodedata.category(folded[0])[0] in "ZC":
        folded = folded[1:]
    while folded and (folded[-1] == "." or unicodedata.category(folded[-1])[0] in "ZC"):
        folded = folded[:-1]
    return any(phrase.fullmatch(folded) for phrase in seeds.reactions)


def asks_to_opt_out(text: str, seeds: Seeds) -> bool:
    """Whether a text asks for no more messages in ordinary language."""
    words = plain_words(text)
    exceptions, requests = seeds.opt_out_phrases["exception"], seeds.opt_out_phrases["request"]
    words = re.sub("|".join(exception.pattern for exception in exceptions), " # ", words)
    return any(request.search(words) for request in requests)


def number(text: str | None, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(cleaned(text) or "")
    except (ValueError, InvalidOperation):
        return None


# --- rule 1: rejected rows -----------------------------------------------------------------------------------------


def bad_time(text: str | None, settings: OracleSettings) -> bool:
    if cleaned(text) is None:
        return False
    value = moment(text)
    return value is None or value < datetime(2000, 1, 1) or value > settings.loaded_at + timedelta(days=1)


def good_sends(rows: list[dict[str, str | None]], seeds: Seeds, settings: OracleSettings) -> list[Row]:
    good = []
    for raw in rows:
        row: Row = {
            name: raw.get(name) or None if name in FREE_TEXTS else cleaned(raw.get(name))
            for name in ("send_id", *SEND_TEXTS, "segment_count", "price", "sent_at", "updated_at")
        }
        row["channel"], row["provider"] = word(raw.get("channel")), provider_name(raw.get("provider"), seeds)
        row["channel"] = "sms" if row["channel"] == "mms" else row["channel"]
        row["currency_code"] = (row["currency_code"] or "").upper() or None
        row["to_number"], row["from_number"] = phone(raw.get("to_number")), phone(raw.get("from_number"))
        required = ("send_id", "message_id", "channel", "customer_id", "sent_at")
        if any(row[name] is None for name in required) or row["channel"] not in seeds.channels:
            continue
        if bad_time(raw.get("sent_at"), settings) or bad_time(raw.get("updated_at"), settings):
            continue
        row["sent_at"], row["updated_at"] = moment(raw.get("sent_at")), moment(raw.get("updated_at"))
        row["segment_count"], row["price"] = segments(row["segment_count"]), amount(row["price"])
        row["is_log"] = False
        good.append(counted(row, seeds))
    return good


def good_statuses(rows: list[dict[str, str | None]], seeds: Seeds, settings: OracleSettings) -> list[Row]:
    good = []
    for raw in rows:
        row: Row = {name: cleaned(raw.get(name)) for name in ("send_id", "provider_message_id", "error_code")}
        row |= {name: word(raw.get(name)) for name in ("status", "error_code_space")}
        row["provider"] = provider_name(raw.get("provider"), seeds)
        row["error_message"] = raw.get("error_message") or None
        has_key = row["send_id"] or (row["provider"] and row["provider_message_id"])
        if not has_key or row["status"] not in seeds.statuses or cleaned(raw.get("occurred_at")) is None:
            continue
        if bad_time(raw.get("occurred_at"), settings):
            continue
        row["occurred_at"], row["is_log"] = moment(raw.get("occurred_at")), False
        good.append(row)
    return good


def good_replies(rows: list[dict[str, str | None]], seeds: Seeds, settings: OracleSettings) -> list[Row]:
    good = []
    for raw in rows:
        row: Row = {name: cleaned(raw.get(name)) for name in ("reply_id", "send_id", "customer_id")}
        row |= {
            "channel": word(raw.get("channel")) or "sms",
            "provider": provider_name(raw.get("provider"), seeds),
            "body": raw.get("body") or None,
        }
        row["channel"] = "sms" if row["channel"] == "mms" else row["channel"]
        row |= {"from_number": phone(raw.get("from_number")), "to_number": phone(raw.get("to_number"))}
        if row["reply_id"] is None or cleaned(raw.get("received_at")) is None or row["channel"] not in seeds.channels:
            continue
        if not (row["send_id"] or row["from_number"] or row["customer_id"]):
            continue
        if bad_time(raw.get("received_at"), settings) or bad_time(raw.get("updated_at"), settings):
            continue
        row["received_at"], row["updated_at"] = moment(raw.get("received_at")), moment(raw.get("updated_at"))
        good.append(row)
    return good


def good_twilio(rows: list[dict[str, str | None]], seeds: Seeds, settings: OracleSettings) -> list[Row]:
    """Twilio's messages: outbound rows with a status, inbound rows as replies."""
    good = []
    for given in rows:
        raw = {name.lower(): text for name, text in given.items()}
        created, updated = raw.get("date_created"), raw.get("date_updated")
        sent = cleaned(raw.get("date_sent")) or cleaned(raw.get("sentdate"))
        direction, sid = word(raw.get("direction")), cleaned(raw.get("sid"))
        sender, recipient = cleaned(raw.get("from")) or "", cleaned(raw.get("to")) or ""
        is_outbound = (direction or "").startswith("outbound")
        if sid is None or not (is_outbound or direction == "inbound"):
            continue
        if not is_outbound and not (sent or cleaned(created)):
            continue
        if any(bad_time(text, settings) for text in (created, sent, updated)):
            continue
        addresses = [sender, recipient]
        channel = next((address.split(":")[0].lower() for address in addresses if ":" in address), "sms")
        if is_outbound and channel not in seeds.channels:
            continue
        service = cleaned(raw.get("messaging_service_sid"))
        status = seeds.twilio.get(word(raw.get("status")) or "")
        if is_outbound and (not recipient or not (service or sender) or status is None):
            continue
        if not is_outbound and not sender:
            continue
        from_number, to_number = (phone(address) for address in addresses)
        sent_at = moment(sent) or moment(created)
        row: Row = dict.fromkeys((*SEND_TEXTS, "send_id"))
        row |= {
            "is_outbound": is_outbound,
            "is_log": True,
            "send_id": sid,
            "reply_id": sid,
            "provider_message_id": sid,
            "provider": "twilio",
            "message_id": service or from_number,
            "customer_id": to_number if is_outbound else None,
            "channel": channel,
            "from_number": from_number,
            "to_number": to_number,
            "body": raw.get("body") or None,
            "sent_at": sent_at,
            "received_at": sent_at,
            "updated_at": moment(updated),
            "occurred_at": log_time(moment(updated) or sent_at, sent_at, settings),
            "status": status,
            "error_code": cleaned(raw.get("error_code")) or cleaned(raw.get("errorcode")),
            "error_code_space": None,
            "error_message": raw.get("error_message") or None,
            "segment_count": segments(cleaned(raw.get("num_segments")) or cleaned(raw.get("numsegments"))),
            "price": amount(raw.get("price")),
            "currency_code": (cleaned(raw.get("price_unit")) or cleaned(raw.get("priceunit")) or "").upper() or None,
        }
        good.append(counted(row, seeds))
    return good


def log_time(occurred_at: datetime | None, sent_at: datetime | None, settings: OracleSettings) -> datetime | None:
    """Rule 3: a log's time long after the send is that of a later update, and no time of the status."""
    if occurred_at and sent_at and occurred_at > sent_at + timedelta(hours=settings.receipt_timeout_hours):
        return None
    return occurred_at


def counted(send: Row, seeds: Seeds) -> Row:
    """A row of a send with what its text says: encoding, segments, avoidable ones, whether it is too long."""
    is_known = send["channel"] == "sms" and send["body"] is not None
    send["encoding"], send["computed_segment_count"] = encode(send["body"]) if is_known else (None, None)
    send["avoidable_segment_count"], send["replaceable_characters"] = (
        avoidable(send["body"], send["segment_count"], seeds) if is_known else (None, None)
    )
    if send["segment_count"] is None:
        send["segment_count"] = send["computed_segment_count"]
    send["is_too_long"] = len(send["body"] or "") > 1800
    return send


def good_callbacks(rows: list[dict[str, str | None]], seeds: Seeds) -> list[Row]:
    good = []
    for raw in rows:
        sid = cleaned(raw.get("MessageSid")) or cleaned(raw.get("SmsSid"))
        status = seeds.twilio.get(word(raw.get("MessageStatus")) or word(raw.get("SmsStatus")) or "")
        if sid and status:
            good.append(
                {
                    "send_id": None,
                    "provider": "twilio",
                    "provider_message_id": sid,
                    "status": status,
                    "is_log": True,
                    "error_code": cleaned(raw.get("ErrorCode")),
                    "error_code_space": None,
                    "error_message": None,
                    "occurred_at": None,
                }
            )
    return good


# --- rule 2: repeated rows -----------------------------------------------------------------------------------------


def smallest_first(value: Any) -> tuple[bool, Any]:
    """Sort key in which null is smallest; texts compare by their bytes."""
    return (value is not None, value.encode() if isinstance(value, str) else (value if value is not None else 0))


def winners(rows: list[Row], key: str, time: str, texts: list[str]) -> dict[str, Row]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    names = ["updated_at", time, *texts]
    return {
        name: max(group, key=lambda row: tuple(smallest_first(row[n]) for n in names)) for name, group in groups.items()
    }


# --- segments ------------------------------------------------------------------------------------------------------

GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = "\f^{}\\[~]|€"


def encode(body: str) -> tuple[str, int]:
    """Encoding of an SMS and the parts it takes: parts are filled one after the other, characters are not split."""
    if all(character in GSM7_BASIC + GSM7_EXTENSION for character in body):
        encoding, alone, part = "gsm7", 160, 153
        units = [2 if character in GSM7_EXTENSION else 1 for character in body]
    else:
        encoding, alone, part = "ucs2", 70, 67
        units = [len(character.encode("utf-16-le")) // 2 for character in body]
    if sum(units) <= alone:
        return encoding, 1
    parts, filled = 1, 0
    for unit in units:
        if filled + unit > part:
            parts, filled = parts + 1, 0
        filled += unit
    return encoding, parts


def avoidable(body: str, reported: int | None, seeds: Seeds) -> tuple[int, str | None]:
    """Segments that plain characters would save, and the characters to be replaced for that."""
    encoding, parts = encode(body)
    plain_encoding, plain_parts = encode("".join(seeds.replacements.get(character, character) for character in body))
    saved = min(parts, reported or parts) - plain_parts
    if encoding == "gsm7" or plain_encoding == "ucs2" or saved <= 0:
        return 0, None
    return saved, "".join(sorted(set(body) & set(seeds.replacements)))


# --- the facts -----------------------------------------------------------------------------------------------------


def all_sends(extracts: Extracts, seeds: Seeds, settings: OracleSettings, twilio: list[Row]) -> dict[str, Row]:
    sends = winners(good_sends(extracts["outbound.sends"], seeds, settings), "send_id", "sent_at", KEPT)
    timed = [row for row in twilio if row["is_outbound"] and row["sent_at"]]
    logged = winners(timed, "send_id", "sent_at", KEPT)
    claimed = {send["provider_message_id"] for send in sends.values() if send["provider"] in (None, "twilio")} | set(
        sends
    )
    for send in sends.values():
        log = logged.get(send["provider_message_id"] or send["send_id"])
        if send["body"] is None and log and log["channel"] == "sms" and send["provider"] in (None, "twilio"):
            send["body"] = log["body"]
    return sends | {sid: row for sid, row in logged.items() if sid not in claimed}


def statuses_by_send(statuses: list[Row], sends: dict[str, Row]) -> dict[str, list[Row]]:
    by_message: dict[str, list[Row]] = defaultdict(list)
    for send in sends.values():
        if send["provider_message_id"]:
            by_message[send["provider_message_id"]].append(send)
    found: dict[str, list[Row]] = defaultdict(list)
    for status in statuses:
        if status["send_id"]:
            if status["send_id"] in sends:
                found[status["send_id"]].append(status)
            continue
        for send in by_message[status["provider_message_id"]]:
            if send["provider"] == status["provider"] or (status["is_log"] and send["provider"] is None):
                found[send["send_id"]].append(status)
        if status["is_log"]:
            same_id = sends.get(status["provider_message_id"])
            if same_id and same_id["provider_message_id"] is None:
                found[same_id["send_id"]].append(status)
    return found


def code_key(send: Row, status: Row, seeds: Seeds) -> tuple[Any, Any, Any]:
    provider = send["provider"] or status["provider"]
    return (provider, status["error_code_space"] or seeds.spaces.get(provider), status["error_code"])


def delivery_status(sent_at: datetime, words: set[str], has_issue: bool, settings: OracleSettings) -> str:
    """Rule 3: what became of a send of which statuses say these words."""
    if words & {"delivered", "opened", "clicked", "replied"}:
        return "delivered"
    if has_issue:
        return "issue"
    if "canceled" in words:
        return "canceled"
    if words and words <= {"accepted", "scheduled"}:
        return "pending"
    if settings.as_of >= sent_at + timedelta(hours=settings.receipt_timeout_hours):
        return "unconfirmed"
    return "pending"


def state_send(send: Row, statuses: list[Row], seeds: Seeds, settings: OracleSettings) -> None:
    """Rule 3 and the times of rule 8; sets the columns on the send."""
    words, issues = set(), []
    for status in statuses:
        code = seeds.codes.get(code_key(send, status, seeds))
        is_issue = seeds.statuses[status["status"]]["is_issue"] == "true"
        if is_issue and code and code["outcome"] == "unknown":
            words.add("sent")
            continue
        words.add(status["status"])
        if is_issue:
            issues.append(status)
    send["delivery_status"] = delivery_status(send["sent_at"], words, bool(issues), settings)
    send["has_conflicting_statuses"] = "delivered" in words and bool(issues)

    def earliest(name: str) -> datetime | None:
        return min((s["occurred_at"] for s in statuses if s["status"] == name and s["occurred_at"]), default=None)

    send["delivered_at"] = earliest("delivered")
    send["delivery_seconds"] = None
    if send["delivered_at"]:
        send["delivery_seconds"] = max(0.0, (send["delivered_at"] - send["sent_at"]).total_seconds())
    for name, column in TIMES_OF_STATUSES.items():
        send[column] = earliest(name)
        send[column.replace("_at", "_count")] = any(status["status"] == name for status in statuses)
    send["is_engaged"] = any(seeds.statuses[name]["is_engaging"] == "true" for name in words)
    send |= {
        "issue_at": None,
        "provider_error_code": None,
        "issue_reason_id": None,
        "is_retryable": None,
        "latest_issue": None,
    }
    if send["delivery_status"] == "issue":
        latest = max(
            issues,
            key=lambda status: (
                status["error_code"] is not None,
                smallest_first(status["occurred_at"]),
                smallest_first(status["error_code"]),
                smallest_first(code_key(send, status, seeds)[1]),
                smallest_first(status["error_message"]),
            ),
        )
        issue_at = max((status["occurred_at"] for status in issues if status["occurred_at"]), default=None)
        send |= {"issue_at": issue_at, "provider_error_code": latest["error_code"], "latest_issue": latest}
        if send["channel"] == "sms":
            explain_issue(send, latest, seeds)


def explain_issue(send: Row, latest: Row, seeds: Seeds) -> None:
    """Rule 4."""
    code = seeds.codes.get(code_key(send, latest, seeds))
    send["is_retryable"] = code["is_retryable"] == "true" if code else None
    prefix = calling_prefix(send["to_number"], seeds)
    if code and code["issue_reason_id"]:
        send["issue_reason_id"] = code["issue_reason_id"]
    elif send["is_too_long"]:
        send["issue_reason_id"] = "content_too_long"
    elif prefix and not seeds.countries[prefix]:
        send["issue_reason_id"] = "country_unsupported"
    else:
        send["issue_reason_id"] = "something_went_wrong"


def calling_prefix(number: str | None, seeds: Seeds) -> str | None:
    """The longest seeded calling prefix that a number begins with."""
    prefixes = [prefix for prefix in seeds.countries if (number or "").startswith(f"+{prefix}")]
    return max(prefixes, key=len, default=None)


def country_code(send: Row, seeds: Seeds) -> str | None:
    return seeds.country_codes.get(calling_prefix(send["to_number"], seeds) or "")


def dimensions(rows: list[Row], sends: dict[str, Row]) -> tuple[dict[str, Row], dict[str, Row]]:
    """Rule 12: what describes messages and customers, from all rows of sends about them; of a log's sends, the little it tells."""
    log_rows = [send for send in sends.values() if send["is_log"]]
    order = ("sent_at", "send_id", "updated_at")

    def latest(rows: list[Row], *texts: str) -> Row:
        return max(rows, key=lambda row: tuple(smallest_first(row[name]) for name in (*order, *texts)))

    messages, customers = {}, {}
    titled = ("message_title", "series_id", "series_title")
    described = ("customer_external_id", "customer_name", "customer_email", "company_id")
    for (message_id,), found in group(rows + log_rows, "message_id").items():
        own = [row for row in found if not row["is_log"]] or found
        with_title = [row for row in own if row["message_title"] is not None]
        title = latest(with_title, *titled) if with_title else dict.fromkeys(titled)
        messages[message_id] = {"message_id": message_id, "channel": latest(own, "channel")["channel"]} | {
            name: title[name] for name in titled
        }
    for (customer_id,), found in group(rows + log_rows, "customer_id").items():
        telling = [row for row in found if any(row[name] is not None for name in described)]
        best = latest(telling, *described) if telling else dict.fromkeys(described)
        customers[customer_id] = {"customer_id": customer_id} | {name: best[name] for name in described}
    return messages, customers


def matched(number: str | None, row: Row) -> str | None:
    """Rule 11: on WhatsApp, the two forms of some countries' mobile numbers are one."""
    if number is None or row["channel"] != "whatsapp":
        return number
    number = re.sub(r"^\+521(\d{10})$", r"+52\1", number)
    number = re.sub(r"^\+549(\d{10})$", r"+54\1", number)
    return re.sub(r"^\+55([1-9][1-9])9([6-9]\d{7})$", r"+55\1\2", number)


def attribute(reply: Row, sends: dict[str, Row], settings: OracleSettings) -> Row | None:
    """Rule 5: the send that a reply answers."""
    if reply["send_id"]:
        return sends.get(reply["send_id"])
    candidates = []
    for send in sends.values():
        if send["channel"] != reply["channel"] or send["delivery_status"] in ("issue", "canceled"):
            continue
        if reply["from_number"]:
            is_nobodys = reply["channel"] in ("sms", "whatsapp", "rcs") and not is_digits(reply["from_number"])
            if is_nobodys or matched(send["to_number"], send) != matched(reply["from_number"], reply):
                continue
        elif send["customer_id"] != reply["customer_id"]:
            continue
        if not send["sent_at"] <= reply["received_at"] <= send["sent_at"] + timedelta(days=settings.reply_window_days):
            continue
        sender = send["from_number"] or ""
        is_pool = len(sender) > 11 and not re.fullmatch(r"\+?[0-9]+", sender)
        if (
            reply["to_number"]
            and sender
            and not is_pool
            and matched(reply["to_number"], reply) != matched(send["from_number"], send)
        ):
            continue
        candidates.append(send)
    return max(candidates, key=lambda send: (send["sent_at"], send["send_id"].encode()), default=None)


# --- the reports ---------------------------------------------------------------------------------------------------


def percentile(values: Iterable[float | None], share: float) -> float | None:
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def group(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def customers(rows: Iterable[Row]) -> int:
    return len({row["customer_id"] for row in rows})


def rate(count: int, total: int) -> float | None:
    return count / total if total else None


def capped_rate(count: int, total: int) -> float | None:
    """A reply can name a canceled send, so that more customers answer than were sent to."""
    return min(1, count / total) if total else None


def is_sent(send: Row) -> bool:
    return bool(send["delivery_status"] != "canceled")


def compute_tables(extracts: Extracts, settings: OracleSettings, seeds_dir: Path) -> dict[str, list[Row]]:
    """Compute the contract's tables.

    Args:
        extracts: rows of text by "source.table", in any order.
        settings: of the run; times naive UTC.
        seeds_dir: folder of the seeds' CSVs.

    Returns:
        Rows by table; times naive UTC, money as Decimal, rates and seconds as float.
    """
    seeds = Seeds(seeds_dir)
    extracts = defaultdict(list, extracts)
    twilio = good_twilio(extracts["twilio.messages"], seeds, settings)
    sends = all_sends(extracts, seeds, settings, twilio)
    statuses = good_statuses(extracts["outbound.statuses"], seeds, settings)
    outbound_logged = [{**row, "send_id": None} for row in twilio if row["is_outbound"]]
    statuses += outbound_logged + good_callbacks(extracts["twilio.status_callbacks"], seeds)
    by_send = statuses_by_send(statuses, sends)
    for send in sends.values():
        state_send(send, by_send[send["send_id"]], seeds, settings)
        send |= {"country_code": country_code(send, seeds), "is_opted_out": False}
        zone = ZoneInfo(settings.reporting_timezone)
        send["sent_date"] = send["sent_at"].replace(tzinfo=UTC).astimezone(zone).date()
        send["status_unsubscribed_at"] = (
            (send["unsubscribed_at"] or send["sent_at"]) if send["unsubscribed_count"] else None
        )

    inbound = [{**row, "send_id": None, "source": "twilio"} for row in twilio if not row["is_outbound"]]
    outbound_replies = [
        {**row, "source": "outbound"} for row in good_replies(extracts["outbound.replies"], seeds, settings)
    ]
    replies = winners(outbound_replies + inbound, "reply_id", "received_at", [*REPLY_TEXTS, "source"])
    fct_replies, attributed = [], []
    for reply in replies.values():
        send = attribute(reply, sends, settings)
        named = seeds.keywords.get(keyword_text(reply["body"]))
        keyword = named if reply["channel"] == "sms" else None
        row = {
            "reply_id": reply["reply_id"],
            "message_id": send["message_id"] if send else None,
            "send_id": send["send_id"] if send else None,
            "customer_id": send["customer_id"] if send else reply["customer_id"],
            "channel": reply["channel"],
            "from_number": reply["from_number"],
            "body": reply["body"],
            "received_at": reply["received_at"],
            "is_opt_out": bool(keyword and keyword[2]),
            "is_keyword": keyword is not None,
            "keyword": keyword[0] if keyword else None,
            "keyword_group": keyword[1] if keyword else None,
            "is_possible_opt_out": bool(named and named[2])
            or (not is_reaction(reply["body"] or "", seeds) and asks_to_opt_out(reply["body"] or "", seeds)),
            "is_reaction": is_reaction(reply["body"] or "", seeds),
            "response_seconds": (reply["received_at"] - send["sent_at"]).total_seconds() if send else None,
        }
        fct_replies.append(row)
        if send:
            attributed.append((send, row, bool(keyword and keyword[2])))
    for send, row, is_opt_out in attributed:  # rule 8
        send["replied_at"] = min(filter(None, (send["replied_at"], row["received_at"])))
        send["replied_count"] = True
        if is_opt_out:
            send["unsubscribed_at"] = min(filter(None, (send["unsubscribed_at"], row["received_at"])))
            send |= {"unsubscribed_count": True, "is_opted_out": True}
        else:
            send["is_engaged"] = True

    messages, described = dimensions(good_sends(extracts["outbound.sends"], seeds, settings), sends)
    titles = {message_id: (row["message_title"], row["channel"]) for message_id, row in messages.items()}

    responses = []  # rule 7
    is_opt_out_reply = {row["reply_id"]: is_opt_out for _, row, is_opt_out in attributed}
    sms_replies = [row for send, row, _ in attributed if row["channel"] == "sms" and send["channel"] == "sms"]
    responses += [row | {"response_type": "keyword"} for row in sms_replies if row["is_keyword"]]
    others = [row for row in sms_replies if not row["is_keyword"] and not row["is_reaction"]]
    for rows in group(others, "message_id", "customer_id").values():
        first = min(rows, key=lambda row: (row["body"] is None, row["received_at"], row["reply_id"].encode()))
        responses.append(first | {"response_type": "first_response"})

    sms_issues = [send for send in sends.values() if send["channel"] == "sms" and send["delivery_status"] == "issue"]
    tables = {
        "fct_sends": [
            {
                name: send[name]
                for name in [
                    "send_id",
                    "message_id",
                    "channel",
                    "customer_id",
                    "provider",
                    "provider_message_id",
                    "to_number",
                    "from_number",
                    "message_version_id",
                    "series_id",
                    "node_id",
                    "price",
                    "currency_code",
                    "encoding",
                    "segment_count",
                    "computed_segment_count",
                    "avoidable_segment_count",
                    "replaceable_characters",
                    "sent_at",
                    "sent_date",
                    "delivery_status",
                    "delivered_at",
                    "delivery_seconds",
                    "issue_at",
                    "issue_reason_id",
                    "provider_error_code",
                    "has_conflicting_statuses",
                    "opened_at",
                    "clicked_at",
                    "replied_at",
                    "goal_at",
                    "unsubscribed_at",
                    "is_engaged",
                ]
            }
            | {"country_code": send["country_code"]}
            for send in sends.values()
        ],
        "dim_messages": list(messages.values()),
        "dim_customers": list(described.values()),
        "fct_delivery_issues": [
            {
                name: send[name]
                for name in [
                    "send_id",
                    "message_id",
                    "customer_id",
                    "to_number",
                    "provider",
                    "provider_error_code",
                    "issue_reason_id",
                    "is_retryable",
                    "issue_at",
                ]
            }
            | {
                "message_title": titles[send["message_id"]][0],
                "customer_name": described[send["customer_id"]]["customer_name"],
                "error_code_space": code_key(send, send["latest_issue"], seeds)[1],
                "error_description": (seeds.codes.get(code_key(send, send["latest_issue"], seeds)) or {}).get(
                    "description"
                ),
            }
            | {name: seeds.reasons[send["issue_reason_id"]][name] for name in ("issue_reason", "meaning", "fix")}
            for send in sms_issues
        ],
        "fct_replies": fct_replies,
        "fct_responses": [
            {
                name: row[name]
                for name in [
                    "reply_id",
                    "message_id",
                    "send_id",
                    "customer_id",
                    "body",
                    "received_at",
                    "response_type",
                    "keyword",
                    "keyword_group",
                    "response_seconds",
                ]
            }
            for row in responses
        ],
    }
    tables |= message_reports(sends, responses, is_opt_out_reply, titles, sms_issues, seeds)
    tables |= what_should_not_have_been_sent(tables["rpt_messages"], sends, fct_replies, seeds)
    tables |= costs(sends, titles, seeds)
    return tables | {
        "rpt_delivery_breakdown": breakdown(sends),
        "rpt_deliverability_alerts": alerts(sends, seeds, settings),
        "rpt_customer_contacts": contacts(sends, settings),
        "rpt_fix_list": fix_list(sends, sms_issues, seeds),
        "dim_phone_numbers": phone_numbers(sms_issues, seeds),
        "audit_unmapped_codes": unmapped(sms_issues, seeds),
    }


def message_reports(
    sends: dict[str, Row],
    responses: list[Row],
    is_opt_out: dict[str, bool],
    titles: dict[str, tuple[Any, Any]],
    sms_issues: list[Row],
    seeds: Seeds,
) -> dict[str, list[Row]]:
    """Rule 10: the reports by message and by day."""
    tables: dict[str, list[Row]] = defaultdict(list)
    by_message = group(sends.values(), "message_id")
    for (message_id,), rows in by_message.items():
        sent = [row for row in rows if row["delivery_status"] != "canceled"]
        status = {
            name: [row for row in rows if row["delivery_status"] == name]
            for name in ("delivered", "issue", "pending", "unconfirmed", "canceled")
        }
        keywords = [row for row in responses if row["message_id"] == message_id and row["response_type"] == "keyword"]
        reached = {
            "opened": "opened_count",
            "clicked": "clicked_count",
            "replied": "replied_count",
            "goal": "goal_count",
            "completed": "completed_count",
            "unsubscribed": "unsubscribed_count",
            "engaged": "is_engaged",
        }
        counts = {name: customers(row for row in sent if row[column]) for name, column in reached.items()}
        total = customers(sent)
        tables["rpt_messages"].append(
            {
                "message_id": message_id,
                "message_title": titles[message_id][0],
                "channel": titles[message_id][1],
                "first_sent_at": min(row["sent_at"] for row in rows),
                "last_sent_at": max(row["sent_at"] for row in rows),
                "sent_count": len(sent),
            }
            | {f"{name}_count": len(found) for name, found in status.items()}
            | {
                "sent_customer_count": total,
                "delivered_customer_count": customers(status["delivered"]),
                "issue_customer_count": customers(status["issue"]),
                "replied_customer_count": counts["replied"],
                "keyword_reply_count": len(keywords),
                "opt_out_customer_count": customers(row for row in keywords if is_opt_out[row["reply_id"]]),
                "engaged_customer_count": counts["engaged"],
                "delivered_send_rate": rate(len(status["delivered"]), len(sent)),
                "issue_send_rate": rate(len(status["issue"]), len(sent)),
                "delivery_rate": rate(customers(status["delivered"]), total),
                "issue_rate": rate(customers(status["issue"]), total),
                "reply_rate": rate(counts["replied"], total),
                "engagement_rate": rate(counts["engaged"], total),
                "opt_out_rate": capped_rate(customers(row for row in keywords if is_opt_out[row["reply_id"]]), total),
            }
        )
        tables["rpt_message_engagement"].append(
            {"message_id": message_id, "channel": titles[message_id][1], "sent_customer_count": total}
            | {f"{name}_customer_count": count for name, count in counts.items()}
            | {f"{name}_rate": rate(count, total) for name, count in counts.items()}
        )
        sms = [row for row in rows if row["channel"] == "sms"]
        if sms:
            tables["rpt_message_delivery"].append(message_delivery(message_id, sms))
    for (message_id, reason), rows in group(sms_issues, "message_id", "issue_reason_id").items():
        tables["rpt_message_issues"].append(
            {
                "message_id": message_id,
                "issue_reason_id": reason,
                "issue_count": len(rows),
                "issue_customer_count": customers(rows),
            }
            | {name: seeds.reasons[reason][name] for name in ("issue_reason", "meaning", "fix")}
            | {"issue_share": len(rows) / len([row for row in sms_issues if row["message_id"] == message_id])}
        )
    for (message_id, keyword_group), rows in group(responses, "message_id", "keyword_group").items():
        sms_sent = [row for row in by_message[(message_id,)] if row["channel"] == "sms" and is_sent(row)]
        tables["rpt_message_responses"].append(
            {
                "message_id": message_id,
                "keyword_group": keyword_group,
                "response_count": len(rows),
                "response_customer_count": customers(rows),
                "sent_customer_count": customers(sms_sent),
                "response_rate": capped_rate(customers(rows), customers(sms_sent)),
                "response_seconds_p50": percentile((row["response_seconds"] for row in rows), 0.5),
            }
        )
    for (day, channel, message_id), rows in group(sends.values(), "sent_date", "channel", "message_id").items():
        sent = [row for row in rows if row["delivery_status"] != "canceled"]
        tables["rpt_customer_engagement_daily"].append(
            {
                "sent_date": day,
                "channel": channel,
                "message_id": message_id,
                "message_title": titles[message_id][0],
                "sent_count": len(sent),
                "delivered_count": sum(row["delivery_status"] == "delivered" for row in rows),
                "issue_count": sum(row["delivery_status"] == "issue" for row in rows),
                **{
                    f"{name}_count": sum(row[f"{name}_count"] for row in sent)
                    for name in ("opened", "clicked", "replied", "goal", "unsubscribed")
                },
                "engaged_count": sum(row["is_engaged"] for row in sent),
            }
        )
    return tables


def message_delivery(message_id: str, sms: list[Row]) -> Row:
    delivered = [row for row in sms if row["delivery_status"] == "delivered"]
    priced = [row for row in sms if row["price"] is not None]
    currencies = {row["currency_code"] for row in priced}
    segments = [
        row["segment_count"] for row in sms if row["delivery_status"] != "canceled" and row["segment_count"] is not None
    ]
    times = [row["delivered_at"] for row in sms if row["delivered_at"]]
    return {
        "message_id": message_id,
        "sent_count": sum(row["delivery_status"] != "canceled" for row in sms),
        "delivered_count": len(delivered),
        "issue_count": sum(row["delivery_status"] == "issue" for row in sms),
        "delivered_customer_count": customers(delivered),
        "sent_customer_count": customers(filter(is_sent, sms)),
        "delivery_rate": rate(customers(delivered), customers(filter(is_sent, sms))),
        "delivered_send_rate": rate(len(delivered), sum(map(is_sent, sms))),
        "issue_send_rate": rate(sum(row["delivery_status"] == "issue" for row in sms), sum(map(is_sent, sms))),
        "first_delivered_at": min(times, default=None),
        "last_delivered_at": max(times, default=None),
        **{
            f"delivery_seconds_p{share}": percentile((row["delivery_seconds"] for row in delivered), share / 100)
            for share in (50, 95, 99)
        },
        "segment_count": sum(segments) if segments else None,
        "cost": sum((abs(row["price"]) for row in priced), Decimal(0)) if len(currencies) == 1 else None,
        "currency_code": next(iter(currencies)) if len(currencies) == 1 else None,
    }


def breakdown(sends: dict[str, Row]) -> list[Row]:
    sms = [send for send in sends.values() if send["channel"] == "sms"]
    table = []
    keys = ("sent_date", "provider", "country_code", "from_number")
    for key, rows in group(sms, *keys).items():
        counts = {
            name: sum(row["delivery_status"] == name for row in rows)
            for name in ("delivered", "issue", "pending", "unconfirmed")
        }
        sent = sum(map(is_sent, rows))
        money = message_delivery("", rows)
        table.append(
            dict(zip(keys, key, strict=True))
            | {"sent_count": sent}
            | {f"{name}_count": count for name, count in counts.items()}
            | {f"{name}_send_rate": rate(counts[name], sent) for name in ("delivered", "issue", "unconfirmed")}
            | {name: money[name] for name in ("delivery_seconds_p50", "delivery_seconds_p95", "cost", "currency_code")}
        )
    return table


DIMENSIONS = {"provider": "provider", "country": "country_code", "sender": "from_number", "message": "message_id"}


def alerts(sends: dict[str, Row], seeds: Seeds, settings: OracleSettings) -> list[Row]:
    """What is worse in the window than in the 28 days before (docs/metrics.md, "Alerts")."""
    zone = ZoneInfo(settings.reporting_timezone)
    earlier = settings.as_of - timedelta(hours=settings.receipt_timeout_hours)

    def window_date(moment: datetime) -> Any:
        day = moment.replace(tzinfo=UTC).astimezone(zone).date()
        return day if settings.alert_hours else day - timedelta(days=1)

    def age(send: Row, moment: datetime) -> int | None:
        if not settings.alert_hours:
            return int((window_date(moment) - send["sent_date"]).days)
        days, rest = divmod((moment - send["sent_at"]).total_seconds(), 86_400)
        return int(days) if rest < settings.alert_hours * 3_600 else None

    sms = [send for send in sends.values() if send["channel"] == "sms" and is_sent(send)]
    segments: dict[tuple[str, str], list[Row]] = {("all", ""): sms}
    for dimension, column in DIMENSIONS.items():
        segments |= {(dimension, key[0]): rows for key, rows in group(sms, column).items() if key[0] is not None}

    found: list[Row] = []
    for segment, rows in segments.items():
        for kind, reason in (
            [(kind, None) for kind in ("issue_rate", "opt_out_rate", "unconfirmed_rate")]
            + [("issue_reason", reason) for reason in seeds.reasons]
            + [("delivery_seconds_p95", None), ("volume_gone", None)]
        ):
            moment = earlier if kind == "unconfirmed_rate" else settings.as_of

            def by_age(rows: list[Row], moment: datetime = moment) -> dict[int, list[Row]]:
                ages = defaultdict(list)
                for row in rows:
                    if (days := age(row, moment)) is not None and 0 <= days <= 28:
                        ages[days].append(row)
                return ages

            alert = (
                gone(by_age(rows), settings)
                if kind == "volume_gone"
                else worse(kind, reason, by_age(rows), by_age(sms), settings)
            )
            if alert:
                found.append(
                    {**alert, "kind": kind, "reason": reason, "segment": segment, "alert_date": window_date(moment)}
                )
    return [described_alert(alert, seeds) for alert in standing_alerts(found)]


def is_affected(kind: str, reason: str | None, send: Row, slow: float) -> bool:
    return {
        "issue_rate": send["delivery_status"] == "issue",
        "issue_reason": send["issue_reason_id"] == reason,
        "unconfirmed_rate": send["delivery_status"] == "unconfirmed",
        "opt_out_rate": send["is_opted_out"],
        "delivery_seconds_p95": (send["delivery_seconds"] or 0) > slow,
    }[kind]


def worse(
    kind: str, reason: str | None, own: dict[int, list[Row]], every: dict[int, list[Row]], settings: OracleSettings
) -> Row | None:
    slow, value, usual_value = 0.0, None, None
    if kind == "delivery_seconds_p95":
        own = {day: timed for day, rows in own.items() if (timed := [row for row in rows if row["delivered_at"]])}
        value = percentile((row["delivery_seconds"] for row in own.get(0, [])), 0.95)
        base = [row["delivery_seconds"] for day, rows in own.items() if day for row in rows]
        usual_value = percentile(base, 0.95)
        if value is None or usual_value is None or value < 2 * usual_value or value < 10:
            return None
        slow = 2 * usual_value

    def counts(days: dict[int, list[Row]]) -> dict[int, tuple[int, int]]:
        return {
            day: (len(rows), sum(is_affected(kind, reason, row, slow) for row in rows))
            for day, rows in sorted(days.items())
        }

    window, affected = counts(own).get(0, (0, 0))
    if window < settings.alert_least_sends or affected < 5:
        return None
    before = {day: count for day, count in counts(own).items() if day}
    has_usual = max(before, default=0) >= 7 and sum(n for n, _ in before.values()) >= settings.alert_least_sends
    usual = before if has_usual else {day: count for day, count in counts(every).items() if day}
    if kind == "delivery_seconds_p95" and not has_usual:
        return None
    total, hits = sum(n for n, _ in usual.values()), sum(x for _, x in usual.values())
    if not total:
        return None

    def angle(x: float, n: float) -> float:
        return math.asin(math.sqrt(x / n))

    away = [2 * math.sqrt(n) * (angle(x, n) - angle(hits, total)) for n, x in usual.values()]
    moves = [abs(later - sooner) for sooner, later in pairwise(away)]
    spread = max(1.0, sum(moves) / len(moves) / 1.128) if len(moves) >= 3 else 1.0
    score = 2 * (angle(affected - 0.5, window) - angle(hits, total)) / math.sqrt(1 / window + 1 / total) / spread
    share, usual_share = affected / window, hits / total
    is_allowed = kind == "opt_out_rate" and share < settings.alert_opt_out_percent / 100
    if share < 1.5 * usual_share or score < 4 or is_allowed:
        return None
    since = 0
    for day, (n, x) in sorted(before.items()):
        if x / n < (share + usual_share) / 2:
            break
        since = day
    return {
        "score": score,
        "value": share if value is None else value,
        "usual_value": usual_share if usual_value is None else usual_value,
        "sent_count": window,
        "since": since,
        "sends": [row for row in own[0] if is_affected(kind, reason, row, slow)],
    }


def gone(own: dict[int, list[Row]], settings: OracleSettings) -> Row | None:
    weeks = [len(own[day]) for day in (7, 14, 21, 28) if day in own]
    left = len(own.get(0, []))
    if len(weeks) < 4 or min(weeks) < settings.alert_least_sends or left > 0.1 * min(weeks):
        return None
    usual = sum(weeks) / 4
    return {
        "score": 2 * (math.sqrt(usual) - math.sqrt(left)),
        "value": left,
        "usual_value": usual,
        "sent_count": left,
        "since": min(day for day, rows in own.items() if day and len(rows) > 0.1 * min(weeks)) - 1,
        "sends": own[7],
    }


def standing_alerts(found: list[Row]) -> list[Row]:
    """Of alerts of a kind about the same sends, the clearest."""

    def place(alert: Row) -> tuple[Any, ...]:
        dimension, name = alert["segment"]
        is_last = dimension == "all" and alert["kind"] != "volume_gone"
        order = list(DIMENSIONS).index(dimension) if dimension in DIMENSIONS else 3
        return is_last, -round(alert["score"], 9), order, name

    kept = []
    for rows in group(found, "kind", "reason").values():
        ordered = sorted(rows, key=place)
        ids = [{send["send_id"] for send in row["sends"]} for row in ordered]
        covering = [[j for j in range(i) if 2 * len(ids[i] & ids[j]) >= len(ids[i])] for i in range(len(ordered))]
        leaders = [i for i, worse_ones in enumerate(covering) if not worse_ones]
        kept += [row for i, row in enumerate(ordered) if not set(covering[i]) & set(leaders)]
    return kept


def described_alert(alert: Row, seeds: Seeds) -> Row:
    kind, sends = alert["kind"], alert["sends"]
    shared = {
        column: next(iter(values)) if len(values := {send[column] for send in sends}) == 1 else None
        for column in DIMENSIONS.values()
    }
    reasons = [send["issue_reason_id"] for send in sends] if kind in ("issue_rate", "issue_reason") else []
    reason = min(set(reasons), key=lambda name: (-reasons.count(name), name), default=None)
    if kind == "issue_reason":
        kind = "growing_issue_reason" if alert["usual_value"] else "new_issue_reason"
    return shared | {
        "alert_date": alert["alert_date"],
        "kind": kind,
        "dimension": alert["segment"][0],
        "issue_reason_id": reason,
        "value": float(alert["value"]),
        "usual_value": float(alert["usual_value"]),
        "sent_count": alert["sent_count"],
        "affected_count": len(sends),
        "affected_customer_count": customers(sends),
        "since_date": alert["alert_date"] - timedelta(days=alert["since"]),
        "fix": seeds.reasons[reason]["fix"] if reason else seeds.alert_kinds[kind]["fix"],
    }


def contacts(sends: dict[str, Row], settings: OracleSettings) -> list[Row]:
    table = []
    for (customer_id,), rows in group(sends.values(), "customer_id").items():
        row: Row = {"customer_id": customer_id}
        for prefix in ("", "sms_"):
            for days in (7, 28, 90):
                row[f"{prefix}received_{days}_days_count"] = sum(
                    send["delivery_status"] == "delivered"
                    and settings.as_of - timedelta(days=days) < send["sent_at"] <= settings.as_of
                    and (not prefix or send["channel"] == "sms")
                    for send in rows
                )
        row["is_over_messaged"] = row["received_7_days_count"] >= settings.over_messaged_count
        table.append(row)
    return table


def fix_list(sends: dict[str, Row], sms_issues: list[Row], seeds: Seeds) -> list[Row]:
    def order(send: Row) -> tuple[Any, ...]:
        return (send["sent_at"], send["send_id"].encode())

    delivered = [send for send in sends.values() if send["channel"] == "sms" and send["delivery_status"] == "delivered"]
    last: dict[tuple[Any, ...], tuple[Any, ...]] = {
        key: max(order(send) for send in rows) for key, rows in group(delivered, "customer_id", "to_number").items()
    }
    standing = [
        send
        for send in sms_issues
        if (send["customer_id"], send["to_number"]) not in last
        or order(send) > last[(send["customer_id"], send["to_number"])]
    ]
    table = []
    for (customer_id, to_number, reason), rows in group(
        standing, "customer_id", "to_number", "issue_reason_id"
    ).items():
        times = [row["issue_at"] for row in rows if row["issue_at"]]
        table.append(
            {
                "customer_id": customer_id,
                "to_number": to_number,
                "issue_reason_id": reason,
                "number_type": number_type(to_number) if to_number else None,
                "number_fix": seeds.number_fixes[number_type(to_number)] if to_number else None,
                "issue_reason": seeds.reasons[reason]["issue_reason"],
                "fix": seeds.reasons[reason]["fix"],
                "issue_count": len(rows),
                "first_issue_at": min(times, default=None),
                "last_issue_at": max(times, default=None),
                "last_message_id": max(rows, key=order)["message_id"],
            }
        )
    return table


def opt_out_reports(sends: dict[str, Row], replies: list[Row]) -> dict[str, list[Row]]:
    """When numbers wanted no more SMS, what was sent to them then, and which want none now."""
    sms = [send for send in sends.values() if send["channel"] == "sms"]
    numbers = {send["send_id"]: send["to_number"] for send in sms}
    opt_outs: dict[str, list[tuple[datetime, int, str, str | None]]] = defaultdict(list)
    opt_ins: dict[str, list[datetime]] = defaultdict(list)
    for reply in replies:
        number = reply["from_number"] or numbers.get(reply["send_id"]) or ""
        if is_digits(number) and reply["is_opt_out"]:
            opt_outs[number].append((reply["received_at"], 1, "keyword", reply["reply_id"]))
        if is_digits(number) and reply["keyword_group"] == "opt_in":
            opt_ins[number].append(reply["received_at"])
    for send in sms:
        if not is_digits(send["to_number"]):
            continue
        if send["issue_reason_id"] == "recipient_unsubscribed":
            opt_outs[send["to_number"]].append((send["issue_at"] or send["sent_at"], 2, "provider", None))
        if send["status_unsubscribed_at"]:
            opt_outs[send["to_number"]].append((send["status_unsubscribed_at"], 3, "status", None))

    bodies = {reply["reply_id"]: reply["body"] for reply in replies}
    tables: dict[str, list[Row]] = defaultdict(list)
    for number, found in opt_outs.items():
        own = [send for send in sms if send["to_number"] == number and is_sent(send)]
        opted_in_at = datetime.min
        for opted_out_at, _, opted_out_by, reply_id in sorted(found, key=lambda event: (event[:2], event[3] or "")):
            if opted_in_at is None or opted_out_at < opted_in_at:
                continue  # It was out already.
            opted_in_at = min((moment for moment in opt_ins[number] if moment > opted_out_at), default=None)
            row = {"number": number, "opted_out_by": opted_out_by, "opted_out_at": opted_out_at}
            after = [send for send in own if opted_out_at < send["sent_at"] < (opted_in_at or datetime.max)]
            tables["fct_opt_outs"].append(row | {"reply_id": reply_id, "opted_in_at": opted_in_at})
            tables["rpt_sends_after_opt_out"] += [
                row
                | {
                    name: send[name]
                    for name in ("send_id", "message_id", "message_version_id", "customer_id", "sent_at")
                }
                | {"delivery_status": send["delivery_status"], "opted_in_at": opted_in_at}
                | {"opt_out_body": bodies.get(reply_id), "sent_body": send["body"]}
                for send in after
            ]
            if opted_in_at is None:
                counts = {"customer_count": customers(own), "sent_after_count": len(after)}
                tables["rpt_opted_out_numbers"].append(row | counts)
    return tables


def what_should_not_have_been_sent(
    messages: list[Row], sends: dict[str, Row], replies: list[Row], seeds: Seeds
) -> dict[str, list[Row]]:
    """SMS after an opt-out and at quiet hours, which the Messages list counts."""
    tables = opt_out_reports(sends, replies)
    tables["rpt_sends_at_quiet_hours"] = sends_at_quiet_hours(sends, seeds)
    for row in messages:
        for report in ("sends_after_opt_out", "sends_at_quiet_hours"):
            listed = [send for send in tables[f"rpt_{report}"] if send["message_id"] == row["message_id"]]
            row[report.replace("sends", "sent") + "_count"] = len(listed)
    return tables


def sends_at_quiet_hours(sends: dict[str, Row], seeds: Seeds) -> list[Row]:
    """SMS that were sent before 8 or from 21 o'clock on in every time zone in which the number can be."""
    table = []
    for send in sends.values():
        digits = (send["to_number"] or "").removeprefix("+")
        if send["channel"] != "sms" or not is_sent(send) or digits == send["to_number"] or not digits.isdigit():
            continue
        prefixes = [digits[:length] for length in range(len(digits), 0, -1) if digits[:length] in seeds.time_zones]
        zones = seeds.time_zones[prefixes[0]] if prefixes else []
        local = {zone: send["sent_at"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for zone in zones}
        if zones and all(not 8 <= time.hour < 21 for time in local.values()):
            earliest = min(zones, key=lambda zone: (local[zone].replace(tzinfo=None), zone))
            table.append(
                {
                    "send_id": send["send_id"],
                    "message_id": send["message_id"],
                    "customer_id": send["customer_id"],
                    "number": send["to_number"],
                    "country_code": send["country_code"],
                    "sent_at": send["sent_at"],
                    "time_zone": earliest,
                    "time_zone_count": len(zones),
                    "local_time": f"{local[earliest]:%H:%M:%S}",
                }
            )
    return table


def costs(sends: dict[str, Row], titles: dict[str, tuple[Any, Any]], seeds: Seeds) -> dict[str, list[Row]]:
    """What SMS cost by message and currency, what of it failed, and what plain characters would save."""
    tables: dict[str, list[Row]] = defaultdict(list)
    sms = [send for send in sends.values() if send["channel"] == "sms"]
    priced = [send for send in sms if send["price"] is not None]

    def money(rows: Iterable[Row]) -> Decimal:
        return sum((row["price"] for row in rows), Decimal(0))

    for (message_id, currency_code), rows in group(priced, "message_id", "currency_code").items():
        sent = [row for row in rows if row["delivery_status"] != "canceled"]
        delivered = [row for row in rows if row["delivery_status"] == "delivered"]
        replied = [row for row in sent if row["replied_count"]]
        avoidable = [row for row in rows if row["avoidable_segment_count"]]
        tables["rpt_message_costs"].append(
            {
                "message_id": message_id,
                "message_title": titles[message_id][0],
                "currency_code": currency_code,
                "reporting_currency_code": None,
                "sent_count": len(sent),
                "delivered_count": len(delivered),
                "replied_count": len(replied),
                "avoidable_segment_count": sum(row["avoidable_segment_count"] for row in avoidable),
                "cost": money(rows),
                "issue_cost": money(row for row in rows if row["delivery_status"] == "issue"),
                "avoidable_cost": sum(
                    (
                        rounded(row["price"] * row["avoidable_segment_count"] / row["segment_count"])
                        for row in avoidable
                    ),
                    Decimal(0),
                ),
                "cost_per_delivered": rounded(money(rows) / len(delivered)) if delivered else None,
                "cost_per_response": rounded(money(rows) / len(replied)) if replied else None,
                "cost_in_reporting_currency": None,
            }
        )
    failed = [send for send in priced if send["delivery_status"] == "issue"]
    for (message_id, reason, currency_code), rows in group(
        failed, "message_id", "issue_reason_id", "currency_code"
    ).items():
        tables["rpt_issue_costs"].append(
            {
                "message_id": message_id,
                "message_title": titles[message_id][0],
                "issue_reason_id": reason,
                "issue_reason": seeds.reasons[reason]["issue_reason"],
                "fix": seeds.reasons[reason]["fix"],
                "currency_code": currency_code,
                "issue_count": len(rows),
                "issue_cost": money(rows),
            }
        )
    sent = [send for send in sms if send["delivery_status"] != "canceled" and send["replaceable_characters"]]
    for (message_id,), rows in group(sent, "message_id").items():
        for character in set("".join(row["replaceable_characters"] for row in rows)):
            found = [row for row in rows if character in row["replaceable_characters"]]
            tables["rpt_replaceable_characters"].append(
                {
                    "message_id": message_id,
                    "message_title": titles[message_id][0],
                    "character": character,
                    "character_name": unicodedata.name(character, "CHARACTER TABULATION"),
                    "replacement": seeds.replacements[character] or None,
                    "sent_count": len(found),
                    "avoidable_segment_count": sum(row["avoidable_segment_count"] for row in found),
                }
            )
    return tables


NUMBER_TYPES = {"FIXED_LINE": "landline", "FIXED_LINE_OR_MOBILE": "landline_or_mobile", "UAN": "company_number"}


def number_type(number: str) -> str:
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return "unknown"
    name = phonenumbers.PhoneNumberType.to_string(kind)
    return NUMBER_TYPES.get(name, name.lower())


def phone_numbers(sms_issues: list[Row], seeds: Seeds) -> list[Row]:
    return [
        {
            "number": number,
            "country_code": seeds.country_codes.get(calling_prefix(number, seeds) or ""),
            "number_type": number_type(number),
            "national_format": phonenumbers.format_number(
                phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL
            )
            if number_type(number) != "unknown"
            else None,
            "is_valid": number_type(number) != "unknown",
        }
        for number in {send["to_number"] for send in sms_issues} - {None}
    ]


def unmapped(sms_issues: list[Row], seeds: Seeds) -> list[Row]:
    found = []
    for send in sms_issues:
        key = code_key(send, send["latest_issue"], seeds)
        if send["provider_error_code"] is not None and key not in seeds.codes:
            found.append({**send, "lookup_provider": key[0], "error_message": send["latest_issue"]["error_message"]})
    table = []
    for (provider, code), rows in group(found, "lookup_provider", "provider_error_code").items():
        latest = max(rows, key=lambda row: (smallest_first(row["issue_at"]), smallest_first(row["error_message"])))
        table.append(
            {
                "provider": provider,
                "error_code": code,
                "error_message": latest["error_message"],
                "issue_count": len(rows),
                "last_seen_at": latest["issue_at"],
            }
        )
    return table
