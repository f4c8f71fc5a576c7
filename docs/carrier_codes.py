"""Writes docs/carrier_codes.md from the seeds: `make docs`. A test fails where the page is not what they give."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
SEEDS = PAGE.parent.parent / "seeds"

Row = dict[str, str]
Space = tuple[str, str]

INTRODUCTION = """\
# Carrier codes

Generated from `seeds/` by `make docs`; change the seeds, not this page.

A code is looked up by provider, code space and code, as text. Where a status names no `error_code_space`, the space of
the provider's delivery receipts is meant, marked with a star. The codes themselves stand in
`seeds/carrier_error_codes.csv`, the published table `carrier_error_codes`, each with a description in our words and,
where the reason could be argued, a note. A code that is not there gets a reason all the same, and shows in
`audit_unmapped_codes`.
"""
OUTCOMES_TEXT = """\
Issue: the message failed. No receipt: nobody knows, so neither failed nor delivered, and the status counts as sent.
Notice: success, a step on the way or a warning. Account event: trouble of the account or its registration, an issue
where a message fails with it. Retryable: the same message can go through later without a change; where the provider
says which codes are permanent, this mostly follows it.
"""
REASONS_TEXT = "Codes of issues and account events, by reason.\n"
STATUSES_TEXT = """\
What each word of a provider means here (`seeds/provider_statuses.csv`), without case. A word in bold is the last one
that the provider says; a last word that means sent is no delivery, and no failure either. GSM has no words: its
TP-Status is the code.
"""
SOURCES_TEXT = """\
Complete: all codes of the space at that date are there. A source without a date bears none. Codes change; what is newer
shows in `audit_unmapped_codes`.
"""


def read_seed(name: str) -> list[Row]:
    """The rows of a seed, every value as text."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table; numbers stand right, and a zero is left out."""
    cells = [list(row) for row in rows]
    is_number = [all(isinstance(row[column], int) for row in cells) for column in range(len(header))]
    lines = [header, ["--:" if number else "---" for number in is_number], *cells]
    return "".join("| " + " | ".join(_cell(value) for value in line) + " |\n" for line in lines)


def _cell(value: str | int) -> str:
    return str(value).replace("|", "\\|") if value != 0 else ""


def page() -> str:
    """The whole page.

    Returns:
        Markdown that ends in a line break.
    """
    providers = {row["provider"]: row for row in read_seed("providers")}
    codes: dict[Space, list[Row]] = defaultdict(list)
    for row in read_seed("carrier_error_codes"):
        codes[row["provider"], row["code_space"]].append(row)
    order = list(providers)
    spaces = sorted(
        codes,
        key=lambda space: (order.index(space[0]), space[1] != providers[space[0]]["default_code_space"], space[1]),
    )
    labels = {
        (provider, space): (
            providers[provider]["provider_name"],
            f"`{space}`" + (" \\*" if space == providers[provider]["default_code_space"] else ""),
        )
        for provider, space in spaces
    }
    sections = [
        INTRODUCTION,
        "## Code spaces and outcomes\n",
        OUTCOMES_TEXT,
        _outcomes(codes, spaces, labels),
        "## Reasons\n",
        REASONS_TEXT,
        _reasons(codes, spaces, labels),
        "## Status words\n",
        STATUSES_TEXT,
        _statuses(providers),
        "## Sources\n",
        SOURCES_TEXT,
        _sources(spaces, labels),
    ]
    return "\n".join(sections)


def _outcomes(codes: dict[Space, list[Row]], spaces: list[Space], labels: dict[Space, tuple[str, str]]) -> str:
    outcomes = {"issue": "issue", "unknown": "no receipt", "no_issue": "notice", "account_event": "account event"}
    rows: list[list[str | int]] = []
    for space in spaces:
        counts = Counter(row["outcome"] for row in codes[space])
        retryable_count = sum(row["is_retryable"] == "true" for row in codes[space])
        rows.append(
            [*labels[space], len(codes[space]), *(counts[outcome] for outcome in outcomes), retryable_count],
        )
    header = ["provider", "code space", "codes", *outcomes.values(), "retryable"]
    return markdown_table(header, [*rows, _total(rows)])


def _reasons(codes: dict[Space, list[Row]], spaces: list[Space], labels: dict[Space, tuple[str, str]]) -> str:
    reasons = [
        row["issue_reason_id"] for row in sorted(read_seed("issue_reasons"), key=lambda row: int(row["sort_order"]))
    ]
    rows: list[list[str | int]] = []
    for space in spaces:
        counts = Counter(row["issue_reason_id"] for row in codes[space])
        rows.append([*labels[space], *(counts[reason] for reason in reasons)])
    header = ["provider", "code space", *(reason.replace("_", " ") for reason in reasons)]
    return markdown_table(header, [*rows, _total(rows)])


def _total(rows: Sequence[Sequence[str | int]]) -> list[str | int]:
    columns = list(zip(*rows, strict=True))[2:]
    return ["total", "", *(sum(int(value) for value in column) for column in columns)]


def _statuses(providers: dict[str, Row]) -> str:
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in read_seed("provider_statuses"):
        word = f"`{row['provider_status']}`"
        words[row["provider"], row["status"]].append(f"**{word}**" if row["is_terminal"] == "true" else word)
    rows = [
        [providers[provider]["provider_name"], f"`{status['status']}`", ", ".join(words[provider, status["status"]])]
        for provider in providers
        for status in read_seed("statuses")
        if (provider, status["status"]) in words
    ]
    return markdown_table(["provider", "status here", "the provider's words"], rows)


def _sources(spaces: list[Space], labels: dict[Space, tuple[str, str]]) -> str:
    sources = {(row["provider"], row["code_space"]): row for row in read_seed("carrier_code_sources")}
    rows = [
        [
            *labels[space],
            sources[space]["source"],
            sources[space]["source_date"],
            "yes" if sources[space]["is_complete"] == "true" else "no",
            sources[space]["note"],
        ]
        for space in spaces
    ]
    return markdown_table(["provider", "code space", "source", "as of", "complete", "note"], rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
