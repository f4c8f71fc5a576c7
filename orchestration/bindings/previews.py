"""What Dagster shows of a built table: its number of rows and its first rows."""

import html
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import duckdb

from orchestration.outside_text import shown
from orchestration.privacy.personal_data import personal_columns

PREVIEW_ROWS = 5
# Longest text in a preview's cell, in characters: previews are glanced at, and texts from outside can be long.
PREVIEW_CHARACTERS = 60


class Previews:
    """Reads counts and first rows from the databases being built, read-only; a context manager."""

    def __init__(self, build_dir: Path) -> None:
        """Open the databases of a build folder; dbt must not be running."""
        self.connection = duckdb.connect(str(build_dir / "warehouse.duckdb"), read_only=True)
        marts = str(build_dir / "marts.duckdb").replace("'", "''")
        self.connection.execute(f"attach '{marts}' as marts (read_only)")
        self._tables: dict[str, tuple[str, bool]] = {
            str(name): (str(database), bool(is_table))
            for database, name, is_table in self.connection.execute(
                "select database_name, table_name, true from duckdb_tables() where not internal"
                " union all"
                " select database_name, view_name, false from duckdb_views() where not internal"
            ).fetchall()
        }

    def __enter__(self) -> "Previews":
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the databases."""
        self.connection.close()

    def row_count(self, name: str) -> int | None:
        """Rows of a table; None for a view, whose rows would have to be computed."""
        database, is_table = self._tables.get(name, ("", False))
        if not is_table:
            return None
        row = self.connection.execute(f"select count(*) from {database}.main.{name}").fetchone()
        return int(row[0]) if row else None

    def markdown(self, name: str) -> str | None:
        """The first rows of a published table as a Markdown table, without personal data.

        Args:
            name: of a model or seed.

        Returns:
            The text; None where there is none of that name, for what comes before the marts, and for views, whose rows
            would have to be computed.
        """
        database, _ = self._tables.get(name, ("", False))
        if database != "marts":
            return None
        described = self.connection.execute(f"describe {database}.main.{name}").fetchall()
        columns = impersonal_columns(name, [str(column) for column, *_ in described])
        selected = ", ".join(f'"{column}"' for column in columns)
        result = self.connection.execute(f"select {selected} from {database}.main.{name} limit {PREVIEW_ROWS}")
        return markdown_table(columns, result.fetchall())


def impersonal_columns(table: str, columns: list[str]) -> list[str]:
    """The columns of a table, or of what is written of it, that hold no personal data."""
    personal = personal_columns(table, columns)
    return [column for column in columns if column not in personal]


def markdown_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a Markdown table in which no text from outside can act as markup.

    Args:
        columns: names.
        rows: values in the columns' order; None is shown as an empty cell.

    Returns:
        The table's text.
    """
    names = [_cell(name) for name in columns]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else shown(" ".join(str(value).split()), PREVIEW_CHARACTERS)
    return re.sub(r"[\\`*_\[\]|!#~]", r"\\\g<0>", html.escape(text, quote=False))
