"""Writes the seed beside it from libphonenumber's table: `make seeds`, after its package was renewed."""

import csv
from pathlib import Path

from phonenumbers.tzdata import TIMEZONE_DATA

SEED = Path(__file__).with_suffix(".csv")


def rows() -> list[tuple[str, str]]:
    """Calling prefixes with each of their IANA time zones, in order."""
    return sorted((prefix, zone) for prefix, zones in TIMEZONE_DATA.items() for zone in zones)


if __name__ == "__main__":
    with SEED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["calling_prefix", "time_zone"])
        writer.writerows(rows())
