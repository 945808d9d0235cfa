# amaranth: UnusedElaboratable=no
"""The clock of a board, as it stands in the RTLIL that the tools get."""

from dataclasses import replace

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import io

from xnorflow.boards.catalogue import find_board
from xnorflow.boards.clock import add_clock


class Blinker(Elaboratable):
    """A flip-flop in the core's clock domain."""

    def __init__(self, board):
        self.board = board

    def elaborate(self, platform):
        m = Module()
        add_clock(m, platform, self.board)
        line = Signal()
        m.d.sync += line.eq(~line)
        m.submodules.pin = pin = io.Buffer("o", platform.request("uart", 0, dir="-").tx)
        m.d.comb += pin.o.eq(line)
        return m


def rtlil(board):
    return board.load_platform().prepare(Blinker(board), "top", emit_src=False).files["top.il"]


@pytest.mark.parametrize(
    ("name", "cell", "reference"),
    [
        ("icebreaker", "SB_PLL40_PAD", "PACKAGEPIN"),
        ("upduino-v3", "SB_PLL40_CORE", "REFERENCECLK"),
        ("ulx3s-25f", "EHXPLLL", "CLKI"),
    ],
)
def test_a_pll_makes_the_clock_from_the_oscillator(name, cell, reference):
    text = rtlil(find_board(name))
    assert text.count(f"cell \\{cell} ") == 1
    assert f"connect \\{reference} " in text
    others = {"SB_PLL40_PAD", "SB_PLL40_CORE", "EHXPLLL"} - {cell}
    assert not any(other in text for other in others)


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s-25f"])
def test_at_the_oscillators_own_frequency_there_is_no_pll(name):
    board = find_board(name)
    text = rtlil(replace(board, clock_mhz=board.oscillator_mhz))
    assert "PLL" not in text


def test_a_clock_that_no_pll_makes_is_refused():
    board = replace(find_board("icebreaker"), clock_mhz=5.0)
    message = r"^clock must be one that an iCE40 PLL makes from 12 MHz, not 5 MHz; the nearest is 16\.12$"
    with pytest.raises(ValueError, match=message):
        rtlil(board)
