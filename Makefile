# Each target makes what it needs; the second time it fetches nothing. `make` alone says what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
BIN := .venv/bin
LOCAL := .venv/local.stamp
DEV := .venv/dev.stamp

.PHONY: help demo test check fix items lock
help:
	@echo 'make demo     PostgreSQL, Kafka and every service on this machine, with fictional data; Ctrl-C ends it'
	@echo '              (ONCE=1: play the witness journey and end; PORT=8080; FRESH=1: forget what an earlier demo kept;'
	@echo '              OBSERVE=1: Prometheus too, where it is installed)'
	@echo 'make test     the tests, on a real PostgreSQL and a real Kafka'
	@echo 'make check    what CI runs: lint, types, import rules, tests, API documents'
	@echo 'make fix      correct what ruff can correct'
	@echo 'make items    which items of the domain are proven, from the last test run'
	@echo 'make lock     choose the newest dependencies and write requirements/*.lock again'

demo: $(LOCAL)
	@$(BIN)/bassin demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT)) $(if $(FRESH),--fresh) $(if $(OBSERVE),--observe)

test: $(DEV)
	@$(BIN)/python -m common.local.fetch
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(DEV)
	@$(BIN)/python tools/check.py

fix: $(DEV)
	@$(BIN)/ruff check --fix . || true
	@$(BIN)/ruff format .

items: $(DEV)
	@$(BIN)/python -m common.local.items

lock: $(DEV)
	@UPGRADE=1 sh tools/lock.sh

# The stamps hold the hash of what was installed: a lock that did not change is never installed twice.
$(LOCAL): requirements/local.lock requirements/bootstrap.lock pyproject.toml
	@$(call environment,local)

$(DEV): requirements/dev.lock requirements/bootstrap.lock pyproject.toml
	@$(call environment,dev)

define environment
command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is absent: make PYTHON=/path/to/python3.11" >&2; exit 3; }; \
"$(PYTHON)" tools/environment.py $(1)
endef
