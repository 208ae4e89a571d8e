# What people run is what CI runs. `make help` lists it.

CARGO ?= cargo
PYTHON ?= python3
PROFILE ?= release
LIB := build/lib

export PYTHON

.PHONY: help demo test bench lint lib wheel docs abi clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: ## The main job in C++, Python and Rust against the emulator
	@bash scripts/demo.sh

test: ## Every test in every language, and how many ran
	@bash scripts/test.sh

bench: ## Side by side with ureq, libcurl and others; ratios of one run
	@bash benches/run.sh

lint: ## Formatting, lints and licences
	@bash scripts/lint.sh

lib: ## libxgpush.so and libxgpush.a, into build/lib (the headers are in include/)
	@bash scripts/lib.sh $(PROFILE) $(LIB)

wheel: ## The Python wheel, into dist/
	@bash scripts/wheel.sh release dist

docs: ## The reference pages that come from tables in the code
	@$(CARGO) run --quiet -p xgpush --example options_reference > docs/options.md.new
	@mv docs/options.md.new docs/options.md
	@echo "docs/options.md is written"

abi: ## Record what was added to the C ABI; refuses what breaks it
	@bash scripts/lib.sh fast target/ctest/lib
	@bash scripts/abi.sh record

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf build dist
