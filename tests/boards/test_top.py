# amaranth: UnusedElaboratable=no
import re
from dataclasses import replace

import pytest

from tests.networks import random_network
from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.link.rate import link_baud
from xnorflow.boards.top import BoardTop
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding

ULX3S = {"uart_0__rx__io": "M1", "uart_0__tx__io": "L4", "clk25_0__io": "G2", "led_0__io": "B2", "led_4__io": "D1"}
ORANGECRAB = {"uart_0__rx__io": "N17", "uart_0__tx__io": "M18", "clk_0__io": "A9", "rgb_led_0__b__io": "J3"}
ECPIX5 = {"uart_0__rx__io": "R26", "uart_0__tx__io": "R24", "clk100_0__io": "K23", "rgb_led_1__g__io": "W21"}
VERSA = {"uart_0__rx__io": "C11", "uart_0__tx__io": "A11", "clk100_0__p": "P3", "led_4__io": "F17"}
PINS = {
    "icebreaker": {
        "uart_0__rx__io": "6",
        "uart_0__tx__io": "9",
        "led_0__io": "11",
        "led_4__io": "25",
        "clk12_0__io": "35",
    },
    "icebreaker-bitsy": {"uart_0__rx__io": "47", "uart_0__tx__io": "44", "led_1__io": "6", "clk12_0__io": "35"},
    "upduino-v3": {"uart_0__rx__io": "23", "uart_0__tx__io": "25", "rgb_led_0__r__io": "41", "clk12_0__io": "20"},
    "icesugar": {"uart_0__rx__io": "4", "uart_0__tx__io": "6", "led_2__io": "39", "clk12_0__io": "35"},
    "tinyfpga-bx": {"uart_0__rx__io": "A2", "uart_0__tx__io": "A1", "led_0__io": "B3", "clk16_0__io": "B2"},
    "hx8k-breakout": {"uart_0__rx__io": "B10", "uart_0__tx__io": "B12", "led_3__io": "C5", "clk12_0__io": "J3"},
    **dict.fromkeys(("ulx3s-12f", "ulx3s-25f", "ulx3s-45f", "ulx3s-85f"), ULX3S),
    **dict.fromkeys(("orangecrab-25f", "orangecrab-85f"), ORANGECRAB),
    **dict.fromkeys(("ecpix5-45f", "ecpix5-85f"), ECPIX5),
    "colorlight-5a-75b": {"uart_0__rx__io": "M13", "uart_0__tx__io": "P11", "clk25_0__io": "P6"},
    **dict.fromkeys(("versa-ecp5", "versa-ecp5-5g"), VERSA),
}
PIN = re.compile(r'^(?:set_io (\S+) (\S+)|LOCATE COMP "(\S+)" SITE "(\S+)";)$', re.MULTILINE)


def prepared(board):
    accelerator = Accelerator(random_network((8, 4, 10)), (Folding(1, 1), Folding(1, 1)), family=board.device.family)
    files = board.load_platform().prepare(BoardTop(accelerator, board), "top").files
    return {name: text if isinstance(text, str) else text.decode() for name, text in files.items()}


def pll(board):
    return (
        "EHXPLLL" if board.device.family.name == "ecp5" else f"SB_PLL40_{board.pll_input.name.replace('NET', 'CORE')}"
    )


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_board_gets_its_pins_and_its_pll(board):
    files = prepared(board)
    constraints = files["top.pcf" if "top.pcf" in files else "top.lpf"]
    pins = dict(pair[:2] if pair[0] else pair[2:] for pair in PIN.findall(constraints))
    assert pins.items() >= PINS[board.name].items()
    assert len(set(pins.values())) == len(pins)
    assert f"cell \\{pll(board)} " in files["top.il"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_no_pll_at_the_oscillators_clock(board):
    files = prepared(replace(board, clock_mhz=board.oscillator_mhz))
    assert pll(board) not in files["top.il"]


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
