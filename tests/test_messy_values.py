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
    pipeline.load()
    pipeline.build(with_tests=True)
    assert pipeline.query_built("select count(*) from fct_sends where send_id = 'next day'") == [(1,)]


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


def test_a_log_that_matches_none_of_its_providers_sends_is_warned_of(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    pipeline.drop("outbound/sends/day.csv", csv_text(SENDS, ("s", "m", "sms", "c", SENT_AT, "", "", "twilio", "other")))
    pipeline.drop("twilio/messages/day.jsonl", json_lines(TWILIO))
    pipeline.load()
    selected = ["--select", "+warn_of_logs_that_match_no_sends", "--indirect-selection", "empty"]
    *_, result = pipeline.dbt("build", *selected, "--exclude-resource-type", "unit_test")
    assert (result.name, result.status) == ("warn_of_logs_that_match_no_sends", "warn")


UUID, OTHER_UUID = "d9428888-122b-11e1-b85c-61cd3cbb3210", "0e4e7a52-9c5d-4d0b-8f3e-5a1c2b3d4e5f"


@pytest.fixture(scope="module")
def odd_values(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Pipeline:
    """What the tests below look at, each at its own rows, in one warehouse: loaded in two runs, with all data tests."""
    pipeline = Pipeline(tmp_path_factory.mktemp("odd"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    for drop in (
        *(drop_prices, drop_ids, drop_provider_names, drop_unknown_words, drop_repeated_receipts, drop_first_parts),
        *(drop_times, drop_engagements_without_time),
    ):
        drop(pipeline)
    pipeline.load()
    pipeline.build(with_tests=True)
    drop_last_parts(pipeline)
    pipeline.load()
    pipeline.build(with_tests=True)
    return pipeline


def drop_prices(pipeline: Pipeline) -> None:
    parts = [
        vonage_report("P", "delivered", finalized=f"2026-10-01T15:3{n}:00+0000", price="600000000000") for n in "12"
    ]
    pipeline.drop(
        "vonage/reports/prices.csv", csv_text(REPORTS_HEADER, *parts, vonage_report("Q", "delivered", price="0.05"))
    )
    absurd = infobip("I", (5, "DELIVERED_TO_HANDSET"), None) | {"smsCount": 2000}
    absurd["price"] = {"pricePerMessage": 990000000, "currency": "EUR"}
    slow = sns_log("D", "SUCCESS", "Message has been accepted by phone")
    slow["delivery"] |= {"dwellTimeMs": 9223372036854775807, "dwellTimeMsUntilDeviceAck": -5}
    pipeline.drop("infobip/delivery_reports/prices.jsonl", json_lines(absurd))
    pipeline.drop("aws/delivery_logs/prices.jsonl", json_lines(slow))


def test_prices_that_can_not_be_are_null_and_the_others_add_up(odd_values: Pipeline) -> None:
    found = odd_values.query_built(
        "select send_id, delivery_status, cast(price as varchar) from fct_sends"
        " where send_id in ('D', 'I', 'P', 'Q') order by all"
    )
    assert found == [
        ("D", "delivered", "0.006450"),
        ("I", "delivered", None),
        ("P", "delivered", None),
        ("Q", "delivered", "0.050000"),
    ]


def drop_ids(pipeline: Pipeline) -> None:
    """Decimals, UUIDs in another case, invisible characters and prefixes, on either side of a match."""
    sends = [
        ("92501", "ids", "sms", "7501", SENT_AT, "15552102001.0", "+15550109999", "twilio", "SM92501"),
        ("92502.0", "ids.0", "sms", "7501.0", SENT_AT, "+44 (0)7700 900111", "", "", ""),
        ("{" + UUID.upper() + "}", "ids", "sms", "c3", SENT_AT, "\u202a+1 555\u00a02102003\u202c", "", "", ""),
        ("s4", "ids", "whatsapp", "c4", SENT_AT, "whatsapp:+5215512345678", "", "aws", UUID.upper()),
        ("s7", "ids", "sms", "c7", SENT_AT, "'+15552102007", "", "", ""),
        ("s8", "ids", "sms", "c8", SENT_AT, '="15552102008"', "", "", ""),
        ("s5", "ids", "mms", "c5", SENT_AT, "%2B15552102005", "MG" + "0" * 32, "", ""),
        ("s6", "ids", "sms", "c6", SENT_AT, "4.479E+11", "", "", ""),
    ]
    pipeline.drop("outbound/sends/ids.csv", csv_text(SENDS, *sends))
    pipeline.drop(
        "outbound/statuses/ids.csv",
        csv_text(
            "status,occurred_at,send_id,error_code,provider,provider_message_id",
            ("failed", SENT_AT, "92501.0", "30005.0", "", ""),
            ("delivered", SENT_AT, "92502.0000000000", "", "", ""),
            ("delivered", SENT_AT, f"\ufeff{UUID}\u200b", "", "", ""),
            ("delivered", SENT_AT, "", "", "SNS", UUID),
        ),
    )
    pipeline.drop(
        "outbound/replies/ids.csv",
        csv_text(
            "reply_id,received_at,from_number,to_number,channel,body",
            ("r2", "20261001T100000Z", "447700900111", "", "", "yes"),
            ("r4", "2026-10-01T10:00:00 GMT", "+525512345678", "", "whatsapp", "yes"),
            ("r5", "2026-10-01T12:00:00+0200", "15552102005", "+15550107777", "MMS", "yes"),
            ("r6", "2026-10-01T10:00:00Z", "4.479E+11", "", "", "yes"),
        ),
    )


def test_ids_and_numbers_of_data_frames_and_other_systems_are_the_same(odd_values: Pipeline) -> None:
    assert odd_values.query_built(
        "select send_id, customer_id, channel, to_number, delivery_status, provider_error_code from fct_sends"
        " where starts_with(message_id, 'ids') order by all"
    ) == [
        ("92501", "7501", "sms", "+15552102001", "issue", "30005"),
        ("92502", "7501", "sms", "+447700900111", "delivered", None),
        (UUID, "c3", "sms", "+15552102003", "delivered", None),
        ("s4", "c4", "whatsapp", "+5215512345678", "delivered", None),
        ("s5", "c5", "sms", "+15552102005", "unconfirmed", None),
        ("s6", "c6", "sms", "4.479E+11", "unconfirmed", None),
        ("s7", "c7", "sms", "+15552102007", "unconfirmed", None),
        ("s8", "c8", "sms", "+15552102008", "unconfirmed", None),
    ]
    answered = dict(
        odd_values.query_built("select reply_id, send_id from fct_replies where starts_with(reply_id, 'r')")
    )
    assert answered == {"r2": "92502", "r4": "s4", "r5": "s5", "r6": None}
    assert odd_values.query_built(
        "select table_name, column_name, fault, row_count from audit_unusable_values"
        " where fault = 'no phone number' order by all"
    ) == [
        ("replies", "from_number", "no phone number", 1),
        ("sends", "to_number", "no phone number", 1),
    ]


def drop_provider_names(pipeline: Pipeline) -> None:
    sends = [
        ("a", "providers", "sms", "c", SENT_AT, "+15550100001", "", "Nexmo", "VR"),
        ("b", "providers", "sms", "c", SENT_AT, "+15550100001", "", "Amazon - S.N.S", OTHER_UUID),
        ("c", "providers", "sms", "c", SENT_AT, "+15550100001", "", "nexmoo", "VX"),
        ("d", "providers", "email", "c", SENT_AT, "", "", "mailer", "X"),
    ]
    pipeline.drop("outbound/sends/providers.csv", csv_text(SENDS, *sends))
    pipeline.drop("vonage/reports/providers.csv", csv_text(REPORTS_HEADER, vonage_report("VR", "delivered")))
    pipeline.drop("aws/delivery_logs/providers.jsonl", json_lines(sns_log(OTHER_UUID.upper(), "SUCCESS", "Delivered.")))


def test_providers_go_by_several_names(odd_values: Pipeline) -> None:
    assert odd_values.query_built(
        "select send_id, provider, delivery_status from fct_sends where message_id = 'providers' order by all"
    ) == [
        ("a", "vonage", "delivered"),
        ("b", "aws", "delivered"),
        ("c", "nexmoo", "unconfirmed"),
        ("d", "mailer", "unconfirmed"),
    ]
    assert odd_values.query_built(
        "select column_name, fault, example_value, row_count from audit_unusable_values where column_name = 'provider'"
    ) == [("provider", "unknown provider", "nexmoo", 1)]


def drop_unknown_words(pipeline: Pipeline) -> None:
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
    pipeline.drop(
        "outbound/sends/words.csv", csv_text(SENDS, ("app", "m", "sms", "c", SENT_AT, "", "", "twilio", "SM6"))
    )
    pipeline.drop("aws/messaging_events/words.jsonl", json_lines(*events))
    pipeline.drop("aws/delivery_logs/words.jsonl", json_lines(*logs))
    pipeline.drop(
        "twilio/messages/words.jsonl", json_lines(*rows, {**TWILIO, **untimed, "sid": "SM6", "status": "failed"})
    )
    pipeline.drop(
        "bandwidth/messages/words.csv", csv_text(BANDWIDTH_HEADER, bandwidth_message("B1", "DLR_EXPIRED", "0"))
    )
    pipeline.drop("telnyx/message_records/words.jsonl", json_lines(telnyx_message("T1", "read") | {"type": "RCS"}))


def test_words_that_nobody_knows_show_and_inbound_texts_are_kept(odd_values: Pipeline) -> None:
    assert odd_values.query_built(
        "select send_id, channel, delivery_status, is_opened, provider_error_code, segment_count from fct_sends"
        " where regexp_full_match(send_id, 'app|(B|E|N|SM|T)[0-9]') order by 1"
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
    assert odd_values.query_built(
        "select reply_id, channel, body from fct_replies where starts_with(reply_id, 'SM') order by 1"
    ) == [
        ("SM2", "rcs", "STOP"),
        ("SM3", "messenger", "Hi"),
    ]
    assert odd_values.query_built(
        "select source, column_name, example_value from audit_unusable_values where source <> 'outbound' order by all"
    ) == [
        ("aws", "status", "something new"),
        ("infobip", "price", None),
        ("infobip", "segment_count", None),
        ("twilio", "channel", "messenger"),
    ]
    assert odd_values.query_built("select is_retryable from fct_delivery_issues where send_id = 'E4'") == [(True,)]


def drop_repeated_receipts(pipeline: Pipeline) -> None:
    header = SENDS + ",segment_count"
    sends = [
        (name, "m", "sms", "c", SENT_AT, "", "", "vonage", name, count) for name, count in (("one", 1), ("two", 2))
    ]
    pipeline.drop("outbound/sends/receipts.csv", csv_text(header, *sends))
    receipts = [
        vonage_receipt(name, status, code, at)
        for name in ("one", "two")
        for status, code, at in (
            ("expired", "0", "2026-10-01 09:10:00"),
            ("delivered", "0", "2026-10-01 09:30:00"),
            ("delivered", "0", "2026-10-01 09:20:00"),
        )
    ]
    pipeline.drop("vonage/delivery_receipts/receipts.jsonl", json_lines(*receipts))


def test_a_receipt_that_comes_again_is_no_part_of_a_message_of_one_part(odd_values: Pipeline) -> None:
    assert odd_values.query_built(
        "select send_id, delivery_status, cast(delivered_at as varchar), has_conflicting_statuses from fct_sends"
        " where send_id in ('one', 'two') order by 1"
    ) == [("one", "delivered", "2026-10-01 09:20:00", True), ("two", "issue", None, False)]


INBOUND_PARTS = [
    vonage_inbound(f"V{number}", text)
    | {"concat": "true", "concat-ref": "7", "concat-total": "3", "concat-part": str(number)}
    for number, text in ((3, "me"), (1, "Please stop"), (2, " texting "))
]


def drop_first_parts(pipeline: Pipeline) -> None:
    parts = [*INBOUND_PARTS[:2], vonage_inbound("V9", "Hello")]
    pipeline.drop("vonage/inbound_messages/1.jsonl", json_lines(*parts))


def drop_last_parts(pipeline: Pipeline) -> None:
    pipeline.drop("vonage/inbound_messages/2.jsonl", json_lines(INBOUND_PARTS[2], INBOUND_PARTS[1]))


def test_the_parts_of_an_inbound_text_are_one_reply(odd_values: Pipeline) -> None:
    """Whenever each comes: in another file, another load, or again."""
    assert odd_values.query_built(
        "select body, is_possible_opt_out from fct_replies where not regexp_full_match(reply_id, '(r|SM)[0-9]') order by 1"
    ) == [
        ("Hello", False),
        ("Please stop texting me", True),
    ]
    assert odd_values.query_built(
        "select read_count, duplicate_count, in_marts_count, unexplained_count from audit_reconciliation"
        " where table_name = 'inbound_messages'"
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
        (
            "2026-10-01T09:00:00+99:00",
            "2026-10-01T09:00:00+15:00",
            "2026-10-01T09:00:00+14:01",
            "infinity",
            "epoch",
            "2026-13-01T00:00:00Z",
        )
    ),
    **dict.fromkeys(
        (
            "2026-10-01T09:00:00+14:01",
            "2026-10-01T09:00:00-1430",
            "2026-10-01T09:00:00+5:30",
            "2026-10-01T09:00:00 UTC+2",
        )
    ),
}


def drop_times(pipeline: Pipeline) -> None:
    rows = [(f"t{number}", "times", "sms", "c", text, "", "", "", "") for number, text in enumerate(TIMES)]
    rows.append(("no channel", "times", "", "c", SENT_AT, "", "", "", ""))
    pipeline.drop("outbound/sends/times.csv", csv_text(SENDS, *rows))
    pipeline.drop("outbound/statuses/times.csv", csv_text("send_id,status,occurred_at", ("t0", "", SENT_AT)))


def test_times_are_iso_8601_and_words_for_zones_are_ambiguous(odd_values: Pipeline) -> None:
    read = dict(
        odd_values.query_built("select send_id, cast(sent_at as varchar) from fct_sends where message_id = 'times'")
    )
    assert read == {f"t{number}": moment for number, moment in enumerate(TIMES.values()) if moment}
    reasons = odd_values.query_built(
        "select reason from audit_rejected_rows"
        " where source = 'outbound' and reason not like 'unreadable time in sent_at: %'"
    )
    assert sorted(reasons) == [("lacks a value in channel",), ("lacks a value in status",)]


def drop_engagements_without_time(pipeline: Pipeline) -> None:
    """Twilio tells of a WhatsApp message by two callbacks, delivered, then read; they carry no time."""
    sends = [(name, "untimed", "whatsapp", name, SENT_AT, "", "", "twilio", name) for name in ("SMa", "SMb")]
    pipeline.drop("outbound/sends/untimed.csv", csv_text(SENDS, *sends))
    words = [("SMa", "delivered"), ("SMa", "read"), ("SMb", "delivered")]
    pipeline.drop("twilio/status_callbacks/untimed.csv", csv_text("MessageSid,MessageStatus", *words))


def test_an_engagement_counts_without_its_time(odd_values: Pipeline) -> None:
    of_message = "where message_id = 'untimed'"
    assert odd_values.query_built(
        f"select send_id, is_opened, opened_at, delivery_status from fct_sends {of_message} order by 1"
    ) == [
        ("SMa", True, None, "delivered"),
        ("SMb", False, None, "delivered"),
    ]
    assert odd_values.query_built(
        f"select opened_customer_count, opened_rate from rpt_message_engagement {of_message}"
    ) == [(1, 0.5)]
    assert odd_values.query_built(f"select opened_count from rpt_customer_engagement_daily {of_message}") == [(1,)]
