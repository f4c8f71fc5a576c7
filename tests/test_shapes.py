"""The shapes in which rows come: null words, numbers, answers, webhooks, envelopes, and JSON that is not one a line."""

import decimal
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.loading.raw_layer import LOADED
from tests.pipeline import Pipeline
from tests.test_raw_layer import SEND, load_one, raw_rows, rejected

Json = dict[str, Any]


def test_null_words_are_empty_values_but_in_texts_of_people(pipeline: Pipeline) -> None:
    load_one(
        pipeline,
        "outbound/replies/f06.csv",
        "reply_id,received_at,send_id,from_number,body,extra\n"
        "r1,2026-10-01T10:00:00Z,NULL,\\N,NULL,NULL\n"
        'r2,2026-10-01T10:00:00Z,"NULL","\\N",\\N,null\n',
    )
    load_one(
        pipeline,
        "outbound/replies/f06.jsonl",
        json.dumps({"reply_id": "r3", "received_at": "x", "send_id": "NULL", "body": None, "from_number": "\\N"})
        + "\n",
    )
    rows = sorted(raw_rows(pipeline, "outbound", "replies"), key=lambda row: str(row["reply_id"]))
    assert [(row["reply_id"], row["send_id"], row["from_number"], row["body"], row.get("extra")) for row in rows] == [
        ("r1", None, None, "NULL", None),
        ("r2", "NULL", "\\N", "\\N", "null"),
        ("r3", "NULL", "\\N", None, None),
    ]


@pytest.mark.parametrize("behind", ["", '{"reply_id":'], ids=["alone", "beside a broken line"])
def test_json_numbers_keep_their_text(pipeline: Pipeline, behind: str) -> None:
    numbers = ["447700900171.0", "4.477E+11", "0.00750", "12345678901234567890", "-0", "7"]
    lines = [
        f'{{"reply_id":"r","received_at":"x","from_number":{number},"more":{{"n":{number}}}}}\n' for number in numbers
    ]
    load_one(pipeline, "outbound/replies/f17.jsonl", "".join(lines) + behind)
    rows = raw_rows(pipeline, "outbound", "replies")
    assert [row["from_number"] for row in rows] == numbers
    assert [row["more"] for row in rows] == [f'{{"n":{number}}}' for number in numbers]


@pytest.mark.parametrize("behind", ["", "{broken\n"], ids=["alone", "beside a broken line"])
def test_of_repeated_keys_the_last_one_counts(pipeline: Pipeline, behind: str) -> None:
    line = json.dumps(SEND)[:-1] + ', "message_id": "last"}\n'
    load_one(pipeline, "outbound/sends/f37.jsonl", line + behind)
    assert [row["message_id"] for row in raw_rows(pipeline)] == ["last"]


def sends(*names: str) -> list[Json]:
    return [{**SEND, "send_id": name} for name in names]


def one_a_line(rows: list[Json]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("".join(json.dumps(row) for row in sends("1", "2", "3")), [1, 1, 1]),
        (one_a_line(sends("1")) + "".join(json.dumps(row) for row in sends("2", "3")) + "\n", [1, 2, 2]),
        ("[\n" + ",\n".join(json.dumps(row) for row in sends("1", "2", "3")) + "\n]\n", [2, 3, 4]),
        (json.dumps(sends("1", "2", "3")), [1, 1, 1]),
        (json.dumps(sends("1", "2", "3"), indent=2), [2, 9, 16]),
        ("\n".join(json.dumps(row, indent=1) for row in sends("1", "2", "3")), [1, 8, 15]),
        ("\ufeff" + ", ".join(json.dumps(row) for row in sends("1", "2", "3")) + ",\r\n", [1, 1, 1]),
    ],
    ids=["firehose", "firehose, second line", "array by lines", "array", "indented array", "indented", "commas"],
)
def test_all_objects_are_read_however_they_stand(pipeline: Pipeline, content: str, lines: list[int]) -> None:
    load_one(pipeline, "outbound/sends/f21.jsonl", content)
    assert [(row["send_id"], row["_line"]) for row in raw_rows(pipeline)] == list(zip("123", lines, strict=True))
    assert rejected(pipeline) == []


def test_a_broken_object_takes_its_line_alone(pipeline: Pipeline) -> None:
    one, two, three = (json.dumps(row) for row in sends("1", "2", "3"))
    content = f'[\n{one},\n{{"send_id": "x", ,\n{two}\n]\n{{"send_id":\n{three}\n'
    load_one(pipeline, "outbound/sends/a.jsonl", content)
    assert [row["send_id"] for row in raw_rows(pipeline)] == ["1", "2", "3"]
    assert [line for _, line, _, _ in rejected(pipeline)] == [3, 6]


def test_lone_surrogates_and_depth_set_a_row_apart(pipeline: Pipeline) -> None:
    deep = json.dumps({**SEND, "x": 0}).replace('"x": 0', '"x": ' + "[" * 5_000 + "]" * 5_000)
    odd = [
        json.dumps({**SEND, "body": "\ud83d"}),
        json.dumps({**SEND, "\ud83d": 1}),
        json.dumps([SEND, "\ud83d"]),
        deep,
        # What a key held before it is repeated is kept within a value, and must be fit to be.
        json.dumps({**SEND, "x": 0}).replace('"x": 0', r'"x": {"y": "\ud83d", "y": 1}'),
        json.dumps({**SEND, "x": 0}).replace('"x": 0', '"x": {"y": ' + "[" * 900 + "]" * 900 + ', "y": 1}'),
    ]
    load_one(pipeline, "outbound/sends/a.jsonl", "\n".join([*odd, json.dumps(SEND)]))
    assert [row["_line"] for row in raw_rows(pipeline)] == [3, 7]
    assert [line for _, line, _, _ in rejected(pipeline)] == [1, 2, 3, 4, 5, 6]


# --- answers, webhooks, envelopes ----------------------------------------------------------------------------------

TWILIO = {
    "sid": "SM1",
    "direction": "outbound-api",
    "status": "delivered",
    "from": "+15550104000",
    "to": "+15550104001",
}
CALLBACK = {"messageSid": "SM1", "messageStatus": "delivered", "timestamp": "2026-10-01T09:00:00Z"}
TELNYX = {"direction": "outbound", "id": "T1", "to": [{"phone_number": "+15550109001"}]}
AWS = {"messageId": "A1", "eventType": "TEXT_DELIVERED", "eventTimestamp": 1_790_845_205_000}
DELIVERY = {"notification": {"messageId": "A1"}, "delivery": {"destination": "+15550110001"}, "status": "FAILURE"}
PINPOINT = {"event_type": "_SMS.SUCCESS", "event_timestamp": 1, "attributes": {"message_id": "P1"}}
SNS = {"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Timestamp": "2026-10-01T09:00:00Z"}
INFOBIP = {"messageId": "I1", "to": "1", "status": {"id": 5}}
SINCH = {"batch_id": "S1", "recipient": "1", "status": "Delivered"}
PLIVO = {
    "message_uuid": "P1", "message_time": "x", "message_direction": "outbound", "message_state": "sent",
    "from_number": "1", "to_number": "2",
}  # fmt: skip
BANDWIDTH = {
    "messageId": "B1", "messageDirection": "OUTBOUND", "messageStatus": "DELIVERED", "sourceTn": "1",
    "destinationTn": "2", "receiveTime": "x",
}  # fmt: skip
VONAGE = {"message_id": "V1", "from": "a", "to": "1", "date_received": "x"}


