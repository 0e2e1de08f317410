# Every target does the set-up that it needs; the first takes minutes, later ones a fraction of a second.
PYTHON ?= python3
ARGS ?=
MINUTES ?= 10

# Stay on this machine, and apart from other robots on it, unless the user has chosen otherwise.
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST
ifeq ($(ROS_DISTRO),humble)
export ROS_LOCALHOST_ONLY ?= 1
endif
ifndef ROS_DOMAIN_ID
export ROS_DOMAIN_ID := $(shell echo $$(( $$$$ % 100 + 1 )))
endif

BIN := $(CURDIR)/.venv/bin
# What is imported is compiled once for all processes, and the result is kept in .venv, whatever the user has chosen
# for other projects: torch alone takes four seconds to compile.
IN_VENV := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/pycache"
ifdef ROS_DISTRO
# On a ROS installation the messages that were built into .venv stand in front of the installed packages.
IN_VENV += AMENT_PREFIX_PATH="$(CURDIR)/.venv:$$AMENT_PREFIX_PATH" LD_LIBRARY_PATH="$(CURDIR)/.venv/lib:$$LD_LIBRARY_PATH"
endif

# A file at a time on each process, in the order of test/conftest.py.
IN_PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo demo-teach studio test test-long lint bench soak clean

help:  ## show the targets (PYTHON=python3.12 chooses the Python, ARGS="..." goes to the command)
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
	  printf '  make %-10s %s\n' "$$target" "$$text"; done

setup:  ## make .venv, on the sourced ROS 2 or else on ROS 2 Jazzy from wheels
	@$(PYTHON) tools/provision.py

demo: setup  ## show on the sample pictures what the nodes find
	@$(IN_VENV) $(BIN)/python tools/demo.py $(ARGS)

demo-teach: setup  ## teach a tagger three new labels, live
	@$(IN_VENV) $(BIN)/python tools/demo_teach.py $(ARGS)

studio: setup  ## open the page on this machine, with all nodes and a camera that plays the samples
	@$(IN_VENV) $(BIN)/python tools/studio.py --open $(ARGS)

test: setup  ## run the tests, in four processes, as many of them wait most of the time
	@$(IN_VENV) $(BIN)/python -m pytest $(IN_PARALLEL) $(ARGS)

test-long: setup  ## run the tests that repeat for minutes what the others check as well, and those that measure
	@$(IN_VENV) $(BIN)/python -m pytest -m 'long and not alone' $(IN_PARALLEL) $(ARGS)
	@$(IN_VENV) $(BIN)/python -m pytest -m 'long and alone' $(ARGS)

lint: setup  ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup  ## measure, and print the table
	@$(IN_VENV) $(BIN)/nn_perception bench $(ARGS)

soak: setup  ## run the nodes for MINUTES=10 while everything around them changes
	@$(IN_VENV) $(BIN)/python -m nn_perception.benchmark.soak --minutes $(MINUTES) $(ARGS)

clean:  ## remove what the targets made, .venv too
	rm -rf .venv .provision build install log .mypy_cache .pytest_cache .ruff_cache nn_perception.egg-info
	rm -rf demo_pictures
	find nn_perception nn_perception_interfaces test tools launch -name __pycache__ -prune -exec rm -rf {} +
