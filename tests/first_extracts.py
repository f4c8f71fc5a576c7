"""Extracts of a few rows, which the fixture `first_run` has run, as most tests of commands need no more."""

from tests.pipeline import Pipeline

SENDS = [
    {"send_id": f"s{n}", "message_id": "m1", "channel": "sms", "customer_id": f"c{n}", "sent_at": "2026-10-31T09:00:00Z",
     "message_title": "=1+1", "to_number": f"+1415555{n:04d}", "provider": "twilio", "provider_message_id": f"SM{n}"}
    for n in range(4)
]  # fmt: skip
STATUSES = [
    {"send_id": "s0", "status": "delivered", "occurred_at": "2026-10-31T09:00:05Z"},
    {
        "provider": "twilio",
        "provider_message_id": "SM1",
        "status": "undelivered",
        "error_code": "30006",
        "occurred_at": "2026-10-31T09:00:05Z",
    },
]


def drop_extracts(pipeline: Pipeline) -> None:
    pipeline.drop_rows("outbound/sends/a.csv", SENDS)
    pipeline.drop_rows("outbound/statuses/a.jsonl", STATUSES)
