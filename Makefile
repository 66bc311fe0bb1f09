# `make run` serves, `make test` tests, `make soak` runs the tests that take long, `make lint` checks the code,
# `make demo` shows it at work (FLAVOR=anomaly, or another: its example), `make bench` measures it beside others (BENCH_ARGS=--short for two minutes of it),
# `make bench-against BASE=FOLDER` beside another checkout of it, `make docs` builds the documents' site in site/,
# `make audit` looks for known holes in what is installed.
# What is installed is what the lock files say, to the hash; `make lock` renews them from requirements*.txt.
# HOST, PORT, INSTANCE_PATH and every other setting are taken from the environment.
SHELL := /bin/sh
PYTHON ?= python3
PYTHONS ?= python3.11 python3.12 python3.13
VENV ?= .venv
# Three for two cores: a test waits for its servers a third of its time.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(-(-3 * len(os.sched_getaffinity(0)) // 2) if hasattr(os, 'sched_getaffinity') else 'auto')")
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes
# For all systems, and all Pythons from this one on.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --annotation-style line \
	--custom-compile-command 'make lock'
# Environments of the benchmark: one for all but chantilly.
BENCH := benchmarks/.venvs
AUDIT := .venv-audit
# The tests' settings need no instance folder of the clone and touch none.
CHECK_SETTINGS := --settings=tests.settings

.PHONY: run test test-postgresql soak test-pythons lint demo docs bench bench-against lock audit vendor clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python manage.py serve --setup

# In WORKERS processes; the tests of one file stay together. In the order of their names: files of few
# tests, which start servers, would otherwise come last and keep one process alone.
test: $(VENV)/dev.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=95
	$(BIN)/coverage report --include='models_app/domain/*,models_app/paradigms/*,models_app/engine/*,models_app/wire/*' --fail-under=99

# What touches storage, engine and shards, on PostgreSQL.
test-postgresql: $(VENV)/dev.stamp
	TEST_DATABASE=postgresql $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
		tests/models tests/journal tests/engine tests/services tests/shards

# What the tests show at a greater length: deeper models, more records, more rounds.
soak: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m soak -n $(WORKERS)

# With every Python that is here, a name or a path each, in an environment of its own.
test-pythons:
	@for python in $(PYTHONS); do \
		if version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then \
			$(MAKE) test PYTHON=$$python VENV=.venv-python$$version || exit 1; \
		else echo "$$python is not here."; fi; \
	done

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run $(CHECK_SETTINGS)
	$(BIN)/hadolint deploy/container/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/container/compose.yaml deploy/container/compose.scale.yaml
	$(BIN)/zensical build --clean --strict

demo: $(VENV)/demo.stamp
	@exec $(BIN)/python examples/demo.py $(if $(FLAVOR),--flavor $(FLAVOR))

bench: $(BENCH)/main.stamp $(BENCH)/chantilly.stamp
	@exec $(BENCH)/main/bin/python -m benchmarks $(BENCH_ARGS)

# BASE is the folder of another checkout.
bench-against: $(BENCH)/main.stamp
	@exec $(BENCH)/main/bin/python -m benchmarks.against $(BASE) $(BENCH_ARGS)

docs: $(VENV)/dev.stamp
	$(BIN)/zensical build --clean --strict

# The first has all that the others have: their versions are taken from it.
lock: | $(BIN)/python
	$(PIP) install "$$(grep '^uv[<>=]' requirements-dev.txt)"
	$(LOCK) --output-file requirements-dev.lock requirements-dev.txt
	$(LOCK) --output-file requirements.lock --constraints requirements-dev.lock requirements.txt
	$(LOCK) --output-file examples/requirements.lock --constraints requirements-dev.lock \
		requirements.txt examples/requirements.txt

# For holes that are known, of what is installed; in an environment of its own, since it changes nothing of ours.
audit: $(AUDIT)/audit.stamp
	@tools/audit.sh $(AUDIT)

vendor:
	@tools/vendor.sh

clean:
	rm -rf $(VENV) $(AUDIT) .venv-python3.* site .cache .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=...).")'
	$(PYTHON) -m venv $(VENV)

# A stamp is as new as the last installation of its lock file.
$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/demo.stamp: examples/requirements.lock | $(BIN)/python
	$(INSTALL) -r examples/requirements.lock
	@touch $@ $(VENV)/run.stamp

$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python
	$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp $(VENV)/demo.stamp

$(AUDIT)/audit.stamp:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet install 'pip-audit>=2.10,<3'
	@touch $@

$(BENCH)/main.stamp: benchmarks/requirements.txt requirements.txt
	$(PYTHON) -m venv $(BENCH)/main
	$(BENCH)/main/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements.txt
	@touch $@

$(BENCH)/chantilly.stamp: benchmarks/requirements-chantilly.txt benchmarks/shelf_python.py
	"$$($(PYTHON) benchmarks/shelf_python.py)" -m venv $(BENCH)/chantilly
	$(BENCH)/chantilly/bin/python -m pip --disable-pip-version-check --quiet install -r benchmarks/requirements-chantilly.txt
	@touch $@
