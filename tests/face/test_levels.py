"""One small network at every level, and what happens when what is simulated is not what was built."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.tools import ToolError, run_tool
from xnorflow.build import build, write_verilog
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.levels import LEVELS, verify_level
from xnorflow.sim.verify import VerificationError

# All of them share the bitstream, which one worker makes.
pytestmark = pytest.mark.xdist_group("levels")

NETWORK = random_network((16, 16, 8))
# One weight a cycle: deep memories, which are block RAM.
DESIGN = Design(NETWORK, (Folding(1, 1), Folding(1, 1)), find_board("icebreaker"), scores=True)


def quiet(_text, _done, _total):
    pass


def verified(folder, level, *, images=6, simulator="icarus"):
    design, result = open_design(folder)
    return verify_level(
        folder,
        design,
        result,
        random_images(design.network, images),
        level=level,
        simulator=simulator,
        seed=0,
        waves=False,
        on_progress=quiet,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("levels")
    images = random_images(NETWORK, 20)
    build(
        DESIGN, folder, images=images, labels=None, dataset="random", simulator="icarus", seed=0, on_progress=quiet
    )
    return folder


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns("verify"))
    return tmp_path / "out"


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_gives_the_golden_answers(built, level):
    report = verified(built, level)
    assert (report.level, report.simulator, report.images, report.mismatches) == (level, "icarus", 6, 0)
    assert report.interval_measured == (256 if level in ("rtl", "netlist") else None)


@pytest.mark.parametrize("level", ["netlist", "bitstream", "pins"])
def test_each_level_runs_on_verilator(built, level):
    assert verified(built, level, simulator="verilator").mismatches == 0


def test_one_flipped_weight_bit_in_the_bitstream_is_caught(copy):
    folder = copy / "bitstream"
    run_tool("iceunpack", ["top.bin", "flipped.asc"], folder=folder, log="iceunpack.log")
    asc = folder / "flipped.asc"
    asc.write_text(flipped(asc.read_text()))
    run_tool("icepack", ["flipped.asc", "top.bin"], folder=folder, log="icepack.log")
    with pytest.raises(VerificationError) as raised:
        verified(copy, "bitstream")
    waves = copy / "verify" / "mismatch.fst"
    assert str(raised.value).startswith(f"{raised.value.mismatches} of 6 images differ from the golden model, first ")
    assert ": got class " in str(raised.value)
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
