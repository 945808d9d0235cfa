"""Cores and boards with weights in SPRAM: loaded, loaded late, and never loaded, with yosys' model of SPRAM."""

from dataclasses import replace

import pytest

from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.families.catalogue import tools_of
from xnorflow.boards.flash_reader import flash_cycles
from xnorflow.boards.link.protocol import REPLY, REQUEST, Decoder, Hello, Kind, Load, Message, encode_message
from xnorflow.boards.netlist import synthesize_netlist
from xnorflow.boards.top import serial_verilog
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.loader import weights_file
from xnorflow.hw.verilog import CORE, write_core, write_verilog
from xnorflow.sim.cells import cell_models
from xnorflow.sim.serial import BOARD, Flash, verify_serial
from xnorflow.sim.verify import VerificationError, verify, verify_verilog
from xnorflow.verification import board_wire

NETWORK = random_network((64, 36, 10))
FOLDINGS = (Folding(3, 8), Folding(2, 9))
IMAGES = random_images(NETWORK, 4)
ICEBREAKER = find_board("icebreaker")


def in_spram(**options):
    """A design all of whose weights are in SPRAM."""
    return Accelerator(NETWORK, FOLDINGS, **{"brams": 2, "sprams": 4, "startup_cycles": 540, **options})


@pytest.mark.parametrize(
    "options", [{}, {"scores": True, "sprams": 2}, {"brams": 8, "reweightable": True}], ids=["all", "some", "shared"]
)
def test_core_is_loaded_in_the_cycles_of_the_formula_and_right(tmp_path, options):
    report = verify(in_spram(**options), IMAGES, workdir=tmp_path, simulator="icarus")
    assert (report.mismatches, report.interval_measured) == (0, 96)


def test_core_takes_no_frame_where_its_weights_are_wrong(tmp_path):
    accelerator = in_spram()
    verilog, *_ = write_core(accelerator, tmp_path)
    file = bytearray(weights_file(accelerator))
    file[100] ^= 4
    (tmp_path / "weights.bin").write_bytes(file)
    message = "^the core took no frame, for the check sum of the weights that it was given is wrong$"
    with pytest.raises(VerificationError, match=message):
        verify_verilog(
            [verilog], accelerator, IMAGES[:1], workdir=tmp_path, simulator="icarus", weights=tmp_path / "weights.bin"
        )


def test_netlist_with_block_ram_that_sleeps_at_first(tmp_path):
    # Some bits of a word are in SPRAM, some in block RAM, and what tells the network is in block RAM, too.
    accelerator = in_spram(brams=8, reweightable=True)
    verilog, *_ = write_core(accelerator, tmp_path)
    netlist = synthesize_netlist(verilog, top=CORE, family=tools_of(ICE40), folder=tmp_path / "netlist")
    assert netlist.read_text().count("SB_SPRAM256KA") == sum("SPRAM" in str(p) for p in accelerator.places[:1])
    sources = [netlist, *cell_models(ICE40, tmp_path, asleep=540)]
    report = verify_verilog(sources, accelerator, IMAGES, workdir=tmp_path, level="netlist", simulator="icarus")
    assert report.mismatches == 0


def board(folder, *, times=1, faults=None, contents=None, wire=None):
    """Send images to a board once it must have read its flash so many times."""
    accelerator = in_spram()
    verilog, *_ = write_verilog(serial_verilog(accelerator, ICEBREAKER, name=BOARD), folder / "pins.v", top=BOARD)
    file = weights_file(accelerator) if contents is None else contents
    cycles = flash_cycles(accelerator, ICEBREAKER.clock_mhz)
    flash = Flash(ICEBREAKER.flash.offset, file, times * cycles, faults or {})
    wire = replace(wire or board_wire(accelerator, ICEBREAKER), flash=flash)
    return verify_serial([verilog], accelerator, IMAGES, wire=wire, workdir=folder, level="pins", simulator="icarus")


@pytest.mark.parametrize(
    ("times", "faults"),
    [(1, {}), (2, {"wakes": 4000}), (3, {"spoil": 200, "spoils": 2})],
    ids=["at once", "a flash that wakes up late", "a flash that is wrong twice"],
)
def test_board_is_right_once_its_flash_is(tmp_path, times, faults):
    assert board(tmp_path, times=times, faults=faults).mismatches == 0


@pytest.mark.parametrize(
    ("contents", "faults", "load"),
    [
        (None, {"wakes": 1 << 30}, Load.WRONG),
        (b"\xff" * 20, {}, Load.WRONG),
        (None, {"spoil": 20, "spoils": 1000}, Load.WRONG),
    ],
    ids=["a flash that never wakes up", "an empty flash", "a wrong bit"],
)
def test_board_gives_no_answer_and_says_so_where_its_flash_is_wrong(tmp_path, contents, faults, load):
    came = []
    requests = [
        encode_message(Message(REQUEST + kind, tag, body))
        for tag, (kind, body) in enumerate([(Kind.HELLO, b""), (Kind.CLASS, bytes(8)), (Kind.ECHO, b"")])
    ]
    usual = board_wire(in_spram(), ICEBREAKER)
    wire = replace(
        usual, request=lambda index, _frame: requests[index % 3], answers=lambda data: came.append(data) or []
    )
    with pytest.raises(VerificationError, match=r"^0 answers came to 4 images, in "):
        board(tmp_path, times=2, faults=faults, contents=contents, wire=wire)
    hello, refused, echo, _ = Decoder().feed(came[0])
    assert Hello.parse(hello.body).load is load
    assert [reply.type for reply in (hello, refused, echo)] == [
        REPLY + Kind.HELLO,
        REPLY + Kind.REFUSED,
        REPLY + Kind.ECHO,
    ]
