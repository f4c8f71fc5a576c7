"""Extracts for the demo: seven weeks of a made-up business, the same bytes for the same seed.

The business sends over every channel, mostly SMS over four providers. Its data have what real data have: receipts that
come late, twice and out of order, corrected rows, replies in several languages, rows that are wrong, and a story to find:
a list full of landlines, a country that can't be reached, a flash sale that was sent too fast, customers who get
everything and hear from the business too often, SMS after an opt-out, a message that once went out in the night, one curly
quote that doubles the segments; and, on the last days, a carrier that fails and a text that makes many opt out, which the
deliverability alerts find.
"""

import csv
import gzip
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, str]

DEMO_AS_OF = datetime(2026, 11, 1, 6, tzinfo=UTC)
FIRST_DAY = datetime(2026, 9, 14, tzinfo=UTC)
DAYS = 48
CUSTOMERS = 4_000
# One customer in so many is a regular, who gets each message that goes out on at least so many days.
REGULAR_EVERY, REGULAR_DAYS = 700, 16
# A carrier that fails many of its sends from a day on, and the code that it gives for them.
FAILING_CARRIER, FAILING_SINCE, FAILING_SHARE, FAILING_CODE = "bandwidth", 46, 0.5, "5500"
# The business sends for so many hours from a market's first one, so that it is day there; but once a message went out to
# everybody at an hour of Europe.
SENDING_HOURS = 8
NIGHT_MESSAGE, NIGHT_DAY, NIGHT_HOUR = "Delivery window 📦", 33, 8
# Share of the replies that answer what the message asks.
ANSWER_SHARE = 0.6

SEND_COLUMNS = [
    "send_id",
    "message_id",
    "message_title",
    "message_version_id",
    "series_id",
    "series_title",
    "channel",
    "customer_id",
    "customer_external_id",
    "customer_name",
    "customer_email",
    "company_id",
    "to_number",
    "from_number",
    "body",
    "segment_count",
    "price",
    "currency_code",
    "provider",
    "provider_message_id",
    "sent_at",
    "updated_at",
]
STATUS_COLUMNS = [
    "status_id",
    "send_id",
    "provider",
    "provider_message_id",
    "status",
    "error_code",
    "error_message",
    "occurred_at",
]
REPLY_COLUMNS = ["reply_id", "send_id", "from_number", "to_number", "customer_id", "channel", "body", "received_at"]
CALLBACK_COLUMNS = [
    "MessageSid",
    "MessageStatus",
    "ErrorCode",
    "From",
    "To",
    "AccountSid",
    "ApiVersion",
    "RawDlrDoneDate",
]
CONSOLE_COLUMNS = [
    "From",
    "To",
    "Body",
    "Status",
    "SentDate",
    "ApiVersion",
    "NumSegments",
    "ErrorCode",
    "AccountSid",
    "Sid",
    "Direction",
    "Price",
    "PriceUnit",
]
ACCOUNT_SID = "AC" + "0" * 32


@dataclass(frozen=True)
class DemoSummary:
    """What was written: the files, and the rows by "source/table" (data rows, wrong ones included)."""

    files: list[Path]
    rows: dict[str, int]


@dataclass(frozen=True)
class Market:
    """A country in which the business has customers.

    Attributes:
        number: format of its made-up numbers, with the customer's number as its only field.
        sender: number that SMS come from.
        currency_code: of its prices.
        price: of one SMS segment.
        share: of the customers.
        names: first names.
        language: key of `REPLIES`.
        first_hour: from which it is sent to, UTC.
    """

    number: str
    sender: str
    currency_code: str
    price: float
    share: float
    names: str
    language: str
    first_hour: int


@dataclass(frozen=True)
class Message:
    """A message of the business.

    Attributes:
        title: as listed.
        channel: of its sends.
        days: days after the first day on which it is sent.
        audience: customers a day.
        body: text, with the field {name}.
        provider: for SMS.
        issue_share: of its sends.
        codes: error codes of its issues.
        engagement: shares of the sends by engagement status.
        reply_share: of the sends.
        answers: replies to what the text asks for, one after another between "|".
    """

    title: str
    channel: str
    days: range
    audience: int
    body: str = ""
    provider: str = ""
    issue_share: float = 0.03
    codes: str = "30003 30003 30005 30004 30006 30007 30008 21610"
    engagement: dict[str, float] = field(default_factory=dict)
    reply_share: float = 0.0
    answers: str = ""


