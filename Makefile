.PHONY: help run test lint format venv
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## Print what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

run: venv ## Install, migrate and start everything; Ctrl-C stops it
	@$(call install,run)
	@exec $(BIN)/python -m cdpweb run

test: venv ## Install what the tests need and run them
	@$(call install,dev)
	@sh requirements/programs.sh
	@$(BIN)/python -m pytest -n 2

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

# Installs a lock unless that very lock has been installed already.
define install
cmp -s requirements/$(1).lock $(VENV)/$(1).lock || { \
  echo "Installing requirements/$(1).lock" && \
  $(PIP) install --require-hashes --requirement requirements/$(1).lock && \
  cp requirements/$(1).lock $(VENV)/$(1).lock; }
endef

venv:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh requirements/venv.sh
