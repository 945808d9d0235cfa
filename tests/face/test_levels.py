"""One small network at every level, and what happens when what is simulated is not what was built."""

import re
from dataclasses import replace

import pytest

from tests.boards.designs import bitstream_of
from tests.face.builds import made, quiet, rehash, verified
from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.tools import ToolError, run_tool
from xnorflow.boards.top import serial_verilog
from xnorflow.build import write_verilog
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import write_core
from xnorflow.model.store import ModelError
from xnorflow.sim.serial import BOARD, verify_serial
from xnorflow.sim.simulators import SIMULATORS
from xnorflow.sim.verify import VerificationError
from xnorflow.verification import LEVELS, board_wire, verify_level

# All of them share the bitstream, which one worker makes.
pytestmark = pytest.mark.xdist_group("levels")

NETWORK = random_network((16, 16, 8))
# One weight a cycle: deep memories, which are block RAM.
DESIGN = Design(NETWORK, (Folding(1, 1), Folding(1, 1)), find_board("icebreaker"), scores=True)


def inverted(design, *, neuron):
    """The design with all weights of one class inverted."""
    *hidden, scores = design.network.layers
    weights = scores.weights.copy()
    weights[neuron] ^= 1
    network = replace(design.network, layers=(*hidden, replace(scores, weights=weights)))
    return replace(design, network=network)


OTHER = inverted(DESIGN, neuron=2)


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("level", sorted(set(LEVELS) - {"routed"}))
def test_each_level_gives_the_golden_answers(built, level, simulator):
    report = verified(built, level, simulator=simulator)
    assert (report.level, report.simulator, report.images, report.mismatches) == (level, simulator, 6, 0)
    assert report.interval_measured == (256 if level in ("rtl", "netlist") else None)


def test_the_bitstream_of_an_hx8k(tmp_path):
    """Whose PLL has its reference from a net, and not from its pad."""
    folder = made(replace(DESIGN, board=find_board("hx8k-breakout")), tmp_path)
    assert verified(folder, "bitstream", images=3).mismatches == 0


def test_a_bitstream_of_another_board_is_refused(copy):
    (copy / "bitstream" / "top.bin").write_bytes(bitstream_of(find_board("hx8k-breakout")))
    rehash(copy)
    message = rf"^{copy}/bitstream/top\.bin: is for HX8K or LP8K, but icebreaker has UP5K; build again$"
    with pytest.raises(ToolError, match=message):
        verified(copy, "bitstream")


@pytest.mark.parametrize(
    ("foldings", "widths"),
    [
        ((Folding(1, 1), Folding(2, 1)), {1, 2}),
        ((Folding(1, 4), Folding(1, 9)), {4, 9}),
        ((Folding(2, 16), Folding(1, 16)), {18, 36}),
    ],
)
def test_netlist_of_ecp5_with_block_ram_ports_of_each_width(foldings, widths, tmp_path):
    design = Design(random_network((32, 32, 16)), foldings, find_board("ulx3s-25f"), scores=True)
    write_verilog(design, tmp_path, on_progress=quiet)
    assert verified(tmp_path, "netlist", images=3).mismatches == 0
    netlist = (tmp_path / "verify" / "netlist" / "netlist.v").read_text()
    # The registers of the plain Verilog are in the blocks.
    assert re.search(r'\.REGMODE_[AB]\("OUTREG"\)', netlist)
    assert widths <= {int(width) for width in re.findall(r"\.DATA_WIDTH_[AB]\(32'd(\d+)\)", netlist)}


def test_a_netlist_of_other_weights_is_caught(copy):
    write_core(OTHER.accelerator(), copy)
    rehash(copy)
    waves = copy / "verify" / "mismatch.fst"
    message = (
        r"^\d of 6 images differ from the golden model, first image 0, scores1, beat 2 \(neurons 2\.\.2\): "
        rf"got -?\d+, expected -?\d+; waveform: {waves}$"
    )
    with pytest.raises(VerificationError, match=message):
        verified(copy, "netlist")
    assert waves.stat().st_size > 1000


