"""The same numbers and files with Polars: a contender of the benchmark."""

import datetime
from pathlib import Path

import polars as pl

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
REPLY_ORDER = [
    "updated_at",
    "received_at",
    "send_id",
    "from_number",
    "customer_id",
    "channel",
    "to_number",
    "body",
]
RECEIPT_TIMEOUT = datetime.timedelta(hours=72)
REPLY_WINDOW = datetime.timedelta(days=30)
OUTPUT_WINDOW = datetime.timedelta(days=90)
OVER_MESSAGED_COUNT = 10
IS_SENT = pl.col("delivery_status") != "canceled"


def run(landing: Path, results: Path, as_of: datetime.datetime) -> None:
    """Compute all numbers and write all files.

    Args:
        landing: folder of the extracts, as the generator writes them.
        results: an existing folder for a Parquet file per table, and the CSVs.
        as_of: moment of the report, UTC without a time zone.
    """
    sends = read_sends(landing)
    statuses = resolved_statuses(landing, sends)
    stated = with_states(sends, statuses, as_of)
    del sends, statuses
    replies = attributed_replies(landing, stated)
    facts = with_replies(stated, replies)
    del stated
    facts.write_parquet(results / "fct_sends.parquet")
    titles = facts.group_by("message_id").agg(
        pl.col("message_title", "channel").sort_by("sent_at", "send_id").last(),
    )
    issues = issue_rows(facts, titles)
    responses = reported_responses(replies)
    days = message_days(facts)
    customers = message_customers(facts)
    tables = {
        "rpt_messages": messages(days, customers, titles, responses),
        "rpt_message_delivery": message_delivery(facts, days, customers),
        "rpt_message_issues": message_issues(issues),
        "rpt_message_responses": message_responses(responses),
        "rpt_message_engagement": customers.join(titles.drop("message_title"), on="message_id"),
        "rpt_customer_engagement_daily": days.join(titles.drop("channel"), on="message_id"),
        "rpt_customer_contacts": customer_contacts(facts, as_of),
        "rpt_fix_list": fix_list(facts, issues),
    }
    for name, table in tables.items():
        table.write_parquet(results / f"{name}.parquet")
    write_files(results, tables, issues, responses, titles, as_of)


