# make run: set up and open the dashboard.   make test: set up and pass the tests.   make test-full: the long version.
PYTHON ?= python3
BIN := .venv/bin
APART := -n 2 --no-loadscope-reorder  # two files at a time: most tests keep one core busy
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q --no-compile

.PHONY: run test test-full check browser format bench embedded embedded-studies clean

run: .venv/.run
	$(BIN)/python -m streamlit run app.py

test: check browser
	$(BIN)/python -m pytest $(APART)

test-full: check browser .venv/.full
	PHOTOBIAS_FULL=1 $(BIN)/python -m pytest $(APART)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything in data/embedded, made again: six networks (about an hour on two cores), the index of their training scenes,
# and studies of them over scenes held out (a quarter of an hour). Those finished already are left as they are.
SCENES := scenes:1000000-1009999
HELD_OUT := scenes:2000000-2001599
READ := scenes:1000000-1001999
embedded: .venv/.run
	$(BIN)/python -m core train resnet10.scenes resnet10_bin5.scenes --seeds 0,1,2 --family embedded --data data/embedded
	$(BIN)/python -m core index build --photos $(SCENES) --reference $(HELD_OUT) --network embedded/resnet10.scenes-0 \
	    --data data/embedded --out data/embedded/indexes/scenes
	$(MAKE) embedded-studies

STRIDED := embedded/resnet10.scenes-0,embedded/resnet10.scenes-1,embedded/resnet10.scenes-2
BLURRED := embedded/resnet10_bin5.scenes-0,embedded/resnet10_bin5.scenes-1,embedded/resnet10_bin5.scenes-2
STUDY = $(BIN)/python -m core study $(1) --photos $(HELD_OUT) --network $(STRIDED),$(BLURRED) --seed 0 \
    --index data/embedded/indexes/scenes --confidence embedded/resnet10.scenes-0 \
    --data data/embedded --out data/embedded/studies/$(1)
embedded-studies: .venv/.run
	$(call STUDY,failures) --limit 200
	$(call STUDY,confidence) --limit 400
	$(call STUDY,typicality) --limit 400
	$(call STUDY,protocols) --limit 400
	$(call STUDY,antialiasing) --limit 150
	$(call STUDY,embedded_size) --limit 150
	$(call STUDY,augmentation) --limit 150
	$(call STUDY,readouts) --train $(READ) --limit 400

bench: .venv/.run
	$(BIN)/python -m core bench

# Chromium for the browser tests: the system's where root may install it, else Playwright's own.
browser: .venv/.dev
	@if command -v chromium >/dev/null || ls $${PLAYWRIGHT_BROWSERS_PATH:-$$HOME/.cache/ms-playwright} >/dev/null 2>&1; then \
	    true; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	else \
	    $(BIN)/python -m playwright install chromium; \
	fi

.venv/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt requirements-milvus.txt requirements-lite.txt .venv/.run
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-lite.txt
	@touch $@

# what only the long tests need: a local Ray
.venv/.full: requirements-ray.txt .venv/.dev
	$(PIP) -r requirements-ray.txt
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache
