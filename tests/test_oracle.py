"""The SQL against the oracle: a second implementation of the contract's rules, on extracts full of edges."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from tests.oracle.edge_extracts import generate
from tests.oracle.reporting import OracleSettings, compute_tables
from tests.pipeline import Pipeline


def comparable(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Decimal):
        return value.normalize()
    return value


def as_set(rows: Iterable[dict[str, Any]], columns: list[str]) -> set[tuple[Any, ...]]:
    found = [tuple(comparable(row[column]) for column in columns) for row in rows]
    assert len(found) == len(set(found)), "a row stands twice"
    return set(found)


@pytest.mark.parametrize(
    ("seed", "sends", "variables"),
    [
        (1, 1_500, {}),
        (
            2,
            1_500,
            {
                "REPORTING_TIMEZONE": "America/New_York",
                "RECEIPT_TIMEOUT_HOURS": "24",
                "REPLY_WINDOW_DAYS": "2",
                "ALERT_HOURS": "20",
            },
        ),
        (3, 60, {"REPORTING_TIMEZONE": "Europe/Berlin", "AS_OF": "2026-10-01T00:00:00+02:00"}),
    ],
)
def test_every_table_equals_the_oracles(tmp_path: Path, seed: int, sends: int, variables: dict[str, str]) -> None:
    extracts = generate(seed, sends)
    pipeline = Pipeline(tmp_path, **variables)
    for name, rows in extracts.items():
        source, table = name.split(".")
        pipeline.drop_rows(f"{source}/{table}/rows.csv", rows)
    pipeline.load()
    pipeline.build(with_tests=True)

    settings = pipeline.settings
    expected = compute_tables(
        extracts,
        OracleSettings(
            as_of=settings.as_of.replace(tzinfo=None) if settings.as_of else datetime.max,
            loaded_at=pipeline.raw_layer.read_ledger()[0].loaded_at,
            reporting_timezone=settings.reporting_timezone,
            receipt_timeout_hours=settings.receipt_timeout_hours,
            reply_window_days=settings.reply_window_days,
            over_messaged_count=settings.over_messaged_count,
            alert_hours=settings.alert_hours,
            alert_least_sends=settings.alert_least_sends,
            alert_opt_out_percent=settings.alert_opt_out_percent,
        ),
        PROJECT_DIR / "seeds",
    )
    for table, rows in expected.items():
        columns = list(rows[0]) if rows else []
        result = as_set(pipeline.table(table), columns)
        wanted = as_set(rows, columns)
        assert len(rows) > 0 or sends < 100, table
        missing, surplus = wanted - result, result - wanted
        assert not missing and not surplus, (
            f"{table} {columns}: {len(missing)} missing, {len(surplus)} surplus; e.g.\n"
            f"expected {sorted(missing, key=str)[:3]}\nfound    {sorted(surplus, key=str)[:3]}"
        )
    assert {row["unexplained_count"] for row in pipeline.table("audit_reconciliation")} == {0}
