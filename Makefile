# The daily loop of Kakehashi. `make` alone explains each target.
#
# Everything lives in .venv/ and comes from requirements-dev.txt, hashes checked. A second run finds
# the stamp and goes straight on.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-config \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test check format bench lock clean python

help: ## this list
	@echo 'Kakehashi: HubSpot and Salesforce in line, both ways. Targets:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

install: $(STAMP) ## build .venv/ with the command .venv/bin/kakehashi

run: $(STAMP) ## install, then try it all on two practice orgs; needs no account and no service
	@$(BIN)/kakehashi up --sandbox --traffic

test: $(STAMP) ## install, then run the tests (WORKERS=2 at once)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(STAMP) ## everything CI asks: format, lint, types, imports, mappings, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(BIN)/kakehashi check --offline
	$(BIN)/kakehashi test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure speed and memory on this machine
	@$(BIN)/python -m bench

lock: $(STAMP) ## pin all packages anew, with hashes (newest versions: make lock UPGRADE=--upgrade)
	@mkdir -p build
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > build/dev-group.in
	CUSTOM_COMPILE_COMMAND='make lock' $(COMPILE) -o requirements.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND='make lock' $(COMPILE) -c requirements.txt -o requirements-dev.txt pyproject.toml build/dev-group.in

clean: ## remove what was built (.venv/, caches); var/ with your ledger stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Python, its venv module and a package index: the three things that can be missing.
python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "make: there is no command '$(PYTHON)'. Install Python 3.11 or newer, or name one:"; \
		echo "      make install PYTHON=/path/to/python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: Kakehashi needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
		echo "      Name a newer one: make install PYTHON=python3.12"; exit 1; } >&2

# Python is only asked for when something has to be installed, so a second `make run` is instant.
$(STAMP): requirements-dev.txt pyproject.toml
	@$(MAKE) --no-print-directory python
	@$(BIN)/python -c '' 2>/dev/null || { \
		echo 'Making $(VENV)/ ...'; \
		$(PYTHON) -m venv --clear $(VENV) || { \
			echo "make: '$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt-get install python3-venv"; \
			exit 1; }; } >&2
	@echo 'Installing the locked packages, about a minute the first time ...'
	@$(PIP) install -qq --require-hashes -r requirements-dev.txt || { \
		echo "make: the packages could not be installed; pip's last lines above tell why."; \
		echo "      Without a network, or behind a proxy: set HTTPS_PROXY, or PIP_INDEX_URL to your mirror."; \
		exit 1; } >&2
	@$(PIP) install -qq --no-deps --no-build-isolation --editable . || { \
		echo "make: kakehashi itself could not be installed; see the lines above."; exit 1; } >&2
	@touch $@
