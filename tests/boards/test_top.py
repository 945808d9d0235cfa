# amaranth: UnusedElaboratable=no
from dataclasses import replace

import pytest

from tests.networks import random_network
from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.rate import link_baud
from xnorflow.boards.top import BoardTop
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding

PINS = {
    "icebreaker": [
        "set_io uart_0__rx__io 6",
        "set_io uart_0__tx__io 9",
        "set_io led_0__io 11",
        "set_io clk12_0__io 35",
    ],
    "hx8k-breakout": ["set_io uart_0__rx__io B10", "set_io uart_0__tx__io B12", "set_io led_3__io C5"],
    "ulx3s-25f": ['"uart_0__rx__io" SITE "M1"', '"uart_0__tx__io" SITE "L4"', '"led_3__io" SITE "D2"'],
    "ulx3s-85f": ['"uart_0__rx__io" SITE "M1"', '"uart_0__tx__io" SITE "L4"', '"clk25_0__io" SITE "G2"'],
}
PLLS = {
    "icebreaker": "SB_PLL40_PAD",
    "hx8k-breakout": "SB_PLL40_CORE",
    "ulx3s-25f": "EHXPLLL",
    "ulx3s-85f": "EHXPLLL",
}


def prepared(board):
    accelerator = Accelerator(random_network((8, 4, 10)), (Folding(1, 1), Folding(1, 1)), family=board.device.family)
    files = board.load_platform().prepare(BoardTop(accelerator, board), "top").files
    return {name: text if isinstance(text, str) else text.decode() for name, text in files.items()}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_board_gets_its_pins_and_its_pll(board):
    files = prepared(board)
    constraints = files["top.pcf" if "top.pcf" in files else "top.lpf"]
    for line in PINS[board.name]:
        assert line in constraints
    assert f"cell \\{PLLS[board.name]} " in files["top.il"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_no_pll_at_the_oscillators_clock(board):
    files = prepared(replace(board, clock_mhz=board.oscillator_mhz))
    assert PLLS[board.name] not in files["top.il"]


def test_only_wires_of_the_uart_that_are_used_are_driven():
    constraints = prepared(find_board("hx8k-breakout"))["top.pcf"]
    assert "uart_0__rts" not in constraints


def accelerator_of(sizes, *, pe=1, simd=1):
    return Accelerator(random_network(sizes), (Folding(pe, simd),) * (len(sizes) - 1))


@pytest.mark.parametrize(
    ("clock_mhz", "sizes", "baud"),
    [
        (36.0, (8, 4, 10), 3_000_000),
        # At 3 MHz the wire would take 13 bytes of 120 cycles for a frame; the core takes 1,728 cycles.
        (36.0, (48, 36, 10), 2_000_000),
        (36.0, (64, 36, 10), 1_000_000),
        (16.0, (8, 4, 10), 2_000_000),
        (7.0, (8, 4, 10), 1_000_000),
    ],
)
def test_rate_is_the_highest_that_suits_the_clock_and_the_core(clock_mhz, sizes, baud):
    board = replace(find_board("icebreaker"), clock_mhz=clock_mhz)
    assert link_baud(accelerator_of(sizes), board) == baud


def test_some_rate_must_suit_the_clock_and_the_core():
    board = replace(find_board("icebreaker"), clock_mhz=0.4)
    message = (
        r"^one of 3000000, 2000000, 1000000, 500000, 115200 baud must divide the clock of icebreaker, 0.4 MHz, and be "
        r"slower than the core, which takes 40 cycles a frame; give another folding$"
    )
    with pytest.raises(ValueError, match=message):
        prepared(board)
