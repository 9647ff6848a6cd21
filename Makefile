# A machine with Python 3.11 or newer, make and git is enough: everything else lands in .venv.
# CONTRIBUTING.md tells what the tests install besides, and how.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(if $(UPGRADE),--upgrade)

# Kept with the environment, so that nothing is written to, or taken from, the home directory.
export UV_CACHE_DIR := $(CURDIR)/$(VENV)/cache/uv
export npm_config_cache := $(CURDIR)/$(VENV)/cache/npm

.PHONY: help setup run test check bench requirements clean

help:
	@echo 'make run           set up what is missing and start the chatbot (PORT=8000 to choose the port)'
	@echo 'make setup         only set up'
	@echo 'make test          run every test (ARGS="tests/unit -k citations" to choose)'
	@echo 'make check         lint, formatting and types'
	@echo 'make bench         run the benchmarks'
	@echo 'make requirements  pin what pyproject.toml asks for (UPGRADE=1: in its newest versions)'
	@echo 'make clean         remove everything that was set up'

setup: $(VENV)/.sample

run: setup
	@$(BIN)/ragspace serve

test: setup $(VENV)/.dev
	$(BIN)/python -m tests.support.install
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: setup $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

requirements: $(VENV)/.uv
	printf 'uv\n' | $(COMPILE) - -o requirements/uv.txt
	printf 'hatchling\neditables\n' | $(COMPILE) - -o requirements/build.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --format pylock.toml -c requirements/runtime.txt pyproject.toml -o $(VENV)/pylock.toml
	$(BIN)/python scripts/image-requirements $(VENV)/pylock.toml > huggingface-spaces/requirements.txt
	$(COMPILE) --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist tests/support/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Each stamp is a step that was finished; it is repeated only when what it was made from changes.

$(VENV)/.uv: scripts/bootstrap requirements/uv.txt
	scripts/bootstrap
	@touch $@

$(VENV)/.runtime: $(VENV)/.uv pyproject.toml requirements/runtime.txt requirements/build.txt
	$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt
	$(PIP_INSTALL) --build-constraints requirements/build.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.sample: $(VENV)/.runtime README.md huggingface-spaces/DEPLOYMENT.md $(wildcard docs/*.md)
	$(BIN)/ragspace prepare-sample
	@touch $@
