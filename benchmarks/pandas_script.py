"""The same numbers and files with pandas: a contender of the benchmark."""

import datetime
import re
import unicodedata
from pathlib import Path

import pandas as pd

from benchmarks.duckdb_script import SEEDS_DIR, arguments

ISSUE_STATUSES = ["undelivered", "failed", "rejected", "expired", "hard_bounced", "soft_bounced"]
DELIVERY_STATUSES = ["delivered", "opened", "clicked", "replied"]
IDLE_STATUSES = ["accepted", "scheduled", "queued", "sending", "sent", "dismissed", "spam_complaint"]
ENGAGING_STATUSES = [
    "clicked",
    "replied",
    "reacted",
    "completed",
    "answered",
    "goal_success",
    "collected_email",
    "button_tapped",
]
# Column of a send, and the status whose earliest time it is.
EARLIEST = {
    "delivered_at": "delivered",
    "opened_at": "opened",
    "clicked_at": "clicked",
    "replied_at": "replied",
    "completed_at": "completed",
    "goal_at": "goal_success",
    "unsubscribed_at": "unsubscribed",
}
SEND_ORDER = [
    "updated_at",
    "sent_at",
    "message_id",
    "channel",
    "customer_id",
    "message_title",
    "to_number",
    "from_number",
    "body",
    "segment_count",
    "price",
    "currency_code",
    "provider",
    "provider_message_id",
]
REPLY_ORDER = ["updated_at", "received_at", "send_id", "from_number", "customer_id", "channel", "to_number", "body"]
RECEIPT_TIMEOUT = pd.Timedelta(hours=72)
REPLY_WINDOW = pd.Timedelta(days=30)
OUTPUT_WINDOW = pd.Timedelta(days=90)
OVER_MESSAGED_COUNT = 10


def run(landing: Path, results: Path, as_of: datetime.datetime) -> None:
    """Compute all numbers and write all files.

    Args:
        landing: folder of the extracts, as the generator writes them.
        results: an existing folder for a Parquet file per table, and the CSVs.
        as_of: moment of the report, UTC without a time zone.
    """
    moment = pd.Timestamp(as_of)
    sends = read_sends(landing)
    statuses = resolved_statuses(landing, sends)
    stated = with_states(sends, statuses, moment)
    del sends, statuses
    replies = attributed_replies(landing, stated)
    facts = with_replies(stated, replies)
    del stated
    facts.to_parquet(results / "fct_sends.parquet", index=False)
    titles = latest_titles(facts)
    issues = issue_rows(facts, titles)
    responses = reported_responses(replies)
    days = message_days(facts)
    customers = message_customers(facts)
    tables = {
        "rpt_messages": messages(days, customers, titles, responses),
        "rpt_message_delivery": message_delivery(facts, days, customers),
        "rpt_message_issues": message_issues(issues),
        "rpt_message_responses": message_responses(responses),
        "rpt_message_engagement": customers.merge(titles[["message_id", "channel"]], on="message_id"),
        "rpt_customer_engagement_daily": days.merge(titles[["message_id", "message_title"]], on="message_id"),
        "rpt_customer_contacts": customer_contacts(facts, moment),
        "rpt_fix_list": fix_list(facts, issues),
    }
    for name, table in tables.items():
        table.to_parquet(results / f"{name}.parquet", index=False)
    write_files(results, tables, issues, responses, titles, moment)


def read_csv(folder: Path) -> pd.DataFrame:
    """All CSVs of a folder, all columns as text."""
    frames = [pd.read_csv(path, engine="pyarrow", dtype="str") for path in sorted(folder.glob("*.csv"))]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def seed(name: str) -> pd.DataFrame:
    """A seed, all columns as text."""
    return pd.read_csv(SEEDS_DIR / f"{name}.csv", dtype="str")


