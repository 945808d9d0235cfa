import json

import pytest

from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.families.catalogue import tools_of
from xnorflow.boards.link.rate import RATES
from xnorflow.boards.link.uart import uart_divisor


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_agrees_with_amaranth_boards(board):
    platform = board.load_platform()
    assert platform.default_clk_frequency == board.oscillator_mhz * 1e6
    assert platform.lookup("uart", 0)
    assert platform.lookup(board.leds or "clk25", 0)
    if board.device.family.name == "ecp5":
        assert platform.device == board.device.name.replace("ECP5-", "LFE5U-").replace("ECP5", "LFE5")
        package = board.package.replace("CABGA", "BG").replace("CSFBGA", "MG")
        assert (platform.package, platform.speed) == (package, board.speed)
    else:
        assert (platform.device, platform.package.lower()) == (f"iCE40{board.device.name}", board.package)
        assert board.speed == ""


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_says_what_a_build_needs(board):
    assert board.device.name in tools_of(board.device.family).device_options
    # FTDI's bridges make 1 and 3 Mbaud exactly; the board must as well.
    for baud in (1_000_000, 3_000_000):
        assert uart_divisor(clock_mhz=board.clock_mhz, baud=baud) * baud == board.clock_mhz * 1e6
    assert board.baud in RATES
    assert uart_divisor(clock_mhz=board.clock_mhz, baud=board.baud)


def test_no_two_boards_share_a_name():
    assert len({board.title for board in BOARDS.values()}) == len(BOARDS) == 17
    assert all(name == board.name for name, board in BOARDS.items())


def test_lines_for_the_list_of_boards():
    board = find_board("hx8k-breakout")
    assert json.loads(json.dumps([board.title, board.link, board.programmer])) == [
        "iCE40HX8K-B-EVN",
        "UART at USB port, up to 3000000 baud",
        "iceprog",
    ]


def test_unknown_board():
    message = f"^board must be one of {', '.join(BOARDS)}, not 'arty'$"
    with pytest.raises(ValueError, match=message):
        find_board("arty")
