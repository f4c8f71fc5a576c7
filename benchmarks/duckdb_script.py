"""The hand-written contender: one DuckDB script from the extracts to the numbers and files.

What is read and how comes from `duckdb_load.sql` and `duckdb_facts.sql`, or, where a Twilio log is all there is, from
`twilio_facts.sql`; `duckdb_seeds.sql` comes before and `duckdb_report.sql` after.
"""

import argparse
import datetime
import os
from pathlib import Path

import duckdb

BENCHMARKS_DIR = Path(__file__).resolve().parent
SEEDS_DIR = BENCHMARKS_DIR.parent / "seeds"
# Database that holds the numbers, in the folder of the results.
NUMBERS_FILE = "numbers.duckdb"


def run(
    landing: Path, results: Path, as_of: datetime.datetime, keeps_sends: bool = True, is_twilio_log: bool = False
) -> None:
    """Compute all numbers and write all files.

    Args:
        landing: folder of the extracts, as the generator writes them.
        results: an existing folder for the database and the CSVs; it becomes the working directory.
        as_of: moment of the report, UTC without a time zone.
        keeps_sends: whether the table of all sends is kept, as the pipeline publishes it, or only what is made from it.
        is_twilio_log: whether the extracts are a Twilio log and nothing else.
    """
    landing = landing.resolve()
    os.chdir(results)
    with duckdb.connect(NUMBERS_FILE) as connection:
        connection.execute("set variable landing = $landing", {"landing": str(landing)})
        if is_twilio_log:
            report(connection, as_of, "twilio_facts", keeps_sends)
        else:
            connection.execute(_script("duckdb_load"))
            report(connection, as_of, "duckdb_facts", keeps_sends)


def report(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime.datetime,
    facts: str = "duckdb_facts",
    keeps_sends: bool = True,
) -> None:
    """Run the part of the script that follows loading.

    Args:
        connection: to a database with the relations sends_loaded, statuses_loaded and replies_loaded, where the facts
            are made from them.
        as_of: moment of the report, UTC without a time zone.
        facts: the script that makes them.
        keeps_sends: see `run`.
    """
    connection.execute("set variable seeds = $seeds", {"seeds": str(SEEDS_DIR)})
    connection.execute("set variable as_of = $as_of::timestamp", {"as_of": as_of})
    connection.execute(_script("duckdb_seeds"))
    script = _script(facts)
    if not keeps_sends:
        script = script.replace("create table fct_sends", "create temp table fct_sends")
    connection.execute(script)
    connection.execute(_script("duckdb_report"))


def _script(name: str) -> str:
    return (BENCHMARKS_DIR / f"{name}.sql").read_text(encoding="utf-8")


def arguments() -> argparse.Namespace:
    """The command line of every contender: landing, results, as_of, --reports-only, --twilio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("landing", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("as_of", type=datetime.datetime.fromisoformat)
    parser.add_argument("--reports-only", action="store_true", help="keep no table of sends (the DuckDB script)")
    parser.add_argument("--twilio", action="store_true", help="the extracts are a Twilio log (the DuckDB script)")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    run(given.landing, given.results, given.as_of, not given.reports_only, given.twilio)
