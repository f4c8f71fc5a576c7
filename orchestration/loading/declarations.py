"""The extract tables, as declared in the sources' YAML and read from dbt's manifest.

The YAML is the only place where a table's columns are declared. A source table whose `config.meta.extract` is set
is loaded from `LANDING_DIR/<source>/<table>/`:

    config:
      meta:
        extract:
          required: [status, occurred_at]                          # columns that every file must have
          one_of: [[send_id], [provider, provider_message_id]]     # and all columns of at least one of these
          rows_in: [results, data.payload]                         # where answers and envelopes hold the rows
          of_all_rows: [batch_id]                                  # what these say of all rows that they hold

A path's keys are separated by dots; it goes through arrays, and through texts that hold JSON. A column of texts that
people wrote, in which the word NULL is a word, has `config.meta.written_by_people: true`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExtractTable:
    """One extract table.

    Attributes:
        source: dbt source, the folder under the landing folder.
        name: table, the folder under the source's.
        columns: declared columns in their order, lower case; all are text in the raw layer.
        required: columns that a file must have.
        one_of: groups of columns; a file must have all columns of at least one group. Empty: no such demand.
        description: what a row is.
        rows_in: paths of keys on which a JSON object may hold the rows; the first that leads somewhere counts.
        of_all_rows: columns that such an object has for all of its rows, of which each may have its own.
        texts: columns that hold what people wrote.
    """

    source: str
    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    description: str
    rows_in: tuple[tuple[str, ...], ...] = ()
    of_all_rows: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[str, str]:
        """Source and name, also the Dagster asset key's path."""
        return (self.source, self.name)

    def missing_columns(self, present: Sequence[str]) -> str | None:
        """Say which columns a file lacks.

        Args:
            present: the file's column names, lower case.

        Returns:
            One sentence part such as "lacks the column customer_id", or None where all are there.
        """
        lacking = [column for column in self.required if column not in present]
        if lacking:
            return f"lacks the required column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}"
        if self.one_of and not any(set(group) <= set(present) for group in self.one_of):
            choices = " or ".join(" and ".join(group) for group in self.one_of)
            return f"lacks a required column: {choices}"
        return None


def extract_tables(manifest: Mapping[str, Any]) -> dict[tuple[str, str], ExtractTable]:
    """Collect the declared extract tables.

    Args:
        manifest: dbt's manifest, parsed.

    Returns:
        Tables by (source, name), in alphabetical order.
    """
    tables = {}
    for node in sorted(manifest["sources"].values(), key=lambda source: str(source["unique_id"])):
        declared = node["config"].get("meta", {}).get("extract")
        if declared is None:
            continue
        table = ExtractTable(
            source=node["source_name"],
            name=node["name"],
            columns=tuple(column.lower() for column in node["columns"]),
            required=tuple(column.lower() for column in declared.get("required", [])),
            one_of=tuple(tuple(column.lower() for column in group) for group in declared.get("one_of", [])),
            description=node["description"],
            rows_in=tuple(tuple(path.split(".")) for path in declared.get("rows_in", [])),
            of_all_rows=tuple(column.lower() for column in declared.get("of_all_rows", [])),
            texts=frozenset(
                name.lower()
                for name, column in node["columns"].items()
                if column.get("config", {}).get("meta", {}).get("written_by_people")
            ),
        )
        tables[table.key] = table
    return tables


def read_extract_tables(manifest_path: Path) -> dict[tuple[str, str], ExtractTable]:
    """Collect the declared extract tables from a manifest file (see `extract_tables`)."""
    return extract_tables(json.loads(manifest_path.read_text(encoding="utf-8")))