MARKETS = [
    Market("+1415555{:04d}", "+15005550006", "USD", 0.0083, 0.45, "Ava Liam Mia Noah Zoë Ethan José", "en", 16),
    Market("+44770090{:04d}", "+447700900999", "GBP", 0.0400, 0.20, "Olivia George Amelia Siân Harry", "en", 8),
    Market("+49155550{:05d}", "+4915555099999", "EUR", 0.0750, 0.15, "Jürgen Anna Björn Käthe Lukas", "de", 8),
    Market("+33639980{:04d}", "+33639989999", "EUR", 0.0650, 0.10, "Chloé Léa Hugo Noël Inès", "fr", 8),
    Market("+52155500{:05d}", "+5215550099999", "MXN", 0.9000, 0.07, "Sofía Mateo Lucía Íñigo", "es", 15),
    Market("+5359990{:04d}", "+15005550006", "USD", 0.0083, 0.03, "Yanet Osvaldo Leidy", "es", 13),
]

# What some customers in Germany gave for a mobile number; no carrier says that it is a landline.
LANDLINE = "+493023125{:03d}"
UNREACHABLE = ("+53", LANDLINE[:9])

REPLIES = {
    "en": "Thanks! 🙏|What time exactly?|Can we move it to Friday?|Yes please|Who is this?|Great, see you 😀|Too expensive, sorry"
    '|STOP|Stop.|HELP|START|info|please stop texting me|=HYPERLINK("http://example.com","win")|<b>call me</b>|@SUM(1+1)',
    "de": "Danke! 👍|Wann genau?|Geht auch Freitag?|Ja bitte|STOP|Stop!|Wer schreibt da?|Schöne Grüße",
    "fr": "Merci 😊|À quelle heure ?|Oui, ça marche|STOP|Non merci, c’est trop cher|Qui êtes-vous ?",
    "es": "¡Gracias! 🎉|¿A qué hora?|Sí, mañana|STOP|No puedo, lo siento|¿Quién es?",
}

EMAIL = {
    "opened": 0.42,
    "clicked": 0.09,
    "goal_success": 0.03,
    "unsubscribed": 0.004,
    "hard_bounced": 0.006,
    "soft_bounced": 0.01,
}
IN_APP = {"opened": 0.55, "clicked": 0.12, "completed": 0.2, "dismissed": 0.25, "goal_success": 0.05}
MESSAGES = [
    Message(
        "Appointment reminder",
        "sms",
        range(0, 48),
        170,
        "Hi {name}, see you tomorrow at 10:30. Reply YES to confirm.",
        "twilio",
        0.025,
        reply_share=0.08,
        engagement={"goal_success": 0.3},
        answers="YES|YES|Yes|yes|Yes!|YES, see you then|NO, can I come on Monday?",
    ),
    Message(
        "Delivery window 📦",
        "sms",
        range(1, 48, 2),
        190,
        "{name}, your parcel comes today between 14:00 and 16:00 🚚",
        "twilio",
        0.03,
        reply_share=0.04,
    ),
    Message(
        "Flash sale: 24 hours",
        "sms",
        range(20, 21),
        2_600,
        "24 h only: 20 % off everything, {name}! example.com/sale",
        "twilio",
        0.14,
        "30001 30001 30001 30001 30027 21610 30003",
        {"clicked": 0.11, "goal_success": 0.02},
        0.05,
    ),
    Message(
        "Invoice overdue",
        "sms",
        range(3, 48, 7),
        260,
        "Dear {name}, invoice 4711 is overdue. Pay at example.com/pay by Friday, so that your account isn’t closed.",
        "twilio",
        0.22,
        "30006 30006 30006 30006 21614 30005 30003",
        {"clicked": 0.2},
        0.03,
    ),
    Message(
        "Terminbestätigung",
        "sms",
        range(2, 48, 4),
        140,
        "Hallo {name}, Ihr Termin am Freitag ist bestätigt. Grüße!",
        "vonage",
        0.03,
        "1 3 4 6 9",
        {},
        0.05,
    ),
    Message(
        "Two-step code",
        "sms",
        range(0, 48),
        70,
        "{name}, your code is 123456. Never share it.",
        "bandwidth",
        0.02,
        "4720 4750 5600 9902",
    ),
    Message(
        "Survey: how was your visit?",
        "sms",
        range(5, 48, 6),
        230,
        "How was your visit, {name}? Reply 1 (bad) to 5 (great).",
        "twilio",
        0.03,
        reply_share=0.2,
        engagement={"answered": 0.18},
        answers="5|5|5|4|4|3|2|1|5, everybody was lovely",
    ),
    Message(
        "Recordatorio de pago",
        "sms",
        range(4, 48, 8),
        180,
        "{name}, tu pago vence mañana. ¿Dudas? Responde INFO.",
        "telnyx",
        0.05,
        "40001 40002 40300 40008",
        {},
        0.06,
        answers="INFO|Info|info",
    ),
    Message(
        "Loyalty points expire",
        "sms",
        range(30, 34),
        420,
        "{name}, 300 points expire on Sunday. " + "Terms apply. " * 150,
        "twilio",
        0.35,
        "21617 21617 30019",
    ),
    Message(
        "Order update on WhatsApp",
        "whatsapp",
        range(6, 48, 3),
        120,
        "{name}, your order is on its way ✅",
        "twilio",
        0.02,
        "63016 63024",
        {"opened": 0.7, "replied": 0.1},
        0.04,
    ),
    Message("Autumn newsletter", "email", range(7, 48, 14), 1_500, engagement=EMAIL),
    Message("Your monthly statement", "email", range(16, 48, 30), 1_200, engagement=EMAIL),
    Message("Win-back: we miss you", "email", range(22, 23), 800, engagement={**EMAIL, "spam_complaint": 0.004}),
    Message("Live chat: need a hand?", "chat", range(0, 48, 5), 90, engagement={"opened": 0.6, "replied": 0.2}),
    Message("What's new in October", "post", range(18, 19), 900, engagement={"opened": 0.4, "reacted": 0.1}),
    Message("Your table is ready 🍽️", "push", range(0, 48, 3), 110, engagement={"opened": 0.3, "clicked": 0.15}),
    Message("Cookie settings moved", "banner", range(9, 12), 250, engagement=IN_APP),
    Message("Three steps to start", "carousel", range(1, 48, 12), 130, engagement=IN_APP),
    Message("Tour of the dashboard", "tour", range(1, 48, 12), 120, engagement=IN_APP),
    Message("Export lives here now", "tooltip", range(24, 26), 200, engagement=IN_APP),
    Message(
        "How likely are you to recommend us?", "survey", range(28, 30), 300, engagement={"opened": 0.6, "answered": 0.3}
    ),
    Message("Onboarding checklist", "checklist", range(0, 48, 10), 100, engagement=IN_APP),
    Message("Status page: maintenance", "news", range(33, 34), 350, engagement={"opened": 0.5, "reacted": 0.05}),
    Message(
        "Order bot",
        "bot",
        range(2, 48, 6),
        80,
        engagement={"opened": 0.8, "button_tapped": 0.4, "collected_email": 0.1, "completed": 0.3},
    ),
    Message(
        "Weekend deals, again",
        "sms",
        range(47, 48),
        420,
        "{name}, our deals of the weekend, once more! Reply STOP to opt out.",
        "twilio",
        reply_share=0.14,
        answers="STOP|STOP|stop|Stop!|UNSUBSCRIBE|Not again",
    ),
]


def write_demo_extracts(landing_dir: Path, seed: int = 20261101) -> DemoSummary:
    """Write the demo's extracts.

    Args:
        landing_dir: an existing folder; files of an earlier demo are replaced where they differ.
        seed: of everything that is random.

    Returns:
        The files and their numbers of rows.
    """
    business = _Business(random.Random(seed))  # noqa: S311
    business.send_everything()
    writer = _Writer(landing_dir)
    _write_sends(writer, business)
    _write_statuses(writer, business)
    _write_replies(writer, business)
    _write_twilio(writer, business)
    _write_what_is_wrong(writer)
    return DemoSummary(writer.files, dict(writer.rows))


