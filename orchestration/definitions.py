"""Dagster's entry point (`dagster dev -m orchestration.definitions`)."""

from orchestration.bindings.jobs import build_definitions
from orchestration.privacy.files import keep_private
from orchestration.settings import Settings

_settings = Settings.from_environment()
# Dagster's processes are not started by this project where `dagster dev` is typed by hand.
keep_private(_settings)
defs = build_definitions(_settings)
