#!/usr/bin/env bash
# Every test of the project, cheapest first; `tests/run.sh lint` stops after formatting, lint and types.
set -euo pipefail
BIN=${BIN:-.venv/bin}
step() { printf '\n== %s\n' "$*"; }

step "ruff: format and lint"
"$BIN/ruff" format --check .
"$BIN/ruff" check .
step "mypy and sqlfluff: types and SQL"
lint_dir=$(mktemp -d)
trap 'rm -rf "$lint_dir"' EXIT
mkdir "$lint_dir/build"
# One at a time, mypy would leave a core idle. Of sqlfluff's time, looking for garbage took two fifths.
"$BIN/mypy" >"$lint_dir/mypy.log" & mypy=$!
fluff='import gc; gc.set_threshold(1_000_000); from sqlfluff.cli.commands import cli; cli()'
WAREHOUSE_DIR="$lint_dir" DBT_TARGET_PATH="$lint_dir/build/target" DBT_LOG_PATH="$lint_dir/build/logs" \
    "$BIN/python" -c "$fluff" lint --disable-progress-bar --processes 2 models tests/data || failed=1
wait "$mypy" || failed=1
cat "$lint_dir/mypy.log"
[ -z "${failed:-}" ]
[ "${1:-}" = lint ] && exit 0
step "Chromium, for the tests of the report"
if ! command -v chromium chromium-browser google-chrome; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
            echo "Chromium could not be installed; the tests in a browser are skipped"
    else
        echo "no Chromium, and no right to install it; the tests in a browser are skipped"
    fi
fi
step "pytest: unit, property, dbt and end-to-end tests"
"$BIN/python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder
