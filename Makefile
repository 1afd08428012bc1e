# Two commands set everything up on a fresh machine that has Python and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.ready
FUZZ_SECONDS ?= 60

OFFICIAL_IMAGES ?=

.PHONY: demo test integration facts docs lock dist single-file proof metamorphic mutants bench fuzz format clean

demo: $(VENV)/.installed  ## install, scan and fix a copy of the sample repository
	@PATH="$(abspath $(BIN)):$$PATH" sh tools/demo.sh

test: $(STAMP)  ## install; linter, type checker, tests; the oldest Python: make test PYTHON=/usr/bin/python3 VENV=.venv-oldest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

integration: $(STAMP)  ## tests that need Chromium, npm, pre-commit, a registry or a Docker engine
	PATH="$(abspath $(BIN)):$$PATH" sh tests/integration/run.sh

proof: $(STAMP)  ## build fixed Dockerfiles and run a fixed GitLab job on a real Docker engine (Debian, root)
	$(BIN)/python -m pytest tests/proof

metamorphic: $(STAMP)  ## every rewriting that keeps the meaning, on every case
	$(BIN)/python -m pytest -n auto tests/metamorphic --whole

mutants: $(STAMP)  ## small faults in gates, exemptions, proof and precedence: do the tests notice? A sample; all: tools/mutants.py --sample 0
	$(BIN)/python tools/mutants.py

fuzz: $(STAMP)  ## coverage-guided fuzzing of scan and fix, for FUZZ_SECONDS
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --group fuzz
	cd "$$(mktemp -d)" && PYTHONPATH="$(CURDIR)" "$(abspath $(BIN))/python" -m tests.fuzz.fuzz_scan -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=30 -artifact_prefix=./

bench: $(STAMP)  ## ratios of whole processes, see docs/performance.md
	$(BIN)/python benchmarks/run.py

facts: $(STAMP)  ## refresh the embedded facts: packages from PyPI; images too with OFFICIAL_IMAGES=a clone of docker-library/official-images
	$(BIN)/python tools/refresh_packages.py
	$(if $(OFFICIAL_IMAGES),$(BIN)/python tools/refresh_images.py $(OFFICIAL_IMAGES))
	$(BIN)/python tools/generate.py
	$(BIN)/armready facts --check

docs: $(STAMP)  ## what follows from the code: pages of rules, tables, schema, blocks of the README
	$(BIN)/python tools/generate.py

lock: $(STAMP)  ## requirements.txt: what the action, the container and the single file install, with hashes
	$(BIN)/python tools/lock.py

dist: $(STAMP)  ## the wheel and the source distribution
	$(BIN)/python -m build

single-file: $(STAMP)  ## dist/armready.pyz, for machines without pip
	sh tools/single_file.sh $(BIN)/python

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP): $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
