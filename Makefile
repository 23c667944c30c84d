# Every target is one line; what a line needs is made first, once, and again only when its source changes.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do $$p -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Compiled now, as pip does: where PYTHONDONTWRITEBYTECODE is set, each kernel would compile all that it imports.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

.PHONY: env env-test lab test build check bench soak lock clean
env: .venv/.learner
env-test: .venv/.tester

lab: env ## the course in JupyterLab
	@$(BIN)/learnkafka lab

test: env-test ## everything that CI runs
	@tools/test $(TESTS)

build: env-test ## run the lessons, and write what is generated
	@$(BIN)/learnkafka build

check: env-test ## say whether what is committed is what the source gives
	@$(BIN)/learnkafka build --check

bench: env-test ## the figures of docs/performance.md
	@$(BIN)/python -m benchmarks

soak: env-test ## what has to hold many times, many times
	@$(BIN)/pytest -m soak --count 20 --ignore tests/faults tests
	@$(BIN)/pytest -m soak --count 10 tests/faults
	@$(BIN)/pytest -m long tests

lock: env-test ## resolve anew what the lock files pin
	@tools/lock

clean:
	rm -rf .venv

.venv/bin/uv: requirements-uv.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv was found. Install one (on Debian and Ubuntu also python3-venv), or name it: make lab PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

.venv/.learner: .venv/bin/uv requirements.txt pyproject.toml
	@echo "Setting up Python packages …"
	@$(UV) --require-hashes -r requirements.txt
	@$(UV) --no-deps -e .
	@touch $@

.venv/.tester: .venv/.learner requirements-test.txt
	@$(UV) --require-hashes -r requirements-test.txt
	@touch $@
