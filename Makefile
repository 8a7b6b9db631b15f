# Two commands for a newcomer: `make demo` and `make test`. Both need Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test quick check truth bench nightly reliability lint install install-dev docs cassettes lock release-check audit-dependencies clean

demo: install
	$(BIN)/azml-audit demo --output azml-audit-report

# Many tests wait for a process, a browser or a clock: one worker more than there are cores uses that time.
WORKERS = $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

test: install-dev lint
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal

# Ratios, measured side by side in one run each; docs/performance.md keeps some.
bench: install-dev
	$(BIN)/python tests/benchmarks/scan_speed.py
	$(BIN)/python tests/benchmarks/beside_older.py
	$(BIN)/python tests/benchmarks/judge_all_checks.py --subscriptions 10
	$(BIN)/python tests/benchmarks/overlaps.py
	$(BIN)/python tests/benchmarks/write_reports.py
	$(BIN)/python tests/benchmarks/write_reports.py --format all
	$(BIN)/python tests/benchmarks/evidence.py
	$(BIN)/python tests/benchmarks/page.py

# Takes half an hour: 200 scans of 1,000 workspaces, each with other faults, and 2,000 scans with one odd answer each.
nightly: install-dev
	AZML_AUDIT_FAULT_SEEDS=200 $(BIN)/pytest --numprocesses auto tests/journeys/test_faults_by_chance.py
	AZML_AUDIT_SERVER_FAULTS=2000 $(BIN)/pytest --numprocesses auto tests/journeys/test_server_faults.py
	AZML_AUDIT_EXAMPLES=200 $(BIN)/pytest --numprocesses auto tests/checks/test_all.py
	AZML_AUDIT_FIX_EXAMPLES=200 $(BIN)/pytest tests/checks/fixes/test_drawn.py

reliability: install-dev
	$(BIN)/python tests/support/faults/matrix.py

lint: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Lints what changed since the last commit and runs every test that is not slow: under a minute on two cores.
quick: install-dev
	@changed=$$(git diff --name-only --diff-filter=d HEAD -- '*.py'; git ls-files --others --exclude-standard -- '*.py'); \
	if [ -n "$$changed" ]; then $(BIN)/ruff format --check $$changed && $(BIN)/ruff check $$changed && $(BIN)/mypy $$changed; fi
	AZML_AUDIT_EXAMPLES=5 $(BIN)/pytest --numprocesses auto --dist worksteal -q -m "not slow" --hypothesis-profile quick

# The tests of one check, such as `make check ID=NET001`.
check: install-dev
	$(BIN)/pytest -q tests/checks tests/journeys/test_demo_truth.py -k "$(ID)"

# Writes tests/data/demo_truth.yaml from a scan of the demo tenant: review the diff.
truth: install-dev
	$(BIN)/python -m tests.support.demo_truth

docs: install-dev
	$(BIN)/python -m scanner.documentation
	$(BIN)/python -m tests.support.fixes.documentation new

cassettes: install-dev
	$(BIN)/python tests/support/record_cassettes.py

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "azml-audit needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# Everything comes from a lock, by hash, which is whole: pip has nothing to resolve, so a release made since cannot
# break it (it did: a dependency asks for an extra, and pip looks past the pin for that). Then azml-audit itself.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ITSELF := --no-deps --no-build-isolation --editable .

$(VENV)/.installed: requirements.lock pyproject.toml $(VENV)/bin/python
	$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	$(PIP) install $(ITSELF)
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml $(VENV)/bin/python
	$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	$(PIP) install $(ITSELF)
	touch $@ $(VENV)/.installed

# `make lock` needs uv, `make audit-dependencies` pip-audit and a vulnerability service: `pipx install uv pip-audit`.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" $(LOCK_OPTIONS)

lock:
	$(COMPILE) --all-extras --output-file requirements-dev.lock pyproject.toml
	sed -n 's/^    "\(hatchling[^"]*\|editables[^"]*\)",$$/\1/p' pyproject.toml \
	  | $(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml -
	sed -n 's/^    "\(hatchling[^"]*\|editables[^"]*\)",$$/\1/p' pyproject.toml \
	  | $(COMPILE) --extra archive --extra metrics --extra timestamp --constraint requirements-dev.lock \
	    --output-file deploy/container/requirements.lock pyproject.toml -

# Everything of a release but publishing: two builds with equal bytes, and the SBOM of what the lock installs.
release-check: install-dev
	rm -rf dist build/again
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build --directory dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build --directory build/again
	for file in dist/*; do cmp "$$file" "build/again/$${file##*/}" || exit 1; done
	$(BIN)/cyclonedx-py requirements --output-reproducible --of JSON --output-file dist/azml-audit.cdx.json requirements.lock
	cd dist && sha256sum *

audit-dependencies:
	pip-audit --require-hashes --disable-pip --requirement requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
