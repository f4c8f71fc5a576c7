"""dlt as the loader into DuckDB, then the hand-written report: a contender of the benchmark.

dlt is given Arrow batches, which it loads as Parquet files without looking at single rows: its fastest way.
"""

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from benchmarks.duckdb_script import NUMBERS_FILE, arguments, report

# Columns that are no text.
TYPES = {
    "segment_count": pa.int32(),
    "price": pa.decimal128(18, 6),
    "sent_at": pa.timestamp("us", tz="UTC"),
    "updated_at": pa.timestamp("us", tz="UTC"),
    "occurred_at": pa.timestamp("us", tz="UTC"),
    "received_at": pa.timestamp("us", tz="UTC"),
}
COLUMNS = {
    "sends": [
        "send_id",
        "message_id",
        "message_title",
        "channel",
        "customer_id",
        "to_number",
        "from_number",
        "body",
        "segment_count",
        "price",
        "currency_code",
        "provider",
        "provider_message_id",
        "sent_at",
        "updated_at",
    ],
    "statuses": [
        "send_id",
        "provider",
        "provider_message_id",
        "status",
        "error_code",
        "error_code_space",
        "error_message",
        "occurred_at",
    ],
    "replies": [
        "reply_id",
        "send_id",
        "from_number",
        "to_number",
        "customer_id",
        "channel",
        "body",
        "received_at",
        "updated_at",
    ],
}
BLOCK_BYTES = 32 << 20


def run(landing: Path, results: Path, as_of: datetime.datetime) -> None:
    """Load with dlt, compute all numbers and write all files.

    Args:
        landing: folder of the extracts, as the generator writes them.
        results: an existing folder for the database, the CSVs and dlt's own files; it becomes the working directory.
        as_of: moment of the report, UTC without a time zone.
    """
    landing = landing.resolve()
    os.chdir(results)
    os.environ.update({"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(Path("dlt").resolve())})
    # Settings are read when dlt is imported.
    import dlt

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(Path("dlt").resolve()),
        destination=dlt.destinations.duckdb(NUMBERS_FILE),
        dataset_name="loaded",
    )
    resources = [
        dlt.resource(
            batches(landing / "outbound" / table, table),
            name=table,
            write_disposition="replace",
            columns={name: {"name": name, "data_type": "text"} for name in names if name not in TYPES},
        )
        for table, names in COLUMNS.items()
    ]
    pipeline.run(resources, loader_file_format="parquet").raise_on_failed_jobs()
    with duckdb.connect(NUMBERS_FILE) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, names in COLUMNS.items():
            times = [name for name in names if name in TYPES and pa.types.is_timestamp(TYPES[name])]
            plain = ", ".join(f"{name}::timestamp as {name}" for name in times)
            connection.execute(
                f"create view {table}_loaded as"
                f" select {', '.join(name for name in names if name not in times)}, {plain} from loaded.{table}"
            )
        report(connection, as_of)


def batches(folder: Path, table: str) -> Iterator[pa.Table]:
    """The rows of all CSVs of a folder as Arrow batches."""
    types = {name: TYPES.get(name, pa.string()) for name in COLUMNS[table]}
    for path in sorted(folder.glob("*.csv")):
        reader = pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
            convert_options=pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])


if __name__ == "__main__":
    given = arguments()
    run(given.landing, given.results, given.as_of)
