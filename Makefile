# `make run` serves, `make test` tests, `make soak` runs the tests that take long, `make lint` checks the code,
# `make demo` shows it at work, `make bench` measures it beside others (BENCH_ARGS=--short for two minutes of it),
# `make bench-against BASE=FOLDER` beside another checkout of it.
# HOST, PORT, INSTANCE_PATH and every other setting are taken from the environment.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Environments of the benchmark: one for all but chantilly.
BENCH := benchmarks/.venvs
# The tests' settings need no instance folder of the clone and touch none.
CHECK_SETTINGS := --settings=tests.settings

.PHONY: run test soak lint demo bench bench-against vendor clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python manage.py serve --setup

# A process for each core; the tests of one file stay together. In the order of their names: files of few tests, which
# start servers, would otherwise come last and keep one process alone.
test: $(VENV)/dev.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=95
	$(BIN)/coverage report --include='models_app/domain/*,models_app/paradigms/*,models_app/engine/*' --fail-under=99

# What the tests show at a greater length: deeper models, more records, more rounds.
soak: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m soak -n auto

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run $(CHECK_SETTINGS)

demo: $(VENV)/demo.stamp
	@exec $(BIN)/python examples/demo.py

bench: $(BENCH)/main.stamp $(BENCH)/chantilly.stamp
	@exec $(BENCH)/main/bin/python -m benchmarks $(BENCH_ARGS)

# BASE is the folder of another checkout.
bench-against: $(BENCH)/main.stamp
	@exec $(BENCH)/main/bin/python -m benchmarks.against $(BASE) $(BENCH_ARGS)

vendor:
	@tools/vendor.sh

clean:
	rm -rf $(VENV) .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=...).")'
	$(PYTHON) -m venv $(VENV)

# A stamp is as new as the last installation of its requirements.
$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements-otel.txt requirements.txt examples/requirements.txt | $(BIN)/python
	$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp $(VENV)/demo.stamp

$(VENV)/demo.stamp: requirements.txt examples/requirements.txt | $(BIN)/python
	$(PIP) install -r requirements.txt -r examples/requirements.txt
	@touch $@ $(VENV)/run.stamp

$(BENCH)/main.stamp: benchmarks/requirements.txt requirements.txt
	$(PYTHON) -m venv $(BENCH)/main
	$(BENCH)/main/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements.txt
	@touch $@

$(BENCH)/chantilly.stamp: benchmarks/requirements-chantilly.txt benchmarks/shelf_python.py
	"$$($(PYTHON) benchmarks/shelf_python.py)" -m venv $(BENCH)/chantilly
	$(BENCH)/chantilly/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements-chantilly.txt
	@touch $@
