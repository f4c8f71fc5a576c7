"""The settings of a run, read once from environment variables (README, "Settings")."""

import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import available_timezones

import duckdb
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata

from orchestration.errors import SettingError

# Characters that would turn a folder's name into a glob pattern or end a quoted SQL string.
UNSAFE_IN_PATHS = "'\"*?[]{}\n\r\x00"
# How an output shows personal data.
FULL, MASKED, NONE = "full", "masked", "none"
# What builds the tables, and as what Spark keeps them.
DUCKDB, SPARK = "duckdb", "spark"
PARQUET, DELTA, ICEBERG = "parquet", "delta", "iceberg"
# How Spark is reached.
SESSION, THRIFT = "session", "thrift"
# As many as nobody tries: 32 hexadecimal digits are 128 bits.
LEAST_SECRET_CHARACTERS = 32


@dataclass(frozen=True)
class Settings:
    """What a run needs to know of its surroundings; every field has a default.

    Attributes:
        landing_dir: folder in which extracts are dropped; never written to.
        warehouse_dir: folder of everything that the pipeline keeps.
        output_dir: folder of the generated files.
        reporting_timezone: IANA zone in which a day begins.
        as_of: moment of the report, UTC; None means the time of the newest load.
        receipt_timeout_hours: hours without a final status after which a send is unconfirmed.
        output_keep: folders of outputs that are kept.
        output_url: fsspec URL to which finished outputs are copied; empty for none.
        output_days: days before the as-of moment whose sends the row-level outputs cover.
        reply_window_days: days after a send within which a reply can be a response to it.
        over_messaged_count: received messages in 7 days from which a customer is over-messaged.
        alert_hours: hours before the as-of moment that the deliverability alerts judge; 0 for the whole of yesterday.
        alert_least_sends: sends of a carrier, country, sender or message from which the alerts judge it.
        alert_opt_out_percent: sends of a hundred answered with an opt-out keyword from which opt-outs are an alert.
        engine: what builds the tables: DUCKDB or SPARK.
        spark_table_format: as what Spark keeps its tables: PARQUET, DELTA or ICEBERG.
        spark_method: how Spark is reached: SESSION or THRIFT, with the other variables that profiles.yml names.
        spark_remote: Spark Connect URL of the cluster that builds; empty for a Spark of this machine.
        spark_url: fsspec URL of a folder that this machine and the cluster reach; empty for the warehouse's folder.
        default_country: ISO 3166 code of the country whose national numbers are completed; None completes none.
        memory_limit_gb: most memory that DuckDB, or a Spark of this machine, takes, GB; Python, Dagster and dbt take
            about 0.5 more.
        max_rows_at_once: rows of extracts that are applied at once; more are applied in groups.
        max_extract_columns: columns, or different JSON keys, of an extract; one with more is refused.
        max_field_characters: characters of one value of an extract; a row with a longer one is set apart.
        max_unpacked_gb: GB of a compressed or Parquet extract when it is unpacked; a longer one is refused.
        schedule_hour: hour of the day (0 to 23) at which the schedule starts the job `daily`.
        schedule_timezone: IANA zone of that hour.
        personal_data_csv: how the CSVs show personal data: FULL, MASKED or NONE.
        personal_data_workbook: how the workbook does.
        personal_data_export: how the messaging data exports do.
        personal_data_report: how the report does.
        personal_data_marts: how the published database does.
        retention_days: days before the as-of moment, or now, after which personal data are dropped; 0 for never.
        privacy_key: of the keyed hashes; empty for the one in `privacy_key_path`.
        notify_urls: Apprise URLs that are told of failures and warnings; they may hold passwords.
        stale_after_hours: hours without a new extract after which a source is stale, by "source", "source/table" and ""
            for all others, see `hours_until_stale`; 0 for never.
        history_days: days for which Dagster's runs and the logs are kept.
        retry_seconds: wait before a step is tried again whose fault may pass; then twice and four times as long.
    """

    landing_dir: Path = Path("landing")
    warehouse_dir: Path = Path("warehouse")
    output_dir: Path = Path("outputs")
    reporting_timezone: str = "UTC"
    as_of: datetime | None = None
    receipt_timeout_hours: int = 72
    output_keep: int = 30
    output_url: str = ""
    output_days: int = 90
    reply_window_days: int = 30
    over_messaged_count: int = 10
    alert_hours: int = 0
    alert_least_sends: int = 20
    alert_opt_out_percent: int = 3
    engine: str = DUCKDB
    spark_table_format: str = PARQUET
    spark_method: str = SESSION
    spark_remote: str = ""
    spark_url: str = ""
    default_country: str | None = None
    memory_limit_gb: int = 3
    max_rows_at_once: int = 40_000_000
    max_extract_columns: int = 1_000
    max_field_characters: int = 1_000_000
    max_unpacked_gb: int = 10
    schedule_hour: int = 6
    schedule_timezone: str = "UTC"
    personal_data_csv: str = FULL
    personal_data_workbook: str = FULL
    personal_data_export: str = FULL
    personal_data_report: str = FULL
    personal_data_marts: str = FULL
    retention_days: int = 0
    privacy_key: str = field(default="", repr=False)
    notify_urls: tuple[str, ...] = ()
    stale_after_hours: Mapping[str, int] = field(default_factory=lambda: {"": 48})
    history_days: int = 90
    retry_seconds: int = 5

    @property
    def engine_location(self) -> str:
        """Below which the engine finds the raw layer: the warehouse's folder, or SPARK_URL as Hadoop writes it."""
        if self.engine == SPARK and self.spark_url:
            return re.sub("^s3://", "s3a://", self.spark_url)
        return str(self.warehouse_dir)

    @property
    def raw_dir(self) -> Path:
        """Folder of the immutable raw layer."""
        return self.warehouse_dir / "raw"

    @property
    def build_dir(self) -> Path:
        """Folder of the databases being built; nobody but the pipeline opens them."""
        return self.warehouse_dir / "build"

    @property
    def marts_path(self) -> Path:
        """The published database: a link to the newest file in `published_dir`."""
        return self.warehouse_dir / "marts.duckdb"

    @property
    def privacy_key_path(self) -> Path:
        """The key of the keyed hashes, where the setting gives none."""
        return self.warehouse_dir / "privacy.key"

    @property
    def published_dir(self) -> Path:
        """Folder of the published databases, which are never changed."""
        return self.warehouse_dir / "published"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's run history, schedules and sensors."""
        return self.warehouse_dir / "dagster"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read and check the settings.

        Args:
            environment: variables by name; the process's own when None. An empty value counts as not set.

        Returns:
            Settings with absolute folders.

        Raises:
            SettingError: a value is not accepted; the message names variable, value and what is accepted.
        """
        variables = os.environ if environment is None else environment
        return cls(
            landing_dir=_folder(variables, "LANDING_DIR", cls.landing_dir),
            warehouse_dir=_folder(variables, "WAREHOUSE_DIR", cls.warehouse_dir),
            output_dir=_folder(variables, "OUTPUT_DIR", cls.output_dir),
            reporting_timezone=_timezone(variables, "REPORTING_TIMEZONE", cls.reporting_timezone),
            as_of=_moment(variables, "AS_OF"),
            receipt_timeout_hours=_whole_number(
                variables, "RECEIPT_TIMEOUT_HOURS", cls.receipt_timeout_hours, 0, 24 * 366
            ),
            output_keep=_whole_number(variables, "OUTPUT_KEEP", cls.output_keep, 1, 1_000_000),
            output_url=_url(variables, "OUTPUT_URL"),
            output_days=_whole_number(variables, "OUTPUT_DAYS", cls.output_days, 1, 36_500),
            reply_window_days=_whole_number(variables, "REPLY_WINDOW_DAYS", cls.reply_window_days, 0, 3_660),
            over_messaged_count=_whole_number(variables, "OVER_MESSAGED_COUNT", cls.over_messaged_count, 1, 1_000_000),
            alert_hours=_whole_number(variables, "ALERT_HOURS", cls.alert_hours, 0, 24),
            alert_least_sends=_whole_number(variables, "ALERT_LEAST_SENDS", cls.alert_least_sends, 1, 1_000_000),
            alert_opt_out_percent=_whole_number(variables, "ALERT_OPT_OUT_PERCENT", cls.alert_opt_out_percent, 0, 100),
            engine=_engine(variables, "ENGINE"),
            spark_table_format=_choice(variables, "SPARK_TABLE_FORMAT", (PARQUET, DELTA, ICEBERG)),
            spark_method=_choice(variables, "SPARK_METHOD", (SESSION, THRIFT)),
            spark_remote=_text(variables, "SPARK_REMOTE") or "",
            spark_url=_url(variables, "SPARK_URL").rstrip("/"),
            default_country=_country(variables, "DEFAULT_COUNTRY"),
            memory_limit_gb=_whole_number(variables, "MEMORY_LIMIT_GB", cls.memory_limit_gb, 1, 4_096),
            max_rows_at_once=_whole_number(variables, "MAX_ROWS_AT_ONCE", cls.max_rows_at_once, 1, 1_000_000_000_000),
            max_extract_columns=_whole_number(variables, "MAX_EXTRACT_COLUMNS", cls.max_extract_columns, 10, 100_000),
            max_field_characters=_whole_number(
                variables, "MAX_FIELD_CHARACTERS", cls.max_field_characters, 1_000, 10_000_000
            ),
            max_unpacked_gb=_whole_number(variables, "MAX_UNPACKED_GB", cls.max_unpacked_gb, 1, 10_000),
            schedule_hour=_whole_number(variables, "SCHEDULE_HOUR", cls.schedule_hour, 0, 23),
            schedule_timezone=_timezone(variables, "SCHEDULE_TIMEZONE", cls.schedule_timezone),
            personal_data_csv=_personal_data(variables, "PERSONAL_DATA_CSV"),
            personal_data_workbook=_personal_data(variables, "PERSONAL_DATA_WORKBOOK"),
            personal_data_export=_personal_data(variables, "PERSONAL_DATA_EXPORT"),
            personal_data_report=_personal_data(variables, "PERSONAL_DATA_REPORT"),
            personal_data_marts=_personal_data(variables, "PERSONAL_DATA_MARTS"),
            retention_days=_retention_days(variables, "RETENTION_DAYS"),
            privacy_key=_secret(variables, "PRIVACY_KEY"),
            notify_urls=_notify_urls(variables, "NOTIFY_URLS"),
            stale_after_hours=_hours(variables, "STALE_AFTER_HOURS"),
            history_days=_whole_number(variables, "HISTORY_DAYS", cls.history_days, 1, 36_500),
            retry_seconds=_whole_number(variables, "RETRY_SECONDS", cls.retry_seconds, 0, 600),
        )

    def check_landing_dir(self) -> None:
        """Make sure that the landing folder can be listed.

        Raises:
            SettingError: the folder does not exist, is no folder or can't be read.
        """
        accepted = "a folder that exists, with extracts in <source>/<table>/; create it or correct LANDING_DIR"
        if not self.landing_dir.is_dir() or not os.access(self.landing_dir, os.R_OK | os.X_OK):
            raise SettingError("LANDING_DIR", str(self.landing_dir), accepted)

    def hours_until_stale(self, source: str, table: str) -> int:
        """Hours without a new extract after which a table of extracts is stale; 0 for never."""
        hours = self.stale_after_hours
        return hours.get(f"{source}/{table}", hours.get(source, hours[""]))

    def as_environment(self) -> dict[str, str]:
        """The folders and limits as variables for dbt, which reads them in profiles.yml and the sources' YAML."""
        return {
            "MEMORY_LIMIT_GB": str(self.memory_limit_gb),
            "LANDING_DIR": str(self.landing_dir),
            "WAREHOUSE_DIR": str(self.warehouse_dir),
            "OUTPUT_DIR": str(self.output_dir),
            "NUMBERING_PLAN": self.numbering_plan,
            "RAW_URL": f"{self.engine_location}/raw",
            "SPARK_TABLE_FORMAT": self.spark_table_format,
        }

    @property
    def numbering_plan(self) -> str:
        """How mobile numbers of the default country are written, by libphonenumber.

        Calling code, trunk prefix (which stands before a number within the country) and lengths without it, such as
        "44|0|10"; empty without a default country.
        """
        plan = PhoneMetadata.metadata_for_region(self.default_country) if self.default_country else None
        if plan is None or plan.mobile is None:
            return ""
        lengths = ",".join(map(str, plan.mobile.possible_length))
        return f"{plan.country_code}|{plan.national_prefix or ''}|{lengths}"


