"""Values as spreadsheets, data frames, other systems and broken clocks write them, through to the published tables."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline import Pipeline
from tests.test_native_logs import (
    BANDWIDTH_HEADER,
    PLIVO_HEADER,
    REPORTS_HEADER,
    USAGE_HEADER,
    aws_event,
    bandwidth_event,
    bandwidth_message,
    csv_text,
    infobip,
    json_lines,
    pinpoint,
    plivo,
    sinch,
    sns_log,
    telnyx_message,
    usage,
    vonage_inbound,
    vonage_receipt,
    vonage_report,
)

Json = dict[str, Any]
NewPipeline = Callable[..., Pipeline]
SENT_AT = "2026-10-01T09:00:00Z"
SENDS = "send_id,message_id,channel,customer_id,sent_at,to_number,from_number,provider,provider_message_id"


def row(header: str, values: tuple[object, ...]) -> Json:
    return dict(zip(header.split(","), map(str, values), strict=True))


SEND = {
    "send_id": "s",
    "message_id": "m",
    "message_title": "Sale",
    "channel": "sms",
    "customer_id": "c",
    "customer_name": "Ana",
    "to_number": "+15550100001",
    "from_number": "+15005550006",
    "body": "Hello",
    "segment_count": "1",
    "price": "0.01",
    "currency_code": "USD",
    "provider": "vonage",
    "provider_message_id": "p",
    "sent_at": SENT_AT,
    "updated_at": SENT_AT,
}
STATUS = {
    "status_id": "1",
    "status": "failed",
    "occurred_at": SENT_AT,
    "send_id": "s",
    "provider": "vonage",
    "provider_message_id": "p",
    "error_code": "6",
    "error_code_space": "dlr",
    "error_message": "Barred",
}
REPLY = {
    "reply_id": "r",
    "received_at": "2026-10-01T10:00:00Z",
    "send_id": "s",
    "from_number": "+15550100001",
    "customer_id": "c",
    "channel": "sms",
    "to_number": "+15005550006",
    "body": "YES",
    "provider": "vonage",
    "updated_at": SENT_AT,
}
TWILIO = {
    "sid": "SM1",
    "direction": "outbound-api",
    "from": "+15005550006",
    "to": "+15550100001",
    "body": "Hello",
    "status": "undelivered",
    "error_code": "30003",
    "error_message": "As it says",
    "num_segments": "1",
    "price": "-0.0083",
    "price_unit": "USD",
    "messaging_service_sid": "MG1",
    "date_created": "Thu, 01 Oct 2026 09:00:00 +0000",
    "date_sent": "Thu, 01 Oct 2026 09:00:01 +0000",
    "date_updated": "Thu, 01 Oct 2026 09:00:02 +0000",
}
CALLBACK = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003", "timestamp": SENT_AT}
# A good row of every table.
GOOD_ROWS: dict[str, Json] = {
    "outbound/sends": SEND,
    "outbound/statuses": STATUS,
    "outbound/replies": REPLY,
    "twilio/messages": TWILIO,
    "twilio/status_callbacks": CALLBACK,
    "vonage/reports": row(REPORTS_HEADER, vonage_report("VR", "failed", "6")),
    "vonage/delivery_receipts": vonage_receipt("VD", "delivered"),
    "vonage/inbound_messages": vonage_inbound("VI", "stop")
    | {"concat": "true", "concat-ref": "1"}
    | {"concat-total": "2", "concat-part": "1"},
    "aws/messaging_events": aws_event("AE", "TEXT_BLOCKED"),
    "aws/sms_usage": row(USAGE_HEADER, usage("AU", "Message has been accepted by phone", 1, 2)),
    "aws/pinpoint_events": pinpoint("PP", "_SMS.FAILURE", "SPAM", 1_791_100_000_000),
    "aws/delivery_logs": sns_log("SN", "FAILURE", "Phone number is opted out"),
    "plivo/message_records": row(PLIVO_HEADER, plivo("PL", "failed", "200")),
    "telnyx/message_records": telnyx_message("TX", "delivery_failed", "40008"),
    "bandwidth/callbacks": bandwidth_event("BW", "message-failed", code=4720),
    "bandwidth/messages": row(BANDWIDTH_HEADER, bandwidth_message("BL", "FAILED", "4770")),
    "infobip/delivery_reports": infobip("IB", (9, "UNDELIVERABLE_NOT_DELIVERED"), (27, "EC_ABSENT_SUBSCRIBER")),
    "bird/messages": {
        "id": "BM",
        "direction": "outgoing",
        "status": "delivery_failed",
        "receiver": {"contacts": [{"identifierValue": "+15550100001"}]},
        "body": {"type": "text", "text": {"text": "Hello"}},
        "failure": {"source": {"code": "1"}},
        "recipients": {"items": [{"messagePartCount": 1, "price": {"amount": 0.05, "currency": "EUR"}}]},
        "createdAt": SENT_AT,
        "lastStatusAt": SENT_AT,
    },
    "sinch/delivery_reports": sinch("SI", "14155550110", 403, "Rejected"),
}
ABSURD: list[Any] = [
    *("", " ", "\u200b", "NaN", "Infinity", "-Infinity", "1e308", "-1e400", "0", "-1", "0.0", "1.5", "1,5", "null"),
    *("9223372036854775807", "-9223372036854775809", "600000000000", "999999999999.999999", "9" * 45, "9" * 400),
    *("infinity", "-infinity", "epoch", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "294247-01-10T04:00:54Z"),
    *("290309-12-22 (BC) 00:00:00", "2026-10-01T09:00:00+99:00", "2026-10-01T09:00:00-14:59", "9999999999999999"),
    *("9999999999", "20261301T000000Z", "x" * 5_000, "{", "{}", "[]", "[null]", '{"a": 1}', "'", '"', "\\", "%s"),
    *("{{ 1 }}", "\u202e💥", "+" + "9" * 30, "{" + "f" * 8 + "-0000-0000-0000-" + "f" * 12 + "}", "٣", "１２"),
    *(9223372036854775807, -1, 0, 1e308, 0.1, True, None, [], {}, [[]], [{}], {"a": []}),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands in a row, and those that stand in it."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    if isinstance(value, list):
        for position, inner in enumerate(value):
            yield from paths(inner, (*path, position))


def with_value(good: Json, path: tuple[Any, ...], value: Any) -> Json:
    changed = copy.deepcopy(good)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.fixture
def new_pipeline(tmp_path: Path, parsed_target: Path) -> NewPipeline:
    """Makes a pipeline whose project is parsed already."""

    def make(**variables: str) -> Pipeline:
        pipeline = Pipeline(tmp_path, **variables)
        shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
        return pipeline

    return make


def test_no_value_of_any_column_stops_a_run(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    assert set(GOOD_ROWS) == {"/".join(key) for key in pipeline.raw_layer.tables}
    for table, good in GOOD_ROWS.items():
        rows = [good] + [with_value(good, path, value) for path in paths(good) for value in ABSURD]
        pipeline.drop(f"{table}/absurd.jsonl", json_lines(*rows))
    pipeline.run(with_tests=True)
    assert pipeline.query("select sum(unexplained_count), sum(read_count) > 5000 from audit_reconciliation") == [
        (0, True)
    ]
    # The raw layer keeps the rows, and the next run lives with them.
    pipeline.drop("outbound/sends/good.jsonl", json.dumps(SEND | {"send_id": "next day"}) + "\n")
    pipeline.run(with_tests=True)
    assert pipeline.query("select count(*) from fct_sends where send_id = 'next day'") == [(1,)]


def test_prices_that_can_not_be_are_null_and_the_others_add_up(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    parts = [
        vonage_report("P", "delivered", finalized=f"2026-10-01T15:3{n}:00+0000", price="600000000000") for n in "12"
    ]
    pipeline.drop(
        "vonage/reports/day.csv", csv_text(REPORTS_HEADER, *parts, vonage_report("Q", "delivered", price="0.05"))
    )
    absurd = infobip("I", (5, "DELIVERED_TO_HANDSET"), None) | {"smsCount": 2000}
    absurd["price"] = {"pricePerMessage": 990000000, "currency": "EUR"}
    slow = sns_log("D", "SUCCESS", "Message has been accepted by phone")
    slow["delivery"] |= {"dwellTimeMs": 9223372036854775807, "dwellTimeMsUntilDeviceAck": -5}
    pipeline.drop("infobip/delivery_reports/day.jsonl", json_lines(absurd))
    pipeline.drop("aws/delivery_logs/day.jsonl", json_lines(slow))
    pipeline.run()
    found = pipeline.query("select send_id, delivery_status, cast(price as varchar) from fct_sends order by all")
    assert found == [
        ("D", "delivered", "0.006450"),
        ("I", "delivered", None),
        ("P", "delivered", None),
        ("Q", "delivered", "0.050000"),
    ]


def test_ids_and_numbers_of_data_frames_and_other_systems_are_the_same(new_pipeline: NewPipeline) -> None:
    """Decimals, UUIDs in another case, invisible characters and prefixes, on either side of a match."""
    uuid = "d9428888-122b-11e1-b85c-61cd3cbb3210"
    pipeline = new_pipeline()
    sends = [
        ("92501", "m", "sms", "7501", SENT_AT, "15552102001.0", "+15550109999", "twilio", "SM1"),
        ("92502.0", "m.0", "sms", "7501.0", SENT_AT, "+44 (0)7700 900111", "", "", ""),
        ("{" + uuid.upper() + "}", "m", "sms", "c3", SENT_AT, "\u202a+1 555\u00a02102003\u202c", "", "", ""),
        ("s4", "m", "whatsapp", "c4", SENT_AT, "whatsapp:+5215512345678", "", "aws", uuid.upper()),
        ("s5", "m", "mms", "c5", SENT_AT, "%2B15552102005", "MG" + "0" * 32, "", ""),
        ("s6", "m", "sms", "c6", SENT_AT, "4.479E+11", "", "", ""),
    ]
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, *sends))
    pipeline.drop(
        "outbound/statuses/day.csv",
        csv_text(
            "status,occurred_at,send_id,error_code,provider,provider_message_id",
            ("failed", SENT_AT, "92501.0", "30005.0", "", ""),
            ("delivered", SENT_AT, "92502.0000000000", "", "", ""),
            ("delivered", SENT_AT, f"\ufeff{uuid}\u200b", "", "", ""),
            ("delivered", SENT_AT, "", "", "SNS", uuid),
        ),
    )
    pipeline.drop(
        "outbound/replies/day.csv",
        csv_text(
            "reply_id,received_at,from_number,to_number,channel,body",
            ("r2", "20261001T100000Z", "447700900111", "", "", "yes"),
            ("r4", "2026-10-01T10:00:00 GMT", "+525512345678", "", "whatsapp", "yes"),
            ("r5", "2026-10-01T12:00:00+0200", "15552102005", "+15550107777", "MMS", "yes"),
            ("r6", "2026-10-01T10:00:00Z", "4.479E+11", "", "", "yes"),
        ),
    )
    pipeline.run(with_tests=True)
    assert pipeline.query(
        "select send_id, customer_id, channel, to_number, delivery_status, provider_error_code from fct_sends order by all"
    ) == [
        ("92501", "7501", "sms", "+15552102001", "issue", "30005"),
        ("92502", "7501", "sms", "+447700900111", "delivered", None),
        (uuid, "c3", "sms", "+15552102003", "delivered", None),
        ("s4", "c4", "whatsapp", "+5215512345678", "delivered", None),
        ("s5", "c5", "sms", "+15552102005", "unconfirmed", None),
        ("s6", "c6", "sms", "4.479E+11", "unconfirmed", None),
    ]
    answered = dict(pipeline.query("select reply_id, send_id from fct_replies"))
    assert answered == {"r2": "92502", "r4": "s4", "r5": "s5", "r6": "s6"}
    assert pipeline.query(
        "select table_name, column_name, fault, row_count from audit_unusable_values order by all"
    ) == [
        ("replies", "from_number", "no phone number", 1),
        ("sends", "to_number", "no phone number", 1),
    ]


NATIONAL_NUMBERS = {
    "GB": {
        "07700 900112": "+447700900112",
        "7700900112": "+447700900112",
        "447700900112": "+447700900112",
        "(0)7700-900112": "+447700900112",
        "72975": "72975",
        "+15550100001": "+15550100001",
        "0015550100001": "+15550100001",
        "4.479E+11": "4.479E+11",
    },
    "us": {"(555) 010-0001": "+15550100001", "15550100001": "+15550100001", "447700900112": "+447700900112"},
    "IT": {"333 1234567": "+393331234567", "393331234567": "+393331234567"},
    "HU": {"06 20 123 4567": "+36201234567"},
    "BR": {"55987654321": "+5555987654321", "5511987654321": "+5511987654321"},
}


@pytest.mark.parametrize("country", NATIONAL_NUMBERS)
def test_national_numbers_are_completed(new_pipeline: NewPipeline, country: str) -> None:
    pipeline = new_pipeline(DEFAULT_COUNTRY=country)
    numbers = NATIONAL_NUMBERS[country]
    sends = [(number, "m", "sms", "c", SENT_AT, number, "", "", "") for number in numbers]
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, *sends))
    pipeline.load()
    pipeline.dbt("build", "--select", "+stg_outbound__sends", "--exclude-resource-type", "test", "unit_test")
    with duckdb.connect(str(pipeline.settings.build_dir / "warehouse.duckdb")) as connection:
        connection.execute("attach ? as marts", [str(pipeline.settings.build_dir / "marts.duckdb")])
        found = connection.execute("select send_id, to_number from stg_outbound__sends").fetchall()
    assert dict(found) == numbers


def test_providers_go_by_several_names(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    sends = [
        ("a", "m", "sms", "c", SENT_AT, "+15550100001", "", "Nexmo", "VR"),
        ("b", "m", "sms", "c", SENT_AT, "+15550100001", "", "Amazon SNS", "d9428888-122b-11e1-b85c-61cd3cbb3210"),
        ("c", "m", "sms", "c", SENT_AT, "+15550100001", "", "nexmoo", "VX"),
        ("d", "m", "email", "c", SENT_AT, "", "", "mailer", "X"),
    ]
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, *sends))
    pipeline.drop("vonage/reports/day.csv", csv_text(REPORTS_HEADER, vonage_report("VR", "delivered")))
    pipeline.drop(
        "aws/delivery_logs/day.jsonl",
        json_lines(sns_log("D9428888-122B-11E1-B85C-61CD3CBB3210", "SUCCESS", "Delivered.")),
    )
    pipeline.run(with_tests=True)
    assert pipeline.query("select send_id, provider, delivery_status from fct_sends order by all") == [
        ("a", "vonage", "delivered"),
        ("b", "aws", "delivered"),
        ("c", "nexmoo", "unconfirmed"),
        ("d", "mailer", "unconfirmed"),
    ]
    assert pipeline.query("select column_name, fault, example_value, row_count from audit_unusable_values") == [
        ("provider", "unknown provider", "nexmoo", 1)
    ]


def test_words_that_nobody_knows_show_and_inbound_texts_are_kept(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    events = [
        aws_event("E1", "MEDIA_DELIVERED"),
        aws_event("E2", "RCS_READ"),
        aws_event("E3", "TEXT_UNREACHABLE", is_final=False),
        aws_event("E4", "MEDIA_UNREACHABLE"),
    ]
    logs = [
        sns_log("N1", "SUCCESS", "Message has been accepted by phone carrier."),
        sns_log("N2", "SUCCESS", "Something new"),
        sns_log("N3", "FAILURE", "Blocked as spam by phone carrier."),
    ]
    sids = {
        "SM1": {"from": "rcs:acme_agent", "to": "rcs:+15550100001", "status": "read"},
        "SM2": {"direction": "inbound", "from": "rcs:+15550100001", "to": "rcs:acme_agent", "body": "STOP"},
        "SM3": {"direction": "inbound", "from": "messenger:123456789", "to": "messenger:1", "body": "Hi"},
        "SM4": {"from": "messenger:1", "to": "messenger:2"},
        "SM5": {"num_segments": "0", "status": "accepted", "from": None, "error_code": None},
    }
    untimed = dict.fromkeys(("date_created", "date_sent", "date_updated"))
    rows = [{**TWILIO, "sid": sid, **changes} for sid, changes in sids.items()]
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, ("app", "m", "sms", "c", SENT_AT, "", "", "twilio", "SM6")))
    pipeline.drop("aws/messaging_events/day.jsonl", json_lines(*events))
    pipeline.drop("aws/delivery_logs/day.jsonl", json_lines(*logs))
    pipeline.drop(
        "twilio/messages/day.jsonl", json_lines(*rows, {**TWILIO, **untimed, "sid": "SM6", "status": "failed"})
    )
    pipeline.drop("bandwidth/messages/day.csv", csv_text(BANDWIDTH_HEADER, bandwidth_message("B1", "DLR_EXPIRED", "0")))
    pipeline.drop("telnyx/message_records/day.jsonl", json_lines(telnyx_message("T1", "read") | {"type": "RCS"}))
    pipeline.run(with_tests=True)
    assert pipeline.query(
        "select send_id, channel, delivery_status, is_opened, provider_error_code, segment_count from fct_sends order by 1"
    ) == [
        ("B1", "sms", "unconfirmed", False, None, 1),
        ("E1", "sms", "delivered", False, None, 2),
        ("E2", "rcs", "delivered", True, None, 2),
        ("E3", "sms", "unconfirmed", False, None, 2),
        ("E4", "sms", "issue", False, "MEDIA_UNREACHABLE", 2),
        ("N1", "sms", "unconfirmed", False, None, 1),
        ("N3", "sms", "issue", False, "Blocked as spam by phone carrier", 1),
        ("SM1", "rcs", "delivered", True, None, 1),
        ("SM5", "sms", "pending", False, None, 1),
        ("T1", "rcs", "delivered", True, None, 1),
        ("app", "sms", "issue", False, "30003", None),
    ]
    assert pipeline.query("select reply_id, channel, body from fct_replies order by 1") == [
        ("SM2", "rcs", "STOP"),
        ("SM3", "messenger", "Hi"),
    ]
    assert pipeline.query("select source, column_name, example_value from audit_unusable_values order by all") == [
        ("aws", "status", "something new"),
        ("twilio", "channel", "messenger"),
    ]
    assert pipeline.query("select is_retryable from fct_delivery_issues where send_id = 'E4'") == [(True,)]


def test_a_receipt_that_comes_again_is_no_part_of_a_message_of_one_part(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    header = SENDS + ",segment_count"
    sends = [
        (name, "m", "sms", "c", SENT_AT, "", "", "vonage", name, count) for name, count in (("one", 1), ("two", 2))
    ]
    pipeline.drop("outbound/sends/day.csv", csv_text(header, *sends))
    receipts = [
        vonage_receipt(name, status, code, at)
        for name in ("one", "two")
        for status, code, at in (
            ("expired", "0", "2026-10-01 09:10:00"),
            ("delivered", "0", "2026-10-01 09:30:00"),
            ("delivered", "0", "2026-10-01 09:20:00"),
        )
    ]
    pipeline.drop("vonage/delivery_receipts/day.jsonl", json_lines(*receipts))
    pipeline.run(with_tests=True)
    assert pipeline.query(
        "select send_id, delivery_status, cast(delivered_at as varchar), has_conflicting_statuses from fct_sends order by 1"
    ) == [("one", "delivered", "2026-10-01 09:20:00", True), ("two", "issue", None, False)]


def test_a_log_that_matches_none_of_its_providers_sends_is_warned_of(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, ("s", "m", "sms", "c", SENT_AT, "", "", "twilio", "other")))
    pipeline.drop("twilio/messages/day.jsonl", json_lines(TWILIO))
    pipeline.load()
    pipeline.build()
    (result,) = pipeline.dbt("test", "--select", "warn_of_logs_that_match_no_sends")
    assert result.status == "warn"


def test_the_parts_of_an_inbound_text_are_one_reply(new_pipeline: NewPipeline) -> None:
    """Whenever each comes: in another file, another load, or again."""
    pipeline = new_pipeline()
    parts = [
        vonage_inbound(f"V{number}", text)
        | {"concat": "true", "concat-ref": "7", "concat-total": "3", "concat-part": str(number)}
        for number, text in ((3, "me"), (1, "Please stop"), (2, " texting "))
    ]
    pipeline.drop("vonage/inbound_messages/1.jsonl", json_lines(parts[0], parts[1], vonage_inbound("V9", "Hello")))
    pipeline.run(with_tests=True)
    pipeline.drop("vonage/inbound_messages/2.jsonl", json_lines(parts[2], parts[1]))
    pipeline.run(with_tests=True)
    assert pipeline.query("select body, is_possible_opt_out from fct_replies order by 1") == [
        ("Hello", False),
        ("Please stop texting me", True),
    ]
    assert pipeline.query(
        "select read_count, duplicate_count, in_marts_count, unexplained_count from audit_reconciliation where read_count > 0"
    ) == [(5, 3, 2, 0)]


TIMES = {
    "2026-10-01T09:00:00Z": "2026-10-01 09:00:00",
    "20261001T090000Z": "2026-10-01 09:00:00",
    "20261001T0900Z": "2026-10-01 09:00:00",
    "20261001T110000+0200": "2026-10-01 09:00:00",
    "2026-10-01 09:00:00 UTC": "2026-10-01 09:00:00",
    "2026-10-01 09:00:00 gmt": "2026-10-01 09:00:00",
    "2026-10-01T23:00:00+14:00": "2026-10-01 09:00:00",
    "2026-10-01T09:00:00,25Z": "2026-10-01 09:00:00.25",
    "2026-10-01 04:00:00 -0500": "2026-10-01 09:00:00",
    **dict.fromkeys(
        f"2026-10-01 09:00:00 {word}" for word in ("BST", "AST", "CST", "IST", "SST", "EDT", "CEST", "MST")
    ),
    **dict.fromkeys(
        ("2026-10-01T09:00:00+99:00", "2026-10-01T09:00:00+15:00", "infinity", "epoch", "2026-13-01T00:00:00Z")
    ),
}


def test_times_are_iso_8601_and_words_for_zones_are_ambiguous(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    rows = [(f"s{number}", "m", "sms", "c", text, "", "", "", "") for number, text in enumerate(TIMES)]
    rows.append(("no channel", "m", "", "c", SENT_AT, "", "", "", ""))
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, *rows))
    pipeline.drop("outbound/statuses/day.csv", csv_text("send_id,status,occurred_at", ("s0", "", SENT_AT)))
    pipeline.run(with_tests=True)
    read = dict(pipeline.query("select send_id, cast(sent_at as varchar) from fct_sends"))
    assert read == {f"s{number}": moment for number, moment in enumerate(TIMES.values()) if moment}
    reasons = pipeline.query(
        "select reason from audit_rejected_rows where reason not like 'unreadable time in sent_at: %'"
    )
    assert sorted(reasons) == [("lacks a value in channel",), ("lacks a value in status",)]


def test_an_engagement_counts_without_its_time(new_pipeline: NewPipeline) -> None:
    """Twilio tells of a WhatsApp message by two callbacks, delivered, then read; they carry no time."""
    pipeline = new_pipeline()
    sends = [(name, "m", "whatsapp", name, SENT_AT, "", "", "twilio", name) for name in ("SMa", "SMb")]
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, *sends))
    words = [("SMa", "delivered"), ("SMa", "read"), ("SMb", "delivered")]
    pipeline.drop("twilio/status_callbacks/day.csv", csv_text("MessageSid,MessageStatus", *words))
    pipeline.run(with_tests=True)
    assert pipeline.query("select send_id, is_opened, opened_at, delivery_status from fct_sends order by 1") == [
        ("SMa", True, None, "delivered"),
        ("SMb", False, None, "delivered"),
    ]
    assert pipeline.query("select opened_customer_count, opened_rate from rpt_message_engagement") == [(1, 0.5)]
    assert pipeline.query("select opened_count from rpt_customer_engagement_daily") == [(1,)]
