import pytest

from orchestration import settings
from orchestration.errors import SettingError
from orchestration.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORTING_TIMEZONE", "Mars/Olympus"),
        ("REPORTING_TIMEZONE", "localtime"),
        ("REPORTING_TIMEZONE", "Factory"),
        ("REPORTING_TIMEZONE", "right/Europe/Berlin"),
        ("REPORTING_TIMEZONE", "europe/berlin"),
        ("REPORTING_TIMEZONE", "GMT+5"),
        ("MAX_EXTRACT_COLUMNS", "9"),
        ("MAX_FIELD_CHARACTERS", "999"),
        ("MAX_UNPACKED_GB", "0"),
        ("AS_OF", "yesterday"),
        ("AS_OF", "1999-01-01"),
        ("RECEIPT_TIMEOUT_HOURS", "-1"),
        ("RECEIPT_TIMEOUT_HOURS", "3.5"),
        ("OUTPUT_DAYS", "0"),
        ("OUTPUT_KEEP", "0"),
        ("OUTPUT_URL", "no-such-protocol://bucket"),
        ("REPLY_WINDOW_DAYS", "a month"),
        ("OVER_MESSAGED_COUNT", "0"),
        ("ALERT_HOURS", "25"),
        ("ALERT_LEAST_SENDS", "0"),
        ("ALERT_OPT_OUT_PERCENT", "3.5"),
        ("MEMORY_LIMIT_GB", "0"),
        ("MAX_ROWS_AT_ONCE", "40_000_000"),
        ("SCHEDULE_HOUR", "24"),
        ("WAREHOUSE_DIR", "ware'house"),
        ("LANDING_DIR", "landing[1]"),
        ("OUTPUT_DIR", __file__),
        ("ENGINE", "sparc"),
        ("SPARK_TABLE_FORMAT", "orc"),
        ("SPARK_METHOD", "odbc"),
        ("SPARK_URL", "nowhere://bucket"),
    ],
)
def test_a_wrong_value_names_variable_value_and_what_is_accepted(name: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment({name: value})
    message = str(error.value)
    assert name in message
    assert value in message or repr(value) in message
    assert "\n" not in message


def test_empty_values_count_as_not_set() -> None:
    assert Settings.from_environment({"AS_OF": "", "OUTPUT_DAYS": " "}).output_days == 90


def test_as_of_without_an_offset_is_utc() -> None:
    plain = Settings.from_environment({"AS_OF": "2026-11-01T06:00:00"}).as_of
    assert plain == Settings.from_environment({"AS_OF": "2026-11-01T08:00:00+02:00"}).as_of


def test_an_engine_that_is_not_installed_is_told_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"^ENGINE='spark' is not accepted: .* requirements-spark.txt"):
        Settings.from_environment({"ENGINE": "spark"})
    monkeypatch.setattr(settings, "find_spec", lambda name: name)
    with pytest.raises(SettingError, match=r"^ENGINE='spark' is not accepted: .* with Java 17"):
        Settings.from_environment({"ENGINE": "spark", "PATH": "/nowhere"})
    with pytest.raises(SettingError, match="JAVA_HOME=/nowhere has none"):
        Settings.from_environment({"ENGINE": "spark", "JAVA_HOME": "/nowhere"})
    # A cluster has its own.
    assert (
        Settings.from_environment({"ENGINE": "spark", "PATH": "/nowhere", "SPARK_REMOTE": "sc://host"}).engine
        == "spark"
    )
