"""Words of memories go past Amaranth and yosys, and the Verilog is what these would have written."""

import gc

import numpy as np
import pytest
from amaranth.back import rtlil, verilog
from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from tests.networks import random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.folding import Folding
from xnorflow.hw.memory_words import only_first_words, with_all_words
from xnorflow.hw.text import TextError, tidy
from xnorflow.hw.verilog import YOSYS, convert


class Memories(wiring.Component):
    """For each width, depth and words a memory that is only read, and one that is written, too."""

    def __init__(self, *sizes):
        self.sizes = sizes
        widest, deepest = max(width for width, _, _ in sizes), max(depth for _, depth, _ in sizes)
        super().__init__({"address": In(range(max(2, deepest))), "i": In(widest), "o": Out(widest)})

    def elaborate(self, platform):
        m = Module()
        for index, (width, depth, words) in enumerate(self.sizes):
            m.submodules[f"rom{index}"] = rom = memory.Memory(shape=width, depth=depth, init=words)
            m.submodules[f"ram{index}"] = ram = memory.Memory(shape=width, depth=depth, init=[])
            ports = (rom.read_port(), ram.write_port(), ram.read_port())
            m.d.comb += [port.addr.eq(self.address) for port in ports]
            m.d.comb += [ports[1].data.eq(self.i), ports[1].en.eq(1)]
            m.d.sync += self.o.eq(self.o ^ ports[0].data ^ ports[2].data)
        return m


def as_amaranth_writes(component):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(YOSYS, "builtin")
        return tidy(verilog.convert(component, name="top", emit_src=False, strip_internal_attrs=True))


SIZES = [(width, depth) for width in (1, 4, 31, 32, 33, 70) for depth in (1, 2, 5, 300)]


def test_the_verilog_is_amaranths():
    rng = np.random.default_rng(seed=0)
    # Fewer words than there is room for: zeros follow.
    counts = [(width, depth, max(1, depth - 1)) for width, depth in SIZES]
    sizes = [
        (width, depth, [int.from_bytes(rng.bytes(9), "little") % (1 << width) for _ in range(count)])
        for width, depth, count in counts
    ]
    text = convert(Memories(*sizes), name="top")
    assert text == as_amaranth_writes(Memories(*sizes))
    assert text.count("initial begin") == 2 * len(SIZES)


def test_a_cores_verilog_is_amaranths():
    accelerator = Accelerator(random_network((64, 9, 4)), (Folding(3, 32), Folding(1, 1)), scores=True)
    assert convert(AcceleratorCore(accelerator), name="top") == as_amaranth_writes(AcceleratorCore(accelerator))


def test_amaranth_is_as_it_was_afterwards():
    before, collects = rtlil.ModuleEmitter.emit_memory, gc.isenabled()
    convert(Memories((4, 3, [1])), name="top")
    with pytest.raises(TypeError):
        convert(3, name="top")
    assert (rtlil.ModuleEmitter.emit_memory, gc.isenabled()) == (before, collects)


@pytest.fixture(scope="module")
def short():
    """A text with first words, and all words."""
    with only_first_words() as words:
        text = as_amaranth_writes(Memories((4, 3, [7, 8, 9])))
    return text, words


def test_first_words_are_completed(short):
    text, words = short
    assert words == {("top", "rom0"): [7, 8, 9], ("top", "ram0"): [0, 0, 0]}
    assert "rom0[1]" not in text
    assert "    rom0[0] = 4'h7;\n    rom0[1] = 4'h8;\n    rom0[2] = 4'h9;\n  end\n" in with_all_words(text, words)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    rom0[0] = 4'h7;\n", "", "top: rom0 must be a memory with its first word in the Verilog from yosys"),
        ("rom0[0] = 4'h7", "rom0[0] = 4'h6", "top: rom0 must begin with 7, not 6"),
        ("rom0[0] = 4'h7", "rom0[0] = 5'h7", "top: rom0 must be of 3 words of 4 bits"),
        ("rom0 [2:0];", "rom0 [3:0];", "top: rom0 must be of 4 words of 4 bits"),
    ],
)
def test_other_texts_are_refused(short, old, new, message):
    text, words = short
    assert text.count(old) == 1
    with pytest.raises(TextError) as raised:
        with_all_words(text.replace(old, new), words)
    assert str(raised.value) == message


def test_a_memory_that_was_not_written_is_refused(short):
    text, words = short
    with pytest.raises(TextError, match=r"^top: ram0 must be of 3 words of 4 bits$"):
        with_all_words(text, {("top", "rom0"): words["top", "rom0"]})
