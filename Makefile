# The commands to remember. `make` lists them; what they do at length is in .ci/ and jobs/.
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do command -v $$p && break; done)
JOBS := .venv/bin/python -m jobs
LAKE ?= lake
EVENTS ?= 10000000
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: help run test ui replay bench-clean bench-topk bench-cold lint lock clean setup

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: setup  ## make a sample shop, run its nights (the last in Airflow), end with a page of facts
	@$(PYTHON) .ci/sample_night

test: setup lint  ## lint, then every test, with Airflow and Spark for real
	@.ci/test

ui: setup  ## open Airflow's web UI on the sample shop; PORT=8080
	@$(PYTHON) .ci/ui $(PORT)

replay: setup  ## run a range of nights: SOURCE=online_retail RAW=dir FROM=2010-12-01 TO=2011-12-09 LAKE=lake
	@$(if $(and $(SOURCE),$(RAW),$(FROM),$(TO)),,$(error say SOURCE=, RAW=, FROM= and TO=, such as \
	  make replay SOURCE=online_retail RAW=../shared/data/online_retail FROM=2010-12-01 TO=2010-12-31 LAKE=lake))
	@$(JOBS) replay_nights --source "$(SOURCE)" --raw "$(RAW)" --from "$(FROM)" --to "$(TO)" --lake "$(LAKE)"

bench-clean: setup  ## clean + features beside DuckDB; EVENTS=10000000
	@.venv/bin/python -m tests.bench.clean --events $(EVENTS)

bench-topk: setup  ## exact top-100 of 100,000 items beside implicit and the machine's sgemm
	@.venv/bin/python -m tests.bench.topk

bench-cold: setup  ## items nobody has touched: GAN, regressor and content; DATA=../shared/data/amazon_beauty
	@$(if $(DATA),,$(error say DATA=, such as make bench-cold DATA=../shared/data/amazon_beauty))
	@.venv/bin/python -m tests.bench.cold "$(DATA)"

lint: setup  ## ruff and mypy; checks, changes nothing
	@.venv/bin/ruff check . .ci/setup .ci/sample_night .ci/ui
	@.venv/bin/ruff format --check . .ci/setup .ci/sample_night .ci/ui
	@.venv/bin/mypy

lock: setup  ## choose the exact versions anew from pyproject.toml
	@$(PYTHON) .ci/setup lock

clean:  ## delete the environments, the sample shop and its lake
	rm -rf .venv .venv-airflow .tools .airflow build lake

setup:
	@$(if $(PYTHON),,$(error no python3 found: install Python 3.11 or 3.12, on Debian and Ubuntu: apt-get install python3))
	@$(PYTHON) .ci/setup
