# Everything goes through here: a person, CI and the README run the same targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
QUICK := not (service or slow or torch or training)
# Byte code is made where a module is first imported: of most that are installed it never is.
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
# Where an image forbids it, every process compiles what it imports anew: eight seconds a worker of a batch.
unexport PYTHONDONTWRITEBYTECODE
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup demo test check quick lint types tests slow bare bench fuzz bench-quality panel audience comment post creator encoder growth simulation register docs lock format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## .venv with every extra, pinned by requirements.lock

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv --clear $(VENV)
	@# torch alone and first: nothing that comes after can pull another build of it.
	$(PIP_INSTALL) torch==2.13.0
	$(PIP_INSTALL) --requirement requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## twelve simulated creators, vetted: out/demo/index.html; on a terminal the desk as well
	$(BIN)/zhenfen demo --out out/demo --desk

test: check ## all tests, with lint and types: what CI runs

check: lint types tests

quick: lint types ## lint, types, and the tests without Spark, torch, trainings, services and what tests/slow.txt lists
	@# A thread a process: two processes are all that two cores can do.
	POLARS_MAX_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal -m "$(QUICK)"

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy

tests: setup
	@# Three on two cores: some tests wait for a service or for Spark.
	$(BIN)/pytest --numprocesses 3 --dist worksteal

slow: setup ## tests/slow.txt anew, slowest first: what each test takes
	$(BIN)/pytest --numprocesses 2 --dist worksteal --write-slow

bare: setup ## the wheel alone, without extras, in a new environment: import, vet
	$(BIN)/python -m benchmarks.bare_install

serve-model: setup ## URI=models:/zhenfen-audience@champion over HTTP by MLflow, from .venv without activating it
	PATH="$(abspath $(BIN)):$$PATH" mlflow models serve --model-uri "$(URI)" --env-manager local

bench: setup ## speed and memory, beside references measured in the same run
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.import_comments
	$(BIN)/python -m benchmarks.text
	$(BIN)/python -m benchmarks.near_duplicates
	$(BIN)/python -m benchmarks.features
	$(BIN)/python -m benchmarks.score_profiles
	$(BIN)/python -m benchmarks.score_comments
	$(BIN)/python -m benchmarks.vet
	$(BIN)/python -m benchmarks.score_creators
	$(BIN)/python -m benchmarks.service
	$(BIN)/python -m benchmarks.batch

fuzz: setup ## 10,000 damaged exports: read, with what was not used listed, or refused with a place
	$(BIN)/python -m benchmarks.mutated_exports

bench-quality: setup ## detection quality: false alarms, the models beside baselines, shares and their intervals
	$(BIN)/python -m benchmarks.board_of_false_alarms
	$(BIN)/python -m benchmarks.false_alarms
	$(BIN)/python -m benchmarks.audience_quality
	$(BIN)/python -m benchmarks.prevalence
	$(BIN)/python -m benchmarks.audits
	$(BIN)/python -m benchmarks.roster
	$(BIN)/python -m benchmarks.comment_quality
	$(BIN)/python -m benchmarks.post_quality
	$(BIN)/python -m benchmarks.growth_quality
	$(BIN)/python -m benchmarks.purge_quality
	$(BIN)/python -m benchmarks.injected_purchases
	$(BIN)/python -m benchmarks.star_campaigns
	$(BIN)/python -m benchmarks.engagement_quality
	$(BIN)/python -m benchmarks.creator_quality

audience: setup ## models/audience anew from the public data, logged to MLflow
	$(BIN)/python -m training.audience

comment: setup ## models/comment anew
	$(BIN)/python -m training.comment

post: setup ## models/post anew
	$(BIN)/python -m training.post

creator: setup ## models/creator anew, on simulated creators
	$(BIN)/python -m training.creator

register: setup ## make register NAME=audience: a trained model beside the champion, promoted only if the gate holds
	$(BIN)/python -m training.register $(NAME)

growth: setup ## models/growth: how unusual growth is scored
	$(BIN)/python -m training.growth

simulation: setup ## models/simulation: what simulated creators are like
	$(BIN)/python -m training.simulation

encoder: setup ## try the text encoder of configs/models/encoder.yaml, and how to use another
	$(BIN)/python -m training.encoder

panel: setup ## models/panel: peers, from the public data
	$(BIN)/python -m training.panel

docs: setup ## docs/reference/ anew from the code
	$(BIN)/python docs/reference.py

lock: ## resolve anew and write requirements.lock
	bash .ci/lock

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf out dist build .mypy_cache .ruff_cache
