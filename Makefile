# Two commands for newcomers, each with all of its own set-up: `make demo` and `make test`.
# They need Python 3.11 or newer with its venv module, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INPUTS := pyproject.toml constraints.txt

.PHONY: help demo test test-slow test-all fuzz bench bench-quality bench-trust bench-serving reproduce-small check format clean

help:
	@echo "make demo       train LeNet-5 on handwritten digits, evaluate it, predict a few"
	@echo "make test       run the tests (five to nine minutes on two cores)"
	@echo "make test-slow  run the tests that take long"
	@echo "make test-all   run every test for every network (about an hour)"
	@echo "make fuzz       read damaged pictures, contracts, weights and tables for five minutes (SECONDS=300)"
	@echo "make bench      measure Striate beside its peers (about forty minutes), and write docs/performance.md"
	@echo "make bench-quality  measure how good the default is beside its peers: hours, in as many goes as wanted; writes docs/quality.md and docs/stand-ins.md"
	@echo "make bench-trust  measure what the promises of sound data come to, and write docs/trust.md"
	@echo "make bench-serving  measure the server beside LitServe and its own engine (about eight minutes), and write the end of docs/serving.md"
	@echo "make reproduce-small  put what papers and texts claim to the test, in the quick form (under an hour; DATA: STRIATE_TEST_DATA=FOLDER), and write docs/reproductions.md"
	@echo "make check      lint, types, the layers of the house"
	@echo "make format     let ruff format the code"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Striate needs Python 3.11 or newer; name one with: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(INPUTS) | $(BIN)/python
	@echo "Installing Striate and PyTorch into $(VENV): a few minutes, once."
	$(PIP) install --quiet --constraint constraints.txt --editable '.[serve]'
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.core
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m "slow and not exhaustive" -n 2 --dist worksteal --ignore=tests/api/test_promises.py
	OMP_WAIT_POLICY=passive OMP_NUM_THREADS=$$($(BIN)/python -c 'import os; print(os.cpu_count())') $(BIN)/python -m pytest -m slow -s tests/api/test_promises.py

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -m "slow or exhaustive or not slow" -n 2 --dist worksteal

SECONDS ?= 300
fuzz: $(VENV)/.dev
	$(BIN)/python tests/fuzzing/fuzz.py --seconds $(SECONDS)

bench: $(VENV)/.dev
	$(PIP) install --quiet --constraint constraints.txt --editable '.[export]'
	$(BIN)/python benchmarks/performance.py

bench-quality: $(VENV)/.dev
	$(BIN)/python benchmarks/tournament.py
	$(BIN)/python benchmarks/stand_ins.py

bench-trust: $(VENV)/.dev
	$(BIN)/python benchmarks/trust.py

bench-serving: $(VENV)/.dev
	$(BIN)/python benchmarks/serving.py

reproduce-small: $(VENV)/.dev
	$(BIN)/python benchmarks/reproductions.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
