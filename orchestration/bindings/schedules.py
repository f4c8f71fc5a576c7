"""When jobs start by the clock."""

import dagster as dg

from orchestration.settings import Settings


def daily_schedule(settings: Settings, job_name: str) -> dg.ScheduleDefinition:
    """The schedule of the job, at SCHEDULE_HOUR in SCHEDULE_TIMEZONE."""
    return dg.ScheduleDefinition(
        name="daily_schedule",
        job_name=job_name,
        cron_schedule=f"0 {settings.schedule_hour} * * *",
        execution_timezone=settings.schedule_timezone,
        description="Runs the job daily at SCHEDULE_HOUR in SCHEDULE_TIMEZONE.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def full_check_schedule(settings: Settings, job_name: str) -> dg.ScheduleDefinition:
    """The schedule of the weekly check, on Sundays at SCHEDULE_HOUR in SCHEDULE_TIMEZONE."""
    return dg.ScheduleDefinition(
        name="full_check_schedule",
        job_name=job_name,
        cron_schedule=f"0 {settings.schedule_hour} * * 0",
        execution_timezone=settings.schedule_timezone,
        description="Runs the full check on Sundays at SCHEDULE_HOUR in SCHEDULE_TIMEZONE.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