def timestamp(texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """ISO 8601 texts as UTC."""
    return pd.to_datetime(texts, format="%Y-%m-%dT%H:%M:%S.%fZ").astype("datetime64[us]")


def e164(numbers: "pd.Series[str]") -> "pd.Series[str]":
    """Phone numbers as E.164; nearly all are already."""
    others = numbers[numbers.notna() & ~numbers.str.fullmatch(r"\+[0-9]+").fillna(False)]
    digits = others.str.replace(r"[\s().\-/]", "", regex=True)
    digits = digits.mask(digits.str.fullmatch("[0-9]{8,15}") & ~digits.str.startswith("00"), "+" + digits)
    digits = digits.mask(digits.str.startswith("00"), "+" + digits.str.slice(2))
    result = numbers.copy()
    result.loc[digits.index] = digits
    return result


def last_by(frame: pd.DataFrame, order: list[str], key: list[str]) -> pd.DataFrame:
    """The row of each key that comes last in an order in which nulls come first."""
    return frame.sort_values(order, na_position="first", kind="stable").drop_duplicates(key, keep="last")


def read_sends(landing: Path) -> pd.DataFrame:
    """The row that counts of each send."""
    sends = read_csv(landing / "outbound/sends")
    for name in ("sent_at", "updated_at"):
        sends[name] = timestamp(sends[name])
    for name in ("to_number", "from_number"):
        sends[name] = e164(sends[name])
    sends["segment_count"] = pd.to_numeric(sends["segment_count"]).astype("Int32")
    # Money in millionths of its currency: whole numbers add up exactly.
    sends["price"] = (pd.to_numeric(sends["price"]) * 1_000_000).round().astype("Int64")
    for name in ("channel", "provider", "currency_code", "message_title"):
        sends[name] = sends[name].astype("category").cat.as_ordered()
    is_repeated = sends["send_id"].duplicated(keep=False)
    repeated = sends[is_repeated].copy()
    for name in ("channel", "provider", "currency_code", "message_title"):
        repeated[name] = repeated[name].astype("str")
    winners = sends.loc[last_by(repeated, SEND_ORDER, ["send_id"]).index]
    sends = pd.concat([sends[~is_repeated], winners], ignore_index=True)
    sends["is_too_long"] = sends["body"].str.len() > 1800
    return sends.drop(columns=["body", "updated_at"])


def resolved_statuses(landing: Path, sends: pd.DataFrame) -> pd.DataFrame:
    """The statuses that tell more than progress, with the send that they are of."""
    statuses = read_csv(landing / "outbound/statuses")
    statuses = statuses[~statuses["status"].isin(IDLE_STATUSES)].drop(columns=["error_message"])
    statuses["occurred_at"] = timestamp(statuses["occurred_at"])
    statuses["status"] = statuses["status"].astype("category")
    is_named = statuses["send_id"].notna()
    carrier_sends = sends.loc[sends["provider"].notna(), ["provider", "provider_message_id", "send_id"]]
    by_carrier = (
        statuses[~is_named]
        .drop(columns=["send_id"])
        .merge(carrier_sends.astype({"provider": "str"}), on=["provider", "provider_message_id"])
    )
    return pd.concat([statuses[is_named], by_carrier], ignore_index=True).drop(columns=["provider_message_id"])


def latest_issues(statuses: pd.DataFrame, sends: pd.DataFrame) -> pd.DataFrame:
    """The latest issue status of each send, with what the seeds say of its code."""
    codes = seed("carrier_error_codes")[
        ["provider", "code_space", "error_code", "outcome", "issue_reason_id", "is_retryable"]
    ]
    # A null matches a null in pandas, and must not match a seed here.
    codes = codes.dropna(subset=["error_code"])
    issues = statuses[statuses["status"].isin(ISSUE_STATUSES)].merge(
        sends[["send_id", "provider"]].astype({"provider": "str"}).rename(columns={"provider": "send_provider"}),
        on="send_id",
    )
    issues["provider"] = issues["send_provider"].fillna(issues["provider"])
    issues = issues.merge(seed("providers")[["provider", "default_code_space"]], on="provider", how="left")
    issues["code_space"] = issues["error_code_space"].fillna(issues["default_code_space"])
    issues = issues.merge(codes, on=["provider", "code_space", "error_code"], how="left")
    issues = issues[issues["outcome"].ne("unknown") | issues["outcome"].isna()]
    issues = last_by(issues, ["occurred_at", "error_code", "error_code_space"], ["send_id"])
    issues["is_retryable"] = issues["is_retryable"].map({"true": True, "false": False}).astype("boolean")
    return issues[["send_id", "error_code", "is_retryable", "issue_reason_id", "occurred_at"]].rename(
        columns={"issue_reason_id": "seeded_issue_reason_id", "occurred_at": "latest_issue_at"}
    )


def with_states(sends: pd.DataFrame, statuses: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The sends with their delivery status, issue and times."""
    send_ids = pd.Index(sends["send_id"])
    states = statuses[~statuses["status"].isin(ISSUE_STATUSES)]
    places = pd.Series(send_ids.get_indexer(states["send_id"]), index=states.index)
    states, places = states[places >= 0], places[places >= 0]

    def has_status(names: list[str]) -> "pd.Series[bool]":
        return sends.index.to_series().isin(places[states["status"].isin(names)].unique())

    is_delivered, is_canceled = has_status(DELIVERY_STATUSES), has_status(["canceled"])
    sends["has_engaging_status"] = has_status(ENGAGING_STATUSES)
    for name, word in EARLIEST.items():
        is_of_word = states["status"] == word
        earliest = states.loc[is_of_word, "occurred_at"].groupby(places[is_of_word]).min()
        sends[name] = earliest.reindex(sends.index)
    sends = sends.merge(latest_issues(statuses, sends), on="send_id", how="left")
    has_issue = sends["latest_issue_at"].notna()
    status = pd.Series("pending", index=sends.index, dtype="str")
    status = status.mask(sends["sent_at"] + RECEIPT_TIMEOUT <= as_of, "unconfirmed")
    status = status.mask(is_canceled, "canceled").mask(has_issue, "issue").mask(is_delivered, "delivered")
    sends["delivery_status"] = status.astype("category")
    is_issue = has_issue & ~is_delivered
    sends["has_conflicting_statuses"] = has_issue & sends["delivered_at"].notna()
    sends["delivery_seconds"] = seconds_between(sends["sent_at"], sends["delivered_at"]).clip(lower=0)
    sends["sent_date"] = sends["sent_at"].dt.normalize()
    sends["issue_at"] = sends["latest_issue_at"].where(is_issue)
    sends["provider_error_code"] = sends["error_code"].where(is_issue)
    sends["is_retryable"] = sends["is_retryable"].where(is_issue)
    explained = sends[is_issue & (sends["channel"] == "sms")]
    unsupported = unsupported_numbers(explained.loc[explained["seeded_issue_reason_id"].isna(), "to_number"])
    fallback = pd.Series("something_went_wrong", index=explained.index, dtype="str")
    fallback = fallback.mask(explained["to_number"].isin(unsupported), "country_unsupported")
    fallback = fallback.mask(explained["is_too_long"], "content_too_long")
    sends["issue_reason_id"] = explained["seeded_issue_reason_id"].fillna(fallback).reindex(sends.index)
    return sends.drop(columns=["latest_issue_at", "error_code", "seeded_issue_reason_id", "is_too_long"])


def seconds_between(earlier: "pd.Series[pd.Timestamp]", later: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    """Seconds from one time to another."""
    return (later - earlier).dt.total_seconds()


def unsupported_numbers(numbers: "pd.Series[str]") -> list[str]:
    """The numbers whose country, that of the longest calling prefix, is not supported."""
    seeded = seed("countries")
    countries = dict(zip(seeded["calling_prefix"], seeded["is_supported"] == "true", strict=True))
    longest = max(map(len, countries))
    found = []
    for number in numbers.dropna().unique():
        prefixes = (number[1 : 1 + length] for length in range(longest, 0, -1))
        if not next((countries[prefix] for prefix in prefixes if prefix in countries), True):
            found.append(number)
    return found


def keyword_text(text: str) -> str:
    """A reply's text as keywords are compared: without what is neither letter, mark nor digit around it."""

    def is_around(character: str) -> bool:
        return unicodedata.category(character)[0] in "PZC" or character.isspace() or character in "$+<=>^`|~"

    text = unicodedata.normalize("NFC", text)
    first, last = 0, len(text)
    while first < last and is_around(text[first]):
        first += 1
    while last > first and is_around(text[last - 1]):
        last -= 1
    return text[first:last].lower()


def attributed_replies(landing: Path, sends: pd.DataFrame) -> pd.DataFrame:
    """Every reply with the send that it answers, and with its keyword."""
    replies = read_csv(landing / "outbound/replies")
    for name in ("received_at", "updated_at"):
        replies[name] = timestamp(replies[name])
    for name in ("from_number", "to_number"):
        replies[name] = e164(replies[name])
    replies["channel"] = replies["channel"].fillna("sms")
    replies = last_by(replies, REPLY_ORDER, ["reply_id"])
    keywords = seed("keywords").merge(seed("keyword_groups")[["keyword_group", "is_opt_out"]], on="keyword_group")
    bodies = replies["body"].dropna().unique()
    normalized = replies["body"].map(dict(zip(bodies, map(keyword_text, bodies), strict=True)))
    replies["normalized"] = normalized.where(replies["channel"] == "sms").fillna("")
    keywords["normalized"] = keywords["keyword"].map(keyword_text)
    replies = replies.merge(
        keywords[["normalized", "keyword", "keyword_group", "is_opt_out"]], on="normalized", how="left"
    )
    replies["is_opt_out"] = replies["is_opt_out"] == "true"
    unnamed = replies[replies["send_id"].isna()].drop(columns=["send_id"])
    has_number = unnamed["from_number"].notna()
    answerable = sends.loc[
        ~sends["delivery_status"].isin(["issue", "canceled"]),
        ["send_id", "customer_id", "channel", "to_number", "from_number", "sent_at"],
    ]
    found = []
    for group, left, right in (
        (unnamed[has_number], "from_number", "to_number"),
        (unnamed[~has_number], "customer_id", "customer_id"),
    ):
        wanted = answerable[answerable[right].isin(group[left].dropna().unique())]
        wanted = wanted[["channel", "sent_at", "send_id"]].assign(
            key=wanted[right], sender=wanted["from_number"], channel=wanted["channel"].astype("str")
        )
        pairs = (
            group[["reply_id", "received_at", "channel", "to_number"]]
            .assign(key=group[left])
            .dropna(subset=["key"])
            .merge(wanted, on=["channel", "key"])
        )
        is_in_time = (pairs["received_at"] >= pairs["sent_at"]) & (
            pairs["received_at"] <= pairs["sent_at"] + REPLY_WINDOW
        )
        is_same_sender = (pairs["to_number"] == pairs["sender"]) | pairs["to_number"].isna() | pairs["sender"].isna()
        found.append(pairs.loc[is_in_time & is_same_sender, ["reply_id", "send_id", "sent_at"]])
    latest = last_by(pd.concat(found), ["sent_at", "send_id"], ["reply_id"])
    replies = replies.merge(
        latest[["reply_id", "send_id"]].rename(columns={"send_id": "found_send_id"}), on="reply_id", how="left"
    )
    replies["answered_send_id"] = replies["send_id"].fillna(replies["found_send_id"])
    answered = sends.loc[
        sends["send_id"].isin(replies["answered_send_id"].dropna().unique()),
        ["send_id", "message_id", "customer_id", "channel", "sent_at"],
    ].rename(columns={"send_id": "answered_send_id", "customer_id": "send_customer_id", "channel": "send_channel"})
    replies = replies.merge(answered, on="answered_send_id", how="left")
    replies["send_id"] = replies["answered_send_id"].where(replies["message_id"].notna())
    replies["customer_id"] = replies["send_customer_id"].fillna(replies["customer_id"])
    replies["response_seconds"] = seconds_between(replies["sent_at"], replies["received_at"])
    return replies.drop(columns=["answered_send_id", "found_send_id", "send_customer_id", "normalized"])


def with_replies(sends: pd.DataFrame, replies: pd.DataFrame) -> pd.DataFrame:
    """The sends with what their replies say of engagement."""
    attributed = replies[replies["send_id"].notna()]
    reply_at = attributed.groupby("send_id")["received_at"].min()
    opted_out_at = attributed[attributed["is_opt_out"]].groupby("send_id")["received_at"].min()
    engaging = attributed.loc[~attributed["is_opt_out"], "send_id"].unique()
    answered = sends["send_id"].isin(reply_at.index)
    for name, times in (("replied_at", reply_at), ("unsubscribed_at", opted_out_at)):
        known = sends.loc[answered, ["send_id", name]]
        sends.loc[answered, name] = pd.concat([known[name], known["send_id"].map(times)], axis=1).min(axis=1)
    sends["is_engaged"] = sends["has_engaging_status"] | sends["send_id"].isin(engaging)
    return sends.drop(columns=["has_engaging_status"])


def latest_titles(facts: pd.DataFrame) -> pd.DataFrame:
    """Title and channel of the latest send of each message."""
    last = facts.groupby("message_id")["sent_at"].transform("max")
    candidates = facts.loc[facts["sent_at"] == last, ["message_id", "message_title", "channel", "send_id"]]
    titles = last_by(candidates, ["send_id"], ["message_id"]).drop(columns=["send_id"])
    return titles.astype({"message_title": "str", "channel": "str"})


def reported_responses(replies: pd.DataFrame) -> pd.DataFrame:
    """Keyword replies, and the first other reply of each customer to a message."""
    responses = replies[(replies["channel"] == "sms") & (replies["send_channel"] == "sms")]
    is_keyword = responses["keyword"].notna()
    first = responses[~is_keyword].sort_values(["received_at", "reply_id"])
    first = first.drop_duplicates(["message_id", "customer_id"])
    return pd.concat(
        [responses[is_keyword].assign(response_type="keyword"), first.assign(response_type="first_response")]
    )


def issue_rows(facts: pd.DataFrame, titles: pd.DataFrame) -> pd.DataFrame:
    """The SMS with an issue, explained."""
    return (
        facts[facts["issue_reason_id"].notna()]
        .drop(columns=["message_title"])
        .merge(titles[["message_id", "message_title"]], on="message_id")
        .merge(seed("issue_reasons").drop(columns=["sort_order"]), on="issue_reason_id")
        .assign(customer_name=None)
        .astype({"provider": "str"})
    )


def message_days(facts: pd.DataFrame) -> pd.DataFrame:
    """Counts by message, channel and day."""
    status = facts["delivery_status"]
    is_sent = status != "canceled"
    flags = {"sent": is_sent}
    flags |= {name: status == name for name in ("delivered", "issue", "pending", "unconfirmed", "canceled")}
    events = ("opened", "clicked", "replied", "goal", "unsubscribed")
    flags |= {name: is_sent & facts[f"{name}_at"].notna() for name in events}
    flags["engaged"] = is_sent & facts["is_engaged"]
    counted = pd.DataFrame(
        {f"{name}_count": flag for name, flag in flags.items()}
        | {
            "segment_count": facts["segment_count"].astype("float64").where(is_sent),
            "cost": facts["price"].abs(),
            "first_sent_at": facts["sent_at"],
            "last_sent_at": facts["sent_at"],
            "first_delivered_at": facts["delivered_at"],
            "last_delivered_at": facts["delivered_at"],
        }
    )
    how = {
        name: "max" if name.startswith("last_") else "min" if name.startswith("first_") else "sum" for name in counted
    }
    keys = [facts["message_id"], facts["channel"].astype("str"), facts["sent_date"]]
    return counted.groupby(keys).agg(how).reset_index().astype({"segment_count": "int64"})


def message_customers(facts: pd.DataFrame) -> pd.DataFrame:
    """Distinct customers by message."""
    status = facts["delivery_status"]
    is_sent, is_delivered = status != "canceled", status == "delivered"
    flags = {
        "sent": is_sent,
        "delivered": is_delivered,
        "sms_delivered": is_delivered & (facts["channel"] == "sms"),
        "issue": status == "issue",
    }
    events = ("opened", "clicked", "replied", "goal", "completed", "unsubscribed")
    flags |= {name: is_sent & facts[f"{name}_at"].notna() for name in events}
    flags["engaged"] = is_sent & facts["is_engaged"]
    frame = pd.DataFrame({f"{name}_customer_count": flag for name, flag in flags.items()})
    frame["message_id"], message_ids = pd.factorize(facts["message_id"])
    frame["customer"], _ = pd.factorize(facts["customer_id"])
    customers = frame.groupby(["message_id", "customer"], sort=False).any()
    counted = customers.groupby(level="message_id").sum()
    counted.index = pd.Index(message_ids[counted.index], name="message_id")
    return counted.reset_index()


def messages(
    days: pd.DataFrame, customers: pd.DataFrame, titles: pd.DataFrame, responses: pd.DataFrame
) -> pd.DataFrame:
    """The Messages list."""
    names = ["sent", "delivered", "issue", "pending", "unconfirmed", "canceled"]
    how = {"first_sent_at": "min", "last_sent_at": "max", **{f"{name}_count": "sum" for name in names}}
    keywords = responses[responses["response_type"] == "keyword"]
    keyword_replies = pd.DataFrame(
        {
            "keyword_reply_count": keywords.groupby("message_id").size(),
            "opt_out_customer_count": keywords[keywords["is_opt_out"]].groupby("message_id")["customer_id"].nunique(),
        }
    )
    counted = (
        titles.merge(days.groupby("message_id").agg(how).reset_index(), on="message_id")
        .merge(customers, on="message_id")
        .merge(keyword_replies, left_on="message_id", right_index=True, how="left")
    )
    for name in keyword_replies:
        counted[name] = counted[name].fillna(0).astype("int64")
    rates = {"delivery": "delivered", "issue": "issue", "reply": "replied", "engagement": "engaged"}
    sent = counted["sent_customer_count"].where(counted["sent_customer_count"] > 0)
    for rate, name in rates.items():
        counted[f"{rate}_rate"] = counted[f"{name}_customer_count"] / sent
    return counted[
        [
            "message_id",
            "message_title",
            "channel",
            *how,
            *(f"{name}_customer_count" for name in ("sent", "delivered", "issue", "replied")),
            "keyword_reply_count",
            "opt_out_customer_count",
            "engaged_customer_count",
            *(f"{rate}_rate" for rate in rates),
        ]
    ]


def message_delivery(facts: pd.DataFrame, days: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Reach, speed and cost of each message's SMS."""
    is_sms = facts["channel"] == "sms"
    is_timed = is_sms & (facts["delivery_status"] == "delivered") & facts["delivery_seconds"].notna()
    percentiles = facts[is_timed].groupby("message_id")["delivery_seconds"].quantile([0.5, 0.95, 0.99]).unstack()
    percentiles.columns = pd.Index(["delivery_seconds_p50", "delivery_seconds_p95", "delivery_seconds_p99"])
    priced = facts.loc[is_sms & facts["price"].notna(), ["message_id", "currency_code"]].drop_duplicates()
    currencies = priced.groupby("message_id")["currency_code"].agg(["size", "first"])
    currencies = currencies[currencies["size"] == 1]
    summed = ["sent_count", "delivered_count", "issue_count", "segment_count", "cost"]
    how = {"first_delivered_at": "min", "last_delivered_at": "max", **dict.fromkeys(summed, "sum")}
    delivery = days[days["channel"] == "sms"].groupby("message_id").agg(how)
    delivery = delivery.join(percentiles)
    reached = customers.set_index("message_id")["sms_delivered_customer_count"]
    delivery["delivered_customer_count"] = reached.reindex(delivery.index)
    delivery["cost"] = (delivery["cost"].astype("float64") / 1_000_000).where(delivery.index.isin(currencies.index))
    delivery["currency_code"] = currencies["first"].astype("str").reindex(delivery.index)
    return delivery.reset_index()[
        [
            "message_id",
            "sent_count",
            "delivered_count",
            "issue_count",
            "delivered_customer_count",
            "first_delivered_at",
            "last_delivered_at",
            *percentiles.columns,
            "segment_count",
            "cost",
            "currency_code",
        ]
    ]


def message_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Issues by message and reason."""
    grouped = issues.groupby(["message_id", "issue_reason_id", "issue_reason", "meaning", "fix"])["customer_id"]
    counted = grouped.agg(issue_count="size", issue_customer_count="nunique").reset_index()
    counted["issue_share"] = counted["issue_count"] / counted.groupby("message_id")["issue_count"].transform("sum")
    return counted


def message_responses(responses: pd.DataFrame) -> pd.DataFrame:
    """Responses by message and keyword group."""
    return (
        responses.groupby(["message_id", "keyword_group"], dropna=False)
        .agg(
            response_count=("reply_id", "size"),
            response_customer_count=("customer_id", "nunique"),
            response_seconds_p50=("response_seconds", "median"),
        )
        .reset_index()
    )


def customer_contacts(facts: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """How many messages each customer received lately."""
    is_received = (facts["delivery_status"] == "delivered") & (facts["sent_at"] <= as_of)
    is_sms = facts["channel"] == "sms"
    flags = {}
    for days in (7, 28, 90):
        is_recent = is_received & (facts["sent_at"] > as_of - pd.Timedelta(days=days))
        flags[f"received_{days}_days_count"] = is_recent
        flags[f"sms_received_{days}_days_count"] = is_recent & is_sms
    contacts = pd.DataFrame(flags).groupby(facts["customer_id"]).sum()
    contacts["is_over_messaged"] = contacts["received_7_days_count"] >= OVER_MESSAGED_COUNT
    return contacts.reset_index()


def fix_list(facts: pd.DataFrame, issues: pd.DataFrame) -> pd.DataFrame:
    """The customer numbers with an issue that no later delivery has settled."""
    number = ["customer_id", "to_number"]
    is_delivered = (facts["channel"] == "sms") & (facts["delivery_status"] == "delivered")
    deliveries = facts.loc[
        is_delivered & facts["customer_id"].isin(issues["customer_id"].unique()), [*number, "sent_at", "send_id"]
    ]
    last_deliveries = last_by(deliveries, ["sent_at", "send_id"], number)
    standing = issues.merge(last_deliveries, on=number, how="left", suffixes=("", "_of_delivery"))
    later = (standing["sent_at_of_delivery"] > standing["sent_at"]) | (
        (standing["sent_at_of_delivery"] == standing["sent_at"])
        & (standing["send_id_of_delivery"] > standing["send_id"])
    )
    return (
        standing[~later]
        .sort_values(["sent_at", "send_id"])
        .groupby([*number, "issue_reason_id", "issue_reason", "fix"], dropna=False)
        .agg(
            issue_count=("send_id", "size"),
            first_issue_at=("issue_at", "min"),
            last_issue_at=("issue_at", "max"),
            last_message_id=("message_id", "last"),
        )
        .reset_index()
    )


def write_files(
    results: Path,
    tables: dict[str, pd.DataFrame],
    issues: pd.DataFrame,
    responses: pd.DataFrame,
    titles: pd.DataFrame,
    as_of: pd.Timestamp,
) -> None:
    """Write the CSVs."""
    titles = titles[["message_id", "message_title"]]
    messages_list = tables["rpt_messages"].sort_values(["last_sent_at", "message_id"], ascending=[False, True])
    write_csv(messages_list, results / "messages.csv")
    delivery = titles.merge(tables["rpt_message_delivery"], on="message_id").sort_values("message_id")
    write_csv(delivery, results / "message_delivery.csv")

    def shown(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["sent_at"] > as_of - OUTPUT_WINDOW) & (frame["sent_at"] <= as_of)]

    columns = ["send_id", "message_id", "message_title", "customer_id", "customer_name", "to_number", "provider"]
    columns += ["provider_error_code", "issue_reason_id", "issue_reason", "meaning", "fix", "is_retryable"]
    columns += ["sent_at", "issue_at"]
    write_csv(shown(issues).sort_values(["sent_at", "send_id"])[columns], results / "delivery_issues.csv")
    columns = ["reply_id", "message_id", "message_title", "send_id", "customer_id", "body", "response_type"]
    columns += ["keyword", "keyword_group", "response_seconds", "sent_at", "received_at"]
    listed = shown(responses).merge(titles, on="message_id").sort_values(["received_at", "reply_id"])
    write_csv(listed[columns], results / "responses.csv")
    days = tables["rpt_customer_engagement_daily"].sort_values(["sent_date", "channel", "message_id"])
    counts = ["sent", "delivered", "issue", "opened", "clicked", "replied", "goal", "unsubscribed", "engaged"]
    columns = ["sent_date", "channel", "message_id", "message_title", *(f"{name}_count" for name in counts)]
    write_csv(
        days.assign(sent_date=days["sent_date"].dt.strftime("%Y-%m-%d"))[columns], results / "customer_engagement.csv"
    )
    fixes = tables["rpt_fix_list"].sort_values(["customer_id", "to_number", "issue_reason_id"])
    write_csv(fixes, results / "fix_list.csv")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a CSV whose texts no spreadsheet runs as a formula."""
    written = frame.copy()
    for name, column in frame.items():
        if isinstance(column.dtype, pd.BooleanDtype) or column.dtype == "bool":
            written[name] = column.map({True: "true", False: "false"})
        elif isinstance(column.dtype, pd.StringDtype):
            values = column.dropna().unique()
            written[name] = column.map(dict(zip(values, map(csv_text, values), strict=True)))
    written.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")


def csv_text(text: str) -> str:
    """A text as a cell that no spreadsheet runs."""
    if re.fullmatch(r"\+[0-9]+", text):
        return text
    start = next((character for character in text if unicodedata.category(character)[0] not in "ZC"), "")
    return f"'{text}" if (start and start in "=+-@＝＋－＠") or text[:1] in ("\t", "\r", "\n") else text


if __name__ == "__main__":
    given = arguments()
    run(given.landing, given.results, given.as_of)
