"""A bitstream with weights in SPRAM, and other weights for it."""

import json

from tests.networks import random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.flow import make_bitstream, refill
from xnorflow.boards.roms import roms
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.loader import network_mark, weights_file

BOARD = find_board("icebreaker")


def design(seed):
    """Half of the weights of a layer in SPRAM, the rest in block RAM, and all of it replaceable."""
    network = random_network((64, 36, 10), seed=seed)
    folding = (Folding(3, 8), Folding(2, 9))
    return Accelerator(network, folding, brams=8, sprams=4, startup_cycles=540, reweightable=True)


def test_weights_are_replaced_in_the_file_and_in_block_ram(tmp_path):
    made = make_bitstream(design(0), BOARD, tmp_path / "build")
    netlist = json.loads((tmp_path / "build" / "top.json").read_text())
    cells = [cell["type"] for cell in netlist["modules"]["top"]["cells"].values()]
    assert cells.count("SB_SPRAM256KA") == 1
    contents = roms((tmp_path / "build" / "top.il").read_text())
    assert {name.split(".")[-1] for name in contents} >= {"mark", "hello", "rest", "levels"}

    (tmp_path / "new").mkdir()
    bitstream = refill(design(1), BOARD, tmp_path / "build", seed=made.implementation.seed, output=tmp_path / "new")
    # Each bit was found where it belonged, and read back; what is loaded differs, too.
    assert bitstream.read_bytes() != made.bitstream.read_bytes()
    assert weights_file(design(0))[:-4] != weights_file(design(1))[:-4]
    assert network_mark(design(0)) != network_mark(design(1))
