# Every target sets itself up in .venv first; `make help` lists them.
SHELL  := /bin/sh
PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.installed
DEV    := .venv/.installed-dev
CONFIG ?=
DATASET ?= out/operator
OUT    ?= out/backtest
FROM   ?=
TO     ?=
KPIS   ?=
SEEDS  ?=

.DEFAULT_GOAL := help
.PHONY: help install dev run test test-long fuzz chaos check lint words types layers browser backtest bench bench-quality lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements.lock pyproject.toml .ci/install
	@PYTHON="$(PYTHON)" sh .ci/install requirements.lock
	@touch $(STAMP)

$(DEV): requirements-dev.lock pyproject.toml .ci/install
	@PYTHON="$(PYTHON)" sh .ci/install requirements-dev.lock
	@touch $(STAMP) $(DEV)

install: $(STAMP) ## set up .venv with what the service needs and leave .venv/bin/precall

dev: $(DEV) ## ... and with the tools of test and check, which install them by themselves

run: install ## the daemon; CONFIG=my.toml for your own network, else a simulated operator
	@$(BIN)/precall run $(if $(CONFIG),--config $(CONFIG),--demo)

test: dev ## all tests
	@$(BIN)/python -m pytest

test-long: dev ## all tests, the slow properties with ten times the examples
	@LONG=1 $(BIN)/python -m pytest

fuzz: dev ## every odd value at every option, argument and variable, an hour or so; `make test` tries a few of each
	@FUZZ=all $(BIN)/python -m pytest tests/acceptance/test_fuzz.py

MINUTES ?= 60
SEED   ?= 1

chaos: dev ## disturb the running service for an hour (MINUTES=, SEED=); table in benchmarks/results/chaos.md
	@$(BIN)/python -m tests.faults.chaos --minutes $(MINUTES) --seed $(SEED)

lint: dev words
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

words: dev ## names that use a word of the glossary's avoid list
	@$(BIN)/python .ci/words.py

types: dev
	@$(BIN)/mypy --no-error-summary

layers: dev
	@$(BIN)/lint-imports --no-logo >.venv/layers.log || { cat .venv/layers.log; exit 1; }

browser: ## a chromium for the tests of the pages, where it may be installed
	@sh .ci/install-browser

check: lint types layers browser test ## lint, types, import contracts, tests

backtest: install ## replay DATASET= FROM= TO= into OUT=, with CONFIG= and KPIS=
	@$(BIN)/precall backtest $(DATASET) --out $(OUT) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) \
	  $(if $(CONFIG),--config $(CONFIG)) $(if $(KPIS),--kpis $(KPIS))

bench: dev ## speed, as ratios of one run; tables in benchmarks/results
	@$(BIN)/python -m benchmarks.speed

PEERS  := .venv/.peers

$(PEERS): requirements-bench.lock $(DEV)
	@{ uv pip install -q --python $(BIN)/python --require-hashes -r requirements-bench.lock || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock; } 2>.venv/peers.log \
	  && touch $(PEERS) || echo "precall: some peers cannot be installed, see .venv/peers.log; the table says which are missing" >&2

bench-quality: $(PEERS) ## precall beside others on operators of two families, two hours or so; FAMILY=foreign, SEEDS="101 601" for some only
	@$(BIN)/python -m benchmarks.quality $(if $(FAMILY),--family $(FAMILY)) $(if $(SEEDS),--seeds $(SEEDS))

lock: ## resolve the locks anew (needs uv)
	@uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header \
	  -o requirements.lock
	@uv pip compile -q pyproject.toml --group build --group dev -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header -o requirements-dev.lock
	@uv pip compile -q requirements-bench.in -c requirements-dev.lock --universal --python-version 3.11 --generate-hashes --no-header \
	  -o requirements-bench.lock

clean: ## remove .venv, var and out
	@rm -rf .venv var out