def test_a_board_of_other_weights_is_caught_with_its_layer(tmp_path):
    board, accelerator = DESIGN.board, DESIGN.accelerator()
    verilog = tmp_path / "pins.v"
    verilog.write_text(serial_verilog(OTHER.accelerator(), board, name=BOARD))
    message = (
        r"^4 of 4 images differ from the golden model, first image 0, scores1, beat 2 \(neurons 2\.\.2\): got -?\d+, "
    )
    with pytest.raises(VerificationError, match=message):
        verify_serial(
            [verilog],
            accelerator,
            random_images(NETWORK, 4),
            wire=board_wire(accelerator, board),
            workdir=tmp_path,
            level="pins",
            simulator="icarus",
        )


def test_one_flipped_weight_bit_in_the_bitstream_is_caught(copy):
    folder = copy / "bitstream"
    run_tool("iceunpack", ["top.bin", "flipped.asc"], folder=folder, log="iceunpack.log")
    asc = folder / "flipped.asc"
    asc.write_text(flipped(asc.read_text()))
    run_tool("icepack", ["flipped.asc", "top.bin"], folder=folder, log="icepack.log")
    with pytest.raises(ModelError, match=rf"^{folder}/top.bin: was changed after it was built"):
        open_design(copy)
    rehash(copy)
    with pytest.raises(VerificationError) as raised:
        verified(copy, "bitstream")
    waves = copy / "verify" / "mismatch.fst"
    assert str(raised.value).startswith(f"{raised.value.mismatches} of 6 images differ from the golden model, first ")
    assert ", beat 0: got class " in str(raised.value)
    assert str(raised.value).endswith(f"); waveform: {waves}")
    assert waves.stat().st_size > 1000


def flipped(asc):
    """The bitstream with the lowest bit of the scores' block RAM, which has the fewest rows in use, inverted."""
    blocks = [block for block in asc.split(".ram_data ")[1:] if set("".join(rows(block))) - {"0"}]
    assert len(blocks) >= 2
    smallest = min(blocks, key=lambda block: sum(set(row) != {"0"} for row in rows(block)))
    first = rows(smallest)[0]
    return asc.replace(first, f"{first[:-1]}{int(first[-1], 16) ^ 1:x}")


def rows(block):
    """The 16 rows of a block RAM, in hexadecimal."""
    return block.splitlines()[1:17]


def test_a_missing_icestorm_is_one_line(built, monkeypatch):
    monkeypatch.setenv("ICEBOX_VLOG", "no-such-icebox_vlog")
    message = r"^no-such-icebox_vlog is not installed; apt-get install fpga-icestorm brings it$"
    with pytest.raises(ToolError, match=message):
        verified(built, "bitstream")


def test_a_pll_at_another_clock_is_caught(built):
    design, result = open_design(built)
    design = replace(design, board=replace(design.board, clock_mhz=24.0))
    message = r"^the bitstream's PLL makes 36 MHz, expected 24 MHz; build again$"
    with pytest.raises(ToolError, match=message):
        verify_level(
            built,
            design,
            result,
            random_images(NETWORK, 1),
            level="bitstream",
            simulator="icarus",
            seed=0,
            waves=False,
            on_progress=quiet,
        )


@pytest.mark.parametrize(
    ("board", "level", "message"),
    [
        (None, "bitstream", "is bound to no board; make it with xnorflow build --board"),
        (None, "pins", "is bound to no board; make it with xnorflow build --board"),
        ("icebreaker", "bitstream", "has no bitstream; make it with xnorflow build --board"),
        (None, "routed", "is bound to no board; make it with xnorflow build --board"),
        ("ulx3s-25f", "bitstream", "level bitstream must be of an iCE40, not of ulx3s-25f; use routed"),
        ("ulx3s-25f", "routed", "has no bitstream; make it with xnorflow build --board"),
        ("icebreaker", "routed", "level routed must be of an ECP5, not of icebreaker; use bitstream, which is further"),
    ],
)
def test_levels_that_a_build_does_not_have(board, level, message, tmp_path):
    write_verilog(replace(DESIGN, board=board and find_board(board)), tmp_path, on_progress=quiet)
    with pytest.raises(ValueError, match=rf"{message}$") as raised:
        verified(tmp_path, level)
    assert str(raised.value) in (message, f"{tmp_path}: {message}")
