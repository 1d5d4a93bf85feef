# make run: set up and open the dashboard.   make test: set up and run the tests.   make test-full: the long ones too.
# make test-fast: the tests for the loop while working, without browser, pages and real networks.
PYTHON ?= python3
BIN := .venv/bin
APART := -n 2 --no-loadscope-reorder  # two files at a time: most tests keep one core busy
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q --no-compile

.PHONY: run test test-fast test-full check browser format bench embedded embedded-studies embedded-dial embedded-sizes embedded-imagenet clean

run: .venv/.run
	$(BIN)/python -m streamlit run app.py

test: check browser
	$(BIN)/python -m pytest $(APART)

test-fast: .venv/.dev
	$(BIN)/python -m pytest $(APART) -m "not browser and not real and not slow" --ignore=tests/browser --ignore=tests/pages

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
	$(MAKE) embedded-studies embedded-dial embedded-sizes

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

# Real photographs (an hour on two cores): ILSVRC2012 validation photographs with labels; a part of ten classes of them; and a
# sample of the training photographs, whose index stays outside data/embedded. Tables alone are kept, no photograph.
# make embedded-imagenet VAL=data/photographs/imagenet-val VAL_10=data/photographs/imagenet-val-10 TRAIN=data/photographs/imagenet-train
LITE := lite/efficientnet_lite0,lite/efficientnet_lite1,lite/efficientnet_lite2
SAMPLE := data/indexes/imagenet-train-sample
REAL = $(BIN)/python -m core study $(1) --network $(LITE) --seed 0 --out data/embedded/studies/imagenet_$(1)
embedded-imagenet: .venv/.run
	$(call REAL,protocols) --photos $(VAL) --pairs 4
	$(call REAL,protocols)_script --photos $(VAL) --pairs 4 --reading script --protocol crop,black,scale
	$(call REAL,embedded_size) --photos $(VAL)
	$(BIN)/python -m core index build --photos $(TRAIN) --network lite/efficientnet_lite0 --out $(SAMPLE)
	$(call REAL,typicality) --photos $(VAL_10) --pairs 4 --index $(SAMPLE) --confidence lite/efficientnet_lite0

# The bias dial: five photographers, from fixed to free position and size, three networks each (a quarter of an hour).
TURN = $(BIN)/python -m core dial --spread $(1) --size-spread $(2) --seeds 0,1,2 --data data/embedded
embedded-dial: .venv/.run
	$(call TURN,0,0)
	$(call TURN,1,0.3)
	$(call TURN,0.5,0.15)
	$(call TURN,1,0)
	$(call TURN,0,0.3)

# Figures 10 and 11, over scenes at 32 pixels and over CIFAR-10 (an hour and a half). CIFAR10: where its photographs are;
# what ships was made with a copy whose photographs were compressed as JPEG:
# make embedded-sizes CIFAR10_TRAIN=data/photographs/cifar10-jpeg-train.parquet CIFAR10_TEST=data/photographs/cifar10-jpeg-test.parquet
FIGURE_10 := resnet8 resnet8_black resnet8_crop
FIGURE_11 := alexnet32 alexnet32_stride1_zero alexnet32_stride1
CIFAR10_TRAIN := cifar10:train
CIFAR10_TEST := cifar10:test
comma := ,
KEYS = $(subst $() ,$(comma),$(patsubst %,embedded/%.$(2)-0,$(1)))
TRAIN = $(BIN)/python -m core train $(FIGURE_10:%=%.$(1)) $(FIGURE_11:%=%.$(1)) resnet8_bin5.$(1) --seeds 0 \
    --family embedded --data data/embedded
SIZES = $(BIN)/python -m core study augmentation --photos $(4) --shuffle --network $(call KEYS,$(2),$(3)) \
    --seed 0 --limit 500 --data data/embedded --out data/embedded/studies/figure_$(1)_$(3)
embedded-sizes: .venv/.run
	$(call TRAIN,scenes32)
	$(call TRAIN,cifar10) --photos $(CIFAR10_TRAIN) --held-out $(CIFAR10_TEST)
	$(call SIZES,10,$(FIGURE_10),scenes32,$(HELD_OUT))
	$(call SIZES,11,$(FIGURE_11),scenes32,$(HELD_OUT))
	$(call SIZES,10,$(FIGURE_10),cifar10,$(CIFAR10_TEST))
	$(call SIZES,11,$(FIGURE_11),cifar10,$(CIFAR10_TEST))

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
