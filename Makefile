# Daedap's commands. Each does what is needed first, and does it once: `make run` is enough to begin.

SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
DONE := build/done
PYTEST := $(PYTHON) -m pytest

# Variables that only the collecting of static files needs; no database is touched.
COLLECT := DJANGO_SETTINGS_MODULE=daedap.config.settings DAEDAP_SECRET_KEY=unused-while-collecting $(PYTHON) -m django collectstatic

CATALOGUES := $(wildcard src/daedap/*/locale/*/LC_MESSAGES/*.po)
STATIC_FILES := $(shell find src -path '*/static/*' -type f -not -path '*/static/vendor/*' 2>/dev/null)

.PHONY: help setup run test check lint fix bench lock messages browser clean

help:
	@echo "make run       set up, fill the demo tenant, serve it with the example shop (Ctrl-C ends)"
	@echo "make test      set up and run all tests"
	@echo "make check     linters, types, translations, migrations, then all tests"
	@echo "make fix       let the linters repair what they can"
	@echo "make bench     measure, beside what the database itself reaches"
	@echo "make messages  bring the translation catalogues up to date"
	@echo "make lock      lock the Python packages anew (make lock UPGRADE=--upgrade)"
	@echo "make setup     only prepare: .venv, packages, front-end files, translations"

run: setup
	@exec $(VENV)/bin/daedap demo --serve

# --- Set-up --------------------------------------------------------------------------------------

setup: $(DONE)/packages $(DONE)/project $(DONE)/messages $(DONE)/static

$(PYTHON):
	@sh tools/make_venv.sh $(VENV)

# uv first, because it is many times faster; pip where uv does not get along with the machine's package mirror.
$(DONE)/packages: requirements/dev.txt | $(PYTHON)
	@mkdir -p $(DONE)
	@echo "== Python packages"
	@sh tools/install_packages.sh $(VENV) requirements/dev.txt
	@touch $@

$(DONE)/project: pyproject.toml $(DONE)/packages
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DONE)/node: package.json package-lock.json $(DONE)/packages
	@echo "== Front-end packages"
	@sh tools/npm.sh $(VENV) ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
	@touch $@

$(DONE)/assets: $(DONE)/node tools/assets.py $(wildcard tools/icons.txt)
	@$(PYTHON) tools/assets.py
	@touch $@

$(DONE)/messages: tools/messages.py $(CATALOGUES) $(DONE)/project
	@$(PYTHON) tools/messages.py compile
	@touch $@

$(DONE)/static: $(DONE)/assets $(DONE)/project $(STATIC_FILES)
	@echo "== Static files"
	@$(COLLECT) --noinput --clear --verbosity 0
	@touch $@

browser: $(DONE)/packages
	@sh tools/find_browser.sh $(VENV)

# --- Work ----------------------------------------------------------------------------------------

test: setup browser
	@echo "== Tests"
	$(PYTEST) -q -n 2 -m "not browser and not server"
	@echo "== Tests with real servers, and beside them those with a browser"
	$(PYTEST) -q -n 2 --dist loadfile -m "(browser or server) and not alone"
	@echo "== Tests that need the machine for themselves"
	$(PYTEST) -q -m alone

check: lint test

lint: setup
	@echo "== ruff"
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@echo "== mypy"
	@$(VENV)/bin/mypy
	@echo "== import-linter"
	@$(VENV)/bin/lint-imports
	@echo "== djlint"
	@$(VENV)/bin/djlint src/daedap --lint --quiet
	@echo "== translations"
	@$(PYTHON) tools/messages.py check
	@echo "== migrations"
	@$(VENV)/bin/daedap manage makemigrations --check --dry-run
	@echo "== lock files"
	@! grep -nE 'https?://|file:|--(extra-)?index-url|--find-links' requirements/*.txt
	@! grep -n '"resolved"' package-lock.json

fix: setup
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

messages: setup
	$(PYTHON) tools/messages.py update

bench: setup
	$(PYTHON) -m benchmarks

lock: $(DONE)/packages
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE) requirements/base.in -o requirements/base.txt
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE) requirements/dev.in -o requirements/dev.txt

clean:
	rm -rf $(VENV) build node_modules src/daedap/core/static/vendor
