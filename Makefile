# Every target makes its own set-up; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# Settings of your own may stand in .env (see .env.example).
ifneq (,$(wildcard .env))
    include .env
    export
endif

# With ENGINE=spark its packages are needed too.
INSTALLED := $(VENV)/.installed$(if $(filter spark,$(ENGINE)),-spark)

.PHONY: help demo demo-dev run rebuild load full-check export forget sql dev test test-spark torture lint bench seeds docs picture audit lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed
	@echo "Installing what the benchmark needs on top"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

$(VENV)/.installed-spark: requirements-spark.txt $(VENV)/.installed
	@echo "Installing what ENGINE=spark needs on top"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-spark.txt
	@touch $@

$(VENV)/.installed-audit: requirements-audit.txt $(VENV)/.installed-dev
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	@touch $@

demo: $(INSTALLED) ## Generate small realistic extracts, run the job on them, print where the report lies
	@$(BIN)/python -m orchestration demo

demo-dev: $(INSTALLED) ## The Dagster web interface on the demo
	@$(BIN)/python -m orchestration demo-dev

run: $(INSTALLED) ## Load your new extracts, build, test, publish marts, write outputs (job daily)
	@$(BIN)/python -m orchestration run

rebuild: $(INSTALLED) ## As run, but all tables are made anew from the raw layer
	@$(BIN)/python -m orchestration rebuild

load: $(INSTALLED) ## Only load your new extracts, for dbt by hand
	@$(BIN)/python -m orchestration load

full-check: $(INSTALLED) ## Every data test; all tables against a rebuild beside the warehouse
	@$(BIN)/python -m orchestration full-check

export: $(INSTALLED) ## A messaging data export: FROM=2026-10-01 TO=2026-10-31, and MESSAGE=… for one message
	@$(BIN)/python -m orchestration export

forget: $(INSTALLED) ## Erase a person: CUSTOMER=… or NUMBER=… or both; docs/privacy.md says what goes and what stays
	@$(BIN)/python -m orchestration forget

sql: $(INSTALLED) ## A SQL prompt on the published database, read-only (docs/questions.md has questions to ask)
	@$(BIN)/python -m orchestration sql

dev: $(INSTALLED) ## The Dagster web interface, with schedule and sensor
	@$(BIN)/python -m orchestration dev

test: $(VENV)/.installed-dev ## Every test of the project
	@BIN=$(BIN) bash tests/run.sh

test-spark: $(VENV)/.installed-dev $(VENV)/.installed-spark ## The same project on Spark: unit tests, and every table and CSV against DuckDB's; needs Java 17
	@BIN=$(BIN) bash tests/spark/run.sh

torture: $(VENV)/.installed-dev ## The long tests of reliability: 100 runs killed, with readers; KILLS=20 MINUTES=60 SEED=1
	@TORTURE_KILLS=$(KILLS) TORTURE_MINUTES=$(MINUTES) TORTURE_SEED=$(SEED) $(BIN)/python -m pytest -m torture -s

lint: $(VENV)/.installed-dev ## Formatting, lint and types only
	@BIN=$(BIN) bash tests/run.sh lint

bench: $(VENV)/.installed-bench ## The benchmark, into docs/performance.md; larger sizes by ARGS="--sends 10000000"
	@$(BIN)/python -m benchmarks.run $(ARGS)

seeds: $(VENV)/.installed ## Write the seed of time zones from libphonenumber, after its package was renewed
	@$(BIN)/python -m seeds.calling_prefix_time_zones

docs: $(VENV)/.installed ## Write docs/carrier_codes.md from the seeds, and dbt's own pages into one file, docs/dbt.html
	@$(BIN)/python -m docs.carrier_codes
	@$(BIN)/python -m docs.pages

picture: $(VENV)/.installed-dev demo ## Take the README's picture of the report, docs/report.png, from the demo
	@$(BIN)/python -m docs.report_picture

audit: $(VENV)/.installed-audit ## Known vulnerabilities of the pinned dependencies, from the OSV database (needs the network)
	@failed=0; for part in requirements requirements-dev requirements-bench requirements-spark requirements-audit; do \
		if $(BIN)/pip-audit --vulnerability-service osv --disable-pip --no-deps --progress-spinner off \
			--requirement $$part.txt 2>$(VENV)/audit.log; then continue; fi; \
		if grep -q "Traceback" $(VENV)/audit.log; then \
			echo "make audit: the OSV database could not be asked, so nothing was checked: is there a way out? See $(VENV)/audit.log" >&2; \
			exit 2; \
		fi; \
		cat $(VENV)/audit.log >&2; failed=1; \
	done; exit $$failed

lock: $(VENV)/.installed-dev ## Pin the newest allowed versions in requirements*.txt
	@$(BIN)/pip install --quiet pip-tools
	@for part in requirements requirements-dev requirements-bench requirements-spark requirements-audit; do \
		$(BIN)/pip-compile --quiet --upgrade --no-header --no-annotate --output-file $$part.txt $$part.in; \
		sed -i -e '/^#/d' -e '/^--/d' -e '/^$$/d' $$part.txt; \
	done

clean: ## Remove what the project generated: demo, virtual environment, caches (not your warehouse)
	@rm -rf demo $(VENV) target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