class _Business:
    """The made-up business: its sends, and what became of each."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.customers = [self._customer(number) for number in range(CUSTOMERS)]
        self.sends: dict[int, list[Row]] = defaultdict(list)
        self.corrections: dict[int, list[Row]] = defaultdict(list)
        self.statuses: dict[int, list[Row]] = defaultdict(list)
        self.replies: dict[int, list[Row]] = defaultdict(list)
        self.twilio_rows: list[dict[str, Any]] = []
        self.callbacks: list[Row] = []
        self._count = 0

    def _customer(self, number: int) -> tuple[Market, Row]:
        market = self.chance.choices(MARKETS, [market.share for market in MARKETS])[0]
        name = self.chance.choice(market.names.split())
        if number % 997 == 5:
            name = "=1+1 " + name  # names come from outside, too
        row = {
            "customer_id": f"cust-{number:04d}",
            "customer_external_id": f"crm-{number * 7919 % 100_003:06d}",
            "customer_name": name,
            "customer_email": f"customer{number}@example.com",
            "company_id": f"company-{number % 180}" if number % 3 else "",
            "to_number": market.number.format(number),
        }
        if market.language == "de" and number % 12 == 7:
            row["to_number"] = LANDLINE.format(number % 1_000)
        return market, row

    def send_everything(self) -> None:
        """Send every message on each of its days."""
        for number, message in enumerate(MESSAGES, start=1):
            for day in message.days:
                audience = self.chance.sample(self.customers, message.audience)
                if len(message.days) >= REGULAR_DAYS:
                    audience += [regular for regular in self.customers[::REGULAR_EVERY] if regular not in audience]
                for market, customer in audience:
                    self._send(f"message-{number:02d}", message, day, market, customer)

    def _send(self, message_id: str, message: Message, day: int, market: Market, customer: Row) -> None:
        self._count += 1
        is_text = message.channel in ("sms", "whatsapp")
        is_night = message.title == NIGHT_MESSAGE and day == NIGHT_DAY
        first_hour = NIGHT_HOUR if is_night else market.first_hour
        sent_at = FIRST_DAY + timedelta(days=day, hours=first_hour + self.chance.random() * SENDING_HOURS)
        sent_at = sent_at.replace(microsecond=0)
        provider_message_id = f"SM{self.chance.getrandbits(128):032x}" if is_text else ""
        body = message.body.format(name=customer["customer_name"])
        segments = max(1, -(-len(body) // (153 if body.isascii() else 67)))
        send = {
            "send_id": f"send-{self._count:06d}",
            "message_id": message_id,
            "message_title": message.title,
            "message_version_id": f"{message_id}-{'AB'[self._count % 2]}",
            "series_id": "series-1" if message.title.startswith(("Three", "Tour", "Onboarding")) else "",
            "series_title": "Getting started" if message.title.startswith(("Three", "Tour", "Onboarding")) else "",
            "channel": message.channel,
            **customer,
            "to_number": customer["to_number"] if is_text else "",
            "from_number": market.sender if is_text else "",
            "body": body if is_text else "",
            "segment_count": str(segments) if is_text else "",
            "price": f"{market.price * segments:.4f}" if is_text else "",
            "currency_code": market.currency_code if is_text else "",
            "provider": message.provider,
            "provider_message_id": provider_message_id,
            "sent_at": self._stamp(sent_at),
            "updated_at": "",
        }
        self.sends[day].append(send)
        if self._count % 211 == 0:
            corrected = {
                **send,
                "message_title": f"{message.title} (v2)",
                "updated_at": _iso(sent_at + timedelta(days=1)),
            }
            self.corrections[min(day + 1, DAYS - 1)].append(corrected)
        if self._count % 157 == 0:
            self._status(send, "canceled", sent_at + timedelta(seconds=5), day)
            return
        if is_text:
            self._deliver(send, message, sent_at, day, is_reachable=not customer["to_number"].startswith(UNREACHABLE))
        else:
            bounces = {name: share for name, share in message.engagement.items() if name.endswith("_bounced")}
            for bounce, share in bounces.items():
                if self.chance.random() < share:
                    self._status(send, bounce, sent_at + timedelta(seconds=self.chance.randint(1, 90)), day)
                    return
            if self.chance.random() < 0.97:
                self._status(send, "delivered", sent_at + timedelta(seconds=self.chance.randint(0, 40)), day)
        for status, share in message.engagement.items():
            if not status.endswith("_bounced") and self.chance.random() < share:
                self._status(send, status, sent_at + timedelta(seconds=self.chance.expovariate(1 / 7_200)), day)
        if self.chance.random() < message.reply_share:
            self._reply(send, message, market, sent_at, day)

    def _stamp(self, moment: datetime) -> str:
        """Write a time as one of the application's services would: UTC, or with the offset of its machine."""
        zone = self.chance.choice(["Z", "Z", "+02:00", "-04:00"])
        if zone == "Z":
            return _iso(moment)
        hours = int(zone[:3])
        return (moment + timedelta(hours=hours)).replace(tzinfo=None).isoformat() + zone

    def _deliver(self, send: Row, message: Message, sent_at: datetime, day: int, is_reachable: bool) -> None:
        self._status(send, "sent", sent_at + timedelta(seconds=self.chance.randint(0, 3)), day)
        fate = self.chance.random()
        issue_share, codes = message.issue_share, message.codes
        if send["provider"] == FAILING_CARRIER and day >= FAILING_SINCE:
            issue_share, codes = FAILING_SHARE, FAILING_CODE
        if not is_reachable:
            self._status(send, "undelivered", sent_at + timedelta(seconds=9), day, "99999" if fate < 0.5 else "")
        elif fate < issue_share:
            code = self.chance.choice(codes.split())
            at = sent_at + timedelta(seconds=self.chance.randint(1, 900))
            self._status(send, self.chance.choice(["undelivered", "failed"]), at, day, code)
            if self.chance.random() < 0.04:  # a carrier that changes its mind
                self._status(send, "delivered", at + timedelta(hours=6), day)
        elif fate < 0.97:
            seconds = self.chance.lognormvariate(1.6, 1.0)
            if self.chance.random() < 0.01:
                seconds += self.chance.randint(1, 20) * 86_400  # a phone that was switched off for days
            self._status(send, "delivered", sent_at + timedelta(seconds=seconds), day)
        if send["provider"] == "twilio" and self._count % 37 == 0:
            self._log(send, sent_at, "delivered" if fate >= issue_share else "undelivered")

    def _status(self, send: Row, status: str, occurred_at: datetime, day: int, code: str = "") -> None:
        by_provider = bool(send["provider_message_id"]) and self.chance.random() < 0.7
        row = {
            "status_id": f"status-{self.chance.getrandbits(64):016x}",
            "send_id": "" if by_provider else send["send_id"],
            "provider": send["provider"] if by_provider else "",
            "provider_message_id": send["provider_message_id"] if by_provider else "",
            "status": status,
            "error_code": code,
            "error_message": "Not described by the carrier" if code == "99999" else "",
            "occurred_at": occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        # Most receipts come with the day's file, some later, some twice, and a few before their send's file.
        shift = self.chance.choices([0, 1, 3, 12, -1], [93, 4, 1, 1, 1])[0]
        came = max(0, (occurred_at - FIRST_DAY).days, day + shift)
        if came < DAYS:
            self.statuses[came].append(row)
        if self.chance.random() < 0.02 and came + 1 < DAYS:
            self.statuses[came + 1].append(row)

    def _reply(self, send: Row, message: Message, market: Market, sent_at: datetime, day: int) -> None:
        texts = REPLIES[market.language]
        if message.answers and self.chance.random() < ANSWER_SHARE:
            texts = message.answers
        at = sent_at + timedelta(seconds=self.chance.expovariate(1 / 3_600))
        row = {
            "reply_id": f"reply-{self.chance.getrandbits(48):012x}",
            "send_id": send["send_id"] if self.chance.random() < 0.2 else "",
            "from_number": send["to_number"],
            "to_number": send["from_number"],
            "customer_id": send["customer_id"] if self.chance.random() < 0.5 else "",
            "channel": send["channel"],
            "body": self.chance.choice(texts.split("|")),
            "received_at": _iso(at),
        }
        came = min(DAYS - 1, max(day, (at - FIRST_DAY).days))
        self.replies[came].append(row)
        if self.chance.random() < 0.02:
            self.replies[min(DAYS - 1, came + 1)].append(row)

    def _log(self, send: Row, sent_at: datetime, status: str) -> None:
        prefix = "whatsapp:" if send["channel"] == "whatsapp" else ""
        self.twilio_rows.append(
            _twilio_message(
                sid=send["provider_message_id"],
                sender=prefix + send["from_number"],
                recipient=prefix + send["to_number"],
                body=send["body"],
                sent_at=sent_at,
                status=status,
                error_code=30003 if status == "undelivered" else None,
            )
        )
        self.callbacks.append(
            {
                "MessageSid": send["provider_message_id"],
                "MessageStatus": status,
                "ErrorCode": "30003" if status == "undelivered" else "",
                "From": prefix + send["from_number"],
                "To": prefix + send["to_number"],
                "AccountSid": ACCOUNT_SID,
                "ApiVersion": "2010-04-01",
                "RawDlrDoneDate": f"{sent_at:%y%m%d%H%M}",
            }
        )


def _iso(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _twilio_message(
    sid: str,
    sender: str,
    recipient: str,
    body: str,
    sent_at: datetime,
    status: str,
    error_code: int | None = None,
    direction: str = "outbound-api",
) -> dict[str, Any]:
    """A Message resource as the REST API returns it."""
    stamp = format_datetime(sent_at)
    return {
        "sid": sid,
        "account_sid": ACCOUNT_SID,
        "messaging_service_sid": None,
        "direction": direction,
        "from": sender,
        "to": recipient,
        "body": body,
        "status": status,
        "error_code": error_code,
        "error_message": None,
        "num_segments": "1",
        "num_media": "0",
        "price": "-0.00830",
        "price_unit": "USD",
        "date_created": stamp,
        "date_sent": stamp,
        "date_updated": format_datetime(sent_at + timedelta(seconds=12)),
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}.json",
    }


class _Writer:
    """Writes extract files under a temporary name, renames them, and counts their rows."""

    def __init__(self, landing_dir: Path) -> None:
        self.landing_dir = landing_dir
        self.files: list[Path] = []
        self.rows: dict[str, int] = defaultdict(int)

    def write(self, name: str, content: bytes, rows: int) -> None:
        """Write one file; a file that is there with the same bytes is left alone, so that its time stays."""
        path = self.landing_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(content)
            temporary.replace(path)
        self.files.append(path)
        self.rows["/".join(name.split("/")[:2])] += rows

    def write_csv(self, name: str, columns: list[str], rows: list[Row]) -> None:
        """Write a CSV, compressed where the name ends in .gz."""
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.write(name, _packed(name, text.getvalue()), len(rows))

    def write_json_lines(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Write JSON lines, compressed where the name ends in .gz."""
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        self.write(name, _packed(name, "".join(f"{line}\n" for line in lines)), len(lines))

    def write_parquet(self, name: str, columns: list[str], rows: list[Row]) -> None:
        """Write a Parquet file of text columns."""
        buffer = io.BytesIO()
        pq.write_table(pa.table({column: [row[column] or None for row in rows] for column in columns}), buffer)
        self.write(name, buffer.getvalue(), len(rows))


def _packed(name: str, text: str) -> bytes:
    content = text.encode("utf-8")
    return gzip.compress(content, mtime=0) if name.endswith(".gz") else content


def _weekly(by_day: dict[int, list[Row]]) -> dict[int, list[Row]]:
    weeks: dict[int, list[Row]] = defaultdict(list)
    for day, rows in sorted(by_day.items()):
        weeks[day // 7].extend(rows)
    return weeks


def _date(day: int) -> str:
    return f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}"


def _write_sends(writer: _Writer, business: _Business) -> None:
    formats: list[Callable[[str, list[Row]], None]] = [
        lambda stem, rows: writer.write_csv(f"{stem}.csv", SEND_COLUMNS, rows),
        lambda stem, rows: writer.write_csv(f"{stem}.csv.gz", SEND_COLUMNS, rows),
        lambda stem, rows: writer.write_json_lines(
            f"{stem}.jsonl", ({name: text for name, text in row.items() if text} for row in rows)
        ),
        lambda stem, rows: writer.write_parquet(f"{stem}.parquet", SEND_COLUMNS, rows),
    ]
    for week, rows in _weekly(business.sends).items():
        formats[week % len(formats)](f"outbound/sends/sends-{_date(week * 7)}", rows)
    for week, rows in _weekly(business.corrections).items():
        writer.write_csv(f"outbound/sends/corrections-{_date(week * 7)}.csv", SEND_COLUMNS, rows)


def _write_statuses(writer: _Writer, business: _Business) -> None:
    for week, rows in _weekly(business.statuses).items():
        business.chance.shuffle(rows)
        writer.write_csv(
            f"outbound/statuses/{_date(week * 7)[:7]}/statuses-{_date(week * 7)}.csv.gz", STATUS_COLUMNS, rows
        )


def _write_replies(writer: _Writer, business: _Business) -> None:
    for week, rows in _weekly(business.replies).items():
        if week % 2:
            writer.write_json_lines(f"outbound/replies/replies-{_date(week * 7)}.jsonl", rows)
        else:
            writer.write_csv(f"outbound/replies/replies-{_date(week * 7)}.csv", REPLY_COLUMNS, rows)
    strangers = [
        {
            "reply_id": f"stranger-{n}",
            "from_number": f"+1212555{n:04d}",
            "body": text,
            "received_at": f"2026-10-0{n}T12:00:00Z",
        }
        for n, text in enumerate(["Who is this?", "STOP", "Wrong number\nsorry"], start=1)
    ]
    writer.write_csv("outbound/replies/strangers.csv", ["reply_id", "from_number", "body", "received_at"], strangers)


def _write_twilio(writer: _Writer, business: _Business) -> None:
    at = FIRST_DAY + timedelta(days=40, hours=MARKETS[0].first_hour)
    own = [
        _twilio_message(
            f"SM{n:032x}",
            "+15005550006",
            f"+1628555{n:04d}",
            "Your pickup is ready",
            at + timedelta(minutes=n),
            "delivered" if n % 9 else "undelivered",
            None if n % 9 else 30005,
        )
        for n in range(60)
    ]
    inbound = [
        _twilio_message(
            f"SM{n + 1000:032x}",
            f"+1628555{n:04d}",
            "+15005550006",
            text,
            at + timedelta(hours=2, minutes=n),
            "received",
            direction="inbound",
        )
        for n, text in enumerate(["On my way", "STOP", "Thanks 🙏", "info"], start=1)
    ]
    half = len(business.twilio_rows) // 2
    dates = ("date_created", "date_sent", "date_updated")
    left_out = ("price_unit", "api_version", "error_message", "uri")
    bulk = [
        {key: value for key, value in row.items() if key not in left_out}
        | {key: _iso(_parsed(row[key])) for key in dates}
        for row in business.twilio_rows[:half]
    ]
    writer.write_json_lines("twilio/messages/bulkexport.jsonl.gz", bulk)
    writer.write_json_lines("twilio/messages/rest-2026-10-24.jsonl", own + inbound)
    console = [
        {
            "From": row["from"],
            "To": row["to"],
            "Body": row["body"],
            "Status": row["status"],
            "SentDate": row["date_sent"],
            "ApiVersion": row["api_version"],
            "NumSegments": row["num_segments"],
            "ErrorCode": str(row["error_code"] or ""),
            "AccountSid": row["account_sid"],
            "Sid": row["sid"],
            "Direction": row["direction"],
            "Price": row["price"],
            "PriceUnit": row["price_unit"],
        }
        for row in business.twilio_rows[half:]
    ]
    writer.write_csv("twilio/messages/console-log.csv", CONSOLE_COLUMNS, console)
    writer.write_csv("twilio/status_callbacks/callbacks.csv", CALLBACK_COLUMNS, business.callbacks)


def _parsed(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%a, %d %b %Y %H:%M:%S %z")


def _write_what_is_wrong(writer: _Writer) -> None:
    """Rows and files with the faults that turn up in practice; each is set apart or refused with its reason."""
    faulty_sends = (
        "send_id,message_id,channel,customer_id,sent_at\n"
        "bad-1,message-01,fax,cust-0001,2026-10-01T09:00:00Z\n"
        "bad-2,message-01,sms,cust-0001,yesterday\n"
        "bad-3,message-01,sms,,2026-10-01T09:00:00Z\n"
        "bad-4,message-01,sms,cust-0001\n"
        "bad-5,message-01,sms,cust-0001,1970-01-01T00:00:00Z\n"
    )
    writer.write("outbound/sends/faulty.csv", faulty_sends.encode(), 5)
    faulty_statuses = (
        '{"send_id": "send-000001", "status": "teleported", "occurred_at": "2026-10-01T09:00:00Z"}\n'
        '{"send_id": "send-000002", "status": "delivered", "occurred_at": \n'
        '{"status": "delivered", "occurred_at": "2026-10-01T09:00:00Z"}\n'
        '{"send_id": "send-999999", "status": "delivered", "occurred_at": "2026-10-01T09:00:00Z"}\n'
    )
    writer.write("outbound/statuses/faulty.jsonl", faulty_statuses.encode(), 4)
    refused = "send_id,message_id,channel,sent_at\nno-customer,message-01,sms,2026-10-01T09:00:00Z\n"
    writer.write("outbound/sends/without-customers.csv", refused.encode(), 0)
    writer.write("outbound/sends/still-uploading.csv.part", b"send_id,message_id,channel,cust", 0)
