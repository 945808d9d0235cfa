# amaranth: UnusedElaboratable=no
import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator

from xnorflow.boards.families.catalogue import tools_of
from xnorflow.boards.tools import run_tool
from xnorflow.hw.cyclic_rom import CyclicRom
from xnorflow.hw.cyclic_tables import LOADS
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.memory import MemorySize

# Deep memories need no thousands of words where blocks are small.
SMALL = replace(ECP5, bram_width=4, bram_depth=8, bram_ratios=2)
FAMILIES = [ICE40, ECP5, SMALL]


def words_after(steps, rom):
    """The word in each cycle."""
    seen = []

    async def bench(ctx):
        # The first word has to come.
        await ctx.tick().repeat(rom.LATENCY)
        for step in steps:
            ctx.set(rom.step, int(step))
            seen.append(ctx.get(rom.data))
            await ctx.tick()

    simulator = Simulator(rom)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


@pytest.mark.parametrize("family", FAMILIES, ids=["iCE40", "ECP5", "small blocks"])
@pytest.mark.parametrize("share", [0, 0.4, 1])
@pytest.mark.parametrize(
    ("width", "depth"), [(1, 1), (5, 1), (3, 2), (7, 5), (9, 17), (3, 23), (5, 40), (4, 64), (300, 33)]
)
def test_gives_the_next_word_for_each_step(width, depth, share, family):
    rng = np.random.default_rng(seed=depth)
    words = [int(word) for word in rng.integers(0, 1 << min(width, 62), depth)]
    words = [word << max(0, width - 62) for word in words]
    rom = CyclicRom(width=width, words=words, block=round(share * width), family=family)
    steps = rng.integers(0, 4, 3 * depth + 20) > 0
    taken = np.concatenate([np.zeros(rom.LATENCY + 1, int), np.cumsum(steps)])
    assert words_after(steps, rom) == [words[n % depth] for n in taken[: len(steps)]]


def test_words_of_a_bank_are_those_of_a_block():
    assert MemorySize(4, 40).rows(SMALL) == 8
    assert MemorySize(36, 4000).rows(ECP5) * MemorySize(36, 4000).banks(ECP5) >= 4000


@pytest.mark.parametrize(
    ("width", "depth", "block", "family"),
    [(784, 32, 0, ICE40), (784, 32, 0, ECP5), (300, 70, 0, ECP5), (200, 1500, 200, ECP5), (400, 100, 144, ICE40)],
    ids=["iCE40", "ECP5", "ECP5, deep", "banks", "split"],
)
def test_no_net_has_many_loads(width, depth, block, family, tmp_path):
    rng = np.random.default_rng(seed=1)
    words = [int.from_bytes(rng.bytes(width // 8), "little") for _ in range(depth)]
    rom = CyclicRom(width=width, words=words, block=block, family=family)
    (tmp_path / "top.il").write_text(rtlil.convert(rom, name="top", emit_src=False))
    tools = tools_of(family)
    for file in tools.maps:
        shutil.copyfile(file, tmp_path / file.name)
    commands = [command.format(top="top") for command in tools.synthesis]
    (tmp_path / "top.ys").write_text("\n".join(["read_rtlil top.il", *commands, "write_json top.json", ""]))
    run_tool("yosys", ["-q", "top.ys"], folder=tmp_path, log="yosys.log")
    module = json.loads((tmp_path / "top.json").read_text())["modules"]["top"]
    loads = Counter(
        bit
        for cell in module["cells"].values()
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input"
        for bit in bits
        if isinstance(bit, int)
    )
    (clock,) = module["ports"]["clk"]["bits"]
    del loads[clock]
    assert 64 < max(loads.values()) <= 1.1 * LOADS
