import re
import subprocess

import pytest

from xnorflow.boards.catalogue import BOARDS
from xnorflow.boards.families.ecp5 import ecp5_pll
from xnorflow.boards.families.ice40 import ice40_pll
from xnorflow.boards.tools import find_tool
from xnorflow.hw.device import ECP5, ICE40


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [(12, 20), (12, 36), (12, 50), (12, 72), (12, 133), (16, 48), (25, 33), (48, 60), (100, 27)],
)
def test_ice40_dividers_are_those_of_icepll(reference, wanted):
    pll = ice40_pll(reference_mhz=reference, mhz=wanted)
    printed = run("icepll", "-i", str(reference), "-o", str(wanted))
    fields = re.findall(r"^(?:DIVR|DIVF|DIVQ|FILTER_RANGE): +(\d+)", printed, re.MULTILINE)
    assert [pll.divr, pll.divf, pll.divq, pll.filter_range] == [int(field) for field in fields]
    achieved = re.search(r"F_PLLOUT: +([\d.]+) MHz \(achieved\)", printed)
    assert achieved
    assert float(achieved[1]) == pytest.approx(pll.mhz, abs=0.001)


@pytest.mark.parametrize(("reference", "wanted"), [(25, 25), (25, 50), (25, 75), (25, 90), (12, 100), (48, 120)])
def test_ecp5_dividers_are_those_of_ecppll(reference, wanted):
    pll = ecp5_pll(reference_mhz=reference, mhz=wanted)
    printed = run("ecppll", "-i", str(reference), "-o", str(wanted))
    fields = re.findall(r"^(?:Refclk|Feedback|clkout0) divisor: (\d+)", printed, re.MULTILINE)
    assert [pll.clki_div, pll.clkfb_div, pll.clkop_div] == [int(field) for field in fields]
    assert pll.mhz == pytest.approx(wanted)


def run(tool, *arguments):
    return subprocess.run([find_tool(tool), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_boards_clocks_are_exact(board):
    make = {ICE40: ice40_pll, ECP5: ecp5_pll}[board.device.family]
    assert make(reference_mhz=board.oscillator_mhz, mhz=board.clock_mhz).mhz == pytest.approx(board.clock_mhz)


@pytest.mark.parametrize(
    ("make", "reference", "wanted", "message"),
    [
        (ice40_pll, 12, 5, "clock must be one that an iCE40 PLL makes from 12 MHz, not 5 MHz; the nearest is 16.12"),
        (ice40_pll, 8, 36, "the reference of an iCE40 PLL must be of a frequency that it takes, not 8 MHz"),
        (ecp5_pll, 25, 500, "clock must be one that an ECP5 PLL makes from 25 MHz, not 500 MHz; the nearest is 400.00"),
        (ecp5_pll, 3, 36, "the reference of an ECP5 PLL must be of a frequency that it takes, not 3 MHz"),
    ],
)
def test_frequencies_out_of_reach(make, reference, wanted, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(reference_mhz=reference, mhz=wanted)
