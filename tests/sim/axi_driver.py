"""Runs inside the simulator: the core between the AXI-Stream source and sink of cocotbext-axi."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource


@cocotb.test()
async def drive(dut: Any) -> None:
    frames = Path(cocotb.plusargs["frames"]).read_bytes()
    count = int(cocotb.plusargs["count"])
    Clock(dut.clk, 10, "ns").start()
    dut.rst.value = 1
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
    if cocotb.plusargs["stalls"] == "1":
        source.set_pause_generator(pauses(seed=1))
        sink.set_pause_generator(pauses(seed=2))
    await ClockCycles(dut.clk, 10)
    dut.rst.value = 0

    size = len(frames) // count
    for start in range(0, len(frames), size):
        await source.send(AxiStreamFrame(frames[start : start + size]))
    answers = []
    for _ in range(count):
        frame = await with_timeout(sink.recv(), 100, "us")
        answers.append(bytes(frame.tdata))
    await ClockCycles(dut.clk, 200)
    assert sink.empty(), "an answer too many"
    Path(cocotb.plusargs["answers"]).write_bytes(b"".join(answers))


def pauses(*, seed: int) -> Iterator[bool]:
    """Pauses and flows of random lengths, up to a few intervals."""
    rng = random.Random(seed)
    while True:
        pause = rng.random() < 0.5
        yield from [pause] * rng.randint(1, 2 ** rng.randint(0, 6))
