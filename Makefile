# jaxcnn: `make` lists the targets.
SHELL := /bin/bash
ARGS ?=

# The newest Python that runs and can make environments: on PATH, then in pyenv's version folders.
define find-python
for each in python3.14 python3.13 python3.12 python3.11 \
            $$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[1-4]*/bin/python 2>/dev/null | sort -Vr) python3; do \
  if $$each -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then \
    $$each -c 'import sys; print("%02d" % sys.version_info[1], sys.executable)'; \
  fi; \
done | sort -sr -k1,1 | head -n 1 | cut -d' ' -f2-
endef

# An interpreter that is named has an environment of its own, so that both can be kept.
ifdef PYTHON
VENV := .venv-$(notdir $(PYTHON))
else
VENV := .venv
endif
RUN := $(VENV)/bin/python
TORCH_VENV := $(VENV)-torch

# PyTorch for the benchmark: in an environment made for it, or where an interpreter that is named has it.
ifdef TORCH_PYTHON
BENCH := $(VENV)/.installed-dev
BENCH_RUN := $(RUN) -m experiments.bench --torch-python $(TORCH_PYTHON)
else
BENCH := $(TORCH_VENV)/.installed
BENCH_RUN := $(TORCH_VENV)/bin/python -m experiments.bench
endif

.PHONY: help train quickstart train-2proc test test-slow lint format answers results parity notebooks notebook bench bench-inference bench-startup bench-data clean

help: ## list the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo '  make sweep-NAME   run a sweep of experiments/ (SEEDS=3 JOBS=2 FULL=1), with a table and pictures'
	@echo '  ARGS="--seed 3" passes settings on; PYTHON=python3.11 chooses the interpreter.'

train: $(VENV)/.installed ## the CIFAR-10 speedrun: train airbench94 (ARGS="--seed 3" changes settings)
	@$(RUN) -m experiments.speedrun94 $(ARGS)

quickstart: $(VENV)/.installed ## train a small CNN on CIFAR-10 in minutes (ARGS as for train)
	@$(RUN) -m experiments.quickstart $(ARGS)

PORT ?= 12355
train-2proc: $(VENV)/.installed ## the quick start in two processes that share every batch, as two machines would
	@job="-m experiments.quickstart --folder runs/quickstart-2proc $(ARGS) --distributed.processes 2"; \
	job="$$job --distributed.coordinator localhost:$(PORT) --distributed.process"; \
	$(RUN) $$job 1 & $(RUN) $$job 0; status=$$?; wait; exit $$status

test: $(VENV)/.installed-dev ## run the tests
	@$(RUN) -m pytest -q -n auto --dist worksteal $(ARGS)

test-slow: $(VENV)/.installed-dev ## run the long tests: real trainings, real faults
	@$(RUN) -m pytest -q -m slow -n auto --dist worksteal $(ARGS)

# A sweep is a module of experiments/ with a SWEEP: make sweep-learning_rate SEEDS=3 JOBS=2 FULL=1
SEEDS ?= 0
JOBS ?= 0
sweep-%: $(VENV)/.installed
	@grep -qs '^SWEEP' experiments/$*.py || { echo "error: there is no sweep $*; there are:" \
	  $$(grep -ls '^SWEEP' experiments/*.py | sed 's,.*/,,; s,\.py$$,,') >&2; exit 2; }
	@$(RUN) -m experiments.$* --seeds $(SEEDS) --jobs $(JOBS) $(if $(FULL),--full) $(ARGS)

answers: $(VENV)/.installed ## ask all questions again, one sweep after another; may be stopped and started (ARGS="--only depth")
	@$(RUN) -m experiments.answers $(ARGS)

results: $(VENV)/.installed ## collect finished sweeps: runs/results.html, experiments/results, docs/findings.md
	@$(RUN) -m jaxcnn.report.collect && $(RUN) -m experiments.findings

parity: $(TORCH_VENV)/.installed ## compare our networks with torchvision's and timm's, number by number (installs PyTorch, once)
	@$(TORCH_VENV)/bin/python -m pytest -q -m "parity and not slow" tests/parity $(ARGS)

notebooks: $(VENV)/.installed-dev ## execute the course: notebooks/*.py -> notebooks/*.ipynb (ARGS="--only 04", --check)
	@$(RUN) -m notebooks.build $(ARGS)

notebook: $(VENV)/.installed-jupyter ## open the course in JupyterLab
	@$(VENV)/bin/jupyter lab notebooks

lint: $(VENV)/.installed-dev ## check format, lint, types, import layers, spelling and wording
	@$(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check . && $(VENV)/bin/pyrefly check
	@$(VENV)/bin/lint-imports --no-logo && $(VENV)/bin/codespell && $(RUN) .ci/wording.py

format: $(VENV)/.installed-dev ## format the code and fix what the linter can
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix .

bench: $(BENCH) ## race jaxcnn, plain Flax and PyTorch (ARGS="--nets resnet20"; TORCH_PYTHON=python that has torch)
	@$(BENCH_RUN) $(ARGS)

bench-inference: $(BENCH) ## race the answers to 10,000 images: run.predict, PyTorch, onnxruntime (ARGS, TORCH_PYTHON as for bench)
	@$(subst experiments.bench,experiments.bench.inference,$(BENCH_RUN)) $(ARGS)

bench-startup: $(VENV)/.installed ## time from a command to its first step, cold and again
	@$(RUN) -m experiments.bench.startup $(ARGS)

bench-data: $(VENV)/.installed-dev ## race the decoding of pictures (TORCH_PYTHON=python that has torch)
	@$(RUN) -m experiments.bench.data $(if $(TORCH_PYTHON),--torch-python $(TORCH_PYTHON)) $(ARGS)

clean: ## remove the environments (runs/ stays)
	rm -rf .venv .venv-*

$(VENV)/bin/python:
	@python="$(PYTHON)"; [ -n "$$python" ] || python="$$($(find-python))"; \
	if [ -z "$$python" ]; then \
	  echo 'error: no Python >= 3.11 with venv found on PATH or under pyenv; install one, or name it: make PYTHON=/path/to/python' >&2; exit 2; \
	fi; \
	echo "making $(VENV) with $$($$python --version)" && $$python -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo 'installing jaxcnn and what it needs (under a minute, once)'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo 'installing jaxcnn and its development tools (under a minute, once)'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-jupyter: pyproject.toml | $(VENV)/bin/python
	@echo 'installing jaxcnn and JupyterLab (about a minute, once)'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[jupyter]'
	@touch $@ $(VENV)/.installed

$(TORCH_VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo 'installing jaxcnn and PyTorch in $(TORCH_VENV) (once; gigabytes of CUDA unless PIP_EXTRA_INDEX_URL names the CPU index)'
	@[ -x $(TORCH_VENV)/bin/python ] || $(RUN) -m venv $(TORCH_VENV)
	@$(TORCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,torch]'
	@touch $@
