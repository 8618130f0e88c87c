# Posthouse: `make serve` runs a whole mail system on this machine, `make test` proves it. `make help` lists the rest.
PYTHON ?= $(shell scripts/choose-python)
BIN := .venv/bin
INSTALLED := .venv/.installed
.DEFAULT_GOAL := help
.PHONY: help install serve test interop lint types contracts check

help:            ## this list
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

install: $(INSTALLED)  ## make the environment (.venv) and install Posthouse into it

$(INSTALLED): pyproject.toml
	"$(or $(PYTHON),$(error name a Python: make install PYTHON=/path/to/python3))" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(INSTALLED)

serve: install   ## a whole mail system on loopback, with a made-up domain and two accounts
	@exec $(BIN)/posthouse serve --dev

test: install    ## all tests (short runs of the long campaigns included)
	$(BIN)/python -m pytest -n auto

interop: install ## real mail programs against a served trial (installs them on Debian)
	scripts/install-interop
	$(BIN)/python -m pytest -m interop tests/interop

lint: install    ## ruff
	$(BIN)/ruff check src tests bench scripts

types: install   ## mypy --strict
	$(BIN)/mypy

contracts: install  ## import contracts: the layers of docs/architecture.md
	$(BIN)/lint-imports

check: lint types contracts test  ## everything CI asks

.PHONY: bench bench-million kill simulate campaigns

bench: install   ## beside Postfix and Dovecot, as ratios (as root; bench/README.md; BENCH="--quick" only tries it)
	$(BIN)/python -m bench $(BENCH)

bench-million: install  ## what a mail costs with a million stored messages (a few minutes)
	$(BIN)/python -m bench --part stored --stored 1000000 $(BENCH)

kill: install    ## ROUNDS (100) of load and SIGKILL: nothing acknowledged is lost or doubled
	ROUNDS=$${ROUNDS:-100} $(BIN)/python -m pytest -s -m campaign tests/campaigns/test_kill.py

simulate: install ## SEEDS (2000) of the models: the store, and several IMAP sessions
	SEEDS=$${SEEDS:-2000} $(BIN)/python -m pytest -n auto tests/simulation

campaigns: kill simulate  ## the long runs of what `make test` runs shortly
