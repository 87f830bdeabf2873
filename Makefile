# `make` lists the targets. A virtual environment is made in .venv; a second run reuses it.

PYTHON ?= python3
PG_CONFIG ?= pg_config
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
APT := tests/debian-packages.sh
CODE := python_client tests bench examples sql hatch_build.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint sql bench install clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo sql ## a small application on a PostgreSQL of its own, from its orders to its jobs' timelines
	@$(BIN)/txjobs demo $(ARGS)

test: $(VENV)/.dev sql ## all tests, on every PostgreSQL from 15 found here; ARGS='-k name' for some
	@$(APT) tests
	@$(BIN)/pytest --pg=all $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy --strict and the rules for SQL
	@echo '--- ruff'
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@echo '--- mypy --strict'
	@$(BIN)/mypy $(CODE)
	@echo '--- sql'
	@$(BIN)/python tests/lint_sql.py
	@echo 'lint: clean'

sql: ## the install script and the extension, from sql/ into build/
	@$(PYTHON) sql/build.py
	@echo 'sql: build/txjobs.sql and build/extension are up to date'

bench: $(VENV)/.dev sql ## measure against the budgets and the alternatives; see bench/README.md
	@$(BIN)/python -m bench $(ARGS)

install: sql ## the extension into the server of PG_CONFIG; then: create extension txjobs
	@$(MAKE) --no-print-directory -C build/extension install PG_CONFIG=$(PG_CONFIG)
	@echo 'install: done; now run in a database: create extension txjobs'

clean: ## remove everything that make has made
	rm -rf $(VENV) build dist python_client/txjobs/_sql .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'txjobs needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo '--- making $(VENV)'
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
	  || { $(APT) venv && $(PYTHON) -m venv --clear $(VENV); }
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml hatch_build.py
	@echo '--- installing txjobs with its command line and an embedded PostgreSQL'
	@$(BIN)/pip install --quiet --editable '.[embedded,cli]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml hatch_build.py
	@echo '--- installing txjobs with what its tests need'
	@$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.demo
