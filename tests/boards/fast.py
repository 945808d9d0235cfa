"""A board compiled by Verilator, for millions of cycles of its two lines."""

from pathlib import Path

import numpy as np

from tests.boards.serial import read_bytes
from xnorflow.hw.verilog import convert
from xnorflow.sim.simulators import VERILATOR, build, run

__all__ = ["play"]

BENCH = Path(__file__).with_name("line.v")
MODULE = "xnorflow.sim.testbench"


def play(dut, levels, folder, *, divisor):
    """Bytes that the board answers with, and the cycle in which its line was last driven low."""
    sources = [folder / "board.v", BENCH]
    sources[0].write_text(convert(dut, name="line_board"))
    made = build(VERILATOR, sources, toplevel="line_bench", folder=folder / "line")
    (folder / "levels.bin").write_bytes(_runs(np.asarray(levels, np.uint8)))
    options = {"levels": folder / "levels.bin", "answer": folder / "answer.txt", "limit": 2 * len(levels)}
    run(made, module=MODULE, testcase="run_bench", plusargs=[f"+{name}={value}" for name, value in options.items()])
    *changes, end = (line.split() for line in (folder / "answer.txt").read_text().splitlines())
    assert end[1] == "end"
    edges = np.array([0, *(int(cycle) for cycle, _ in changes), int(end[0])])
    values = np.array([1, *(int(level) for _, level in changes)], np.uint8)
    return bytes(read_bytes(np.repeat(values, np.diff(edges)).tolist(), divisor=divisor)), int(edges[-2])


def _runs(levels):
    """Runs of equal levels, as the bench reads them."""
    edges = np.flatnonzero(np.diff(levels)) + 1
    starts = np.concatenate(([0], edges))
    counts = np.diff(np.concatenate((starts, [len(levels)])))
    return (levels[starts].astype(np.uint32) << 31 | counts.astype(np.uint32)).astype(">u4").tobytes()
