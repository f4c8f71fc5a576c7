#!/usr/bin/env bash
# The tests on Spark; Spark is a Java program.
set -euo pipefail
BIN=${BIN:-.venv/bin}
if ! "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version >/dev/null 2>&1; then
    echo "make test-spark needs Java 17 or 21: on Debian, apt-get install openjdk-17-jre-headless" >&2
    exit 1
fi
"$BIN/python" -m pytest -m spark tests/spark