@pytest.mark.parametrize(
    ("table", "column", "row", "shape"),
    [
        ("twilio/messages", "sid", TWILIO, {"messages": [TWILIO, TWILIO], "page": 0}),
        ("twilio/status_callbacks", "messagesid", CALLBACK, [{"specversion": "1.0", "id": "e", "data": CALLBACK}] * 2),
        (
            "telnyx/message_records",
            "id",
            TELNYX,
            {"data": {"event_type": "message.sent", "id": "e", "payload": TELNYX}},
        ),
        ("telnyx/message_records", "id", TELNYX, {"event_type": "message.sent", "id": "e", "payload": TELNYX}),
        ("telnyx/message_records", "id", TELNYX, {"data": [TELNYX, TELNYX], "meta": {"page": 1}}),
        ("telnyx/message_records", "id", TELNYX, {"data": TELNYX}),
        ("vonage/reports", "message_id", VONAGE, {"request_id": "r", "records": [VONAGE]}),
        ("sinch/delivery_reports", "batch_id", SINCH, {"count": 1, "page": 0, "delivery_reports": [SINCH]}),
        (
            "sinch/delivery_reports",
            "batch_id",
            SINCH,
            {"batch_id": "S1", "statuses": [{"status": "Delivered", "count": 2, "recipients": ["1", "2"]}]},
        ),
        ("infobip/delivery_reports", "messageid", INFOBIP, {"results": [INFOBIP]}),
        ("plivo/message_records", "message_uuid", PLIVO, {"meta": {"limit": 20}, "objects": [PLIVO]}),
        ("bandwidth/messages", "messageid", BANDWIDTH, {"totalCount": 1, "messages": [BANDWIDTH]}),
        ("aws/messaging_events", "messageid", AWS, {**SNS, "Message": json.dumps(AWS)}),
        ("aws/messaging_events", "messageid", AWS, {"Records": [{"Sns": {**SNS, "Message": json.dumps(AWS)}}]}),
        (
            "aws/messaging_events",
            "messageid",
            AWS,
            {"Records": [{"body": json.dumps({**SNS, "Message": json.dumps(AWS)})}]},
        ),
        ("aws/messaging_events", "messageid", AWS, {"detail-type": "SMS", "source": "aws", "detail": AWS}),
        (
            "aws/messaging_events",
            "messageid",
            AWS,
            {"Records": [{"body": json.dumps({"source": "aws", "detail": AWS})}]},
        ),
        ("aws/delivery_logs", "status", DELIVERY, {"events": [{"timestamp": 1, "message": json.dumps(DELIVERY)}] * 2}),
        ("aws/delivery_logs", "status", DELIVERY, {"logEvents": [{"id": "1", "message": json.dumps(DELIVERY)}]}),
        ("aws/delivery_logs", "status", DELIVERY, [{"@timestamp": "x", "@message": DELIVERY}]),
        ("aws/delivery_logs", "status", DELIVERY, [{"@timestamp": "x", "@message": json.dumps(DELIVERY)}]),
        (
            "aws/delivery_logs",
            "status",
            DELIVERY,
            {
                "results": [
                    [{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": json.dumps(DELIVERY)}]
                ]
            },
        ),
        ("aws/pinpoint_events", "event_type", PINPOINT, {**SNS, "Message": json.dumps(PINPOINT)}),
    ],
)
def test_rows_are_found_in_answers_webhooks_and_envelopes(
    pipeline: Pipeline, table: str, column: str, row: Json, shape: Json | list[Json]
) -> None:
    entry = load_one(pipeline, f"{table}/a.jsonl", json.dumps(shape) + "\n" + json.dumps(row) + "\n")
    value = {key.lower(): value for key, value in row.items()}[column]
    found = [found[column] for found in raw_rows(pipeline, *table.split("/"))]
    assert entry.outcome == LOADED
    assert len(found) == entry.row_count >= 2
    assert set(found) == {value}


def test_log_events_that_hold_no_row_are_set_apart(pipeline: Pipeline) -> None:
    events = [{"message": json.dumps(DELIVERY)}, {"message": "START"}, {"message": '{"a": '}]
    load_one(pipeline, "aws/delivery_logs/a.jsonl", json.dumps({"events": events}) + "\n")
    assert [row["status"] for row in raw_rows(pipeline, "aws", "delivery_logs")] == ["FAILURE"]
    assert len(rejected(pipeline)) == 2


def test_an_exported_query_of_logs_gives_the_rows_of_its_messages(pipeline: Pipeline) -> None:
    message = json.dumps(DELIVERY).replace('"', '""')
    content = f'@timestamp,@message\n2026-10-01 09:00:00.000,"{message}"\nx,START\nragged\n'
    load_one(pipeline, "aws/delivery_logs/a.csv", content)
    rows = raw_rows(pipeline, "aws", "delivery_logs")
    assert [(row["status"], row["_line"]) for row in rows] == [("FAILURE", 2)]
    assert [line for _, line, _, _ in rejected(pipeline)] == [3, 4]


# --- Parquet -------------------------------------------------------------------------------------------------------


def test_parquet_decimals_and_binary_texts(pipeline: Pipeline) -> None:
    columns = {name: pa.array([value.encode()], pa.binary()) for name, value in SEND.items()}
    decimals = {"send_id": "92401.0000000000", "to_number": "15552400001.0000000000", "price": "0.0075000000"}
    columns |= {name: pa.array([decimal.Decimal(value)], pa.decimal128(38, 10)) for name, value in decimals.items()}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    load_one(pipeline, "outbound/sends/f24.parquet", buffer.getvalue())
    (row,) = raw_rows(pipeline)
    assert (row["send_id"], row["to_number"], row["price"]) == ("92401", "15552400001", "0.0075000000")
    assert {name: row[name] for name in SEND if name != "send_id"} == {n: v for n, v in SEND.items() if n != "send_id"}
