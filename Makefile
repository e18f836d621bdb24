# make demo   set up what the demo needs, and compare the plans on the real portfolio
# make test   set everything up and run the tests
# make test-ray  install Ray, and run the tests of work on a cluster
# make test-web  install Panel, and run the tests of the dashboard in a browser
# make slow   the learning tests, which take minutes
# make lint   ruff and mypy
# make mutants  put 150 of the listed deliberate errors into copies of the code: do the tests notice? (up to an hour)
# make interrupts  end each long command at random moments: is anything lost? (up to an hour)
# make bench  speed: one table of ratios measured side by side in one run, and bench.json
# make browser  install Chromium for the tests that look at the report (root on Debian; without one they are skipped)
# make fuzz   five minutes of damaged input files: does every command refuse them in one line? (FUZZ="--seconds 60 --seed 2")
# make test-random  the tests in random order; SEED=… repeats one
# make docs  build the documentation into site/
# make lab    JupyterLab on the notebooks

PYTHON ?= python3
BIN := .venv/bin
DEMO := .venv/.demo
READY := .venv/.ready

.PHONY: browser demo test warm test-random test-ray test-web slow mutants interrupts fuzz lint bench docs lab clean

demo: $(DEMO)
	$(BIN)/recoup demo

browser:
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; \
	else echo "no Chromium here, and no right to install it: the browser tests will be skipped"; fi

# A file's tests stay in one process, so that what they share is made once; the files in their order, long ones early.
BY_FILE := --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(BIN)/pytest -n 2 $(BY_FILE)

# What a fresh checkout compiles, once and before two processes would do it at the same time: the kernels, and the tests themselves.
warm: $(READY)
	$(BIN)/python -m tests.interrupts.warm
	$(BIN)/pytest --collect-only -q >/dev/null

SEED ?= $(shell date +%s)
test-random: $(READY)
	$(BIN)/pytest -n 2 -p randomly --randomly-seed=$(SEED)

test-ray: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ray]"
	$(BIN)/pytest tests/experiments/test_ray.py

test-web: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[web]"
	$(BIN)/pytest tests/experiments/test_dashboard.py

slow: $(READY)
	$(BIN)/pytest -n 2 -m slow

mutants: $(READY)
	$(BIN)/python -m tests.mutants --workers 2 --most 150

interrupts: $(READY)
	$(BIN)/python -m tests.interrupts --trials 10

FUZZ ?= --seconds 300
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz $(FUZZ)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks --out bench.json

docs: $(READY)
	$(BIN)/mkdocs build --strict

lab: $(READY)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[lab]"
	$(BIN)/jupyter lab notebooks

# The demo needs the package alone; tests, documentation and training add theirs in the same place.
$(DEMO): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Recoup needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	@echo "installing what Recoup runs on into .venv, which takes a minute or two"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(READY): $(DEMO)
	@echo "installing what tests, documentation and training need into .venv, which takes some minutes"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,learn]"
	for folder in sim agents scenarios experiments; do ln -sfn ../$$folder recoup/$$folder; done  # for mypy and editors
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
