# Everything is set up by the targets themselves; `make demo` and `make test` need nothing before them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
OUT := out/demo

.PHONY: demo test test-newest lint bench clean system

demo: $(READY) system
	$(BIN)/xnorflow train digits -o $(OUT)/digits.safetensors
	$(BIN)/xnorflow build $(OUT)/digits.safetensors --board icebreaker --fps 100000 -o $(OUT)
	@if command -v icebox_vlog >/dev/null && command -v iverilog >/dev/null; then \
	  $(BIN)/xnorflow verify $(OUT) --level bitstream --images 5 --simulator icarus; fi

# Whole data sets where they are here or can be downloaded; what this machine cannot run is told in the last lines.
test: $(READY) system
	@$(BIN)/python -m tests.fetch
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup $(TESTS)

# The fast half of them on the newest Python that pyproject.toml names, with the newest of all that pip finds.
test-newest: system
	$(PYTHON) tests/newest.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/lint/mypy_installed.py
	$(BIN)/python -m pytest -q tests/lint

bench: $(READY)
	$(BIN)/python -m bench --write
	$(BIN)/python -m bench.reading --write
	$(BIN)/python -m bench.writing --write
	$(BIN)/python -m bench.golden --write
	$(BIN)/python -m bench.boards --write
	$(BIN)/python -m bench.zoo --write
	$(BIN)/python -m bench.training --write

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# Icarus is the second simulator, icestorm unpacks bitstreams, lz4 is in Verilator's waveforms; where there is no apt, or
# no right to use it, the tests say what is missing.
system:
	@{ command -v iverilog && command -v icebox_vlog && echo '#include <lz4.h>' | c++ -fsyntax-only -x c++ -; } >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && apt-get install -q -y \
	  --no-install-recommends iverilog fpga-icestorm liblz4-dev zlib1g-dev; } || true

clean:
	rm -rf build dist out *.egg-info src/*.egg-info .pytest_cache .ruff_cache .mypy_cache
