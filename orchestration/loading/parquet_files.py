"""Reading Parquet extracts: typed columns as the texts that a CSV would hold."""

from pathlib import Path

import duckdb

from orchestration.errors import ExtractRefusedError, LoadError
from orchestration.loading.declarations import ExtractTable
from orchestration.loading.raw_files import (
    Limits,
    Lineage,
    ReadResult,
    connect,
    copy,
    name_columns,
    quoted,
    select_list,
    text_literal,
)


def read_parquet(path: Path, table: ExtractTable, lineage: Lineage, target: Path, limits: Limits) -> ReadResult:
    """Read a Parquet extract into a raw file, see `read_extract`."""
    source = f"read_parquet({text_literal(str(path))}, hive_partitioning = false)"
    with connect(target.parent, limits) as connection:
        try:
            described = connection.execute(f"describe select * from {source}").fetchall()
        except duckdb.Error as error:
            raise _unreadable(error) from error
        found = {str(name): str(kind) for name, kind, *_ in described}
        names = name_columns(list(found), table, limits)
        expressions = {
            name: f"nullif({_text(quoted(column), kind)}, '')"
            for name, (column, kind) in zip(names, found.items(), strict=True)
        }
        columns = select_list(expressions, table, lineage, "row_number() over ()")
        query = f"select {columns} from {source}"
        try:
            return ReadResult(copy(connection, query, target))
        except duckdb.OutOfMemoryException as error:
            raise LoadError(f"{lineage.file} takes more memory than there is (MEMORY_LIMIT_GB)") from error
        except duckdb.Error as error:
            _check_that_it_can_be_read(connection, query)
            raise LoadError(f"can't write to the raw layer: {str(error).splitlines()[0]}") from error


def _check_that_it_can_be_read(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Tell a damaged extract from a raw layer that can't be written: read it without writing anything."""
    try:
        connection.execute(query)
        while connection.fetchmany(10_000):
            pass
    except (duckdb.Error, OSError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ExtractRefusedError:
    kind = type(error).__name__.removesuffix("Exception")
    return ExtractRefusedError(f"is no readable Parquet file, perhaps half-written ({kind})")


def _text(column: str, kind: str) -> str:
    """A typed Parquet column as the text that a CSV would hold."""
    if kind in ("FLOAT", "DOUBLE"):  # whole numbers that data frames keep as floats, such as codes
        is_whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        return f"case when {is_whole} then {column}::bigint::varchar else {column}::varchar end"
    if kind.startswith("DECIMAL"):  # whole numbers of databases whose numbers have no declared scale, such as ids
        return rf"regexp_replace({column}::varchar, '\.0+$', '')"
    if kind == "BLOB":  # texts of writers that do not say so
        return f"coalesce(try(decode({column})), {column}::varchar)"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"to_json({column})::varchar"
    return f"{column}::varchar"
