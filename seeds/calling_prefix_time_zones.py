"""Writes the seed beside it from libphonenumber's table: `make seeds`, after its package was renewed.

The table gives mobile numbers of many countries one zone, though they belong to no area (+61 4: Sydney, also of a phone
in Perth). As in libphonenumber's own look-up, such a number may be anywhere in its country. Of zones whose clocks
always agree (London, Guernsey, Jersey), a prefix has one.
"""

import csv
import functools
from importlib.resources import files
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, number_type
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.tzdata import TIMEZONE_DATA

SEED = Path(__file__).with_suffix(".csv")
# What numbers are tried with behind a prefix, and how long without the country's code, to see of what type they are.
ENDINGS = [digit * 12 for digit in "0123456789"] + ["123456789123"]
LENGTHS = range(6, 13)


def rows() -> list[tuple[str, str]]:
    """Calling prefixes with each of their IANA time zones, in order."""
    return sorted(
        (prefix, zone)
        for prefix, zones in TIMEZONE_DATA.items()
        for zone in of_other_clocks({*zones, *(zones_of_country(prefix) if is_mobile_anywhere(prefix) else ())})
    )


def of_other_clocks(zones: set[str]) -> list[str]:
    """Zones without those whose clocks agree with another's since 1970: the one that zone1970.tab names stays."""
    named = zones_named("zone1970.tab")
    clocks: dict[bytes, str] = {}
    for zone in sorted(zones, key=lambda zone: (zone not in named, zone)):
        clocks.setdefault(files("tzdata.zoneinfo").joinpath(zone).read_bytes(), zone)
    return list(clocks.values())


def is_mobile_anywhere(prefix: str) -> bool:
    """Whether the numbers with a prefix are mobile ones, which tell the country and no area."""
    code = calling_code(prefix)
    # In North America mobile numbers have an area's prefix, as they have in the countries that libphonenumber lists.
    if code in (prefix, "1") or is_number_type_geographical(PhoneNumberType.MOBILE, int(code)):
        return False
    area = prefix.removeprefix(code)
    numbers = {int((area + ending)[:length]) for ending in ENDINGS for length in LENGTHS}
    types = {number_type(PhoneNumber(country_code=int(code), national_number=number)) for number in numbers}
    return PhoneNumberType.MOBILE in types and not types & {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }


def zones_of_country(prefix: str) -> set[str]:
    """The zones of the country of a prefix, without those of others with the same code (Christmas Island has +61)."""
    code = calling_code(prefix)
    country = phonenumbers.region_code_for_country_code(int(code))
    # Zones by older names are not in the table.
    countries = zones_named("zone.tab")
    return {zone for zone in TIMEZONE_DATA.get(code, ()) if countries.get(zone, country) == country}


def calling_code(prefix: str) -> str:
    """The country's code that a prefix begins with; none is the beginning of another."""
    return next(prefix[:n] for n in (1, 2, 3) if int(prefix[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@functools.cache
def zones_named(table: str) -> dict[str, str]:
    """The zones that a table of the time zone database names, each with its countries' ISO 3166 codes."""
    lines = files("tzdata.zoneinfo").joinpath(table).read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    return {zone: countries for countries, _, zone, *_ in cells}


if __name__ == "__main__":
    with SEED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["calling_prefix", "time_zone"])
        writer.writerows(rows())