def _text(variables: Mapping[str, str], name: str) -> str | None:
    return variables.get(name, "").strip() or None


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """One of some words, the first where nothing is set."""
    text = (_text(variables, name) or choices[0]).lower()
    if text not in choices:
        raise SettingError(name, text, f"{', '.join(choices[:-1])} or {choices[-1]}")
    return text


def _personal_data(variables: Mapping[str, str], name: str) -> str:
    return _choice(variables, name, (FULL, MASKED, NONE))


def _engine(variables: Mapping[str, str], name: str) -> str:
    """The engine, which has to be there."""
    engine = _choice(variables, name, (DUCKDB, SPARK))
    if engine == SPARK:
        if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
            packages = "make run installs them, by hand pip install -r requirements-spark.txt does"
            raise SettingError(name, engine, f"{DUCKDB}, or {SPARK} where its packages are installed: {packages}")
        java_home = _text(variables, "JAVA_HOME")
        java = Path(java_home, "bin", "java") if java_home else shutil.which("java", path=variables.get("PATH"))
        # A cluster has its own.
        is_remote = _text(variables, "SPARK_REMOTE") or _choice(variables, "SPARK_METHOD", (SESSION, THRIFT)) == THRIFT
        if not is_remote and not (java and os.access(java, os.X_OK)):
            found = (
                f"JAVA_HOME={java_home} has none" if java_home else "no java was found on PATH, and no JAVA_HOME set"
            )
            raise SettingError(
                name,
                engine,
                f"{DUCKDB}, or {SPARK} with Java 17 or 21 (on Debian: apt-get install"
                f" openjdk-17-jre-headless); {found}",
            )
    return engine


