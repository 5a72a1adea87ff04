# Each target makes what it needs; the second time it fetches nothing. `make` alone says what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
COMPOSE ?= docker compose
PROFILES ?= demo,observe
BIN := .venv/bin
LOCAL := .venv/local.stamp
DEV := .venv/dev.stamp
BENCH := .venv/bench.stamp

.PHONY: help demo up down compose-prove kube-prove test check faults faults-sabotage fix items bench lock
help:
	@echo 'make demo     PostgreSQL, Kafka and every service on this machine, with fictional data; Ctrl-C ends it'
	@echo '              (ONCE=1: play the witness journey and end; PORT=8080; FRESH=1: forget what an earlier demo kept;'
	@echo '              OBSERVE=1: Prometheus too, where it is installed)'
	@echo 'make up       the same in containers (docker compose), and its addresses; make down ends it, DATA=gone with its data'
	@echo '              (PROFILES=demo: without Prometheus and Grafana)'
	@echo 'make compose-prove  compose.yaml proven with podman, where the kit for it is present'
	@echo 'make kube-prove  deploy/k8s proven on a Kubernetes of this machine, where the kit for it is present'
	@echo 'make test     the tests, on a real PostgreSQL and a real Kafka'
	@echo 'make check    what CI runs: lint, types, import rules, tests, API documents'
	@echo 'make faults   what the platform must survive, done to it (F=F1 plays one, SEED=42 that schedule again)'
	@echo 'make faults-sabotage  the product spoiled in nine ways: each must be caught by the fault that is named for it'
	@echo 'make fix      correct what ruff can correct'
	@echo 'make items    which items of the domain are proven, from the last test run'
	@echo 'make bench    what the design costs, row by row against its reference (B=relay: one row)'
	@echo 'make lock     choose the newest dependencies and write requirements/*.lock again'

demo: $(LOCAL)
	@$(BIN)/bassin demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT)) $(if $(FRESH),--fresh) $(if $(OBSERVE),--observe)

up: $(LOCAL)
	@$(BIN)/bassin secrets create .bassin/secrets
	@COMPOSE_PROFILES=$(PROFILES) $(COMPOSE) up -d --build --wait
	@$(addresses)

down:
	@COMPOSE_PROFILES=demo,observe,operate $(COMPOSE) down $(if $(DATA),-v)

compose-prove: $(LOCAL)
	@$(BIN)/python -m tools.compose_prove

kube-prove: $(DEV)
	@$(BIN)/python -m tools.kube_prove

test: $(DEV)
	@$(BIN)/python -m common.local.fetch
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(DEV)
	@$(BIN)/python tools/check.py

faults: $(DEV)
	@$(BIN)/python -m common.local.fetch
	@$(BIN)/python -m tests.faults.elsewhen
	@$(BIN)/python -m tests.faults.isolation
	@$(BIN)/python -m tests.faults $(if $(F)$(SEED)$(CHECK),$(F) $(if $(SEED),--seed $(SEED)) $(if $(CHECK),--check),--lanes)

faults-sabotage: $(DEV)
	@$(BIN)/python -m common.local.fetch
	@$(BIN)/python -m tests.faults.sabotage $(S)

fix: $(DEV)
	@$(BIN)/ruff check --fix . || true
	@$(BIN)/ruff format .

items: $(DEV)
	@$(BIN)/python -m common.local.items

bench: $(BENCH)
	@$(BIN)/python -m common.local.fetch
	@$(BIN)/python -m benchmarks $(if $(B),"$(B)")

lock: $(DEV)
	@UPGRADE=1 sh tools/lock.sh

# The stamps hold the hash of what was installed: a lock that did not change is never installed twice.
$(LOCAL): requirements/local.lock requirements/bootstrap.lock pyproject.toml
	@$(call environment,local)

$(DEV): requirements/dev.lock requirements/bootstrap.lock pyproject.toml
	@$(call environment,dev)

$(BENCH): requirements/bench.lock requirements/bootstrap.lock pyproject.toml
	@$(call environment,bench)

define environment
command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is absent: make PYTHON=/path/to/python3.11" >&2; exit 3; }; \
"$(PYTHON)" tools/environment.py $(1)
endef

# Of what compose.yaml publishes, with the profiles that were started.
define addresses
at() { printf '%-18s%s\n' "$$1" "http://127.0.0.1:$$2"; }; \
at gateway "$${BASSIN_PORT:-8080}/schema"; \
at calendar "$${BASSIN_PORT:-8080}/calendrier"; \
case ',$(PROFILES),' in *,demo,*) \
    at 'demo identities' "$${BASSIN_IDENTITY_PORT:-8081}"; \
    at mails "$${BASSIN_MAIL_PORT:-8025}";; esac; \
case ',$(PROFILES),' in *,observe,*) \
    at dashboards "$${BASSIN_GRAFANA_PORT:-3000}"; \
    at Prometheus "$${BASSIN_PROMETHEUS_PORT:-9090}/alerts";; esac; \
echo 'play the journey  .venv/bin/bassin journey'
endef