def timestamp(column: str) -> pl.Expr:
    """A column of ISO 8601 texts as UTC."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us")


def e164(column: str) -> pl.Expr:
    """A column of phone numbers as E.164."""
    number = pl.col(column)
    digits = number.str.replace_all(r"[\s().\-/]", "")
    return (
        pl.when(number.str.contains(r"^\+[0-9]+$"))
        .then(number)
        .when(digits.str.starts_with("00"))
        .then(pl.lit("+") + digits.str.slice(2))
        .when(digits.str.contains(r"^[0-9]{8,15}$"))
        .then(pl.lit("+") + digits)
        .otherwise(digits)
        .alias(column)
    )


def seconds_between(earlier: str, later: str) -> pl.Expr:
    """Seconds from one time to another."""
    return (pl.col(later) - pl.col(earlier)).dt.total_microseconds() / 1_000_000


def seed(name: str) -> pl.DataFrame:
    """A seed, all columns as text."""
    return pl.read_csv(SEEDS_DIR / f"{name}.csv", infer_schema=False)


def read_sends(landing: Path) -> pl.DataFrame:
    """The row that counts of each send."""
    sends = (
        pl.scan_csv(landing / "outbound/sends/*.csv", infer_schema=False)
        .with_columns(
            timestamp("sent_at"),
            timestamp("updated_at"),
            e164("to_number"),
            e164("from_number"),
            pl.col("segment_count").cast(pl.Int32),
            pl.col("price").cast(pl.Decimal(18, 6)),
        )
        .collect()
    )
    is_repeated = pl.col("send_id").is_duplicated()
    repeated = sends.filter(is_repeated).sort(SEND_ORDER, descending=True, nulls_last=True)
    winners = repeated.unique("send_id", keep="first", maintain_order=True)
    return (
        pl.concat([sends.filter(~is_repeated), winners])
        .with_columns(is_too_long=(pl.col("body").str.len_chars() > 1800).fill_null(False))
        .drop("body", "updated_at")
    )


def resolved_statuses(landing: Path, sends: pl.DataFrame) -> pl.DataFrame:
    """The statuses that tell more than progress, with the send that they are of."""
    statuses = (
        pl.scan_csv(landing / "outbound/statuses/*.csv", infer_schema=False)
        .filter(~pl.col("status").is_in(IDLE_STATUSES))
        .with_columns(timestamp("occurred_at"))
        .drop("error_message")
        .collect()
    )
    by_carrier = (
        statuses.filter(pl.col("send_id").is_null())
        .drop("send_id")
        .join(sends.select("provider", "provider_message_id", "send_id"), on=["provider", "provider_message_id"])
    )
    return pl.concat(
        [
            statuses.filter(pl.col("send_id").is_not_null()).drop("provider_message_id"),
            by_carrier.drop("provider_message_id"),
        ],
        how="diagonal",
    )


def latest_issues(statuses: pl.DataFrame, sends: pl.DataFrame) -> pl.DataFrame:
    """The latest issue status of each send, with what the seeds say of its code."""
    codes = seed("carrier_error_codes").select(
        "provider", "code_space", "error_code", "outcome", "issue_reason_id", pl.col("is_retryable") == "true"
    )
    return (
        statuses.filter(pl.col("status").is_in(ISSUE_STATUSES))
        .join(sends.select("send_id", send_provider="provider"), on="send_id")
        .with_columns(pl.coalesce("send_provider", "provider").alias("provider"))
        .join(seed("providers").select("provider", "default_code_space"), on="provider", how="left")
        .with_columns(code_space=pl.coalesce("error_code_space", "default_code_space"))
        .join(codes, on=["provider", "code_space", "error_code"], how="left")
        .filter(pl.col("outcome").ne_missing("unknown"))
        .sort(["occurred_at", "error_code", "error_code_space"], descending=True, nulls_last=True)
        .unique("send_id", keep="first", maintain_order=True)
        .select(
            "send_id",
            "error_code",
            "is_retryable",
            seeded_issue_reason_id="issue_reason_id",
            latest_issue_at="occurred_at",
        )
    )


def with_states(sends: pl.DataFrame, statuses: pl.DataFrame, as_of: datetime.datetime) -> pl.DataFrame:
    """The sends with their delivery status, issue and times."""
    status = pl.col("status")
    states = (
        statuses.lazy()
        .filter(~status.is_in(ISSUE_STATUSES))
        .group_by("send_id")
        .agg(
            status.is_in(DELIVERY_STATUSES).any().alias("is_delivered"),
            (status == "canceled").any().alias("is_canceled"),
            status.is_in(ENGAGING_STATUSES).any().alias("has_engaging_status"),
            *(pl.col("occurred_at").filter(status == word).min().alias(name) for name, word in EARLIEST.items()),
        )
        .collect()
    )
    is_issue = pl.col("delivery_status") == "issue"
    has_issue = pl.col("latest_issue_at").is_not_null()
    stated = (
        sends.join(states, on="send_id", how="left")
        .join(latest_issues(statuses, sends), on="send_id", how="left")
        .with_columns(
            delivery_status=pl.when(pl.col("is_delivered"))
            .then(pl.lit("delivered"))
            .when(has_issue)
            .then(pl.lit("issue"))
            .when(pl.col("is_canceled"))
            .then(pl.lit("canceled"))
            .when(pl.col("sent_at") + RECEIPT_TIMEOUT <= as_of)
            .then(pl.lit("unconfirmed"))
            .otherwise(pl.lit("pending")),
            has_conflicting_statuses=has_issue & pl.col("delivered_at").is_not_null(),
            has_engaging_status=pl.col("has_engaging_status").fill_null(False),
            delivery_seconds=seconds_between("sent_at", "delivered_at").clip(lower_bound=0),
            sent_date=pl.col("sent_at").dt.date(),
        )
        .with_columns(
            issue_at=pl.when(is_issue).then("latest_issue_at"),
            provider_error_code=pl.when(is_issue).then("error_code"),
            is_retryable=pl.when(is_issue).then("is_retryable"),
        )
    )
    unsupported = unsupported_numbers(
        stated.filter(is_issue & (pl.col("channel") == "sms") & pl.col("seeded_issue_reason_id").is_null())
    )
    return stated.with_columns(
        issue_reason_id=pl.when(is_issue & (pl.col("channel") == "sms")).then(
            pl.when(pl.col("seeded_issue_reason_id").is_not_null())
            .then("seeded_issue_reason_id")
            .when("is_too_long")
            .then(pl.lit("content_too_long"))
            .when(pl.col("to_number").is_in(unsupported))
            .then(pl.lit("country_unsupported"))
            .otherwise(pl.lit("something_went_wrong"))
        )
    ).drop("is_delivered", "is_canceled", "latest_issue_at", "error_code", "seeded_issue_reason_id", "is_too_long")


def unsupported_numbers(sends: pl.DataFrame) -> list[str]:
    """The numbers of sends whose country, that of the longest calling prefix, is not supported."""
    countries = {row["calling_prefix"]: row["is_supported"] == "true" for row in seed("countries").to_dicts()}
    longest = max(map(len, countries))
    found = []
    for number in sends["to_number"].drop_nulls().unique():
        prefixes = (number[1 : 1 + length] for length in range(longest, 0, -1))
        if not next((countries[prefix] for prefix in prefixes if prefix in countries), True):
            found.append(number)
    return found


def attributed_replies(landing: Path, sends: pl.DataFrame) -> pl.DataFrame:
    """Every reply with the send that it answers, and with its keyword."""
    around = r"[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+"
    keyword_groups = seed("keyword_groups").select("keyword_group", is_opt_out=pl.col("is_opt_out") == "true")
    replies = (
        pl.read_csv(landing / "outbound/replies/*.csv", infer_schema=False)
        .with_columns(
            timestamp("received_at"),
            timestamp("updated_at"),
            e164("from_number"),
            e164("to_number"),
            pl.col("channel").fill_null("sms"),
        )
        .sort(REPLY_ORDER, descending=True, nulls_last=True)
        .unique("reply_id", keep="first", maintain_order=True)
        .with_columns(
            normalized=pl.when(pl.col("channel") == "sms").then(
                pl.col("body").str.normalize("NFC").str.replace_all(f"^{around}|{around}$", "").str.to_lowercase()
            )
        )
        .join(seed("keywords").select("keyword", "keyword_group", normalized="keyword"), on="normalized", how="left")
        .join(keyword_groups, on="keyword_group", how="left")
        .with_columns(pl.col("is_opt_out").fill_null(False))
    )
    columns = [
        "send_id",
        "message_id",
        "customer_id",
        "channel",
        "to_number",
        "from_number",
        "delivery_status",
        "sent_at",
    ]
    unnamed = replies.filter(pl.col("send_id").is_null()).drop("send_id")
    by_customer = unnamed.filter(pl.col("from_number").is_null())
    answerable = sends.lazy().select(columns).filter(~pl.col("delivery_status").is_in(["issue", "canceled"]))
    found = []
    for group, left, right in (
        (unnamed.filter(pl.col("from_number").is_not_null()), "from_number", "to_number"),
        (by_customer, "customer_id", "customer_id"),
    ):
        wanted = answerable.filter(pl.col(right).is_in(group[left].unique().implode())).select(
            "channel", "sent_at", "send_id", key=right, sender="from_number"
        )
        found.append(
            group.lazy()
            .select("reply_id", "received_at", "channel", "to_number", key=left)
            .join(wanted, on=["channel", "key"])
            .filter(
                pl.col("received_at").is_between("sent_at", pl.col("sent_at") + REPLY_WINDOW)
                & (pl.col("to_number") == pl.col("sender")).fill_null(True)
            )
            .select("reply_id", "send_id", "sent_at")
        )
    latest = (
        pl.concat(found)
        .sort("sent_at", "send_id", descending=True)
        .unique("reply_id", keep="first", maintain_order=True)
        .select("reply_id", found_send_id="send_id")
        .collect()
    )
    replies = replies.join(latest, on="reply_id", how="left").with_columns(
        answered_send_id=pl.coalesce("send_id", "found_send_id")
    )
    answered = sends.filter(pl.col("send_id").is_in(replies["answered_send_id"].drop_nulls().implode())).select(
        "message_id",
        "sent_at",
        answered_send_id="send_id",
        send_customer_id="customer_id",
        send_channel="channel",
        answers=pl.lit(True),
    )
    return (
        replies.join(answered, on="answered_send_id", how="left")
        .with_columns(
            send_id=pl.when("answers").then("answered_send_id"),
            customer_id=pl.coalesce("send_customer_id", "customer_id"),
            response_seconds=seconds_between("sent_at", "received_at"),
        )
        .drop("answered_send_id", "found_send_id", "send_customer_id", "answers")
    )


def with_replies(sends: pl.DataFrame, replies: pl.DataFrame) -> pl.DataFrame:
    """The sends with what their replies say of engagement."""
    of_sends = (
        replies.filter(pl.col("send_id").is_not_null())
        .group_by("send_id")
        .agg(
            reply_at=pl.col("received_at").min(),
            opted_out_at=pl.col("received_at").filter("is_opt_out").min(),
            is_engaging=(~pl.col("is_opt_out")).any(),
        )
    )
    return (
        sends.join(of_sends, on="send_id", how="left")
        .with_columns(
            replied_at=pl.min_horizontal("replied_at", "reply_at"),
            unsubscribed_at=pl.min_horizontal("unsubscribed_at", "opted_out_at"),
            is_engaged=pl.col("has_engaging_status") | pl.col("is_engaging").fill_null(False),
        )
        .drop("reply_at", "opted_out_at", "is_engaging", "has_engaging_status")
    )


def reported_responses(replies: pl.DataFrame) -> pl.DataFrame:
    """Keyword replies, and the first other reply of each customer to a message."""
    responses = replies.filter((pl.col("channel") == "sms") & (pl.col("send_channel") == "sms"))
    is_keyword = pl.col("keyword").is_not_null()
    first = (
        responses.filter(~is_keyword)
        .sort("received_at", "reply_id")
        .unique(["message_id", "customer_id"], keep="first", maintain_order=True)
    )
    return pl.concat(
        [
            responses.filter(is_keyword).with_columns(response_type=pl.lit("keyword")),
            first.with_columns(response_type=pl.lit("first_response")),
        ]
    )


def issue_rows(facts: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """The SMS with an issue, explained."""
    return (
        facts.filter(pl.col("issue_reason_id").is_not_null())
        .drop("message_title")
        .join(titles.drop("channel"), on="message_id")
        .join(seed("issue_reasons").drop("sort_order"), on="issue_reason_id")
        .with_columns(customer_name=pl.lit(None, pl.String))
    )


def message_days(facts: pl.DataFrame) -> pl.DataFrame:
    """Counts by message, channel and day."""
    status = pl.col("delivery_status")
    events = {"opened": "opened_at", "clicked": "clicked_at", "replied": "replied_at", "goal": "goal_at"}
    events["unsubscribed"] = "unsubscribed_at"
    priced = pl.col("price").is_not_null()
    return (
        facts.lazy()
        .group_by("message_id", "channel", "sent_date")
        .agg(
            IS_SENT.sum().alias("sent_count"),
            *(
                (status == name).sum().alias(f"{name}_count")
                for name in ("delivered", "issue", "pending", "unconfirmed", "canceled")
            ),
            *((IS_SENT & pl.col(at).is_not_null()).sum().alias(f"{name}_count") for name, at in events.items()),
            (IS_SENT & pl.col("is_engaged")).sum().alias("engaged_count"),
            pl.col("segment_count").filter(IS_SENT).cast(pl.Int64).sum(),
            pl.col("segment_count").filter(IS_SENT).count().alias("segments_known_count"),
            pl.col("price").abs().sum().alias("cost"),
            priced.sum().alias("priced_count"),
            pl.col("currency_code").fill_null("").filter(priced).unique().alias("currency_codes"),
            pl.col("sent_at").min().alias("first_sent_at"),
            pl.col("sent_at").max().alias("last_sent_at"),
            pl.col("delivered_at").min().alias("first_delivered_at"),
            pl.col("delivered_at").max().alias("last_delivered_at"),
        )
        .collect()
    )


def message_customers(facts: pl.DataFrame) -> pl.DataFrame:
    """Distinct customers by message."""
    is_delivered = pl.col("delivery_status") == "delivered"
    flags = {
        "sent": IS_SENT,
        "delivered": is_delivered,
        "sms_delivered": is_delivered & (pl.col("channel") == "sms"),
        "issue": pl.col("delivery_status") == "issue",
        **{
            name: IS_SENT & pl.col(f"{name}_at").is_not_null()
            for name in ("opened", "clicked", "replied", "goal", "completed", "unsubscribed")
        },
        "engaged": IS_SENT & pl.col("is_engaged"),
    }
    return (
        facts.lazy()
        .group_by("message_id", "customer_id")
        .agg(flag.any().alias(f"{name}_customer_count") for name, flag in flags.items())
        .group_by("message_id")
        .agg(pl.col(f"{name}_customer_count").sum() for name in flags)
        .collect()
    )


def messages(
    days: pl.DataFrame, customers: pl.DataFrame, titles: pl.DataFrame, responses: pl.DataFrame
) -> pl.DataFrame:
    """The Messages list."""
    counts = ["sent", "delivered", "issue", "pending", "unconfirmed", "canceled"]
    keyword_replies = (
        responses.filter(pl.col("response_type") == "keyword")
        .group_by("message_id")
        .agg(
            keyword_reply_count=pl.len(),
            opt_out_customer_count=pl.col("customer_id").filter("is_opt_out").drop_nulls().n_unique(),
        )
    )
    rates = {"delivery": "delivered", "issue": "issue", "reply": "replied", "engagement": "engaged"}
    sent = pl.col("sent_customer_count")
    return (
        days.group_by("message_id")
        .agg(
            pl.col("first_sent_at").min(),
            pl.col("last_sent_at").max(),
            *(pl.col(f"{name}_count").sum() for name in counts),
        )
        .join(titles, on="message_id")
        .join(customers, on="message_id")
        .join(keyword_replies, on="message_id", how="left")
        .with_columns(
            pl.col("keyword_reply_count", "opt_out_customer_count").fill_null(0),
            *(
                pl.when(sent > 0).then(pl.col(f"{name}_customer_count") / sent).alias(f"{rate}_rate")
                for rate, name in rates.items()
            ),
        )
        .select(
            "message_id",
            "message_title",
            "channel",
            "first_sent_at",
            "last_sent_at",
            *(f"{name}_count" for name in counts),
            *(f"{name}_customer_count" for name in ("sent", "delivered", "issue", "replied")),
            "keyword_reply_count",
            "opt_out_customer_count",
            "engaged_customer_count",
            *(f"{rate}_rate" for rate in rates),
        )
    )


def message_delivery(facts: pl.DataFrame, days: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Reach, speed and cost of each message's SMS."""
    percentiles = (
        facts.lazy()
        .filter((pl.col("channel") == "sms") & (pl.col("delivery_status") == "delivered"))
        .group_by("message_id")
        .agg(
            pl.col("delivery_seconds").quantile(rank / 100, "linear").alias(f"delivery_seconds_p{rank}")
            for rank in (50, 95, 99)
        )
        .collect()
    )
    codes = pl.col("currency_codes")
    return (
        days.filter(pl.col("channel") == "sms")
        .group_by("message_id")
        .agg(
            pl.col("sent_count", "delivered_count", "issue_count", "cost", "priced_count").sum(),
            pl.col("segment_count", "segments_known_count").sum(),
            pl.col("first_delivered_at").min(),
            pl.col("last_delivered_at").max(),
            codes.list.explode(keep_nulls=False, empty_as_null=False).unique(),
        )
        .join(customers.select("message_id", delivered_customer_count="sms_delivered_customer_count"), on="message_id")
        .join(percentiles, on="message_id", how="left")
        .with_columns(
            segment_count=pl.when(pl.col("segments_known_count") > 0).then("segment_count"),
            cost=pl.when(codes.list.len() == 1).then("cost"),
            currency_code=pl.when(codes.list.len() == 1).then(codes.list.first()).replace({"": None}),
        )
        .select(
            "message_id",
            "sent_count",
            "delivered_count",
            "issue_count",
            "delivered_customer_count",
            "first_delivered_at",
            "last_delivered_at",
            "delivery_seconds_p50",
            "delivery_seconds_p95",
            "delivery_seconds_p99",
            "segment_count",
            "cost",
            "currency_code",
        )
    )


