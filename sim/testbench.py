"""What runs inside the simulator: the Python half of ``bench.v``."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer, with_timeout

__all__ = ["run_bench", "trace_layers"]

PERIOD_NS = 10
RESET_CYCLES = 10


@cocotb.test()
async def run_bench(dut: Any) -> None:
    """Start the bench and sleep until it is done."""
    await _start(dut)
    await _finish(dut)


@cocotb.test()
async def trace_layers(dut: Any) -> None:
    """Like :func:`run_bench`, and write down each beat that passes between the layers."""
    await _start(dut)
    tracing = cocotb.start_soon(_trace(dut))
    await _finish(dut)
    tracing.cancel()


async def _start(dut: Any) -> None:
    # This clock is made in C++: Python does not run at its edges. It falls at multiples of the period.
    Clock(dut.clk, PERIOD_NS, "ns", impl="gpi").start(start_high=False)
    dut.rst.value = 1
    await Timer(RESET_CYCLES * PERIOD_NS, "ns")
    dut.rst.value = 0


async def _finish(dut: Any) -> None:
    # The bench ends on its own when nothing moves; this limit is for a bench that is itself at fault.
    limit = int(_option("limit"))
    await with_timeout(RisingEdge(dut.done), limit * PERIOD_NS, "ns")


async def _trace(dut: Any) -> None:
    """Append a line ``layer payload`` for each transfer; a cycle's signals have settled when the clock falls."""
    probes = []
    for layer in json.loads(Path(_option("layers")).read_text()):
        module = dut
        for instance in layer["path"]:
            module = module[instance]
        probes.append((layer["name"], *(_find(module, layer[member]) for member in ("valid", "ready", "payload"))))
    with Path(_option("trace")).open("w") as file:
        while True:
            await FallingEdge(dut.clk)
            for name, valid, ready, payload in probes:
                if valid.value == 1 and ready.value == 1:
                    print(name, payload.value, file=file)


def _option(name: str) -> str:
    return str(cocotb.plusargs[name])


def _find(module: Any, name: str) -> Any:
    # Icarus knows a signal by its name, Verilator by the way it was escaped in the source.
    try:
        return module[name]
    except KeyError:
        return module[f"\\{name} "]
