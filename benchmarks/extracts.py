"""Extracts of any size for the benchmark: the same bytes for the same arguments, however many threads write them.

Those of the application, or a Twilio log and nothing else.

Every value of a send is drawn from the hash of the send's number, so that its statuses and replies can be written
without having the send at hand: ten million sends need neither a join nor memory.
"""

import argparse
import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

# Of the sends, how many are corrected by a second row; and of the statuses, how many come twice.
REPEATS_PER_THOUSAND = 10
# One send in so many has its final status weeks late; as a send has three statuses, that is one status in a thousand.
LATE_STRIDE = 333
# Days by which those come late.
LATE_DAYS = (7, 28)
# Of a day's replies, how many in a thousand answer a send of the week before.
LATE_REPLIES_PER_THOUSAND = 50
# Replies per thousand sends.
REPLIES_PER_THOUSAND = 30
# A send's statuses are drawn in so many slots, most of which are empty for most channels.
STATUS_SLOTS = 5

TITLES = (
    "Order shipped",
    "Appointment tomorrow",
    "Your code",
    'Sale, "last chance"',
    "We miss you",
    "Rate your visit",
    "Payment received",
    "Table is ready 🍽",
    "Renew your plan",
    "Delivery window",
)
# Code and its space, as each provider words an issue; the last of each list is one that no seed knows.
ERROR_CODES = {
    "twilio": (("30003", ""), ("30005", ""), ("30006", ""), ("30007", ""), ("21610", ""), ("30008", ""), ("39999", "")),
    "vonage": (("1", ""), ("2", ""), ("3", ""), ("6", ""), ("9", ""), ("11", ""), ("777", "")),
    "infobip": (("1", ""), ("5", ""), ("27", ""), ("87", ""), ("29", "status"), ("", ""), ("99999", "")),
}
KEYWORD_REPLIES = ("STOP", "stop", " Stop. ", "Unsubscribe", "HELP", "help!", "START", "Info")
OTHER_REPLIES = (
    "Thanks!",
    "Yes, please",
    "Who is this?",
    'They said "ok", fine by me',
    "👍",
    "Please stop by at noon",
    "Can I come an hour later? The train is late again",
    "No",
    "=2+3",
    "Merci beaucoup",
)
# Of the rows of a Twilio log, how many in a thousand are inbound; within how many rows before it the send lies that one
# answers.
INBOUND_PER_THOUSAND = 30
ANSWERED_WITHIN_ROWS = 2_000
# What sends of a Twilio log: services with four numbers each, or single numbers.
TWILIO_SENDERS = 30

LONG_TEXT = "Because you are one of our regular customers, you get this offer a day before everybody else. "


# How sends can be uneven, see `ExtractPlan`.
MESSAGE_SKEW, CUSTOMER_SKEW = "message", "customer"


