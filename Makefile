# newswire. `make help` lists what there is; nothing but Python 3.11+ and make has to be on the machine.
PYTHON ?=
ARGS ?=
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run env-run env-dev env-bench test test-unit lint fmt conformance fidelity bench lock clean

##@ Run
run: env-run ## Start Kafka, Elasticsearch and the four services, push the samples; Ctrl-C stops all
	@$(BIN)/newswire up $(ARGS)

##@ Check
test: env-dev ## The whole test suite, on its own Kafka and Elasticsearch
	@$(BIN)/pytest $(ARGS)

test-unit: env-dev ## The tests that need no server and no network
	@$(BIN)/pytest tests/unit $(ARGS)

lint: env-dev ## Lint, formatting, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

conformance: env-dev ## Real wire files and feeds against facts known of them (needs NEWSWIRE_CORPORA)
	@$(BIN)/python -m tests.conformance $(ARGS)

fidelity: env-bench ## How clean articles come out, beside named libraries (needs NEWSWIRE_CORPORA)
	@$(BIN)/python -m tests.fidelity $(ARGS)

bench: env-dev ## The table of speeds (writes bench.json)
	@$(BIN)/python -m tests.bench $(ARGS)

##@ Work on it
fmt: env-dev ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: ## Write the locks anew from pyproject.toml (needs uv; ARGS=--upgrade)
	@command -v uv >/dev/null || { echo "newswire: make lock needs uv (pip install uv)" >&2; exit 2; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url $(ARGS) pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url $(ARGS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url $(ARGS) pyproject.toml --group dev --group bench -c requirements-dev.lock -o requirements-bench.lock

clean: ## Remove the environment, caches and this folder's data (.newswire); downloads stay
	@if [ -x $(BIN)/newswire ] && [ -d .newswire ]; then $(BIN)/newswire down --quiet; fi
	@rm -rf .venv .newswire .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\nPYTHON=… picks the interpreter; ARGS="…" is handed on (make run ARGS=--no-samples, make test ARGS="-k search").\n'

env-run:
	@deploy/bootstrap.sh run

env-dev:
	@deploy/bootstrap.sh dev

env-bench:
	@deploy/bootstrap.sh bench
