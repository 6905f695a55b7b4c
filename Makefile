# make demo: sets up and runs the main job on the bundled sample.
# make test: sets up and passes the tests, but for the slow ones.
# make test-all: sets up and passes all tests, with the trainers' loaders and the older clients.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
LOADERS := .loaders
CLIENTS := .clients
ARGS ?=  # more for pytest, such as --durations=20

.PHONY: help demo test test-all loaders clients lint format clean

help:
	@echo "make demo     build the bundled sample into ./$(DEMO), check it, show a row"
	@echo "make test     run the tests: a few minutes on two cores"
	@echo "make test-all run all tests, the slow ones too, with loaders and clients"
	@echo "make loaders  get the trainers' loaders that some tests want"
	@echo "make clients  get the older clients of a hub that some tests want"
	@echo "make lint     style, types, import contracts"
	@echo "make format   put the code into style"
	@echo "make clean    remove $(VENV), $(LOADERS), $(CLIENTS) and ./$(DEMO)"

# a pip that knows dependency groups
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.runtime: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# the hub is built on typed libraries, which its types are checked against
$(VENV)/.lint: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --editable '.[hub]' --group lint
	@touch $@

# torch first and by itself, so that nothing else chooses its build
$(VENV)/.dev: $(VENV)/.lint
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/.runtime
	@rm -rf $(DEMO)
	$(BIN)/pairsmith build sample $(DEMO) --template llama2
	$(BIN)/pairsmith check $(DEMO)
	$(BIN)/pairsmith show $(DEMO) -n 1

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-all: $(VENV)/.dev loaders clients
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile=full $(ARGS)

# trainers' own loaders, each apart and without what it depends on; tests that want them skip else
loaders: $(LOADERS)/.done

$(LOADERS)/.done: $(VENV)/.dev pyproject.toml
	@rm -rf $(LOADERS)
	@for name in axolotl llamafactory ms-swift openrlhf torchtune; do \
	    $(BIN)/python -m pip install --quiet --no-deps --target $(LOADERS)/$$name \
	        --group loader-$$name || exit 1; \
	done
	@touch $@

# older huggingface_hub and datasets, each pair apart and with only what differs from the newest
clients: $(CLIENTS)/.done

$(CLIENTS)/.done: $(VENV)/.dev pyproject.toml
	@rm -rf $(CLIENTS)
	@for name in 0-34 1-1; do \
	    $(BIN)/python -m pip install --quiet --no-deps --target $(CLIENTS)/$$name \
	        --group client-$$name || exit 1; \
	done
	@touch $@

# tests are checked by mypy with the packages that they import
lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(LOADERS) $(CLIENTS) $(DEMO)
