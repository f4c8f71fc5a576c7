"""Extracts for the tests of the outputs: texts that spreadsheets would run, and a night with 25 hours in its day."""

from datetime import datetime, timedelta

from tests.pipeline import Pipeline

ZONE = "America/New_York"
HOSTILE = [
    '=HYPERLINK("https://example.com","x")',
    "@SUM(1)",
    "+1+1",
    "-1+1",
    "\t=1",
    "two\nlines, and \"quotes\"; 'more'",
    "＝1",
    "_x0041_ \x07bell",
    "plain – ünïcödé 📦",
]
SENT_TO_OPTED_OUT = "=1+1, Ada, is all you pay"


def drop_extracts(pipeline: Pipeline) -> None:
    """Sends around the night in which summer time ends in New York, with texts that spreadsheets would run.

    Before them, sends of a usual day that were all delivered, so that the issues of that night are an alert.
    """
    moment = datetime(2026, 11, 1, 3, 30)
    sends, statuses, replies = [], [], []
    for number in range(40):
        sent_at = f"{(moment + timedelta(minutes=7 * number)).isoformat()}{'.123456' if number % 3 else ''}Z"
        channel = ("sms", "sms", "sms", "email")[number % 4]
        sends.append(
            {
                "send_id": f"s{number:02}", "message_id": "+15005550006" if number % 2 else "m1", "channel": channel,
                "customer_id": f"c{number % 11}", "sent_at": sent_at, "message_title": HOSTILE[number % 2 * 2],
                "customer_name": HOSTILE[number % len(HOSTILE)], "to_number": f"+1415555{number % 11:04d}",
                "from_number": "+15005550006", "provider": "twilio", "price": "0.0075", "currency_code": "USD",
                "body": f"It’s yours: {'x' * 70}" if number % 8 == 1 else SENT_TO_OPTED_OUT if number == 4 else None,
            }
        )  # fmt: skip
        status = ("delivered", "undelivered", "delivered", "canceled" if number == 15 else "opened")[number % 4]
        code = "30005" if status == "undelivered" else None
        occurred_at = f"{(moment + timedelta(minutes=7 * number, seconds=5)).isoformat()}Z"
        statuses.append({"send_id": f"s{number:02}", "status": status, "occurred_at": occurred_at, "error_code": code})
        if number % 4 == 2:
            received_at = f"{(moment + timedelta(hours=10, minutes=number)).isoformat()}Z"
            body = ("STOP", "take me off your list", *HOSTILE)[number // 4]
            replies.append(
                {"reply_id": f"r{number:02}", "send_id": f"s{number:02}", "received_at": received_at, "body": body,
                 "from_number": f"+1415555{number % 11:04d}"}
            )  # fmt: skip
    for number in range(76):
        sent_at = f"2026-10-20T10:{number // 60:02}:{number % 60:02}Z"
        sends.append(
            {
                "send_id": f"usual{number:02}", "message_id": "m1", "channel": "sms", "customer_id": f"c{number % 11}",
                "sent_at": sent_at, "message_title": HOSTILE[0], "customer_name": HOSTILE[number % 11 % len(HOSTILE)],
                "to_number": f"+1415555{number % 11:04d}", "from_number": "+15005550006", "provider": "twilio",
                "price": "0.0075", "currency_code": "USD",
            }
        )  # fmt: skip
        statuses.append({"send_id": f"usual{number:02}", "status": "delivered", "occurred_at": sent_at})
    # Before the first send: what goes to the number later should not have been sent.
    opted_out_at = f"{(moment - timedelta(hours=1)).isoformat()}Z"
    replies.append({"reply_id": "r99", "from_number": "+14155550004", "received_at": opted_out_at, "body": "STOP"})
    for seconds in (9, 11):
        clicked_at = f"{(moment + timedelta(hours=1, seconds=seconds)).isoformat()}Z"
        statuses.append({"send_id": "s03", "status": "clicked", "occurred_at": clicked_at})
    pipeline.drop_rows("outbound/sends/a.jsonl", sends)
    pipeline.drop_rows("outbound/statuses/a.jsonl", statuses)
    pipeline.drop_rows("outbound/replies/a.jsonl", replies)
