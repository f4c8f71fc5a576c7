"""`make sql`: a prompt on the published database, read-only, with the engine that wrote it."""

import contextlib
import io
import os
import readline
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.errors import UserError
from orchestration.outside_text import shown
from orchestration.settings import Settings

ROWS_SHOWN = 200
READ, ENDS = ".read", (".quit", ".exit", "quit", "exit")


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
            print(
                "A semicolon ends a statement; describe TABLE shows its columns; .read FILE runs a file; Ctrl-D ends."
            )
            readline.set_completer(_completer(tables))
            readline.parse_and_bind("tab: complete")
        for text in _statements("sql> " if is_terminal else "", "...> " if is_terminal else ""):
            try:
                for statement in connection.extract_statements(_read_file(text)):
                    relation = connection.sql(_without_its_end(statement.query))
                    if relation is not None:
                        # Rows as the terminal is wide; a pipe takes all that there is of each.
                        width = shutil.get_terminal_size().columns if is_terminal else 10_000
                        with contextlib.redirect_stdout(io.StringIO()) as drawn:
                            relation.show(max_rows=ROWS_SHOWN, max_width=width)
                        print(*(shown(line, width) for line in drawn.getvalue().split("\n")), sep="\n", end="")
            except (duckdb.Error, OSError, UnicodeDecodeError) as error:
                print(*map(shown, str(error).splitlines()), sep="\n", file=sys.stderr)
                exit_code = 0 if is_terminal else 1
    return exit_code


def _semicolon(text: str) -> int | None:
    """Where the semicolon stands that ends a text, in bytes; only comments may follow it."""
    tokens = [offset for offset, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    return tokens[-1] if tokens and text.encode()[tokens[-1] :].startswith(b";") else None


def _without_its_end(statement: str) -> str:
    """A statement without its semicolon and the comments behind it, of which DuckDB makes no relation."""
    return statement.encode()[: _semicolon(statement)].decode()


def _read_file(text: str) -> str:
    """The statements of the file that `.read FILE` names, as DuckDB's own prompt takes it; other text as it is."""
    words = text.split(maxsplit=1)
    if len(words) < 2 or words[0] != READ:
        return text
    return Path(words[1].strip().strip("'\"")).read_text(encoding="utf-8")


def _statements(prompt: str, more: str) -> Iterator[str]:
    """Statements of the standard input, each to a semicolon at the end of a line, the last one to the end."""
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
            text = os.linesep.join(lines)
            if text.strip() in ENDS:
                return
            # As in DuckDB's own prompt, what begins with a dot is a line.
            if lines[0].startswith(".") or _semicolon(text) is not None:
                yield text
                lines = []
            elif not text.strip():
                lines = []
    if lines:
        yield os.linesep.join(lines)


def _completer(words: list[str]):  # type: ignore[no-untyped-def]
    def complete(text: str, state: int) -> str | None:
        found = [word for word in words if word.startswith(text)]
        return found[state] if state < len(found) else None

    return complete
