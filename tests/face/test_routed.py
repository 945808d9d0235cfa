"""A small network in an ECP5, after place and route, with the bitstream's block RAM."""

import json
import re
from dataclasses import replace

import pytest

from tests.face.builds import quiet, rehash, verified
from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.chip import pack, unpack
from xnorflow.boards.contents import read_sections, write_sections
from xnorflow.boards.flow import board_chip
from xnorflow.boards.tools import ToolError
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.sim.verify import VerificationError
from xnorflow.verification import LEVELS, verify_level

# All of them share the bitstream, which one worker makes.
pytestmark = pytest.mark.xdist_group("routed")

# One weight a cycle: deep memories, which are block RAM.
DESIGN = Design(random_network((16, 16, 8)), (Folding(1, 1), Folding(1, 1)), find_board("ulx3s-25f"), scores=True)
CHIP = board_chip(DESIGN.board)
LAYOUT = CHIP.tools.contents


@pytest.mark.parametrize(
    ("level", "simulator"),
    [
        *((level, "icarus") for level in sorted(set(LEVELS) - {"bitstream"})),
        # Above the cells, all is the same Verilog as for iCE40.
        ("netlist", "verilator"),
        ("routed", "verilator"),
    ],
)
def test_each_level_gives_the_golden_answers(built, level, simulator):
    report = verified(built, level, simulator=simulator)
    assert (report.level, report.simulator, report.images, report.mismatches) == (level, simulator, 6, 0)
    assert report.interval_measured == (256 if level in ("rtl", "netlist") else None)


def repacked(folder, change):
    """The build with its bitstream unpacked, changed and packed again."""
    tools = folder / "bitstream"
    unpacked = unpack(CHIP, tools / "top.bit")
    unpacked.write_text(change(unpacked.read_text()))
    pack(CHIP, tools, routed=unpacked.name)
    unpacked.unlink()
    rehash(folder)


def with_a_flipped_weight(config):
    """The lowest bit of the block RAM that has the fewest bits set, which is the scores', inverted."""
    sections = read_sections(LAYOUT, config)
    assert len(sections) == 2
    smallest = min(sections.values(), key=sum)
    smallest[0] ^= 1
    return write_sections(LAYOUT, config, sections)


def with_a_flipped_table(config):
    """The lowest bit of the first look-up table inverted."""
    return re.sub(r"(\.INIT [01]{15})([01])", lambda found: f"{found[1]}{1 - int(found[2])}", config, count=1)


def test_one_flipped_weight_bit_in_the_bitstream_is_caught(copy):
    repacked(copy, with_a_flipped_weight)
    waves = copy / "verify" / "mismatch.fst"
    message = (
        rf"^\d of 6 images differ from the golden model, first image \d, beat 0: got class \d .*; waveform: {waves}$"
    )
    with pytest.raises(VerificationError, match=message):
        verified(copy, "routed")
    assert waves.stat().st_size > 1000


def test_a_bitstream_of_other_logic_is_refused(copy):
    repacked(copy, with_a_flipped_table)
    message = rf"^{copy}/bitstream/top\.bit: is not what top\.1\.config packs to; build again$"
    with pytest.raises(ToolError, match=message):
        verified(copy, "routed")


def test_a_pll_at_another_clock_is_caught(built):
    design, result = open_design(built)
    design = replace(design, board=replace(design.board, clock_mhz=50.0))
    message = r"^the routed PLL makes 75 MHz, expected 50 MHz; build again$"
    options = {"simulator": "icarus", "seed": 0, "waves": False, "on_progress": quiet}
    with pytest.raises(ToolError, match=message):
        verify_level(built, design, result, random_images(design.network, 1), level="routed", **options)


def changed(kind, **fields):
    """Changes the first cell of a kind; a field's new values come beside those that it had."""

    def change(cells):
        name, cell = next((name, cell) for name, cell in cells.items() if cell["type"] == kind)
        for field, value in fields.items():
            cell[field] = {**cell[field], **value} if isinstance(value, dict) else value
        return name

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("DCCA", type="DCSC"), "is a DCSC, of which there is no model"),
        (
            changed("TRELLIS_IO", parameters={"DIR": "BIDIR"}),
            "is a TRELLIS_IO_BIDIR, of which there is no model",
        ),
        (
            changed("TRELLIS_COMB", connections={"OFX": [2]}),
            "is a look-up table of more than four inputs, of which there is no model",
        ),
        (
            changed("DP16KD", connections={"WEA": [2]}, parameters={"WEAMUX": "INV"}),
            "inverts WEA, of which there is no model",
        ),
    ],
)
def test_cells_without_a_model_are_refused(change, message, copy):
    path = copy / "bitstream" / "top.1.routed.json"
    design = json.loads(path.read_text())
    name = change(design["modules"]["top"]["cells"])
    path.write_text(json.dumps(design))
    rehash(copy)
    with pytest.raises(ToolError) as raised:
        verified(copy, "routed")
    assert str(raised.value) == f"{name}: {message}"
