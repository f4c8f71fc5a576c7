#!/usr/bin/env bash
# Every test of the project, cheapest first; `tests/run.sh lint` stops after formatting, lint and types.
set -euo pipefail
BIN=${BIN:-.venv/bin}
step() { printf '\n== %s\n' "$*"; }

step "ruff: format and lint"
"$BIN/ruff" format --check .
"$BIN/ruff" check .
step "mypy: types"
"$BIN/mypy"
step "sqlfluff: SQL"
export WAREHOUSE_DIR="${TMPDIR:-/tmp}/outbound-sms-lint-$$"
trap 'rm -rf "$WAREHOUSE_DIR"' EXIT
mkdir -p "$WAREHOUSE_DIR/build"
DBT_TARGET_PATH="$WAREHOUSE_DIR/build/target" DBT_LOG_PATH="$WAREHOUSE_DIR/build/logs" \
    "$BIN/sqlfluff" lint --disable-progress-bar models tests/data
unset WAREHOUSE_DIR
[ "${1:-}" = lint ] && exit 0
step "pytest: unit, property, dbt and end-to-end tests"
"$BIN/python" -m pytest -n 2 --dist worksteal
