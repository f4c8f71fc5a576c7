"""Dagster's entry point (`dagster dev -m orchestration.definitions`)."""

from orchestration.bindings.jobs import build_definitions
from orchestration.settings import Settings

defs = build_definitions(Settings.from_environment())
