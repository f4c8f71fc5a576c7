"""Random extracts in which every edge that the rules name is frequent."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

Extracts = dict[str, list[dict[str, str | None]]]

START = datetime(2026, 8, 1)
CHANNELS = ["sms"] * 11 + ["mms", "whatsapp", "rcs", "email", "email", "chat", "push", "banner", "tour", "survey"]
NUMBERS = [
    "+14155550{:03d}",
    "0049 (151) 555-0{:03d}",
    "0044.7700.900{:03d}",
    "1 (628) 555/0{:03d}",
    "+53 5555 0{:03d}",
    "+850 555 5 0{:03d}",
    "447700901{:03d}.0",
    "+44 (0)7700 902{:03d}",
    "whatsapp:+52 1 55 1234 5{:03d}",
    "%2B5255 1234 5{:03d}",
    "\u202a+1 415\u00a05551{:03d}\u202c",
    "4.479E+{:03d}",
    "07700903{:03d}",
    "+1415556{:03d}CALL",
]
SENDERS = ["+15005550006", "MG0123456789", "+15005550007", "72975", "My-Brand", None]
CODES = [
    "30003",
    "30005",
    " 30006 ",
    "30007",
    "21610",
    "21408",
    "30001",
    "30018",
    "00030003",
    "99999",
    "4700",
    None,
    None,
]
BODIES = [
    "STOP",
    "Stop.",
    " ¡STOP! ",
    "stop please",
    "STOP 🙏",
    "help",
    "HELP!!",
    "info",
    "START",
    "“unstop”",
    "yes",
    "Yes, 10:30",
    "no",
    "",
    "thanks",
    "=1+1",
    '"quoted", with comma\nand a line',
    "<b>hi</b>",
    "@cmd",
    "end",
    "the end",
    "CANCEL",
    "cancel my order",
    "Quit\t",
    "ARRÊT",
    "Arre\u0302t!",
    "opt-out",
    "Opt out.",
    "please stop texting me",
    "Please don’t stop texting me",
    "TAKE ME OFF YOUR LIST!!! ok?",
    "wrong number - STOP",
    "Reply STOP to opt out",
    "¡no más mensajes, por favor!",
    "S.T.O.P.",
    "ＳＴＯＰ",
    "Stop. Thank you",
    "STOP\n\nSent from my iPhone",
    "Fine\n\nOn Mon, Oct 5, 2026 at 9:00 AM Shop wrote:\n> Reply STOP",
    "Liked “Reply STOP to opt out”",
    "Le encantó “Sale”",
]
# Around the ends of parts: characters of two septets and of two UTF-16 units, and texts of every alphabet.
SEND_BODIES = [
    "Hello",
    "Grüße 🎉",
    'a,b\n"c"',
    "€" * 80,
    "€" * 80 + "a",
    "a" * 152 + "€" + "b" * 152,
    "{}[]~^|\\" * 40,
    "a\r\nb\fc",
    "я" * 71,
    "я" * 66 + "🎉" + "я" * 66,
    "👩‍👩‍👧‍👦" * 13,
    "ΔΦΓΛΩΠΨΣΘΞ" * 16,
    "Άλφα",
    "`tick`",
    "tab\tbed",
    "no\u00a0break",
    "It’s “here” – and it’s yours, but only for those who come to us before Sunday…",
    "“" + "€" * 76 + "”" * 5 + "½" * 40,
    "It’s here 🎉 and it’s yours, but only for those who come to us before Sunday…",
]
TITLES = ["Sale", "Reminder", "=SUM(A1)", 'Größe, "neu"', None]
ENGAGEMENT = [
    "opened",
    "clicked",
    "replied",
    "reacted",
    "completed",
    "dismissed",
    "answered",
    "goal_success",
    "collected_email",
    "button_tapped",
    "unsubscribed",
    "hard_bounced",
    "soft_bounced",
    "spam_complaint",
]
ISSUES = ["undelivered", "failed", "rejected", "expired"]


def generate(seed: int, sends: int, world: int = 0) -> Extracts:
    """Generate extracts.

    Args:
        seed: of the random choices.
        sends: number of sends of the application; at most 120 where there are several worlds.
        world: from 0 to 70. Each has messages, customers, numbers and ids of its own, so that the extracts of several
            can be loaded together and have nothing to do with each other.

    Returns:
        Rows of text by "source.table".
    """
    return _Generator(random.Random(seed), world).run(sends)


def together(extracts: Iterable[Extracts]) -> Extracts:
    """The rows of several extracts as one."""
    rows: Extracts = {}
    for each in extracts:
        for name, more in each.items():
            rows.setdefault(name, []).extend(more)
    return rows


class _Generator:
    def __init__(self, chance: random.Random, world: int) -> None:
        self.chance = chance
        self.first_id = 1_000 * world
        self.first_message = 9 * world
        self.first_customer = len(NUMBERS) * world
        self.extracts: Extracts = {
            "outbound.sends": [],
            "outbound.statuses": [],
            "outbound.replies": [],
            "twilio.messages": [],
            "twilio.status_callbacks": [],
        }

    def run(self, count: int) -> Extracts:
        for n in range(count):
            self._send(self.first_id + n, max(8, count // 12))
        for n in range(count // 20):
            self._ghosts(n)
        for n in range(count // 10):
            self._log(n)
        for n in range(count // 10):
            self._fail(n)
        for name in self.extracts:
            self.chance.shuffle(self.extracts[name])
        return self.extracts

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _time(self) -> datetime:
        """A moment, often one that others share, or one at the edge of a day or of a change of clocks."""
        if self._maybe(0.1):
            return datetime(2026, 10, 25, self.chance.choice([0, 1, 2]), self.chance.choice([0, 59]))
        if self._maybe(0.1):
            return START + timedelta(
                days=self.chance.randrange(90), hours=self.chance.choice([4, 22, 23]), seconds=3599
            )
        return START + timedelta(seconds=self.chance.randrange(90 * 86_400 // 1_800) * 1_800)

    def _text(self, moment: datetime) -> str:
        """A time as extracts write it: with Z, an offset or neither, with or without a fraction."""
        kind = self.chance.randrange(5)
        if kind == 0:
            return moment.isoformat() + "Z"
        if kind == 1:
            return (moment + timedelta(hours=2)).isoformat() + "+02:00"
        if kind == 2:
            return (moment - timedelta(hours=4, minutes=30)).isoformat(timespec="microseconds") + "-04:30"
        if kind == 3:
            return moment.isoformat(sep=" ")
        return moment.isoformat(timespec="milliseconds") + "Z"

    def _wrong_time(self) -> str:
        return self.chance.choice(
            ["yesterday", "1999-12-31T23:59:59Z", "2126-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "26/10/2026"]
        )

    def _number(self, customer: int) -> str:
        return NUMBERS[customer % len(NUMBERS)].format(customer % 1000)

    def _send(self, n: int, customers: int) -> None:
        customer = self.first_customer + self.chance.randrange(customers)
        channel = self.chance.choice(CHANNELS)
        at = self._time()
        provider = self.chance.choice(
            ["twilio", "Twilio ", "Twilio SMS", "signalwire", "nexmo", "vonage", "mailer", None]
        )
        body = "x" * self.chance.choice([1800, 1801]) if self._maybe(0.05) else self.chance.choice(SEND_BODIES)
        row: dict[str, str | None] = {
            "send_id": f"s{n:05d}",
            "message_id": f"m{self.first_message + self.chance.randrange(9)}",
            "channel": channel.upper() if self._maybe(0.05) else channel,
            "customer_id": f"c{customer}",
            "sent_at": self._text(at),
            "message_title": self.chance.choice(TITLES),
            "customer_name": self.chance.choice(["Ana", "O'Neil", "=cmd", None]),
            "to_number": self._number(customer) if self._maybe(0.9) else None,
            "from_number": self.chance.choice(SENDERS),
            "body": body if self._maybe(0.9) else None,
            "segment_count": self.chance.choice(["1", "2", "2.0", "0", "-3", "999999999999", "x", None]),
            "price": self.chance.choice(["0.01", "-0.0083", "free", "1e30", None]),
            "currency_code": self.chance.choice(["usd", "USD", "EUR", None]) if self._maybe(0.2) else "USD",
            "provider": provider,
            "provider_message_id": f"SM{n:032x}" if self._maybe(0.9) else None,
            "updated_at": self._text(at + timedelta(hours=1)) if self._maybe(0.2) else None,
        }
        self.extracts["outbound.sends"].append(row)
        if self._maybe(0.15):
            self._repeat_send(row, at)
        if self._maybe(0.04):
            wrong = {**row, "send_id": f"wrong{n}"}
            wrong.update(
                self.chance.choice(
                    [
                        {"channel": "fax"},
                        {"sent_at": self._wrong_time()},
                        {"customer_id": " "},
                        {"send_id": None},
                        {"updated_at": self._wrong_time()},
                        {"message_id": None},
                        {"channel": None},
                        {"sent_at": None},
                    ]
                )
            )
            self.extracts["outbound.sends"].append(wrong)
        self._statuses(row, at)
        if self._maybe(0.35):
            self._reply(n, row, at, customer)

    def _repeat_send(self, row: dict[str, str | None], at: datetime) -> None:
        again = dict(row)
        again.update(
            self.chance.choice(
                [
                    {},
                    {"message_title": "Corrected"},
                    {"body": "hello"},
                    {"customer_name": None},
                    {"segment_count": "10"},
                    {"segment_count": "9"},
                    {
                        "updated_at": self._text(at + timedelta(days=2)),
                        "message_id": f"m{self.first_message}",
                        "sent_at": self._text(at + timedelta(days=1)),
                    },
                    {"updated_at": None, "sent_at": self._text(at + timedelta(hours=5))},
                    {"channel": "email"},
                    {"to_number": None},
                ]
            )
        )
        self.extracts["outbound.sends"].append(again)

    def _statuses(self, send: dict[str, str | None], at: datetime) -> None:
        words = []
        kind = self.chance.randrange(12)
        if kind < 4:
            words = ["sent", "delivered"]
        elif kind < 6:
            words = [self.chance.choice(ISSUES)]
        elif kind == 6:
            words = ["delivered", self.chance.choice(ISSUES)]
        elif kind == 7:
            words = ["canceled", *self.chance.sample(ENGAGEMENT, self.chance.randrange(2))]
        elif kind == 8:
            words = [self.chance.choice(ISSUES), self.chance.choice(ISSUES), "sent"]
        elif kind == 9:
            words = self.chance.sample(ENGAGEMENT, 2)
        elif kind == 10:
            words = ["queued", "accepted"]
        if send["channel"] != "sms" and self._maybe(0.5):
            words = words + self.chance.sample(ENGAGEMENT, 2)
        late = self.chance.choice([timedelta(0)] * 8 + [timedelta(days=20), timedelta(days=365), timedelta(days=-1)])
        for word in words:
            seconds = self.chance.choice([-5, 0, 1.5, 60, 60, 7_200])
            when = min(at + late + timedelta(seconds=seconds), datetime(2026, 11, 1))
            by_pair = self._maybe(0.5) and send["provider"] and send["provider_message_id"]
            row: dict[str, str | None] = {
                "status": word.upper() if self._maybe(0.05) else word,
                "occurred_at": self._text(when),
                "send_id": None if by_pair else self._messy(send["send_id"]),
                "provider": send["provider"] if by_pair or self._maybe(0.2) else None,
                "provider_message_id": send["provider_message_id"] if by_pair else None,
                "error_code": self.chance.choice(CODES) if word in ISSUES else None,
                "error_code_space": self.chance.choice([None] * 6 + ["message", "smpp"]) if word in ISSUES else None,
                "error_message": self.chance.choice([None, "blocked", "unknown"]),
            }
            self.extracts["outbound.statuses"].append(row)
            if self._maybe(0.1):
                self.extracts["outbound.statuses"].append(dict(row))
            if self._maybe(0.03):
                wrong = self.chance.choice(
                    [{"status": "lost"}, {"occurred_at": self._wrong_time()}, {"status": None}, {"occurred_at": ""}]
                )
                self.extracts["outbound.statuses"].append({**row, **wrong})

    def _reply(self, n: int, send: dict[str, str | None], at: datetime, customer: int) -> None:
        for k in range(self.chance.choice([1, 1, 2])):
            delay = self.chance.choice(
                [
                    timedelta(0),
                    timedelta(minutes=1),
                    timedelta(hours=3),
                    timedelta(days=30),
                    timedelta(days=30, seconds=1),
                    timedelta(days=31),
                    timedelta(days=-1),
                    timedelta(days=2),
                ]
            )
            when = min(at + delay, datetime(2026, 11, 1))
            kind = self.chance.randrange(10)
            row: dict[str, str | None] = {
                "reply_id": f"r{n:05d}-{k}",
                "received_at": self._text(when),
                "send_id": send["send_id"] if kind < 2 else ("s99999" if kind == 2 else None),
                "from_number": None if kind == 3 else self._number(customer),
                "customer_id": send["customer_id"] if self._maybe(0.6) or kind == 3 else None,
                "channel": self.chance.choice([None, send["channel"], "sms"]),
                "to_number": self.chance.choice([send["from_number"], None, "+15005550006"]),
                "body": self.chance.choice(BODIES),
                "updated_at": self._text(when + timedelta(hours=1)) if self._maybe(0.1) else None,
            }
            self.extracts["outbound.replies"].append(row)
            if self._maybe(0.1):
                again = self.chance.choice(
                    [{}, {"body": "later text"}, {"updated_at": self._text(when + timedelta(hours=2)), "body": "STOP"}]
                )
                self.extracts["outbound.replies"].append({**row, **again})
            if self._maybe(0.03):
                wrong = self.chance.choice([{"received_at": self._wrong_time()}, {"channel": "fax"}, {"reply_id": ""}])
                self.extracts["outbound.replies"].append({**row, "reply_id": f"wrong{n}-{k}", **wrong})

    def _fail(self, n: int) -> None:
        """A send of a message whose sends nearly all fail on the last whole day, which is an alert."""
        at = datetime(2026, 10, 31, 14) + timedelta(minutes=n)
        send_id = f"failing{self.first_id + n:05d}"
        customer = self.first_customer + n % 30
        self.extracts["outbound.sends"].append(
            {
                "send_id": send_id,
                "message_id": f"failing{self.first_message}",
                "channel": "sms",
                "customer_id": f"c{customer}",
                "sent_at": self._text(at),
                "to_number": self._number(customer),
                "from_number": SENDERS[0],
                "provider": self.chance.choice(["twilio", "vonage"]),
            }
        )
        self.extracts["outbound.statuses"].append(
            {
                "send_id": send_id,
                "status": "delivered" if self._maybe(0.1) else "undelivered",
                "occurred_at": self._text(at + timedelta(seconds=9)),
                "error_code": self.chance.choice(["30003", "30006"]),
            }
        )

    def _messy(self, text: str | None) -> str | None:
        """An id as copied from somewhere."""
        return self.chance.choice([text, text, text, f" {text}\u200b", f"\ufeff{text}\t"])

    def _ghosts(self, n: int) -> None:
        at, ghost = self._text(self._time()), self.first_id + n
        self.extracts["outbound.statuses"].append(
            {"status": "delivered", "occurred_at": at, "send_id": f"ghost{ghost}"}
        )
        self.extracts["outbound.statuses"].append(
            {
                "status": "failed",
                "occurred_at": at,
                "provider": "twilio",
                "provider_message_id": f"ghost{ghost}",
                "error_code": "30005",
            }
        )
        self.extracts["outbound.replies"].append(
            {
                "reply_id": f"stranger{ghost}",
                "received_at": at,
                "from_number": f"+1999{5_550_000 + ghost}",
                "body": self.chance.choice(BODIES),
            }
        )
        self.extracts["twilio.status_callbacks"].append(
            {
                "MessageSid": f"SM{self.first_id + n * 3:032x}",
                "MessageStatus": self.chance.choice(["delivered", "undelivered", "sent", "read", "nonsense"]),
                "ErrorCode": self.chance.choice(["30003", "", None]),
            }
        )

    def _log(self, n: int) -> None:
        """A row of Twilio's log: of a send that the application knows, or of one that it does not, or inbound."""
        at = self._time()
        is_known, is_inbound = self._maybe(0.4), self._maybe(0.25)
        prefix = self.chance.choice([""] * 6 + ["whatsapp:", "rcs:"])
        if is_inbound and self._maybe(0.05):
            prefix = "messenger:"
        ours, theirs = prefix + "+15005550006", prefix + NUMBERS[0].format(self.first_customer + n % 40)
        for version in range(self.chance.choice([1, 1, 2])):
            updated = at + timedelta(minutes=5 * version)
            row: dict[str, Any] = {
                "sid": f"SM{self.first_id + n * 7:032x}"
                if is_known and not is_inbound
                else f"SMlog{self.first_id + n:05d}",
                "direction": "inbound" if is_inbound else self.chance.choice(["outbound-api", "outbound-reply"]),
                "from": theirs if is_inbound else self.chance.choice([ours, ours, None]),
                "to": ours if is_inbound else theirs,
                "body": self.chance.choice(BODIES),
                "status": "received"
                if is_inbound
                else self.chance.choice(
                    ["queued", "sent", "delivered", "undelivered", "failed", "read", "canceled", "mystery"]
                ),
                "error_code": self.chance.choice(["30003", "30006", "77777", None]),
                "error_message": None,
                "num_segments": self.chance.choice(["1", "1", "0"]),
                "price": self.chance.choice(["-0.00830", None]),
                "price_unit": "USD",
                "messaging_service_sid": self.chance.choice(["MG01", None]),
                "date_created": self.chance.choice([at.strftime("%a, %d %b %Y %H:%M:%S +0000")] * 5 + [None]),
                "date_sent": self.chance.choice([at.isoformat() + "Z", None]),
                "date_updated": self.chance.choice([updated.strftime("%a, %d %b %Y %H:%M:%S +0000"), None]),
            }
            self.extracts["twilio.messages"].append(row)