def message_issues(issues: pl.DataFrame) -> pl.DataFrame:
    """Issues by message and reason."""
    return (
        issues.group_by("message_id", "issue_reason_id", "issue_reason", "meaning", "fix")
        .agg(issue_count=pl.len(), issue_customer_count=pl.col("customer_id").n_unique())
        .with_columns(issue_share=pl.col("issue_count") / pl.col("issue_count").sum().over("message_id"))
    )


def message_responses(responses: pl.DataFrame) -> pl.DataFrame:
    """Responses by message and keyword group."""
    return responses.group_by("message_id", "keyword_group").agg(
        response_count=pl.len(),
        response_customer_count=pl.col("customer_id").drop_nulls().n_unique(),
        response_seconds_p50=pl.col("response_seconds").quantile(0.5, "linear"),
    )


def customer_contacts(facts: pl.DataFrame, as_of: datetime.datetime) -> pl.DataFrame:
    """How many messages each customer received lately."""
    is_received = (pl.col("delivery_status") == "delivered") & (pl.col("sent_at") <= as_of)
    counts = {
        f"{prefix}received_{days}_days_count": is_received
        & (pl.col("sent_at") > as_of - datetime.timedelta(days=days))
        & condition
        for prefix, condition in (("", pl.lit(True)), ("sms_", pl.col("channel") == "sms"))
        for days in (7, 28, 90)
    }
    return (
        facts.lazy()
        .group_by("customer_id")
        .agg(condition.sum().alias(name) for name, condition in counts.items())
        .with_columns(is_over_messaged=pl.col("received_7_days_count") >= OVER_MESSAGED_COUNT)
        .collect()
    )


