"""Dbt's data tests in words: what each one checks, and which rows it found."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from orchestration.building.dbt_runs import NodeResult
from orchestration.errors import PASSING_WORDS
from orchestration.privacy.personal_data import impersonal_columns, is_personal

# Columns that only tests have: what they found, in the project's words.
TEST_COLUMNS = {"broken_rule", "named_in", "unknown_name"}
# Columns of findings that are shown, so many beside the tested one: the keys come first.
COLUMNS_SHOWN = 3
ROWS_SHOWN = 5
# A test that finds all rows of a table that lists what is wrong: they are shown as a preview shows them.
LISTING = "no_rows"


def describe_test(node: Mapping[str, Any]) -> str:
    """Say what a test checks.

    Args:
        node: of dbt's manifest.

    Returns:
        Its description in the YAML, else a sentence made of its kind and arguments, or of its name.
    """
    if node.get("description"):
        return str(node["description"])
    test = node.get("test_metadata") or {}
    arguments = test.get("kwargs", {})
    column = arguments.get("column_name", "")
    # A name that was given is a sentence: assert_every_sms_issue_has_a_reason.
    words = node["name"].split("_")
    if words[0] == "assert":
        return f"{' '.join(words[1:]).replace('sms', 'SMS').capitalize()}.".replace("sms", "SMS")
    sentences = {
        "relationships": f"Every {column} stands in {_model(arguments.get('to', ''))} as {arguments.get('field')}.",
        "rules": " ".join(_rules(arguments)),
        "expression_is_true": f"For every row holds: {arguments.get('expression')}.",
    }
    return sentences.get(test.get("name", ""), f"{' '.join(words).capitalize()}.")


def _rules(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The sentences of a test of rules, as `broken_rule` tells them in tests/data/generic/rules.sql."""
    for columns in [arguments.get("key", []), *([column] for column in arguments.get("unique", []))]:
        yield f"No two rows have the same {', '.join(columns)}."
    if required := arguments.get("required"):
        yield f"Every row has a value in {', '.join(required)}."
    for column, values in arguments.get("values", {}).items():
        yield f"{column} is one of {', '.join(map(str, values))}."
    for sentence in arguments.get("sentences", {}):
        yield f"{sentence}."


def _model(reference: str) -> str:
    """The name in "ref('fct_sends')"."""
    return reference.split("'")[1] if "'" in reference else reference


def findings(
    connection: duckdb.DuckDBPyConnection, result: NodeResult, nodes: Mapping[str, Any]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The first rows that a test found: keys and what is wrong, without personal data.

    Args:
        connection: to the databases being built.
        result: of the test.
        nodes: of dbt's manifest, by id.

    Returns:
        Names of the columns that are shown, and rows; none where the test can't be asked again.
    """
    node = nodes.get(result.unique_id, {})
    if not result.compiled_code:
        return [], []
    query = result.compiled_code
    column = ((node.get("test_metadata") or {}).get("kwargs") or {}).get("column_name")
    relation = nodes.get(node.get("attached_node"), {}).get("relation_name")
    if column and relation:
        # A test of a column tells values, in its first column; the keys of their rows stand in the table.
        query = f'select * from {relation} where "{column}" in (select value from ({query}) as found(value))'
    try:
        found = connection.sql(f"select * from ({query}) as found limit {ROWS_SHOWN}")
        if (node.get("test_metadata") or {}).get("name") == LISTING:
            shown = impersonal_columns(_tested_table(node), found.columns)
            return shown, found.select(*shown).fetchall()
        # Of a column that no model has nobody knows what it holds. Ids but a customer's are pseudonyms, and shown.
        known = TEST_COLUMNS.union(*(other.get("columns", {}) for other in nodes.values()))
        shown = [name for name in found.columns if (name in known or name.endswith("_count")) and not is_personal(name)]
        shown = [*shown[:COLUMNS_SHOWN], *(name for name in shown[COLUMNS_SHOWN:] if name == column)]
        return shown, found.select(*shown).fetchall() if shown else []
    except duckdb.Error:
        return [], []


def failures_in_words(
    connection: duckdb.DuckDBPyConnection | None, results: Iterable[NodeResult], nodes: Mapping[str, Any]
) -> list[str]:
    """Say what failed of a build.

    Args:
        connection: to the databases being built; None where they can't be opened.
        results: of dbt's nodes.
        nodes: of dbt's manifest, by id.

    Returns:
        A sentence for each test that failed, with the keys of its first row, and for each model that was not made.
    """
    sentences = []
    for result in (result for result in results if result.is_failed):
        node = nodes.get(result.unique_id, {})
        if result.failures is None or result.status == "error":
            sentences.append(f"{result.name} could not be made: {_engine_error(result.message)}.")
            continue
        table = _tested_table(node)
        count = result.failures
        names, rows = findings(connection, result, nodes) if connection else ([], [])
        rules = describe_test(node)
        if names[:1] == ["broken_rule"]:
            rules = " ".join(f"{rule}." for rule in dict.fromkeys(rule for rule, *_ in rows))
            names, rows = names[1:], [row[1:] for row in rows]
        sentence = f"{table}: {rules} {count:,} {'row is' if count == 1 else 'rows are'} otherwise"
        if rows and names:
            shown = ", ".join(
                f"{name} {value}" for name, value in zip(names, rows[0], strict=True) if value is not None
            )
            sentence += f", such as {shown}"
        sentences.append(f"{sentence}.")
    return sentences


def _engine_error(message: str) -> str:
    """The kind of an engine's error and the files that it names; the rest may hold values, and stands in the log."""
    kinds = re.findall(r"(?:[A-Z]\w+ )+Error", message)
    files = re.findall(r"[^\s\"']+\.(?:parquet|duckdb|sql)\b", message)
    words = [word for word in PASSING_WORDS if word in message]
    return ", ".join(dict.fromkeys([kinds[-1] if kinds else "an error", *words, *files]))


def _tested_table(node: Mapping[str, Any]) -> str:
    attached = str(node.get("attached_node") or "")
    return attached.split(".")[2] if attached.count(".") >= 2 else str(node.get("name", ""))
