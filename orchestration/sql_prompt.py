"""`make sql`: a prompt on the published database, read-only, with the engine that wrote it."""

import contextlib
import os
import readline
import shutil
import sys
from collections.abc import Iterator

import duckdb

from orchestration.errors import UserError
from orchestration.settings import Settings

ROWS_SHOWN = 200


def sql_prompt(settings: Settings) -> int:
    """Answer SQL statements, from a terminal or from a pipe, until the input ends.

    Args:
        settings: where the published database lies.

    Returns:
        Exit code: 0, or 1 where a statement of a pipe failed.

    Raises:
        UserError: nothing is published.
    """
    if not settings.marts_path.exists():
        raise UserError(f"{settings.marts_path} does not exist yet: make run publishes it")
    is_terminal = sys.stdin.isatty()
    exit_code = 0
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        row = connection.execute("select as_of, reporting_timezone from report_info").fetchone()
        tables = [
            name for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
        ]
        if row:
            print(f"{settings.marts_path}, as of {row[0]:%Y-%m-%d %H:%M} UTC; days are those of {row[1]}.")
        if is_terminal:
            print("Tables:", ", ".join(tables))
            print("A statement ends in a semicolon; describe TABLE shows its columns; Ctrl-D ends.")
            readline.set_completer(_completer(tables))
            readline.parse_and_bind("tab: complete")
        for statement in _statements("sql> " if is_terminal else "", "...> " if is_terminal else ""):
            try:
                relation = connection.sql(statement)
                if relation is not None:
                    # Rows as the terminal is wide; a pipe takes all that there is of each.
                    width = shutil.get_terminal_size().columns if is_terminal else 10_000
                    relation.show(max_rows=ROWS_SHOWN, max_width=width)
            except duckdb.Error as error:
                print(error, file=sys.stderr)
                exit_code = 0 if is_terminal else 1
    return exit_code


def _statements(prompt: str, more: str) -> Iterator[str]:
    """Statements of the standard input, each to its semicolon, the last one to the end."""
    lines: list[str] = []
    with contextlib.suppress(EOFError):
        while True:
            try:
                lines.append(input(more if lines else prompt))
            except KeyboardInterrupt:
                # As in other prompts: what was typed is thrown away.
                print()
                lines = []
                continue
            if lines[-1].rstrip().endswith(";"):
                yield os.linesep.join(lines)
                lines = []
            elif not "".join(lines).strip():
                lines = []
    if lines:
        yield os.linesep.join(lines)


def _completer(words: list[str]):  # type: ignore[no-untyped-def]
    def complete(text: str, state: int) -> str | None:
        found = [word for word in words if word.startswith(text)]
        return found[state] if state < len(found) else None

    return complete
