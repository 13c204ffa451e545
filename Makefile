# The front door. Every target does its own set-up first, and does nothing that is done already.
#   make demo     watch qguard stop a scripted agent from deleting a production stack
#   make test     all tests, on real programs; as root, the ones near the system once more as an ordinary user
#   make check    format, lints, types, import contracts
#   make bench    what qguard costs
#   make docs     generate what can be generated

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell tools/find-python)
SETUP = $(PYTHON) -I tools/setup
BIN = .venv/bin

# The suites that touch processes, files of the user, terminals, the kernel or what a wheel carries: run as an ordinary user too.
NEAR_THE_SYSTEM = $(wildcard tests/kernel tests/terminal tests/runtime tests/audit tests/places tests/agents tests/cli tests/contract tests/bypass tests/rulebook tests/rulesets tests/e2e)

.PHONY: help demo test check bench docs setup

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@$(SETUP) test

demo:
	@$(SETUP) demo
	@$(BIN)/python examples/demo/play.py

test:
	@$(SETUP) test
	$(BIN)/python -m pytest
	@if [ "$$(id -u)" = 0 ]; then $(SETUP) ordinary $(NEAR_THE_SYSTEM); fi

check:
	@$(SETUP) develop
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@$(SETUP) bench
	@for benchmark in benchmarks/[a-z]*.py; do echo "== $$benchmark"; $(BIN)/python "$$benchmark" || exit; done

docs:
	@$(SETUP) develop
	@for generator in tools/generate/[a-z]*.py; do echo "== $$generator"; $(BIN)/python "$$generator" || exit; done