@dataclass(frozen=True)
class ExtractPlan:
    """What extracts to write.

    Attributes:
        sends: number of sends in the history, without the repeated rows.
        days: days over which they are spread, from `first_day` on.
        first_day: UTC day of the first send.
        seed: another seed, other data.
        day_sends: number of sends of the day that follows the history; None means as many as a day of it.
        daily_files: whether each day of the history is a file of its own per table, else there is one per table.
        skew: MESSAGE_SKEW where one message is half of all sends, CUSTOMER_SKEW where one customer has a million of
            them (a tenth of a smaller history); empty for neither.
    """

    sends: int
    days: int = 30
    first_day: datetime.date = datetime.date(2026, 9, 1)
    seed: int = 1
    day_sends: int | None = None
    daily_files: bool = False
    skew: str = ""

    @property
    def sends_per_day(self) -> int:
        """Sends of a day of the history."""
        return max(1, -(-self.sends // self.days))

    @property
    def sends_of_the_day(self) -> int:
        """Sends of the day that follows the history."""
        return self.sends_per_day if self.day_sends is None else self.day_sends

    @property
    def customers(self) -> int:
        """Customers that sends go to."""
        return max(1, self.sends // 5)

    @property
    def one_in(self) -> int:
        """Of so many sends one goes to the same customer, where that is the skew."""
        return max(2, self.sends // max(1, min(1_000_000, self.sends // 10)))

    @property
    def recurring_messages(self) -> int:
        """Messages that go out on every day; the others are campaigns of one day."""
        return min(200, max(10, self.sends // 20_000))

    @property
    def campaigns_per_day(self) -> int:
        """Messages that go out on one day only."""
        return min(20, max(2, self.sends_per_day // 5_000))

    def first_send(self, day: int) -> int:
        """Number of the first send of a day, counted from 0; `days` is the day after the history."""
        return min(day * self.sends_per_day, self.sends)

    def day_of_history_ends(self, day: int) -> int:
        """Number after that of the last send of a day."""
        return self.sends + self.sends_of_the_day if day == self.days else self.first_send(day + 1)


@dataclass(frozen=True)
class Written:
    """What was written: rows of sends, statuses and replies, and bytes of all files."""

    sends: int
    statuses: int
    replies: int
    bytes: int


def write_history(plan: ExtractPlan, folder: Path) -> Written:
    """Write the extracts of all days of the history.

    Args:
        plan: what to write.
        folder: the landing folder; made where it is missing.

    Returns:
        What was written.
    """
    if plan.daily_files:
        spans = [(f"day-{day:04d}", day, day) for day in range(plan.days)]
    else:
        spans = [("all", 0, plan.days - 1)]
    return _write(plan, folder, spans)


def write_day(plan: ExtractPlan, folder: Path) -> Written:
    """Write the extracts of the day after the history: its sends, their statuses and replies, and what comes late.

    The late statuses are of sends of the history; without a history in the warehouse they wait.

    Args:
        plan: of the history that the day follows.
        folder: the landing folder; made where it is missing.

    Returns:
        What was written.
    """
    return _write(plan, folder, [(f"day-{plan.days:04d}", plan.days, plan.days)])


def _write(plan: ExtractPlan, folder: Path, spans: list[tuple[str, int, int]]) -> Written:
    rows = {"sends": 0, "statuses": 0, "replies": 0}
    size = 0
    queries: dict[str, Callable[[int, int], str]] = {
        "sends": lambda first, last: _sends_sql(plan, first, last),
        "statuses": lambda first, last: _statuses_sql(plan, first, last),
        "replies": lambda first, last: _replies_sql(plan, first, last),
    }
    with duckdb.connect() as connection:
        for table, query in queries.items():
            table_dir = folder / "outbound" / table
            table_dir.mkdir(parents=True, exist_ok=True)
            for name, first, last in spans:
                path = table_dir / f"{name}.csv"
                connection.execute(f"copy ({query(first, last)}) to {_quoted(str(path))} (format csv, header true)")
                copied = connection.fetchone()
                rows[table] += int(copied[0]) if copied else 0
                size += path.stat().st_size
    return Written(**rows, bytes=size)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _picked(values: tuple[str, ...], index: str) -> str:
    """SQL: one of the texts by an index from 0."""
    return f"[{', '.join(_quoted(value) for value in values)}][1 + cast({index} as integer)]"


class _Draw:
    """SQL texts of numbers drawn for the send or reply with the number in a column."""

    def __init__(self, plan: ExtractPlan, column: str) -> None:
        self.seed = plan.seed
        self.column = column

    def up_to(self, purpose: int, count: int | str) -> str:
        """A whole number from 0 to below `count`."""
        return f"cast(hash({self.column} * 64 + {purpose + (self.seed << 46)}) % {count} as bigint)"

    def fraction(self, purpose: int) -> str:
        """A number from 0 to below 1."""
        return f"({self.up_to(purpose, 1_048_576)} / 1048576.0::double)"


def _drawn_sends(plan: ExtractPlan, numbers: str) -> str:
    """SQL: the sends of a relation with the column `n`, as values that all three tables are made of."""
    draw = _Draw(plan, "n")
    recurring, campaigns, per_day = plan.recurring_messages, plan.campaigns_per_day, plan.sends_per_day
    of_the_day = plan.sends_of_the_day
    return f"""
        select
            *,
            case
                when channel <> 'sms' then null
                when message % 20 < 10 then 'twilio'
                when message % 20 < 15 then 'vonage'
                else 'infobip'
            end as provider,
            timestamp '{plan.first_day}' + to_milliseconds(cast(
                86400000 * day + 28800000 + 43200000 * place_in_day + {draw.up_to(1, 600_000)} as bigint
            )) as sent_at
        from (
            select
                *,
                case
                    when message % 20 < 16 then 'sms'
                    when message % 20 < 18 then 'email'
                    when message % 20 = 18 then 'push'
                    else 'chat'
                end as channel
            from (
                select
                    *,
                    cast(case
                        when {"n % 2 = 0" if plan.skew == MESSAGE_SKEW else "false"} then 0
                        when {draw.up_to(2, 100)} < 40 then floor(pow({draw.fraction(3)}, 2) * {recurring})
                        else {recurring} + day * {campaigns} + floor(place_in_day * {campaigns})
                    end as bigint) as message
                from (
                    select
                        n,
                        least(n // {per_day}, {plan.days}) as day,
                        case
                            when n < {plan.sends} then (n % {per_day}) / {per_day}.0::double
                            else (n - {plan.sends}) / {max(1, of_the_day)}.0::double
                        end as place_in_day,
                        case
                            when {f"n % {plan.one_in} = 1" if plan.skew == CUSTOMER_SKEW else "false"} then 0
                            else cast(floor(pow({draw.fraction(4)}, 1.3) * {plan.customers}) as bigint)
                        end as customer,
                        {draw.up_to(5, 10_000)} as fate,
                        {draw.up_to(6, 1_000)} as chance
                    from ({numbers})
                )
            )
        )"""


_SEND_ID = "printf('s%09d', n)"
_MESSAGE_ID = "printf('m%05d', message)"
_CUSTOMER_ID = "printf('c%08d', customer)"
_PROVIDER_MESSAGE_ID = "case when provider is not null then 'P' || printf('%016X', hash(n * 64 + 63)) end"
# Each customer has a number of its own; one in two hundred in a country that is not supported.
_NUMBER = """case
                when customer % 200 = 0 then '53' || (5000000 + customer)
                when customer % 20 < 14 then '1' || (2000000000 + (customer * 7368787 + 13) % 7999999993)
                when customer % 20 < 17 then '447' || (100000000 + (customer * 368791 + 13) % 899999963)
                else '4915' || (100000000 + (customer * 368791 + 13) % 899999963)
            end"""
_FROM_NUMBER = """case provider
                when 'twilio' then '+12025550100' when 'vonage' then '+447700900100' when 'infobip' then '40404'
            end"""
_ISO = "'%Y-%m-%dT%H:%M:%S.%gZ'"
_SECONDS = "'%Y-%m-%dT%H:%M:%SZ'"


def _sends_sql(plan: ExtractPlan, first_day: int, last_day: int) -> str:
    first, end = plan.first_send(first_day), plan.day_of_history_ends(last_day)
    draw = _Draw(plan, "n")
    return f"""
        with drawn as ({_drawn_sends(plan, f"select range as n from range({first}, {end})")}),

        versions as (
            select *, 0 as version from drawn
            union all
            select *, 1 as version from drawn where {draw.up_to(7, 1_000)} < {REPEATS_PER_THOUSAND}
        ),

        written as (
            select
                *,
                case
                    when channel not in ('sms', 'chat') then 0
                    when chance < 960 then 1
                    when chance < 999 then 2
                    else 14
                end as segments
            from versions
        )

        select
            {_SEND_ID} as send_id,
            {_MESSAGE_ID} as message_id,
            {_picked(TITLES, f"message % {len(TITLES)}")} || ' ' || message
            || case when message % 50 = 0 and day * 2 >= {plan.days} then ' (new)' else '' end as message_title,
            channel,
            {_CUSTOMER_ID} as customer_id,
            case
                when provider is null then null
                when chance = 7 then '00' || {_NUMBER}
                when chance = 8 then '+' || {_NUMBER}[:-8] || ' ' || {_NUMBER}[-7:-5] || '-' || {_NUMBER}[-4:]
                else '+' || {_NUMBER}
            end as to_number,
            {_FROM_NUMBER} as from_number,
            case
                when segments = 0 then null
                when segments = 14 then repeat({_quoted(LONG_TEXT)}, 22)
                when segments = 2 then repeat({_quoted(LONG_TEXT)}, 2) || 'Code ' || n % 10000
                when chance < 50 then '🎉 Order ' || n || ' is yours, see you soon!'
                else 'Hi, your order ' || n || ' is on its way.'
            end as body,
            nullif(segments, 0) as segment_count,
            case provider
                when 'twilio' then cast(0.0079 * segments as decimal(8, 4))
                when 'vonage' then cast(0.0412 * segments as decimal(8, 4))
                when 'infobip' then cast(0.0551 * segments as decimal(8, 4))
            end + case when version = 1 then 0.0003 else 0 end as price,
            case when provider = 'twilio' then 'USD' when provider is not null then 'EUR' end as currency_code,
            provider,
            {_PROVIDER_MESSAGE_ID} as provider_message_id,
            strftime(sent_at, {_ISO}) as sent_at,
            case when version = 1 then strftime(sent_at + interval 1 hour, {_ISO}) end as updated_at
        from written"""


def _statuses_sql(plan: ExtractPlan, first_day: int, last_day: int) -> str:
    first, end = plan.first_send(first_day), plan.day_of_history_ends(last_day)
    earliest = plan.first_send(max(0, first_day - LATE_DAYS[1]))
    draw = _Draw(plan, "n")
    codes = ""
    for provider, pairs in ERROR_CODES.items():
        listed = ", ".join(f"{{code: {_quoted(code)}, space: {_quoted(space)}}}" for code, space in pairs)
        codes += f" when '{provider}' then [{listed}]"
    of_the_days = f"range >= {first}" if earliest == first else f"(range >= {first} or range % {LATE_STRIDE} = 0)"
    sms_final = """case
                    when fate < 9100 then 'delivered'
                    when fate < 9450 then 'undelivered'
                    when fate < 9550 then 'failed'
                    when fate < 9580 then 'rejected'
                    when fate < 9630 then 'expired'
                    when fate < 9660 then 'canceled'
                end"""
    return f"""
        with drawn as (
            {_drawn_sends(plan, f"select range as n from range({earliest}, {end}) where {of_the_days}")}
        ),

        slots as (
            select *, unnest(range({STATUS_SLOTS})) as slot
            from drawn
        ),

        told as (
            select
                *,
                case
                    when channel = 'sms' then case slot
                        when 0 then 'accepted'
                        when 1 then case when fate % 4 = 0 then 'queued' end
                        when 2 then case when fate not between 9630 and 9689 then 'sent' end
                        when 3 then {sms_final}
                        else case
                            when fate % 100 = 1 then {sms_final}
                            when fate % 1000 = 2 then 'delivered'
                            when fate % 1000 = 3 then 'undelivered'
                            when fate between 9100 and 9629 and fate % 20 = 4 then 'failed'
                        end
                    end
                    when channel = 'email' then case slot
                        when 0 then 'sent'
                        when 1 then case when fate < 9700 then 'delivered' when fate < 9850 then 'hard_bounced' end
                        when 2 then case when fate < 3500 then 'opened' end
                        when 3 then case when fate < 600 then 'clicked' end
                        else case when fate < 20 then 'unsubscribed' when fate % 100 = 1 then 'sent' end
                    end
                    when channel = 'push' then case slot
                        when 0 then 'sent'
                        when 1 then case when fate < 9500 then 'delivered' end
                        when 2 then case when fate < 1000 then 'opened' when fate < 1500 then 'dismissed' end
                        when 3 then case when fate % 100 = 1 then 'sent' end
                    end
                    else case slot
                        when 0 then 'sent'
                        when 1 then case when fate < 9900 then 'delivered' end
                        when 2 then case when fate < 5000 then 'opened' end
                        when 3 then case when fate < 300 then 'replied' when fate < 500 then 'answered' end
                        else case when fate < 200 then 'goal_success' end
                    end
                end as status,
                -- The slot of the final status comes late, and what follows it with it.
                case
                    when n % {LATE_STRIDE} = 0 and (slot >= 3 or (slot >= 1 and channel <> 'sms'))
                        then day + {LATE_DAYS[0]} + {draw.up_to(8, LATE_DAYS[1] - LATE_DAYS[0] + 1)}
                    else day
                end as arrival_day,
                case
                    when channel = 'sms' then [0, 300, 900, 1500, 1500][1 + slot]
                    else [0, 1200, 60000, 90000, 120000][1 + slot]
                end + case
                    when slot >= 3 or (slot = 2 and channel <> 'sms')
                        then cast(pow({draw.fraction(9)}, 5) * 3600000 as bigint)
                    else {draw.up_to(10, 200)}
                end + case when slot = 4 and fate % 100 <> 1 then 61000 else 0 end as milliseconds
            from slots
        ),

        statuses as (
            select
                *,
                case
                    when status in ('undelivered', 'failed', 'rejected', 'expired')
                        then (case provider {codes} end)[1 + cast(floor(7 * pow(
                            case when slot = 4 and fate % 20 = 4 then {draw.fraction(12)} else {draw.fraction(11)} end,
                            2
                        )) as integer)]
                end as error
            from told
            where status is not null and arrival_day between {first_day} and {last_day}
        )

        select
            case when chance >= 150 or provider is null then {_SEND_ID} end as send_id,
            case when chance < 150 then provider end as provider,
            case when chance < 150 then {_PROVIDER_MESSAGE_ID} end as provider_message_id,
            status,
            nullif(error.code, '') as error_code,
            nullif(error.space, '') as error_code_space,
            case when error is not null and chance % 2 = 0 then 'Not delivered' end as error_message,
            strftime(sent_at + to_milliseconds(milliseconds), {_ISO}) as occurred_at
        from statuses"""


def _replies_sql(plan: ExtractPlan, first_day: int, last_day: int) -> str:
    # A day's replies have numbers of their own, so that a day can be written without the days before.
    first, end = plan.first_send(first_day), plan.day_of_history_ends(last_day)
    first_reply, end_reply = first * REPLIES_PER_THOUSAND // 1_000, end * REPLIES_PER_THOUSAND // 1_000
    reply = _Draw(plan, "reply")
    days = f"least(reply * 1000 // {REPLIES_PER_THOUSAND} // {plan.sends_per_day}, {plan.days})"
    return f"""
        with replies as (
            select
                *,
                greatest(0, reply_day - case when is_late then 1 + {reply.up_to(20, 7)} else 0 end) as send_day
            from (
                select
                    range as reply,
                    {days.replace("reply", "range")} as reply_day,
                    {_Draw(plan, "range").up_to(21, 1_000)} < {LATE_REPLIES_PER_THOUSAND} as is_late
                from range({first_reply}, {end_reply})
            )
        ),

        answered as (
            select
                *,
                least(send_day * {plan.sends_per_day}, {plan.sends}) + {
        reply.up_to(
            22,
            f"greatest(1, case when send_day = {plan.days} then {plan.sends_of_the_day} else"
            f" least({plan.sends_per_day}, {plan.sends} - send_day * {plan.sends_per_day}) end)",
        )
    } as n
            from replies
        ),

        drawn as (
            {_drawn_sends(plan, "select distinct n from answered")}
        ),

        versions as (
            select answered.*, drawn.* exclude (n), 0 as version
            from answered
            inner join drawn on answered.n = drawn.n
            union all
            select answered.*, drawn.* exclude (n), 1 as version
            from answered
            inner join drawn on answered.n = drawn.n
            where {reply.up_to(23, 1_000)} < {REPEATS_PER_THOUSAND}
        ),

        worded as (
            select
                *,
                {reply.up_to(24, 1_000)} as manner,
                {reply.up_to(25, 1_000)} as wording,
                case
                    when is_late then timestamp '{plan.first_day}' + to_days(cast(reply_day as integer))
                        + to_milliseconds({reply.up_to(26, 28_800_000)})
                    when {reply.up_to(27, 100)} = 0 then sent_at + to_days(35)
                    else sent_at + to_milliseconds(cast(pow({reply.fraction(28)}, 3) * 7200000 as bigint))
                end as received_at
            from versions
        )

        select
            printf('r%08d', reply) as reply_id,
            case when manner < 400 or channel = 'email' then {_SEND_ID} end as send_id,
            case
                when channel = 'email' or provider is null or manner >= 850 then null
                when manner = 500 then {_NUMBER}
                when manner = 501 then '+49 30 9' || reply
                else '+' || {_NUMBER}
            end as from_number,
            case when manner % 3 = 0 then {_FROM_NUMBER} end as to_number,
            case when manner >= 850 or provider is null then {_CUSTOMER_ID} end as customer_id,
            case when channel = 'sms' and manner % 2 = 0 then null else channel end as channel,
            case
                when wording >= 950 then null
                when wording < 250 then {_picked(KEYWORD_REPLIES, f"wording % {len(KEYWORD_REPLIES)}")}
                else {_picked(OTHER_REPLIES, f"wording % {len(OTHER_REPLIES)}")}
            end as body,
            strftime(received_at, {_ISO}) as received_at,
            case when version = 1 then strftime(received_at + interval 1 minute, {_ISO}) end as updated_at
        from worded
        order by reply, version"""


@dataclass(frozen=True)
class WrittenLog:
    """What was written of a Twilio log: rows, outbound and inbound, and bytes."""

    rows: int
    bytes: int


def write_twilio_log(plan: ExtractPlan, folder: Path) -> WrittenLog:
    """Write a Twilio log in the form of a warehouse connector's CSV.

    Args:
        plan: what to write; its sends are the messages of the log, sent or received.
        folder: the landing folder; made where it is missing.

    Returns:
        What was written.
    """
    table_dir = folder / "twilio" / "messages"
    table_dir.mkdir(parents=True, exist_ok=True)
    path = table_dir / "all.csv"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({_twilio_sql(plan)}) to {_quoted(str(path))} (format csv, header true)")
        copied = connection.fetchone()
    return WrittenLog(int(copied[0]) if copied else 0, path.stat().st_size)


def _twilio_sql(plan: ExtractPlan) -> str:
    # A row is a send with its status as of its last update, or a reply to a send some rows before. All that a reply
    # shares with the send that it answers is drawn for `m`, the number of that send; what is its own, for `n`.
    own, draw = _Draw(plan, "n"), _Draw(plan, "m")
    codes = (*(code for code, _ in ERROR_CODES["twilio"]), "")
    return f"""
        with numbers as (
            select
                *,
                case when is_inbound then greatest(0, n - 1 - {own.up_to(31, ANSWERED_WITHIN_ROWS)}) else n end as m
            from (
                select
                    range as n,
                    {_Draw(plan, "range").up_to(30, 1_000)} < {INBOUND_PER_THOUSAND} as is_inbound
                from range({plan.sends})
            )
        ),

        drawn as (
            select
                *,
                cast(floor(pow({draw.fraction(4)}, 1.3) * {plan.customers}) as bigint) as customer,
                cast(floor(pow({draw.fraction(3)}, 2) * {TWILIO_SENDERS}) as bigint) as sender,
                {draw.up_to(5, 10_000)} as fate,
                {draw.up_to(6, 1_000)} as chance,
                timestamp '{plan.first_day}' + to_seconds(
                    86400 * (m // {plan.sends_per_day}) + 28800
                    + 43200 * (m % {plan.sends_per_day}) // {plan.sends_per_day} + {draw.up_to(1, 600)}
                ) as created_at
            from numbers
        ),

        told as (
            select
                *,
                case
                    when sender = 15 and fate < 4000 then 'read'
                    when fate < 8900 or fate >= 9780 then 'delivered'
                    when fate < 9300 then 'undelivered'
                    when fate < 9500 then 'failed'
                    when fate < 9700 then 'sent'
                    when fate < 9720 then 'canceled'
                    when fate < 9740 then 'scheduled'
                    when fate < 9760 then 'queued'
                    else 'accepted'
                end as status,
                case when sender = 15 then 'whatsapp:' else '' end as prefix,
                '+' || {_NUMBER} as customer_number,
                printf('+1202555%04d', sender * 4 + case when sender % 5 < 3 then {draw.up_to(2, 4)} else 0 end)
                    as sender_number,
                case when sender % 5 < 3 then printf('MG%016x%016x', hash(sender), hash(sender + 64)) end as service,
                case when chance < 960 then 1 when chance < 999 then 2 else 14 end as segments,
                created_at + to_seconds({draw.up_to(10, 3)}) as sent_at,
                created_at + to_seconds(cast(pow({own.fraction(28)}, 3) * 7200 as bigint)) as received_at,
                {own.up_to(25, 1_000)} as wording
            from drawn
        ),

        dated as (
            select
                *,
                status not in ('canceled', 'scheduled', 'queued', 'accepted') as is_sent,
                sent_at + to_seconds(
                    cast(pow({draw.fraction(9)}, 5) * 3600 as bigint)
                    + case when fate % 1000 = 5 then 864000 else 0 end
                ) as updated_at
            from told
        ),

        -- A log that is fetched every day has what was not final yet, and later the same message again.
        states as (
            select
                *,
                unnest(case
                    when not is_inbound and is_sent and {own.up_to(7, 1_000)} < {REPEATS_PER_THOUSAND}
                        then [true, false]
                    else [false]
                end) as is_early
            from dated
        )

        select
            printf('SM%016x%016x', hash(n * 64 + 63), hash(n * 64 + 62)) as sid,
            'AC00000000000000000000000000000001' as account_sid,
            service as messaging_service_sid,
            case when is_inbound then 'inbound' when chance = 9 then 'outbound-reply' else 'outbound-api' end
                as direction,
            prefix || case when is_inbound then customer_number else sender_number end as "from",
            prefix || case when is_inbound then sender_number else customer_number end as "to",
            case
                when is_inbound and wording >= 950 then null
                when is_inbound and wording < 250
                    then {_picked(KEYWORD_REPLIES, f"wording % {len(KEYWORD_REPLIES)}")}
                when is_inbound then {_picked(OTHER_REPLIES, f"wording % {len(OTHER_REPLIES)}")}
                when segments = 14 then repeat({_quoted(LONG_TEXT)}, 22)
                when segments = 2 then repeat({_quoted(LONG_TEXT)}, 2) || 'Code ' || n % 10000
                when chance < 50 then '🎉 Order ' || n || ' is yours, see you soon!'
                else 'Hi, your order ' || n || ' is on its way.'
            end as body,
            case when is_inbound then 'received' when is_early then 'sent' else status end as status,
            case
                when not is_inbound and not is_early and status in ('undelivered', 'failed')
                    then nullif({_picked(codes, f"pow({draw.fraction(11)}, 2) * {len(codes)} - 0.5")}, '')
            end as error_code,
            cast(null as varchar) as error_message,
            case when is_inbound then 1 when is_sent then segments else 0 end as num_segments,
            case when is_inbound and wording >= 950 then 1 else 0 end as num_media,
            case
                when is_inbound then '-0.00750'
                when is_sent and not is_early and status <> 'failed' then printf('%.5f', -0.0079 * segments)
            end as price,
            'USD' as price_unit,
            strftime(case when is_inbound then received_at else created_at end, {_SECONDS}) as date_created,
            strftime(case when is_inbound then received_at when is_sent then sent_at end, {_SECONDS}) as date_sent,
            strftime(
                case when is_inbound then received_at when is_early then sent_at else updated_at end, {_SECONDS}
            ) as date_updated
        from states"""


def main() -> None:
    """Write extracts as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extracts", description=__doc__)
    parser.add_argument("--sends", type=int, help="sends in all; about three statuses each")
    parser.add_argument("--twilio-rows", type=int, help="messages of a Twilio log, instead of sends")
    parser.add_argument("--folder", type=Path, required=True, help="landing folder that is written to")
    parser.add_argument("--days", type=int, default=ExtractPlan.days, help="days over which they are spread")
    parser.add_argument("--first-day", type=datetime.date.fromisoformat, default=ExtractPlan.first_day)
    parser.add_argument("--seed", type=int, default=ExtractPlan.seed)
    parser.add_argument("--daily-files", action="store_true", help="a file per day and table instead of one per table")
    parser.add_argument("--day-folder", type=Path, help="landing folder for the day that follows the history")
    parser.add_argument("--day-sends", type=int, help="sends of that day; default: as many as a day of the history")
    parser.add_argument("--only-day", action="store_true", help="write only that day")
    arguments = parser.parse_args()
    if (arguments.sends is None) == (arguments.twilio_rows is None):
        parser.error("expected --sends or --twilio-rows")
    if arguments.twilio_rows is not None:
        log = ExtractPlan(arguments.twilio_rows, arguments.days, arguments.first_day, arguments.seed)
        print(json.dumps({"log": vars(write_twilio_log(log, arguments.folder))}))
        return
    plan = ExtractPlan(
        arguments.sends,
        arguments.days,
        arguments.first_day,
        arguments.seed,
        arguments.day_sends,
        arguments.daily_files,
    )
    if not arguments.only_day:
        print(json.dumps({"history": vars(write_history(plan, arguments.folder))}))
    if arguments.day_folder or arguments.only_day:
        print(json.dumps({"day": vars(write_day(plan, arguments.day_folder or arguments.folder))}))


if __name__ == "__main__":
    main()
