"""Read-only memories, and what yosys makes of memories."""

import json
import random
from collections import Counter

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from xnorflow.boards.tools import run_tool
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.memory import MemorySize

# Wide and flat, narrow and deep, of parts that are no power of two, and whose cheapest shape is not the smallest.
SHAPES = [(1, 40), (1, 4533), (3, 131), (5, 4742), (9, 339), (12, 1365), (13, 1749), (16, 2592), (24, 1157), (40, 2384)]

LIBRARY = {"ice40": "+/ice40/brams.txt", "ecp5": "+/lattice/brams_16kd.txt"}


class Memories(wiring.Component):
    """A memory of each shape in block RAM, read-only or written too."""

    def __init__(self, *, written):
        self.written = written
        ports = {}
        for index, (width, depth) in enumerate(SHAPES):
            ports |= {f"address{index}": In(range(depth)), f"data{index}": Out(width)}
            if written:
                ports |= {f"at{index}": In(range(depth)), f"word{index}": In(width), f"enable{index}": In(1)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        for index, (width, depth) in enumerate(SHAPES):
            # At random, so that no bit is constant and left out.
            draw = random.Random(index)
            init = [] if self.written else [draw.getrandbits(width) for _ in range(depth)]
            attrs = {"rom_style": "block", "ram_style": "block"}
            m.submodules[f"memory{index}"] = block = memory.Memory(shape=width, depth=depth, init=init, attrs=attrs)
            port = block.read_port()
            m.d.comb += [port.addr.eq(getattr(self, f"address{index}")), getattr(self, f"data{index}").eq(port.data)]
            if self.written:
                port = block.write_port()
                m.d.comb += port.addr.eq(getattr(self, f"at{index}"))
                m.d.comb += port.data.eq(getattr(self, f"word{index}"))
                m.d.comb += port.en.eq(getattr(self, f"enable{index}"))
        return m


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("family", [ICE40, ECP5], ids=lambda family: family.name)
def test_blocks_are_those_that_yosys_makes(family, written, tmp_path):
    (tmp_path / "top.il").write_text(rtlil.convert(Memories(written=written), name="top"))
    script = f"read_rtlil top.il\nmemory -nomap\nmemory_libmap -lib {LIBRARY[family.name]}\nwrite_json top.json\n"
    (tmp_path / "top.ys").write_text(script)
    run_tool("yosys", ["-q", "top.ys"], folder=tmp_path, log="yosys.log")
    cells = json.loads((tmp_path / "top.json").read_text())["modules"]["top"]["cells"]
    found = Counter(name.split(".")[0] for name, cell in cells.items() if cell["type"].startswith("$__"))
    expected = {
        f"memory{index}": MemorySize(*shape, written=written).blocks(family) for index, shape in enumerate(SHAPES)
    }
    assert found == expected
