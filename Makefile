# make demo: sets up, builds invented rows with planted faults, and shows what is found in them.
# make test: sets up and passes the tests, but for the slow ones.
# make test-slow: sets up and passes what `make test` left out, with loaders, clients, a server.
# make test-all: sets up and passes all of them in one go.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
LOADERS := .loaders
CLIENTS := .clients
SERVING := .serving
FLOORS := .floors
LOCK := requirements/lock.txt
EXTRAS := s3,http,ray,audit,explore,tokens,collect,hub
# torch and what stands on it are gigabytes in their lowest versions: tried in the newest alone
HEAVY := train,demo
TORCH := torch==2.13.0
# what the lowest versions are tried with: the main job, an audit, a hub
FLOOR_TESTS := $(addprefix tests/,building/test_build.py chat_templates/test_content.py \
    auditing/test_audit.py tokens engines/test_ray.py hub/test_served.py hub/api/test_commit.py \
    hub/viewer/test_annotations.py hub/licensing/test_webhook.py)
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
ALL := $(PYTEST) --hypothesis-profile=full
ARGS ?=  # more for pytest, such as --durations=20

# each source is compiled once, not again in each of the hundreds of processes that tests start
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow test-all floors lock loaders clients serving lint format clean

help:
	@echo "make demo      build invented rows with planted faults into ./$(DEMO), and find them"
	@echo "make test      run the tests: a few minutes on two cores"
	@echo "make test-slow run the tests that make test left out, with loaders, clients, a server"
	@echo "make test-all  run all tests in one go"
	@echo "make floors    try the lowest versions of what users may have"
	@echo "make lock      write $(LOCK) anew, with the newest versions"
	@echo "make loaders   get the trainers' loaders that some tests want"
	@echo "make clients   get the older clients of a hub that some tests want"
	@echo "make serving   get a server of models, and a small model, that some tests want"
	@echo "make lint      style, types, import contracts"
	@echo "make format    put the code into style"
	@echo "make clean     remove $(VENV), $(FLOORS), $(LOADERS), $(CLIENTS), $(SERVING), ./$(DEMO)"

# a pip that knows dependency groups
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.runtime: $(BIN)/python pyproject.toml $(LOCK)
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) --editable .
	@touch $@

# the hub is built on typed libraries, which its types are checked against
$(VENV)/.lint: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) --editable '.[hub]' --group lint
	@touch $@

# torch first and by itself, so that nothing else chooses its build
$(VENV)/.dev: $(VENV)/.lint
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) $(TORCH)
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) --group dev
	@touch $@

# the audit finds what is planted; its libraries are half a minute more
$(VENV)/.audit: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) --editable '.[audit]'
	@touch $@

demo: $(VENV)/.audit
	@rm -rf $(DEMO) && mkdir $(DEMO)
	@$(BIN)/python examples/demo_source.py > $(DEMO)/pairs.jsonl
	@printf '\n== 460 invented comparisons become text for Llama 2; three are refused, and it says why\n\n'
	$(BIN)/pairsmith build $(DEMO)/pairs.jsonl $(DEMO)/out --template llama2
	@printf '\n== Every file and every row is accounted for\n\n'
	$(BIN)/pairsmith check $(DEMO)/out
	@printf '\n== What is wrong with the rest?\n\n'
	$(BIN)/pairsmith audit $(DEMO)/out
	@printf '\n== Two rows that say the opposite of each other\n\n'
	$(BIN)/pairsmith show $(DEMO)/out --finding duplicates:flipped -n 2
	@printf '\n== A row whose text was read in the wrong encoding\n\n'
	$(BIN)/pairsmith show $(DEMO)/out --finding text:encoding -n 1
	@printf '\n== Next: open $(DEMO)/out/audit/report.html in a browser, or type\n\n'
	@echo "  $(BIN)/pairsmith show $(DEMO)/out --reason any"
	@echo "  $(BIN)/pairsmith build $(DEMO)/pairs.jsonl $(DEMO)/new --drop flipped,leaks --mend encoding"
	@echo "  $(BIN)/pairsmith build YOUR-PAIRS.jsonl out"

test: $(VENV)/.dev
	$(PYTEST) -m "not slow" $(ARGS)

# hypothesis marks its tests itself; they run in both, for here they try more examples
test-slow: $(VENV)/.dev loaders clients serving
	$(ALL) -m "slow or hypothesis" $(ARGS)

test-all: $(VENV)/.dev loaders clients serving
	$(ALL) $(ARGS)

# The lowest versions that pyproject.toml names, in an environment of their own, with the test tools
# of the lock. Old packages warn of newer ones that they stand on: that is no fault of ours.
floors: $(FLOORS)/.done
	$(FLOORS)/bin/python -m pytest -m "not slow" -W ignore $(FLOOR_TESTS) $(ARGS)

$(FLOORS)/.done: $(VENV)/.dev pyproject.toml requirements/floors.py
	@rm -rf $(FLOORS)
	$(PYTHON) -m venv $(FLOORS)
	$(FLOORS)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python requirements/floors.py > $(FLOORS)/floors.txt
	$(FLOORS)/bin/python -m pip install --quiet --constraint $(FLOORS)/floors.txt \
	    --editable '.[$(EXTRAS)]' \
	    $$(grep -E '^(httpx|hypothesis|psutil|pytest|pytest-xdist)==' $(LOCK))
	@touch $@

# as .dev and all extras, without the lock: the newest of everything
lock:
	@rm -rf .lock
	$(PYTHON) -m venv .lock
	.lock/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.lock/bin/python -m pip install --quiet $(TORCH)
	.lock/bin/python -m pip install --quiet --editable '.[$(EXTRAS),$(HEAVY)]' --group dev
	.lock/bin/python requirements/lock.py > $(LOCK)
	@rm -rf .lock

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

# `transformers serve` and a model for it; processes that want them see this folder besides
serving: $(SERVING)/.done

$(SERVING)/.done: $(VENV)/.dev pyproject.toml
	@rm -rf $(SERVING)
	$(BIN)/python -m pip install --quiet --no-deps --constraint $(LOCK) --target $(SERVING) \
	    --group serving
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
	rm -rf $(VENV) $(FLOORS) $(LOADERS) $(CLIENTS) $(SERVING) $(DEMO)
