# Both `make demo` and `make test` set everything up themselves. PYTHON=... chooses the Python 3.11.
BIN := .venv/bin
UV ?= uv

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup:  ## Make .venv with every locked package (the other targets do it by themselves)
	@scripts/setup.sh

demo: setup  ## Render 8 labelled frames of dice and 8 of cards into outputs/demo
	$(BIN)/gapless render recipe=dice frames=8 seed=0 out=outputs/demo/dice
	$(BIN)/gapless render recipe=cards frames=8 seed=0 out=outputs/demo/cards
	@echo
	@echo "Look at the contact sheets: outputs/demo/dice/preview.png and outputs/demo/cards/preview.png"

test: lint  ## Lint, then all tests: the quick ones first, then those that render
	$(BIN)/python -m pytest tests/unit -n 2
	$(BIN)/python -m pytest tests/blender tests/e2e -n 2 --dist loadfile

lint: setup  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup  ## Let ruff put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock:  ## Pin every transitive dependency again, with uv (UPGRADE=--upgrade takes the newest versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv. Get it: pipx install uv" >&2; exit 2; }
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --quiet $(UPGRADE) -o requirements.lock

clean:  ## Remove caches, built packages and the demo (.venv and your datasets stay)
	rm -rf build dist outputs/demo .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
