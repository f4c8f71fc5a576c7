"""What libphonenumber tells of telephone numbers, as the function `phone_number_details` of DuckDB and of Spark.

For DuckDB a plugin of dbt-duckdb, named in profiles.yml, so that dbt by hand has the function too; in a session of Spark
it is registered before dbt runs.
"""

from typing import TYPE_CHECKING, NamedTuple

import duckdb
import phonenumbers
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import ARROW
from duckdb.sqltypes import VARCHAR
from phonenumbers import PhoneNumberType

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Keys of the seed `number_types`.
NUMBER_TYPES = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "landline_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company_number",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.UNKNOWN: "unknown",
}


class PhoneNumberDetails(NamedTuple):
    """What a number tells of itself.

    Attributes:
        number_type: a value of `NUMBER_TYPES`; "unknown" where the numbering plan has no such number.
        region: town or area in English; None where the number tells none.
        national_format: as people in its country write it; None where it is unknown.
    """

    number_type: str
    region: str | None = None
    national_format: str | None = None


def phone_number_details(number: str) -> PhoneNumberDetails:
    """Look a number up in its country's numbering plan.

    Args:
        number: in E.164; anything else is of the type "unknown".
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return PhoneNumberDetails("unknown")
    number_type = phonenumbers.number_type(parsed)
    if number_type == PhoneNumberType.UNKNOWN:
        return PhoneNumberDetails("unknown")
    region = None
    if phonenumbers.is_number_type_geographical(number_type, parsed.country_code or 0):
        # The names of areas take a second and 100 MB to import, so only where a number is asked for.
        from phonenumbers.geodata import GEOCODE_DATA, GEOCODE_LONGEST_PREFIX

        digits = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
        prefixes = (digits[:length] for length in range(GEOCODE_LONGEST_PREFIX, 0, -1))
        region = next((GEOCODE_DATA[prefix].get("en") for prefix in prefixes if prefix in GEOCODE_DATA), None)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return PhoneNumberDetails(NUMBER_TYPES[number_type], region, national)


def _details_of_many(numbers: pa.ChunkedArray) -> pa.Array:
    columns = zip(*map(phone_number_details, numbers.to_pylist()), strict=True)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.StructArray.from_arrays(arrays, names=PhoneNumberDetails._fields)


class Plugin(BasePlugin):
    """Gives dbt's connection the function."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Add the function to a connection, and to all others of the same process to its database."""
        details = duckdb.struct_type(dict.fromkeys(PhoneNumberDetails._fields, "varchar"))
        conn.create_function("phone_number_details", _details_of_many, [VARCHAR], details, type=ARROW)


def register(spark: "SparkSession") -> None:
    """Give a session of Spark the function.

    Args:
        spark: its executors need the package `phonenumbers`; on one machine they are this process's own.
    """
    details = ", ".join(f"{name}: string" for name in PhoneNumberDetails._fields)
    spark.udf.register("phone_number_details", phone_number_details, f"struct<{details}>")
