# Everything runs in .venv, made on first use. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
MINUTES ?= 60
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check format bench fuzz oracle score fixtures clean

help: ## List what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

SHOP := fixtures/apps/shop/shop.apk --policy fixtures/apps/shop/policy.zh.html

demo: $(STAMP) ## Audit the fixture shop app against its policy, then watch it run; reports go to demo-report/
	$(BIN)/appaudit audit $(SHOP) -f terminal -f html -f json -o demo-report --exit-zero
	rm -rf demo-report/evidence
	$(BIN)/appaudit run $(SHOP) --target jvm --seconds 2 --values fixtures/device.toml \
	  --bundle demo-report/evidence -f html -o demo-report/watched.html --exit-zero \
	  || echo "Not watched: 'appaudit doctor' tells what is missing." >&2

test: $(STAMP) ## Run the test suite
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(STAMP) ## Lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Print every claimed ratio, measured now
	$(BIN)/python -m tests.bench

fuzz: $(STAMP) ## Fuzz the readers of containers, XML, resources, signatures and dex (MINUTES=60)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

oracle: $(STAMP) ## Compare call sites with androguard's on every real APK at hand
	$(BIN)/python -m tests.oracle

score: $(STAMP) ## Score the policy reader on the labelled policies in ../shared, the traffic reader on planted flows
	$(BIN)/python -m tests.score_traffic
	$(BIN)/python -m tests.score

fixtures: $(STAMP) ## Rebuild the fixture apps from source (Debian packages and a JDK needed)
	fixtures/build

clean: ## Remove what was made
	rm -rf $(VENV) demo-report build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
