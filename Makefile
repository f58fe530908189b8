# Sets up what a target needs, then runs it. `make` alone says what there is.

# PYTHON=python3.13 picks the interpreter; each version then has an environment of its own. ARGS go to the program.
# TRACES=1 sends the traces of the demo to a Jaeger at its standard address, or where OTEL_* variables say.
PYTHON ?=
TRACES ?=
ARGS ?=

ifeq ($(PYTHON),)
VENV ?= .venv
else
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
ifeq ($(VERSION),)
$(error PYTHON=$(PYTHON) does not run here. Name an installed Python 3.11, 3.12 or 3.13)
endif
VENV ?= .venv-$(VERSION)
endif

# The best interpreter comes first: a version the tests run on, then any that is new enough.
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python)
TESTED = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
# The build backend comes from the constraints as well, instead of the newest one in an environment of its own.
INSTALL := $(PIP) --no-build-isolation --editable

.DEFAULT_GOAL := help
.PHONY: help demo test bench soak cuts clean

help:
	@echo 'make demo    a day of ride-hailing on an embedded Ray, about a minute on two cores'
	@echo '             TRACES=1 sends its traces to a Jaeger on this machine (see tracing/README.md)'
	@echo 'make test    lint, types, import rules and tests; ends with what was not proved'
	@echo 'make bench   the benchmark table; ARGS="NAME ..." for some rows, ARGS="--json FILE" for a file'
	@echo 'make soak    strikes hosts under load, 200 times, and judges; ARGS="--kills N --seed S" for another course'
	@echo 'make cuts    cuts a real node off for 4 s and for 70 s, both ways and one way, and judges; needs root, six minutes'
	@echo 'make clean   removes the environments and caches that the others made'
	@echo
	@echo 'PYTHON=python3.13 picks the interpreter (3.11 to 3.13); each version has its own environment.'

demo: $(VENV)/.run
	$(if $(TRACES),OTEL_TRACES_EXPORTER=$${OTEL_TRACES_EXPORTER:-otlp} )$(BIN)/python -m apps.ride_hailing run --on ray \
	    $(ARGS) $(if $(TRACES),--traces)

# Three processes share the tests, which spend half their time waiting: see tests/side_by_side.py.
SIDE_BY_SIDE := --numprocesses 3 --dist loadscope --no-loadscope-reorder

# Nothing may come after pytest: its last lines say what was skipped, and how it ended.
test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(VENV)/.run
	$(BIN)/python -m tests.soak $(ARGS)

cuts: $(VENV)/.dev
	$(BIN)/python -m tests.soak.cuts $(ARGS)

clean:
	rm -rf .venv .venv-3.* build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find actors apps patterns tests tracing -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of packages; nothing happens while it is newer than what it was made from.
$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing into $(VENV); the first time this takes a minute or two.'
	@$(INSTALL) .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing into $(VENV); the first time this takes a minute or two.'
	@$(INSTALL) '.[dev]'
	@touch $@ $(VENV)/.run

# Thespian comes as source only, and is built with setuptools.
$(VENV)/.bench: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing into $(VENV); the first time this takes a minute or two.'
	@$(PIP) setuptools wheel
	@$(INSTALL) '.[bench]'
	@touch $@ $(VENV)/.run

# An environment that works is kept, whoever made it; one that was left half made is made again.
$(VENV)/.made: constraints.txt
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    found=; \
	    for wanted in '$(TESTED)' '$(ENOUGH)'; do \
	        for python in $(CANDIDATES); do \
	            if [ -z "$$found" ] && "$$python" -c "$$wanted" >/dev/null 2>&1; then found=$$python; fi; \
	        done; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo 'Python 3.11 or newer is needed, and none of these is: $(CANDIDATES).' >&2; \
	        echo 'Install one, or name it: make PYTHON=/path/to/python3.13 ...' >&2; \
	        exit 1; \
	    fi; \
	    echo "Making $(VENV) with $$("$$found" --version)."; \
	    if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null || ! "$$found" -m venv --clear $(VENV); then \
	        rm -rf $(VENV); \
	        echo "$$found cannot make an environment. On Debian and Ubuntu the package is missing that is called" >&2; \
	        echo "$$("$$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); install it and try again." >&2; \
	        exit 1; \
	    fi; \
	fi
	@$(BIN)/python -c '$(ENOUGH)' || { echo '$(VENV) is older than Python 3.11: remove it (make clean).' >&2; exit 1; }
	@$(PIP) hatchling editables
	@touch $@
