# What people run is what CI runs. `make help` lists it.

CARGO ?= cargo
PYTHON ?= python3
PROFILE ?= release
BUILD := build
LIB := $(BUILD)/lib
PREFIX ?= /usr/local
LIBDIR ?= lib

export PYTHON
export ROWS ?= 1000000

.PHONY: help demo fleet test fleet-storm quota-storm mutants bench fleet-bench million lint lib emulator install uninstall dist wheel sdist docs site notices abi clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

demo: ## The main job in C++, Python and Rust against the emulator
	@bash scripts/setup/setup.sh demo
	@bash scripts/test/demo.sh

fleet: ## Three gates of a game over one Redis; the one that relays is killed
	@bash scripts/setup/setup.sh fleet
	@bash scripts/fleet/example.sh

test: ## Every test in every language, and how many ran
	@bash scripts/setup/setup.sh test
	@bash scripts/test/test.sh

fleet-storm: ## Kill, pause and cut a fleet of processes, and judge what it did: SCENES="storm" SEED=1
	@bash scripts/setup/setup.sh storm
	@nice -n 10 bash scripts/fleet/storm.sh $(if $(SEED),--seed $(SEED)) $(SCENES)

mutants: ## Disconnect each option where it is used, and see its test fail
	@$(PYTHON) scripts/test/option_mutants.py $(OPTIONS)

bench: ## Side by side with ureq, libcurl and others; ratios of one run
	@bash benches/run.sh

quota-storm: ## Eight processes at one rate for SECONDS=60; one is killed each 5 s, then Redis
	@XG_QUOTA_SECONDS=$(or $(SECONDS),60) cargo test --quiet --profile fast -p xgpush --features outbox-redis --test quota -- --nocapture

fleet-bench: ## The part of bench over Redis: WHAT="submit delivered"
	@bash benches/fleet.sh $(WHAT)

million: ## A table of ROWS rows through a wheel of dist/ in an empty venv, also killed and resumed
	@$(PYTHON) benches/python/million.py $(wildcard dist/*.whl)

lint: ## Formatting, lints and licences
	@bash scripts/lint/lint.sh

lib: ## libxgpush.so and libxgpush.a, into build/lib (the headers are in include/)
	@bash scripts/build/lib.sh $(PROFILE) $(LIB)

emulator: ## The program xgpush-emulator, into build/bin
	@bash scripts/build/emulator.sh $(PROFILE) $(BUILD)/bin

install: lib emulator ## Headers, libraries, emulator, pkg-config, CMake: PREFIX=/usr/local DESTDIR= LIBDIR=lib
	@bash scripts/build/install.sh install $(BUILD) "$(DESTDIR)$(PREFIX)" $(LIBDIR)

uninstall: ## Remove what install put there, given the same PREFIX, DESTDIR, LIBDIR
	@bash scripts/build/install.sh uninstall $(BUILD) "$(DESTDIR)$(PREFIX)" $(LIBDIR)

dist: lib emulator ## The installed tree as build/xgpush-VERSION-TARGET.tar.gz; it unpacks anywhere
	@bash scripts/build/dist.sh $(BUILD)

wheel: ## The Python wheel, for glibc 2.17 and newer, into dist/ (FREE_THREADED=python3.14t)
	@rm -rf dist/*.whl dist/free-threaded
	@bash scripts/build/wheel.sh release dist
	@[ -z "$(FREE_THREADED)" ] || bash scripts/build/wheel.sh release dist/free-threaded $(FREE_THREADED)
	@bash python/tests/wheel.sh $$(find dist -name '*.whl')

sdist: ## The sources of the wheel, into dist/
	@bash scripts/build/sdist.sh dist

docs: ## The pages of docs/ that come from tables; HTML of xgpush.h and of Python in build/doc
	@bash scripts/docs/docs.sh tools
	@bash scripts/docs/docs.sh pages docs
	@bash scripts/docs/docs.sh html build/doc
	@bash scripts/docs/docs.sh python build/doc/python

site: ## All pages and references as one HTML tree with search, in build/site
	@bash scripts/docs/site/build.sh build/site

notices: ## Write down again whose code is compiled in, after a change of Cargo.lock
	@bash scripts/lint/notices.sh write

abi: ## Record what was added to the C ABI; refuses what breaks it
	@bash scripts/build/lib.sh fast target/ctest/lib
	@bash scripts/lint/abi.sh record

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf build dist
