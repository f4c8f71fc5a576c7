"""The key figures of what is published, which Dagster plots from run to run."""

import duckdb

from orchestration.settings import Settings


def key_figures(settings: Settings) -> dict[str, int | float]:
    """Count what is published.

    Args:
        settings: where `marts.duckdb` lies.

    Returns:
        Over all messages: sends, deliveries, issues and the share of sends with an issue; of SMS the median of the
        messages' median seconds to delivery; rows that wait, and rows that nothing explains (always 0). What is
        unknown, such as a rate of no sends, is left out.
    """
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        found = connection.execute(
            """
            select
                sum(sent_count)::bigint as sent_count,
                sum(delivered_count)::bigint as delivered_count,
                sum(issue_count)::bigint as issue_count,
                sum(issue_count) / nullif(sum(sent_count), 0) as issue_send_rate,
                (select median(delivery_seconds_p50) from rpt_message_delivery)::double as delivery_seconds,
                (select sum(waiting_count) from audit_reconciliation)::bigint as waiting_count,
                (select sum(unexplained_count) from audit_reconciliation)::bigint as unexplained_count
            from rpt_messages
            """
        )
        names = [column[0] for column in found.description or []]
        values = found.fetchone() or ()
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