def fix_list(facts: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    """The customer numbers with an issue that no later delivery has settled."""
    number = ["customer_id", "to_number"]
    last_deliveries = (
        facts.filter((pl.col("channel") == "sms") & (pl.col("delivery_status") == "delivered"))
        .join(issues.select(number).unique(), on=number, how="semi", nulls_equal=True)
        .sort("sent_at", "send_id", descending=True)
        .unique(number, keep="first", maintain_order=True)
        .select(*number, last_sent_at="sent_at", last_send_id="send_id")
    )
    return (
        issues.join(last_deliveries, on=number, how="left", nulls_equal=True)
        .filter(
            pl.col("last_sent_at").is_null()
            | (pl.col("last_sent_at") < pl.col("sent_at"))
            | ((pl.col("last_sent_at") == pl.col("sent_at")) & (pl.col("last_send_id") < pl.col("send_id")))
        )
        .sort("sent_at", "send_id")
        .group_by(*number, "issue_reason_id", "issue_reason", "fix", maintain_order=True)
        .agg(
            issue_count=pl.len(),
            first_issue_at=pl.col("issue_at").min(),
            last_issue_at=pl.col("issue_at").max(),
            last_message_id=pl.col("message_id").last(),
        )
    )


def write_files(
    results: Path,
    tables: dict[str, pl.DataFrame],
    issues: pl.DataFrame,
    responses: pl.DataFrame,
    titles: pl.DataFrame,
    as_of: datetime.datetime,
) -> None:
    """Write the CSVs."""
    is_shown = pl.col("sent_at").is_between(as_of - OUTPUT_WINDOW, as_of, closed="right")
    delivery = tables["rpt_message_delivery"].join(titles.drop("channel"), on="message_id")
    days = tables["rpt_customer_engagement_daily"]
    write_csv(
        tables["rpt_messages"].sort("message_id").sort("last_sent_at", descending=True, maintain_order=True),
        results / "messages.csv",
    )
    write_csv(
        delivery.sort("message_id").select("message_id", "message_title", pl.exclude("message_id", "message_title")),
        results / "message_delivery.csv",
    )
    write_csv(
        issues.filter(is_shown)
        .sort("sent_at", "send_id")
        .select(
            "send_id",
            "message_id",
            "message_title",
            "customer_id",
            "customer_name",
            "to_number",
            "provider",
            "provider_error_code",
            "issue_reason_id",
            "issue_reason",
            "meaning",
            "fix",
            "is_retryable",
            "sent_at",
            "issue_at",
        ),
        results / "delivery_issues.csv",
    )
    write_csv(
        responses.filter(is_shown)
        .join(titles.drop("channel"), on="message_id")
        .sort("received_at", "reply_id")
        .select(
            "reply_id",
            "message_id",
            "message_title",
            "send_id",
            "customer_id",
            "body",
            "response_type",
            "keyword",
            "keyword_group",
            "response_seconds",
            "sent_at",
            "received_at",
        ),
        results / "responses.csv",
    )
    counts = ["sent", "delivered", "issue", "opened", "clicked", "replied", "goal", "unsubscribed", "engaged"]
    write_csv(
        days.sort("sent_date", "channel", "message_id").select(
            "sent_date", "channel", "message_id", "message_title", *(f"{name}_count" for name in counts)
        ),
        results / "customer_engagement.csv",
    )
    write_csv(tables["rpt_fix_list"].sort("customer_id", "to_number", "issue_reason_id"), results / "fix_list.csv")


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV whose texts no spreadsheet runs as a formula."""
    text = pl.col(pl.String)
    guarded = (
        pl.when(text.str.contains(r"^\+[0-9]+$"))
        .then(text)
        .when(text.str.contains(r"^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠]|^[\t\r\n]"))
        .then(pl.lit("'") + text)
        .otherwise(text)
        .name.keep()
    )
    frame.with_columns(guarded).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S.%6fZ")


if __name__ == "__main__":
    given = arguments()
    run(given.landing, given.results, given.as_of)
