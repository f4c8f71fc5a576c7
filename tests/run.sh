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
lint_dir=$(mktemp -d)
trap 'rm -rf "$lint_dir"' EXIT
mkdir "$lint_dir/build"
WAREHOUSE_DIR="$lint_dir" DBT_TARGET_PATH="$lint_dir/build/target" DBT_LOG_PATH="$lint_dir/build/logs" \
    "$BIN/sqlfluff" lint --disable-progress-bar models tests/data
[ "${1:-}" = lint ] && exit 0
step "pytest: unit, property, dbt and end-to-end tests"
"$BIN/python" -m pytest -n 2 --dist worksteal
