.PHONY: help run test lint format kill-long people-first campaign venv bench bench-full
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## Print what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

run: venv ## Install, migrate and start everything; Ctrl-C stops it
	@$(call install,run)
	@exec $(BIN)/python -m cdpweb run

test: venv ## Install what the tests need and run them
	@$(call install,dev)
	@sh requirements/programs.sh
	@# One more at a time than there are cores: many wait for a process to start or to end, which compiled code shortens.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadgroup

lint: venv ## Check style, types, directions of imports, templates and licences
	@$(call install,dev)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --verbose
	@$(BIN)/djlint templates --lint --quiet
	@$(BIN)/python requirements/licences.py

format: venv ## Put the code into its form
	@$(call install,dev)
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

kill-long: venv ## Kill parts of two running imports 40 times each, on both databases
	@$(call install,dev)
	@sh requirements/programs.sh
	@CDPWEB_TESTS_KILLS=40 CDPWEB_TESTS_KILL_ROWS=400000 CDPWEB_TESTS_SEED=$${CDPWEB_TESTS_SEED:-$$(date +%s)} \
	  $(BIN)/python -m pytest -m kill -s tests/whole/test_killed.py

people-first: venv ## Sign in, launch, pause and edit while a million rows are imported into SQLite
	@$(call install,dev)
	@CDPWEB_TESTS_PEOPLE_ROWS=1000000 $(BIN)/python -m pytest -s tests/whole/test_people_first.py

campaign: venv ## Decide 220,000 phones and 300,000 emails twice, and 2,000 pairs of files
	@$(call install,dev)
	@sh requirements/programs.sh
	@CDPWEB_TESTS_SPELLINGS=220000 CDPWEB_TESTS_COLUMNS=20000 $(BIN)/python -m pytest -s -o timeout=3600 \
	  tests/domain/test_phones.py tests/domain/test_emails.py
	@CDPWEB_TESTS_EXAMPLES=1000 $(BIN)/python -m pytest -o timeout=7200 tests/reference/test_equal.py

bench: venv ## Compare a million rows with what the databases themselves need: 25 minutes
	@$(call install,dev)
	@sh requirements/programs.sh
	@$(BIN)/python -m benchmarks.bench

bench-full: venv ## The same with 5 and 10 million rows, and with other ways to import: hours
	@$(call install,dev)
	@sh requirements/programs.sh
	@PYTHON="$(PYTHON)" VENV=.venv-peers sh requirements/venv.sh
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
	  --requirement requirements/peers.lock
	@$(BIN)/python -m benchmarks.bench --full --peers .venv-peers/bin/python

# Installs a lock unless that very lock has been installed already.
define install
cmp -s requirements/$(1).lock $(VENV)/$(1).lock || { \
  echo "Installing requirements/$(1).lock" && \
  $(PIP) install --require-hashes --requirement requirements/$(1).lock && \
  cp requirements/$(1).lock $(VENV)/$(1).lock; }
endef

venv:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh requirements/venv.sh
