"""The carriers' codes and status words, and the page that is generated from them."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from docs.carrier_codes import PAGE, SEEDS, page
from tests.pipeline import Pipeline

LONGEST_DESCRIPTION = 140
# Their fix is to send again later, or to contact support about a rate; the same message then passes.
PASSING_REASONS = {"carrier_unavailable", "too_many_scheduled"}
# Their fix changes the message, the number or the audience.
STANDING_REASONS = {"content_too_long", "recipient_unsubscribed", "country_unsupported"}
# Words after which nobody knows whether the phone has the message.
UNCONFIRMED_WORDS = [
    ("aws", "successful"),
    ("aws", "text_successful"),
    ("aws", "text_unknown"),
    ("bandwidth", "sent"),
    ("bird", "sent"),
    ("infobip", "delivered_to_operator"),
    ("infobip", "expired_dlr_unknown"),
    ("infobip", "pending"),
    ("plivo", "sent"),
    ("sinch", "unknown"),
    ("smpp", "accepted"),
    ("smpp", "unknown"),
    ("telnyx", "delivery_unconfirmed"),
    ("twilio", "sent"),
    ("vonage", "accepted"),
    ("vonage", "unknown"),
]
NO_RECEIPT_CODES = [
    ("aws", "event_type", "TEXT_UNKNOWN"),
    ("bandwidth", "message", "9902"),
    ("bird", "status_reason", "DLR not received"),
    ("gsm", "tp_status", "0x01"),
    ("infobip", "status", "29"),
    ("smpp", "message_state", "7"),
]

Row = dict[str, str]


def seed(name: str) -> list[Row]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key(row: Row) -> tuple[str, str, str]:
    return row["provider"], row["code_space"], row["error_code"]


CODES = seed("carrier_error_codes")
PROVIDERS = {row["provider"]: row for row in seed("providers")}
REASONS = {row["issue_reason_id"] for row in seed("issue_reasons")}
STATUSES = {row["status"]: row for row in seed("statuses")}
WORDS = {(row["provider"], row["provider_status"]): row for row in seed("provider_statuses")}


@pytest.fixture(scope="module")
def published_codes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The codes as dbt seeds them into the database that is published."""
    pipeline = Pipeline(tmp_path_factory.mktemp("codes"))
    pipeline.load()
    pipeline.dbt("seed", "--select", "carrier_error_codes")
    return pipeline.table("carrier_error_codes")


def test_the_page_is_what_the_seeds_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"


def test_every_code_is_there_once() -> None:
    assert [code for code, count in Counter(key(row) for row in CODES).items() if count > 1] == []


def test_every_failure_has_one_of_the_eight_reasons() -> None:
    failing = [row for row in CODES if row["outcome"] in ("issue", "account_event")]
    assert [key(row) for row in failing if row["issue_reason_id"] not in REASONS] == []


def test_what_is_no_failure_has_no_reason_and_no_retry() -> None:
    others = [row for row in CODES if row["outcome"] not in ("issue", "account_event")]
    assert {row["outcome"] for row in others} == {"unknown", "no_issue"}
    assert [key(row) for row in others if row["issue_reason_id"] or row["is_retryable"] != "false"] == []


def test_retrying_agrees_with_the_fix_of_the_reason() -> None:
    wrong = [
        key(row)
        for row in CODES
        if (row["issue_reason_id"] in PASSING_REASONS and row["is_retryable"] != "true")
        or (row["issue_reason_id"] in STANDING_REASONS and row["is_retryable"] != "false")
    ]
    assert wrong == []


@pytest.mark.parametrize("code", NO_RECEIPT_CODES)
def test_no_receipt_is_not_a_failure(code: tuple[str, str, str]) -> None:
    assert [row["outcome"] for row in CODES if key(row) == code] == ["unknown"]


def test_every_provider_is_known_and_its_default_space_has_codes() -> None:
    assert {row["provider"] for row in CODES} == set(PROVIDERS)
    spaces = {(row["provider"], row["code_space"]) for row in CODES}
    assert {(name, row["default_code_space"]) for name, row in PROVIDERS.items()} <= spaces


def test_every_code_space_has_a_source() -> None:
    sources = [(row["provider"], row["code_space"]) for row in seed("carrier_code_sources")]
    assert sorted(sources) == sorted({(row["provider"], row["code_space"]) for row in CODES})


def test_names_are_compared_as_the_models_compare_them() -> None:
    for row in CODES:
        assert re.fullmatch(r"[a-z]+", row["provider"]), row
        assert re.fullmatch(r"[a-z0-9_]+", row["code_space"]), row
        assert row["error_code"] == row["error_code"].strip() != "", row


def test_descriptions_tell_codes_apart() -> None:
    for row in CODES:
        description = row["description"]
        assert description == description.strip() != "", key(row)
        assert len(description) <= LONGEST_DESCRIPTION, key(row)
        assert not description.endswith("."), key(row)
    counts = Counter((row["provider"], row["code_space"], row["description"].casefold()) for row in CODES)
    assert [description for description, count in counts.items() if count > 1] == []


def test_codes_reach_the_published_table_unchanged(published_codes: list[dict[str, Any]]) -> None:
    assert sorted(key(row) for row in published_codes) == sorted(key(row) for row in CODES)
    assert {("twilio", "smpp", "001"), ("plivo", "message", "000"), ("gsm", "tp_status", "0x00")} <= {
        key(row) for row in published_codes
    }


def test_texts_reach_the_published_table_unchanged(published_codes: list[dict[str, Any]]) -> None:
    result = {key(row): (row["description"], row["outcome"], row["issue_reason_id"]) for row in published_codes}
    expected = {key(row): (row["description"], row["outcome"], row["issue_reason_id"] or None) for row in CODES}
    assert result == expected
    assert {type(row["is_retryable"]) for row in published_codes} == {bool}


def test_the_file_reads_as_text_without_damage(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "codes.duckdb")) as connection:
        result = connection.execute(
            "select provider, code_space, error_code from read_csv(?, all_varchar = true, header = true)",
            [str(SEEDS / "carrier_error_codes.csv")],
        ).fetchall()
    assert result == [key(row) for row in CODES]


def test_status_words_are_lower_case_and_known() -> None:
    rows = seed("provider_statuses")
    assert len(WORDS) == len(rows)
    for row in rows:
        assert row["provider_status"] == row["provider_status"].strip().lower() != "", row
        assert row["status"] in STATUSES, row
        assert row["is_terminal"] in ("true", "false"), row
        assert row["provider"] in PROVIDERS, row


def test_every_provider_with_words_has_them() -> None:
    assert {provider for provider, _ in WORDS} == set(PROVIDERS) - {"gsm"}


@pytest.mark.parametrize("word", UNCONFIRMED_WORDS)
def test_a_word_that_proves_nothing_is_neither_delivered_nor_failed(word: tuple[str, str]) -> None:
    assert STATUSES[WORDS[word]["status"]]["stage"] == "progress"


def test_a_provider_goes_by_no_name_twice() -> None:
    """Names are compared without what stands between their words."""
    names = [row["provider_alias"].replace("_", "") for row in seed("provider_aliases")]
    assert len(set(names)) == len(names)
    assert {row["provider"] for row in seed("provider_aliases")} <= set(PROVIDERS)