def _retention_days(variables: Mapping[str, str], name: str) -> int:
    """What is dropped is looked up in DuckDB's tables."""
    days = _whole_number(variables, name, Settings.retention_days, 0, 36_500)
    if days and _choice(variables, "ENGINE", (DUCKDB, SPARK)) == SPARK:
        raise SettingError(name, str(days), f"0 with ENGINE={SPARK}, whose tables it does not reach")
    return days


def _secret(variables: Mapping[str, str], name: str) -> str:
    """A secret text; a wrong one is not shown."""
    text = _text(variables, name) or ""
    if 0 < len(text) < LEAST_SECRET_CHARACTERS:
        raise SettingError(name, "…", f"a secret of at least {LEAST_SECRET_CHARACTERS} characters, or none")
    return text


def _folder(variables: Mapping[str, str], name: str, default: Path) -> Path:
    text = _text(variables, name) or str(default)
    if any(character in text for character in UNSAFE_IN_PATHS):
        raise SettingError(name, text, "a folder's path without quotes, line breaks and the characters * ? [ ] { }")
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise SettingError(name, text, "a folder, and this is a file")
    return path


def _url(variables: Mapping[str, str], name: str) -> str:
    """A URL of fsspec whose driver is installed."""
    text = _text(variables, name)
    if text is None:
        return ""
    # Imported where it is needed: a driver can take a second.
    from fsspec.core import get_filesystem_class, split_protocol

    protocol = split_protocol(text)[0]
    # A wrong URL is shown without its user and password.
    shown = re.sub(r"//[^/]*@", "//", text)
    accepted = "a URL such as s3://bucket/folder, gs://, abfs://, sftp:// or file:///folder"
    if protocol is None:
        raise SettingError(name, shown, accepted)
    try:
        get_filesystem_class(protocol)
    except ImportError as error:
        raise SettingError(name, shown, f"{protocol}:// needs a driver that is not installed: {error}") from None
    except ValueError:
        raise SettingError(name, shown, accepted) from None
    return text


