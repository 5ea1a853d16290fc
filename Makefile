# Two commands matter: `make demo` opens a working Parvis, `make test` proves it.
# Everything is put into .venv/, .venv-synapse/ and web/node_modules/; all can be deleted at any time.
DATA ?= demo
PARVIS_PORT ?= 8080
RUN = .venv/bin/python -m parvis

.PHONY: help demo test build check fuzz docs clean

help:
	@echo "make demo    a working Parvis with a demo organisation (DATA=folder, PARVIS_PORT=port, 0 for any free one)"
	@echo "make test    every check and every test (what CI runs)"
	@echo "make check   only the quick checks: style, types, order of the rooms, fast tests"
	@echo "make build   the web client and a wheel, into web/dist and dist/"
	@echo "make fuzz    the parsers against random input, for FUZZ_SECONDS (60) each; what is found is kept"
	@echo "make docs    the generated pages of docs/"
	@echo "make clean   forget what was built (not the data)"

demo:
	@bash tools/setup.sh demo
	@$(RUN) demo --data "$(DATA)" --port "$(PARVIS_PORT)"

test:
	@bash tools/setup.sh test
	@bash .ci/steps.sh all

check:
	@bash tools/setup.sh check
	@bash .ci/steps.sh quick

build:
	@bash tools/setup.sh build
	@bash .ci/steps.sh build

fuzz:
	@bash tools/setup.sh check
	@bash .ci/steps.sh fuzz

docs:
	@bash tools/setup.sh check
	@.venv/bin/python tools/generate_docs.py

clean:
	rm -rf .venv .venv-synapse web/node_modules web/dist dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
