"""The carriers' own logs, in the columns and formats that their documentation names, through to the published tables."""

import csv
import io
import json
import re
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import Pipeline

Json = dict[str, Any]


def json_lines(*rows: Json | list[Json]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def csv_text(header: str, *rows: tuple[object, ...]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return lines.getvalue()


# --- the extracts --------------------------------------------------------------------------------------------------

REPORTS_HEADER = (
    "account_id,message_id,client_ref,direction,from,to,message_body,network,network_name,country,country_name,"
    "date_received,date_finalized,latency,status,error_code,error_code_description,currency,total_price"
)


def vonage_report(
    message_id: str,
    status: str,
    code: str = "0",
    received: str = "2026-10-01T15:30:00+0000",
    finalized: str = "2026-10-01T15:30:07+0000",
    direction: str = "outbound",
    body: str = "",
    price: str = "0.0333",
) -> tuple[object, ...]:
    sender, recipient = ("ACME", "14155550101") if direction == "outbound" else ("14155550101", "15005550006")
    network = ("23410", "Telefonica UK Limited", "GB", "United Kingdom")
    described = "Delivered" if code == "0" else "Other"
    return (
        *("abcd1234", message_id, "", direction, sender, recipient, body, *network),
        *(received, finalized, "7000", status, code, described, "EUR", price),
    )


def vonage_receipt(message_id: str, status: str, code: str = "0", at: str = "2026-10-02 12:10:29") -> Json:
    return {
        "msisdn": "14155550102",
        "to": "ACME",
        "network-code": "23410",
        "messageId": message_id,
        "price": "0.03330000",
        "status": status,
        "scts": "2610021510",
        "err-code": code,
        "api-key": "abcd1234",
        "message-timestamp": at,
    }


def vonage_inbound(message_id: str, text: str) -> Json:
    return {
        "api-key": "abcd1234",
        "msisdn": "14155550101",
        "to": "15005550006",
        "messageId": message_id,
        "text": text,
        "type": "text",
        "keyword": text.split(maxsplit=1)[0].upper(),
        "message-timestamp": "2026-10-02 08:00:00",
    }


def aws_event(message_id: str, event_type: str, at: int = 1_790_900_103_470, is_final: bool = True) -> Json:
    return {
        "eventType": event_type,
        "eventVersion": "1.0",
        "eventTimestamp": at,
        "isFinal": is_final,
        "originationPhoneNumber": "+12065550152",
        "destinationPhoneNumber": "+14255550156",
        "isoCountryCode": "US",
        "mcc": "310",
        "mnc": "800",
        "messageId": message_id,
        "messageRequestTimestamp": 1_790_900_100_170,
        "messageEncoding": "GSM",
        "messageType": "PROMOTIONAL",
        "messageStatus": event_type.removeprefix("TEXT_"),
        "messageStatusDescription": "As the carrier said",
        "context": {"account": "bar"},
        "totalMessageParts": 2,
        "totalMessagePrice": 0.09582,
        "totalCarrierFee": 0.0,
    }


USAGE_HEADER = (
    "PublishTimeUTC,MessageId,DestinationPhoneNumber,MessageType,DeliveryStatus,PriceInUSD,PartNumber,TotalParts"
)
BY_CARRIER = "Message has been accepted by phone carrier"
BY_PHONE = "Message has been accepted by phone"
SWITCHED_OFF = "Phone is currently unreachable/unavailable"


def usage(
    message_id: str,
    response: str,
    part: int,
    parts: int,
    at: str = "2026-10-03T03:00:29.476Z",
    price: str = "0.25",
) -> tuple[object, ...]:
    return (at, message_id, "+14155550103", "Promotional", response, price, part, parts)


def pinpoint(message_id: str, event_type: str, record_status: str | None, at: int) -> Json:
    attributes = {
        "sender_request_id": "565d4425-4b3a-11e9-b0a5-example",
        "campaign_id": "52dc44b35c4742c98c5935269example",
        "origination_phone_number": "+12065550142",
        "destination_phone_number": "+14255550199",
        "record_status": record_status,
        "iso_country_code": "US",
        "number_of_message_parts": "1",
        "message_id": message_id,
        "message_type": "Transactional",
    }
    return {
        "event_type": event_type,
        "event_timestamp": at,
        "arrival_timestamp": at + 10,
        "event_version": "3.1",
        "application": {"app_id": "a1b2c3", "sdk": {}},
        "client": {"client_id": "123456789012"},
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "metrics": {"price_in_millicents_usd": 645.0},
        "awsAccountId": "123456789012",
    }


def sns_log(message_id: str, status: str, response: str) -> Json:
    return {
        "notification": {"messageId": message_id, "timestamp": "2026-10-04 00:40:34.558"},
        "delivery": {
            "phoneCarrier": "My Phone Carrier",
            "mnc": 270,
            "numberOfMessageParts": 1,
            "destination": "+14155550104",
            "priceInUSD": 0.00645,
            "smsType": "Transactional",
            "mcc": 310,
            "providerResponse": response,
            "dwellTimeMs": 599,
            "dwellTimeMsUntilDeviceAck": 1344,
        },
        "status": status,
    }


PLIVO_HEADER = (
    "message_uuid,message_time,message_direction,message_state,message_type,from_number,to_number,units,total_rate,"
    "total_amount,error_code,carrier_fees,carrier_fees_rate,api_id,conversation_id,conversation_origin"
)


def plivo(message_id: str, state: str, code: str = "000", direction: str = "outbound") -> tuple[object, ...]:
    numbers = ("15005550006", "14155550105") if direction == "outbound" else ("14155550105", "15005550006")
    when = "2026-10-05 13:04:06.799021+05:30"
    return (message_id, when, direction, state, "sms", *numbers, 2, "0.0055", "0.0110", code, "0", "0", "api", "", "")


def telnyx_message(message_id: str, status: str, code: str | None = None, direction: str = "outbound") -> Json:
    ours, theirs = {"phone_number": "+15005550006"}, {"phone_number": "+14155550106", "carrier": "", "line_type": ""}
    sender, recipient = (ours, theirs) if direction == "outbound" else (theirs, ours)
    return {
        "record_type": "message",
        "id": message_id,
        "direction": direction,
        "type": "SMS",
        "messaging_profile_id": "16fd2706-8baf-433b-82eb-8c7fada847da",
        "from": {**sender, "carrier": "Telnyx", "line_type": "Wireless"},
        "to": [{**recipient, "status": status}],
        "text": "Yes, 10:30" if direction == "inbound" else "Hello",
        "cost": {"amount": "0.0051", "currency": "USD"},
        "parts": 1,
        "received_at": "2026-10-06T18:10:02.574Z",
        "sent_at": None if direction == "inbound" else "2026-10-06T18:10:03.574Z",
        "completed_at": "2026-10-06T18:10:05.574+00:00",
        "errors": [] if code is None else [{"code": code, "title": "Not routable", "detail": "As it says"}],
        "tags": [],
    }


TELNYX_GROUP = [
    {"phone_number": "+14155550115", "status": "delivered"},
    {"phone_number": "+1 (415) 555-0112", "status": "delivery_failed"},
    {"phone_number": "+14155550113", "status": "delivered"},
    {"phone_number": "+14155550114"},
]
BIRD_GROUP = [
    {"recipient": 14155550106, "status": "delivered"},
    {"recipient": 14155550112, "status": "delivery_failed", "statusErrorCode": 1},
]


def telnyx_record(message_id: str, status: str) -> Json:
    return {
        "record_type": "message",
        "uuid": message_id,
        "direction": "outbound",
        "cli": "+15005550007",
        "cld": "+14155550106",
        "status": status,
        "created_at": "2026-10-06T18:10:02Z",
        "sent_at": "2026-10-06T18:10:03Z",
        "completed_at": "2026-10-06T18:10:04Z",
        "cost": "0.004",
        "currency": "USD",
        "errors": [],
        "parts": 1,
    }


def bandwidth_event(message_id: str, kind: str, to: str = "+14155550107", code: int | None = None) -> Json:
    is_inbound = kind == "message-received"
    event: Json = {
        "type": kind,
        "time": "2026-10-07T13:03:05.143Z",
        "description": "As it happened",
        "to": "+15005550006" if is_inbound else to,
        "message": {
            "id": message_id,
            "owner": "+15005550006",
            "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
            "time": "2026-10-07T13:03:04.823Z",
            "segmentCount": 1,
            "direction": "in" if is_inbound else "out",
            "to": ["+15005550006"] if is_inbound else [to],
            "from": "+14155550107" if is_inbound else "+15005550006",
            "text": "STOP" if is_inbound else "",
        },
    }
    return event if code is None else {**event, "errorCode": code}


BANDWIDTH_HEADER = (
    "messageId,accountId,sourceTn,destinationTn,messageStatus,messageDirection,messageType,segmentCount,errorCode,"
    "receiveTime,carrierName"
)


def bandwidth_message(message_id: str, status: str, code: str, direction: str = "OUTBOUND") -> tuple[object, ...]:
    numbers = ("+15005550006", "+14155550107") if direction == "OUTBOUND" else ("+14155550107", "+15005550006")
    return (message_id, "9900000", *numbers, status, direction, "sms", 1, code, "2026-10-07T13:03:04.123Z", "Other")


def infobip(message_id: str, status: tuple[int, str], error: tuple[int, str] | None, sender: str = "InfoSMS") -> Json:
    report: Json = {
        "bulkId": "BULK-1",
        "messageId": message_id,
        "to": "14155550108",
        "from": sender,
        "sentAt": "2026-10-08T09:00:00.000+0000",
        "doneAt": "2026-10-08T11:00:04.250+0200",
        "smsCount": 3,
        "mccMnc": "22801",
        "price": {"pricePerMessage": 0.01, "currency": "EUR"},
        "status": {"groupId": 1, "groupName": "G", "id": status[0], "name": status[1], "description": "The status"},
    }
    if error is not None:
        report["error"] = {
            "groupId": 0,
            "id": error[0],
            "name": error[1],
            "description": "The error",
            "permanent": False,
        }
    return report


def sinch(batch: str, recipient: str, code: int, status: str, at: str = "2026-10-09T08:17:41.968Z") -> Json:
    return {
        "type": "recipient_delivery_report_sms",
        "batch_id": batch,
        "recipient": recipient,
        "code": code,
        "status": status,
        "at": at,
        "operator_status_at": "2026-10-09T10:17:00Z",
        "operator": "31210",
        "number_of_message_parts": 1,
    }


def bird_message(message_id: str, status: str, code: str | None = None, direction: str = "outgoing") -> Json:
    contact, connector = {"identifierValue": "+14155550111"}, {"connector": {"id": "86cc4dc0"}}
    is_outbound = direction == "outgoing"
    return {
        "id": message_id,
        "channelId": "614208aa-b153-4d5d-9989-2fddfc0ce4c3",
        "sender": connector if is_outbound else {"contact": contact},
        "receiver": {"contacts": [contact]} if is_outbound else connector,
        "body": {"type": "text", "text": {"text": "Hello"}},
        "status": status,
        "direction": direction,
        "lastStatusAt": "2026-10-09T08:17:42.736Z",
        "createdAt": "2026-10-09T08:17:40.736Z",
        "updatedAt": "2026-10-09T08:17:42.736Z",
    } | ({} if code is None else {"failure": {"code": 15005, "source": {"name": "sms-messagebird", "code": code}}})


SENDS_HEADER = "send_id,message_id,channel,customer_id,sent_at,to_number,provider,provider_message_id"
CLAIMED = [
    ("app-vonage", "vonage", "VR-claimed", "+14155550101"),
    ("app-vonage-receipt", "vonage", "VD-delivered", "+14155550102"),
    ("app-vonage-parts", "vonage", "VD-parts", "+14155550102"),
    ("app-vonage-late", "vonage", "VD-order", "+14155550102"),
    ("app-aws", "aws", "AE-claimed", "+14255550156"),
    ("app-plivo", "plivo", "PL-claimed", "+14155550105"),
    ("app-telnyx", "telnyx", "TX-claimed", "+14155550106"),
    ("app-telnyx-group-a", "telnyx", "TX-group", "+14155550115"),
    ("app-telnyx-group-b", "telnyx", "TX-group", "+14155550112"),
    ("app-telnyx-group-c", "telnyx", "TX-group", "+14155550113"),
    ("app-telnyx-group-d", "telnyx", "TX-group", "+14155550114"),
    ("app-bird-group-b", "bird", "BI-group", "+14155550112"),
    ("app-bandwidth", "bandwidth", "BW-failed", "+14155550107"),
    ("app-bandwidth-no-receipt", "bandwidth", "BW-no-receipt", "+14155550107"),
    ("app-bird", "messagebird", "BI-claimed", "+14155550111"),
    ("app-infobip", "infobip", "IB-claimed", "+14155550108"),
    ("app-sinch-a", "sinch", "SI-batch", "+14155550109"),
    ("app-sinch-b", "sinch", "SI-batch", "+14155550110"),
    ("app-sinch-order", "sinch", "SI-order", "+14155550109"),
    ("app-sinch-unknown", "sinch", "SI-unknown", "+14155550109"),
    ("app-bandwidth-shared", "bandwidth", "BW-shared", "+14155550121"),
    ("app-bird-shared-a", "bird", "BI-shared", "+14155550121"),
    ("app-bird-shared-b", "bird", "BI-shared", "+14155550122"),
    ("app-sinch-report-a", "sinch", "SI-report", "+14155550121"),
    ("app-sinch-report-b", "sinch", "SI-report", "+14155550122"),
    ("app-sinch-report-c", "sinch", "SI-report", "+14155550123"),
    ("app-telnyx-second", "telnyx", "TX-second", "+14155550122"),
]
# One status for two, which is nobody's; of Sinch's batches, the recipients of each.
SHARED = [{"identifierValue": "+14155550121"}, {"identifierValue": "+14155550122"}]
BANDWIDTH_SHARED = {"type": "message-failed", "time": "2026-10-07T13:03:05.143Z", "errorCode": 4720} | {
    "message": {"id": "BW-shared", "direction": "out", "to": ["+14155550121", "+14155550122"], "from": "+15005550006"}
}
SINCH_REPORT = [
    {"code": 0, "status": "Delivered", "count": 2, "recipients": ["14155550121", "14155550122"]},
    {"code": 402, "status": "Aborted", "count": 1, "recipients": ["14155550123"]},
]
SENT_AT = "2026-10-01T08:00:00Z"

EXTRACTS = {
    "outbound/sends/sends.csv": csv_text(
        SENDS_HEADER,
        *(
            (send, "campaign", "sms", f"c-{number}", SENT_AT, number, provider, provider_message_id)
            for send, provider, provider_message_id, number in CLAIMED
        ),
    ),
    "vonage/reports/day.csv": csv_text(
        REPORTS_HEADER,
        vonage_report("VR-claimed", "delivered"),
        vonage_report("VR-delivered", "delivered"),
        vonage_report("VR-submitted", "submitted", finalized=""),
        vonage_report("VR-failed", "failed", "6"),
        vonage_report("VR-new-code", "failed", "987"),
        vonage_report("VR-no-code", "failed", "0"),
        vonage_report("VR-parts", "delivered", finalized="2026-10-01T15:30:07+0000"),
        vonage_report("VR-parts", "delivered", finalized="2026-10-01 15:31:00"),
        vonage_report("VR-parts", "delivered", finalized="2026-10-01T15:30:07Z"),  # the first part again
        vonage_report("VR-odd", "evaporated"),
        vonage_report("VR-reply", "delivered", direction="inbound", body="Yes, 10:30"),
    ),
    "vonage/delivery_receipts/hook.jsonl": json_lines(
        vonage_receipt("VD-delivered", "accepted", at="2026-10-02 12:10:20"),
        vonage_receipt("VD-delivered", "delivered"),
        vonage_receipt("VD-delivered", "delivered"),
        vonage_receipt("VD-parts", "delivered", at="2026-10-02 12:10:30"),
        vonage_receipt("VD-parts", "failed", "3", at="2026-10-02 12:10:25"),
        vonage_receipt("VD-order", "delivered"),
        vonage_receipt("VD-order", "buffered", at="2026-10-02 12:10:40"),
        vonage_receipt("VD-nobody", "delivered"),
    ),
    "vonage/inbound_messages/hook.jsonl": json_lines(
        vonage_inbound("VI-1", "stop"), vonage_inbound("VR-reply", "Yes, 10:30")
    ),
    "aws/messaging_events/events.jsonl": json_lines(
        aws_event("AE-claimed", "TEXT_DELIVERED"),
        aws_event("AE-delivered", "TEXT_SUCCESSFUL", at=1_790_900_101_000, is_final=False),
        aws_event("AE-delivered", "TEXT_DELIVERED"),
        aws_event("AE-successful", "TEXT_SUCCESSFUL"),
        aws_event("AE-blocked", "TEXT_BLOCKED"),
        aws_event("AE-unknown", "TEXT_UNKNOWN"),
        aws_event("AE-voice", "VOICE_COMPLETED"),
    ),
    "aws/sms_usage/001.csv": csv_text(
        USAGE_HEADER,
        usage("AU-accepted", BY_CARRIER, 0, 1),
        usage("AU-failed-part", BY_PHONE, 1, 2),
        usage("AU-failed-part", SWITCHED_OFF, 2, 2),
        usage("AU-two-parts", BY_PHONE, 1, 2, at="2026-10-03T03:00:29.476Z"),
        usage("AU-two-parts", BY_PHONE, 2, 2, at="2026-10-03T03:00:31.000Z"),
        usage("AU-two-parts", BY_PHONE, 2, 2, at="2026-10-03T03:00:31.000Z"),
        usage("AU-upgraded", BY_CARRIER, 1, 1),
        usage("AU-upgraded", BY_PHONE, 1, 1, at="2026-10-03T03:00:35.000Z"),
        usage("AU-half", BY_PHONE, 1, 2),
        usage("AU-half", BY_CARRIER, 2, 2),
        usage("AU-unnumbered", BY_PHONE, 0, 2),
        usage("AU-unnumbered", SWITCHED_OFF, 0, 2),
    ),
    "aws/pinpoint_events/events.jsonl": json_lines(
        pinpoint("PP-delivered", "_SMS.BUFFERED", "PENDING", 1_791_100_000_000),
        pinpoint("PP-delivered", "_SMS.SUCCESS", "DELIVERED", 1_791_100_004_500),
        pinpoint("PP-spam", "_SMS.FAILURE", "SPAM", 1_791_100_000_000),
        pinpoint("PP-unknown", "_SMS.FAILURE", "UNKNOWN", 1_791_100_000_000),
        pinpoint("PP-throttled", "_SMS.FAILURE", "THROTTLED", 1_791_100_000_000),
        pinpoint("PP-optout", "_SMS.OPTOUT", None, 1_791_100_000_000),
    ),
    "aws/delivery_logs/logs.jsonl": json_lines(
        sns_log("SN-carrier", "SUCCESS", BY_CARRIER),
        sns_log("SN-phone", "SUCCESS", BY_PHONE),
        sns_log("SN-failed", "FAILURE", "Phone number is opted out"),
        sns_log("SN-new", "FAILURE", "A response that nobody has seen"),
    ),
    "plivo/message_records/mdr.csv": csv_text(
        PLIVO_HEADER,
        plivo("PL-claimed", "delivered"),
        plivo("PL-delivered", "delivered"),
        plivo("PL-sent", "sent"),
        plivo("PL-blocked", "failed", "200"),
        plivo("PL-no-code", "undelivered", "000"),
        plivo("PL-reply", "received", direction="inbound"),
    ),
    "telnyx/message_records/messages.jsonl": json_lines(
        telnyx_message("TX-claimed", "delivered"),
        {"data": telnyx_message("TX-delivered", "delivered")},  # as the API answers
        telnyx_message("TX-group", "delivered", "40008") | {"to": TELNYX_GROUP},
        telnyx_message("TX-second", "")
        | {"to": [{"phone_number": "+14155550121"}, {"phone_number": "+14155550122", "status": "delivered"}]},
        telnyx_message("TX-unconfirmed", "delivery_unconfirmed"),
        telnyx_message("TX-failed", "delivery_failed", "40008"),
        telnyx_message("TX-stopped", "sending_failed", "40300"),
        telnyx_record("TX-record", "delivered"),
        telnyx_message("TX-reply", "webhook_delivered", direction="inbound"),
    ),
    "bandwidth/callbacks/hook.jsonl": json_lines(
        [bandwidth_event("BW-failed", "message-sending"), bandwidth_event("BW-failed", "message-failed", code=4720)],
        [bandwidth_event("BW-no-receipt", "message-failed", code=9902)],
        [bandwidth_event("BW-delivered", "message-delivered"), bandwidth_event("BW-reply", "message-received")],
        [bandwidth_event("BW-nobody", "message-delivered"), BANDWIDTH_SHARED],
    ),
    "bandwidth/messages/list.csv": csv_text(
        BANDWIDTH_HEADER,
        bandwidth_message("BW-delivered", "SENT", "0"),
        bandwidth_message("BW-list-failed", "FAILED", "4770"),
        bandwidth_message("BW-reply", "RECEIVED", "0", direction="INBOUND"),
    ),
    "bird/messages/messages.jsonl": json_lines(
        {"service": "channels", "event": "sms.outbound", "payload": bird_message("BI-claimed", "delivered")},
        bird_message("BI-delivered", "delivered"),
        {"results": [bird_message("BI-sent", "sent"), bird_message("BI-failed", "delivery_failed", "1")]},
        {"id": "BI-claimed", "recipient": "14155550111", "status": "expired", "statusReason": "DLR not received"}
        | {"statusDatetime": "2026-10-09T08:17:45+00:00"},
        bird_message("BI-reply", "delivered", direction="incoming"),
        {"id": "BI-group", "direction": "mt", "originator": "ACME", "recipients": {"items": BIRD_GROUP}}
        | {"createdDatetime": "2026-10-09T08:17:40+00:00"},
        bird_message("BI-shared", "delivered") | {"receiver": {"contacts": SHARED}},
    ),
    "infobip/delivery_reports/reports.jsonl": json_lines(
        infobip("IB-claimed", (5, "DELIVERED_TO_HANDSET"), (0, "NO_ERROR")),
        infobip("IB-delivered", (5, "DELIVERED_TO_HANDSET"), (0, "NO_ERROR")),
        infobip("IB-operator", (2, "DELIVERED_TO_OPERATOR"), (0, "NO_ERROR")),
        {  # as posted
            "results": [
                infobip("IB-error", (9, "UNDELIVERABLE_NOT_DELIVERED"), (27, "EC_ABSENT_SUBSCRIBER")),
                infobip("IB-status", (12, "REJECTED_NOT_ENOUGH_CREDITS"), (0, "NO_ERROR")),
            ]
        },
        infobip("IB-status-only", (8, "REJECTED_PREFIX_MISSING"), None),
        infobip("IB-no-receipt", (29, "EXPIRED_DLR_UNKNOWN"), (0, "NO_ERROR")),
    ),
    "sinch/delivery_reports/reports.jsonl": json_lines(
        sinch("SI-batch", "14155550109", 0, "Delivered"),
        sinch("SI-batch", "14155550110", 403, "Rejected"),
        sinch("SI-order", "14155550109", 0, "Delivered"),
        sinch("SI-order", "14155550109", 401, "Dispatched", at="2026-10-09T08:17:45.000Z"),
        sinch("SI-unknown", "14155550109", 406, "Unknown"),
        {"type": "delivery_report_sms", "batch_id": "SI-report", "total_message_count": 3, "statuses": SINCH_REPORT},
    ),
}

NO_ISSUE: tuple[None, None] = (None, None)
EXPECTED = {
    "app-vonage": ("delivered", *NO_ISSUE),
    "app-vonage-receipt": ("delivered", *NO_ISSUE),
    "app-vonage-parts": ("issue", "3", "recipient_unreachable"),
    "app-vonage-late": ("delivered", *NO_ISSUE),
    "app-aws": ("delivered", *NO_ISSUE),
    "app-plivo": ("delivered", *NO_ISSUE),
    "app-telnyx": ("delivered", *NO_ISSUE),
    "app-telnyx-group-a": ("delivered", *NO_ISSUE),
    "app-telnyx-group-b": ("issue", "40008", "something_went_wrong"),
    "app-telnyx-group-c": ("delivered", *NO_ISSUE),
    "app-telnyx-group-d": ("unconfirmed", *NO_ISSUE),
    "app-bird-group-b": ("issue", "1", "recipient_unreachable"),
    "app-bandwidth": ("issue", "4720", "landline_or_unreachable_carrier"),
    "app-bandwidth-no-receipt": ("unconfirmed", *NO_ISSUE),
    "app-bird": ("delivered", *NO_ISSUE),
    "app-infobip": ("delivered", *NO_ISSUE),
    "app-sinch-a": ("delivered", *NO_ISSUE),
    "app-sinch-b": ("issue", "403", "something_went_wrong"),
    "app-sinch-order": ("delivered", *NO_ISSUE),
    "app-sinch-unknown": ("unconfirmed", *NO_ISSUE),
    "app-bandwidth-shared": ("unconfirmed", *NO_ISSUE),
    "app-bird-shared-a": ("unconfirmed", *NO_ISSUE),
    "app-bird-shared-b": ("unconfirmed", *NO_ISSUE),
    "app-sinch-report-a": ("delivered", *NO_ISSUE),
    "app-sinch-report-b": ("delivered", *NO_ISSUE),
    "app-sinch-report-c": ("issue", "402", "landline_or_unreachable_carrier"),
    "app-telnyx-second": ("delivered", *NO_ISSUE),
    "VR-delivered": ("delivered", *NO_ISSUE),
    "VR-submitted": ("unconfirmed", *NO_ISSUE),
    "VR-failed": ("issue", "6", "something_went_wrong"),
    "VR-new-code": ("issue", "987", "something_went_wrong"),
    "VR-no-code": ("issue", None, "something_went_wrong"),
    "VR-parts": ("delivered", *NO_ISSUE),
    "AE-delivered": ("delivered", *NO_ISSUE),
    "AE-successful": ("unconfirmed", *NO_ISSUE),
    "AE-blocked": ("issue", "TEXT_BLOCKED", "recipient_unreachable"),
    "AE-unknown": ("unconfirmed", *NO_ISSUE),
    "AU-accepted": ("unconfirmed", *NO_ISSUE),
    "AU-failed-part": ("issue", SWITCHED_OFF, "recipient_unreachable"),
    "AU-two-parts": ("delivered", *NO_ISSUE),
    "AU-upgraded": ("delivered", *NO_ISSUE),
    "AU-half": ("unconfirmed", *NO_ISSUE),
    "AU-unnumbered": ("issue", SWITCHED_OFF, "recipient_unreachable"),
    "PP-delivered": ("delivered", *NO_ISSUE),
    "PP-spam": ("issue", "TEXT_SPAM", "something_went_wrong"),
    "PP-unknown": ("unconfirmed", *NO_ISSUE),
    "PP-throttled": ("issue", "THROTTLED", "too_many_scheduled"),
    "SN-carrier": ("unconfirmed", *NO_ISSUE),
    "SN-phone": ("delivered", *NO_ISSUE),
    "SN-failed": ("issue", "Phone number is opted out", "recipient_unsubscribed"),
    "SN-new": ("issue", "A response that nobody has seen", "something_went_wrong"),
    "PL-delivered": ("delivered", *NO_ISSUE),
    "PL-sent": ("unconfirmed", *NO_ISSUE),
    "PL-blocked": ("issue", "200", "recipient_unsubscribed"),
    "PL-no-code": ("issue", None, "something_went_wrong"),
    "TX-delivered": ("delivered", *NO_ISSUE),
    "TX-unconfirmed": ("unconfirmed", *NO_ISSUE),
    "TX-failed": ("issue", "40008", "something_went_wrong"),
    "TX-stopped": ("issue", "40300", "recipient_unsubscribed"),
    "TX-record": ("delivered", *NO_ISSUE),
    "BW-delivered": ("delivered", *NO_ISSUE),
    "BW-list-failed": ("issue", "4770", "something_went_wrong"),
    "BI-delivered": ("delivered", *NO_ISSUE),
    "BI-sent": ("unconfirmed", *NO_ISSUE),
    "BI-failed": ("issue", "1", "recipient_unreachable"),
    "IB-delivered": ("delivered", *NO_ISSUE),
    "IB-operator": ("unconfirmed", *NO_ISSUE),
    "IB-error": ("issue", "27", "recipient_unreachable"),
    "IB-status": ("issue", "12", "something_went_wrong"),
    "IB-status-only": ("issue", "8", "recipient_unreachable"),
    "IB-no-receipt": ("unconfirmed", *NO_ISSUE),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, parsed_target: Path) -> Pipeline:
    """All logs at once, built with the data tests and published."""
    pipeline = Pipeline(tmp_path_factory.mktemp("logs"))
    shutil.copytree(parsed_target, pipeline.settings.build_dir / "target")
    for file, content in EXTRACTS.items():
        pipeline.drop(file, content)
    pipeline.run(with_tests=True)
    return pipeline


def sends(pipeline: Pipeline, *columns: str) -> dict[str, tuple[Any, ...]]:
    rows = pipeline.query(f"select send_id, {', '.join(columns)} from fct_sends")
    return {row[0]: row[1:] for row in rows}


def test_every_log_of_the_list_is_declared_and_tried(loaded: Pipeline) -> None:
    declared = {key for key in loaded.raw_layer.tables if key[0] != "outbound"}
    listed = {
        (row["source"], row["table_name"])
        for row in loaded.table("audit_reconciliation")
        if row["source"] != "outbound"
    }
    assert listed == declared
    tried = {tuple(file.split("/")[:2]) for file in EXTRACTS}
    assert {key for key in declared if key[0] != "twilio"} <= tried


def test_every_send_ends_with_its_status_code_and_reason(loaded: Pipeline) -> None:
    found = sends(loaded, "delivery_status", "provider_error_code", "issue_reason_id")
    assert {name: found.get(name) for name in EXPECTED} == EXPECTED
    assert set(found) == set(EXPECTED)


def test_every_issue_has_a_reason_and_a_fix(loaded: Pipeline) -> None:
    issues = {row["send_id"]: row for row in loaded.table("fct_delivery_issues")}
    assert set(issues) == {name for name, (status, *_) in EXPECTED.items() if status == "issue"}
    assert all(row["meaning"] and row["fix"] for row in issues.values())
    assert issues["IB-error"]["provider"] == "infobip"
    assert issues["VR-failed"]["customer_id"] == "+14155550101"
    assert issues["app-sinch-b"]["customer_id"] == "c-+14155550110"


def test_a_log_row_that_no_send_claims_is_a_send_of_its_own(loaded: Pipeline) -> None:
    found = sends(loaded, "message_id", "customer_id", "from_number", "sent_at", "delivered_at")
    assert found == found | {
        "VR-delivered": ("ACME", "+14155550101", "ACME", at(1, 15, 30), at(1, 15, 30, 7)),
        "AE-delivered": (
            "+12065550152",
            "+14255550156",
            "+12065550152",
            millis(1_790_900_100_170),
            millis(1_790_900_103_470),
        ),
        "AU-two-parts": ("Promotional", "+14155550103", None, at(3, 3, 0, 31), at(3, 3, 0, 31)),
        "PP-delivered": (
            "52dc44b35c4742c98c5935269example",
            *("+14255550199", "+12065550142", millis(1_791_100_000_000), millis(1_791_100_004_500)),
        ),
        "SN-phone": ("Transactional", "+14155550104", None, at(4, 0, 40, 34, 558), at(4, 0, 40, 35, 902)),
        "PL-delivered": (
            *("+15005550006", "+14155550105", "+15005550006"),
            *(datetime(2026, 10, 5, 7, 34, 6, 799021), datetime(2026, 10, 5, 7, 34, 6, 799021)),
        ),
        "TX-delivered": (
            *("16fd2706-8baf-433b-82eb-8c7fada847da", "+14155550106", "+15005550006"),
            *(at(6, 18, 10, 3, 574), at(6, 18, 10, 5, 574)),
        ),
        "TX-record": ("+15005550007", "+14155550106", "+15005550007", at(6, 18, 10, 3), at(6, 18, 10, 4)),
        "BW-delivered": ("+15005550006", "+14155550107", "+15005550006", at(7, 13, 3, 4, 123), at(7, 13, 3, 5, 143)),
        "IB-delivered": ("InfoSMS", "+14155550108", "InfoSMS", at(8, 9), at(8, 9, 0, 4, 250)),
    }


def test_a_claimed_send_keeps_what_the_application_said(loaded: Pipeline) -> None:
    found = sends(loaded, "message_id", "sent_at", "delivered_at")
    assert found["app-vonage"] == ("campaign", at(1, 8), at(1, 15, 30, 7))
    # The carrier's minute in the receipt is in another zone, and not used beside the better time.
    assert found["app-vonage-receipt"] == ("campaign", at(1, 8), at(2, 12, 10, 29))
    assert found["app-sinch-a"] == ("campaign", at(1, 8), at(9, 8, 17, 41, 968))


def test_prices_have_no_sign_and_those_of_parts_add_up(loaded: Pipeline) -> None:
    found = sends(loaded, "price", "currency_code", "segment_count")
    assert found == found | {
        "VR-delivered": (Decimal("0.0333"), "EUR", None),
        "VR-parts": (Decimal("0.0666"), "EUR", None),
        "AE-delivered": (Decimal("0.09582"), "USD", 2),
        "AU-two-parts": (Decimal("0.5"), "USD", 2),
        "AU-upgraded": (Decimal("0.25"), "USD", 1),
        "AU-unnumbered": (Decimal("0.5"), "USD", 2),
        "PP-delivered": (Decimal("0.00645"), "USD", 1),
        "PL-delivered": (Decimal("0.011"), "USD", 2),
        "TX-delivered": (Decimal("0.0051"), "USD", 1),
        "TX-record": (Decimal("0.004"), "USD", 1),
        "IB-delivered": (Decimal("0.03"), "EUR", 3),
    }


def test_inbound_rows_are_replies(loaded: Pipeline) -> None:
    found = {
        row["reply_id"]: (row["customer_id"], row["body"], row["keyword_group"], row["send_id"])
        for row in loaded.table("fct_replies")
    }
    assert found == {
        "VR-reply": ("c-+14155550101", "Yes, 10:30", None, "app-vonage"),
        "VI-1": ("c-+14155550101", "stop", "opt_out", "app-vonage"),
        "PL-reply": ("+14155550105", None, None, "PL-sent"),
        "TX-reply": ("c-+14155550106", "Yes, 10:30", None, "app-telnyx"),
        "BW-reply": ("+14155550107", "STOP", "opt_out", "BW-delivered"),
        "BI-reply": ("+14155550111", "Hello", None, "BI-sent"),
    }


def test_every_row_ends_in_one_place(loaded: Pipeline) -> None:
    places = {
        f"{row['source']}/{row['table_name']}": (
            *(row["read_count"], row["rejected_count"], row["duplicate_count"]),
            *(row["in_marts_count"], row["waiting_count"]),
        )
        for row in loaded.table("audit_reconciliation")
    }
    assert places == {
        "aws/delivery_logs": (4, 0, 0, 4, 0),
        "aws/messaging_events": (7, 1, 0, 6, 0),
        "aws/pinpoint_events": (6, 0, 0, 5, 1),
        "aws/sms_usage": (12, 0, 0, 12, 0),
        "bandwidth/callbacks": (7, 0, 0, 6, 1),
        "bandwidth/messages": (3, 0, 1, 2, 0),
        "bird/messages": (8, 0, 0, 7, 1),
        "infobip/delivery_reports": (7, 0, 0, 7, 0),
        "outbound/replies": (0, 0, 0, 0, 0),
        "outbound/sends": (27, 0, 0, 27, 0),
        "outbound/statuses": (0, 0, 0, 0, 0),
        "plivo/message_records": (6, 0, 0, 6, 0),
        "sinch/delivery_reports": (7, 0, 0, 7, 0),
        "telnyx/message_records": (9, 0, 0, 9, 0),
        "twilio/messages": (0, 0, 0, 0, 0),
        "twilio/status_callbacks": (0, 0, 0, 0, 0),
        "vonage/delivery_receipts": (8, 0, 0, 7, 1),
        "vonage/inbound_messages": (2, 0, 0, 2, 0),
        "vonage/reports": (11, 1, 1, 9, 0),
    }
    assert {row["unexplained_count"] for row in loaded.table("audit_reconciliation")} == {0}


def test_unknown_words_are_set_apart_with_line_and_reason(loaded: Pipeline) -> None:
    rejected = {(row["file"], row["line_number"], row["reason"]) for row in loaded.table("audit_rejected_rows")}
    assert rejected == {
        ("vonage/reports/day.csv", 11, "unknown status: evaporated"),
        ("aws/messaging_events/events.jsonl", 7, "unknown status: voice_completed"),
    }


def test_unknown_codes_are_listed_and_only_warn(loaded: Pipeline) -> None:
    found = {(row["provider"], row["code_space"], row["error_code"]) for row in loaded.table("audit_unmapped_codes")}
    assert found == {
        ("vonage", "dlr", "987"),
        ("aws", "provider_response", "A response that nobody has seen"),
    }


def at(day: int, hour: int, minute: int = 0, second: int = 0, millisecond: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, second, millisecond * 1000)


def millis(since_1970: int) -> datetime:
    return datetime.fromtimestamp(since_1970 / 1000, tz=None).replace(microsecond=since_1970 % 1000 * 1000)


# --- parts that come in different loads ----------------------------------------------------------------------------

FIRST = {
    "outbound/sends/1.csv": csv_text(
        SENDS_HEADER,
        ("s1", "campaign", "sms", "c1", "2026-10-02T08:00:00Z", "+14155550102", "vonage", "V1"),
        ("s2", "campaign", "sms", "c2", "2026-10-02T08:00:00Z", "+14155550102", "vonage", "V2"),
    ),
    "vonage/delivery_receipts/1.jsonl": json_lines(
        vonage_receipt("V1", "delivered", at="2026-10-02 12:00:00"),
        vonage_receipt("V2", "delivered", at="2026-10-02 12:00:00"),
        vonage_receipt("V3", "failed", "4", at="2026-10-02 12:00:00"),
    ),
    "vonage/reports/1.csv": csv_text(
        REPORTS_HEADER,
        vonage_report("R1", "delivered", finalized="2026-10-01T15:30:07+0000"),
        vonage_report("R2", "submitted", finalized=""),
    ),
    "aws/sms_usage/1.csv": csv_text(
        USAGE_HEADER, usage("U1", BY_PHONE, 1, 2), usage("U2", BY_PHONE, 1, 2), usage("U3", BY_CARRIER, 1, 2)
    ),
    "bandwidth/callbacks/1.jsonl": json_lines([bandwidth_event("B1", "message-sending")]),
    "bandwidth/messages/1.csv": csv_text(BANDWIDTH_HEADER, bandwidth_message("B1", "SENT", "0")),
    "aws/pinpoint_events/1.jsonl": json_lines(pinpoint("P1", "_SMS.SUCCESS", "DELIVERED", 1_791_100_004_500)),
}
SECOND = {
    "outbound/sends/2.csv": csv_text(
        SENDS_HEADER, ("s3", "campaign", "sms", "c3", "2026-10-02T08:00:00Z", "+14155550102", "vonage", "V3")
    ),
    "vonage/delivery_receipts/2.jsonl": json_lines(
        vonage_receipt("V1", "delivered", at="2026-10-02 12:00:09"),
        vonage_receipt("V2", "failed", "3", at="2026-10-02 11:59:00"),
        vonage_receipt("V3", "delivered", at="2026-10-02 12:00:09"),
    ),
    "vonage/reports/2.csv": csv_text(
        REPORTS_HEADER,
        vonage_report("R1", "failed", "1", finalized="2026-10-01T15:30:09+0000"),
        vonage_report("R2", "delivered"),
    ),
    "aws/sms_usage/2.csv": csv_text(
        USAGE_HEADER,
        usage("U1", SWITCHED_OFF, 2, 2),
        usage("U2", BY_PHONE, 2, 2, at="2026-10-03T03:00:40Z"),
        usage("U3", BY_PHONE, 2, 2),
        usage("U3", BY_PHONE, 1, 2),
    ),
    "bandwidth/callbacks/2.jsonl": json_lines(
        [bandwidth_event("B1", "message-failed", code=4720), bandwidth_event("B2", "message-delivered")]
    ),
    "aws/pinpoint_events/2.jsonl": json_lines(pinpoint("P1", "_SMS.BUFFERED", "PENDING", 1_791_100_000_000)),
}
# Ids of sends and customers, and those of the providers.
ID = re.compile(r"\b([scVRUBP][1-3])\b")
COMBINED = {
    "s1": ("delivered", None, datetime(2026, 10, 2, 12, 0, 9)),
    "s2": ("issue", "3", None),
    "s3": ("issue", "4", None),
    "R1": ("issue", "1", None),
    "R2": ("delivered", None, datetime(2026, 10, 1, 15, 30, 7)),
    "U1": ("issue", SWITCHED_OFF, None),
    "U2": ("delivered", None, datetime(2026, 10, 3, 3, 0, 40)),
    "U3": ("delivered", None, datetime(2026, 10, 3, 3, 0, 29, 476000)),
    "B1": ("issue", "4720", None),
    "P1": ("delivered", None, millis(1_791_100_004_500)),
}


def turned(load: dict[str, str]) -> dict[str, str]:
    """The same rows under ids that end in "-turned": those of another story, which comes the other way round."""
    return {
        f"{file.rpartition('/')[0]}/turned-{file.rpartition('/')[2]}": ID.sub(r"\1-turned", content)
        for file, content in load.items()
    }


# In order, and under ids of their own the other way round.
PARTS_BY_LOAD = ({**FIRST, **turned(SECOND)}, {**SECOND, **turned(FIRST)})


def assert_parts_are_combined(pipeline: Pipeline, others: set[str]) -> None:
    """Those of `PARTS_BY_LOAD`, which tests/test_incremental.py builds load by load beside other sends."""
    found = {
        row["send_id"]: (row["delivery_status"], row["provider_error_code"], row["delivered_at"])
        for row in pipeline.table("fct_sends")
        if row["send_id"] not in others
    }
    assert found == COMBINED | {f"{name}-turned": values for name, values in COMBINED.items()}
    prices = {row["send_id"]: row["price"] for row in pipeline.table("fct_sends", ["send_id", "price"])}
    for ending in ("", "-turned"):
        shown = [prices[f"{name}{ending}"] for name in ("U2", "U3", "R1")]
        assert shown == [Decimal("0.5"), Decimal("0.5"), Decimal("0.0666")]
    assert {row["unexplained_count"] for row in pipeline.table("audit_reconciliation")} == {0}