def _notify_urls(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    """URLs that Apprise takes, as it splits them: by commas and white space before a scheme."""
    text = _text(variables, name)
    if text is None:
        return ()
    # Imported where it is needed: it takes half a second. Its own log would show the URLs' passwords.
    from apprise import Apprise
    from apprise.utils.parse import parse_urls

    logging.getLogger("apprise").disabled = True
    accepted = (
        "URLs that Apprise knows, such as mailto://, slack://, msteams:// or jsons://host/path, with a comma between"
    )
    urls = tuple(parse_urls(text))  # type: ignore[no-untyped-call]
    for number, url in enumerate(urls, start=1):
        if Apprise.instantiate(url) is None:
            # The rest of a URL is as good as a password.
            raise SettingError(name, f"{url.split(':')[0]}:…", f"{accepted}; URL {number} of {len(urls)} is none")
    if not urls:
        raise SettingError(name, "…", accepted)
    return urls


def _hours(variables: Mapping[str, str], name: str) -> dict[str, int]:
    """Hours for all, and for single sources or tables: "48, twilio=72, aws/sms_usage=0"."""
    hours = {"": 48}
    for part in filter(None, (_text(variables, name) or "").replace(" ", ",").split(",")):
        key, _, number = part.rpartition("=")
        if not re.fullmatch(r"(\w+(/\w+)?=)?\d{1,5}", part, re.ASCII):
            accepted = "hours, and more for single sources or tables, such as 48,twilio=72,aws/sms_usage=0 (0 is never)"
            raise SettingError(name, part, accepted)
        hours[key] = int(number)
    return hours


def _timezone(variables: Mapping[str, str], name: str, default: str) -> str:
    text = _text(variables, name) or default
    if text != default and not (text in available_timezones() and _is_known_to_duckdb(text)):
        raise SettingError(name, text, "an IANA time zone such as UTC, Europe/Berlin or America/New_York")
    return text


def _country(variables: Mapping[str, str], name: str) -> str | None:
    text = _text(variables, name)
    if text is not None and text.upper() not in SUPPORTED_REGIONS:
        raise SettingError(name, text, "an ISO 3166 code of two letters, such as GB, DE or US")
    return text.upper() if text else None


def _is_known_to_duckdb(zone: str) -> bool:
    """Whether the engine has a time zone too: systems add names of their own, such as localtime.

    Factory is what clocks show that nobody has set.
    """
    with duckdb.connect() as connection:
        known = "from pg_timezone_names() where name = ? and name <> 'Factory'"
        return connection.execute(known, [zone]).fetchone() is not None


def _moment(variables: Mapping[str, str], name: str) -> datetime | None:
    text = _text(variables, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year < 2000:
        raise SettingError(
            name, text, "an ISO 8601 time from 2000 on, such as 2026-11-01T06:00:00Z (UTC without an offset)"
        )
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _whole_number(variables: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = _text(variables, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingError(name, text, f"a whole number from {least} to {most}")
    return int(text)
