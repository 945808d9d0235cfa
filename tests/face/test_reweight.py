"""Weights replaced in a finished bitstream: what runs then is the new network, and nothing else was changed."""

import json
import os
import shutil
from dataclasses import replace
from struct import calcsize

import numpy as np
import pytest

from tests.face.builds import made, quiet, rehash, verified
from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.chip import unpack
from xnorflow.boards.contents import fill
from xnorflow.boards.families.catalogue import FAMILIES
from xnorflow.boards.flow import board_chip, board_files
from xnorflow.boards.link.protocol import Hello
from xnorflow.boards.roms import ContentsError, check_same, mark, roms
from xnorflow.boards.tools import ToolError
from xnorflow.build import write_verilog
from xnorflow.build_file import write_build
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.model import golden
from xnorflow.model.ir import Bias, Dense
from xnorflow.model.store import ModelError, fingerprint
from xnorflow.reweight import reweight

# All of them share the bitstream, which one worker makes.
pytestmark = pytest.mark.xdist_group("reweight")

SIZES = (16, 16, 8)
OLD, NEW = random_network(SIZES), random_network(SIZES, seed=7, extreme=True)
# The levels of the second layer are a single word.
CONTENTS = ("weights", "levels")
DESIGN = Design(OLD, (Folding(1, 1), Folding(8, 1)), find_board("icebreaker"), scores=True, reweightable=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return made(DESIGN, tmp_path_factory.mktemp("reweight"))


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns("verify"))
    return tmp_path / "out"


def everything(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_build_itself_computes_its_network(built):
    assert verified(built, "bitstream").mismatches == 0


def test_the_reweighted_bitstream_computes_the_new_network(copy):
    images = random_images(NEW, 6)
    assert (golden.predict(OLD, images) != golden.predict(NEW, images)).any()
    before = everything(copy)
    began = sum(os.times()[:4])
    result = reweight(copy, NEW, on_progress=quiet)
    # Of a processor, with the tools': the machine may be busy with other tests.
    assert sum(os.times()[:4]) - began < 10
    after = everything(copy)
    changed = {name for name in after if after[name] != before.get(name) and not name.endswith(".log")}
    memories = {f"core.{layer}.product.group0.{kind}.mem" for layer in ("dense0", "scores1") for kind in CONTENTS}
    expected = {"model.safetensors", "build.json", "bitstream/top.bin", "bitstream/top.filled.asc", *memories}
    # Weights are nowhere else: the Verilog, too, is the very same.
    assert changed == expected
    assert set(after) == set(before)
    assert (result["verify"], result["accuracy"]) == ([], None)
    assert result["seconds"]["reweight"] > 0
    for level in ("rtl", "bitstream", "pins"):
        assert verified(copy, level).mismatches == 0
    # And back again: the very same bitstream.
    reweight(copy, OLD, on_progress=quiet)
    assert (copy / "bitstream" / "top.bin").read_bytes() == before["bitstream/top.bin"]


def test_the_link_tells_the_new_network(copy):
    reweight(copy, NEW, on_progress=quiet)
    text = (copy / "bitstream" / "top.filled.asc").read_text()
    chip = board_chip(DESIGN.board)
    layout = chip.tools.contents
    seed = json.loads((copy / "build.json").read_text())["timing"]["seed"]
    blocks = layout.blocks(json.loads((copy / "bitstream" / chip.placed(seed)).read_text()))
    block = blocks["serial.link.replier.hello.words.0.0"]
    bits = layout.read(dict(layout.section.findall(text))[block.section])
    words = np.arange(calcsize(Hello.FORMAT))[:, None]
    hello = bits[layout.places(block.port, words, np.arange(8))]
    assert np.packbits(hello, axis=1, bitorder="little").tobytes()[-8:] == fingerprint(NEW)[:8]


def refused(folder, network, message, error=ModelError):
    before = everything(folder)
    with pytest.raises(error, match=rf"^{message}$"):
        reweight(folder, network, on_progress=quiet)
    assert everything(folder) == before


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (random_network((16, 8)), "random: has 1 layers, expected 2 as built"),
        (random_network((16, 12, 8)), "random: dense0 is Dense 16 x 12, expected Dense 16 x 16 as built"),
        (
            random_network((24, 16, 8)),
            r"random: input is 24 of 1 bits \(bit\), expected 16 of 1 bits \(bit\) as built",
        ),
        (
            replace(NEW, layers=(NEW.layers[0], Dense(NEW.layers[1].weights, Bias(np.full(8, 17))))),
            r"biases of a reweightable design must be in -16\.\.16, not 17",
        ),
    ],
)
def test_other_networks_are_refused(network, message, copy):
    refused(copy, network, message, ValueError)


def test_contents_that_are_elsewhere_are_refused(copy):
    path = copy / "bitstream" / "top.il"
    path.write_text(mark(path.read_text(), seed=1))
    rehash(copy)
    message = "dense0, group0.weights: is not where it should be in the routed design; build again"
    refused(copy, NEW, message, ContentsError)


def test_other_hardware_is_refused(copy):
    path = copy / "bitstream" / "top.il"
    path.write_text(path.read_text().replace("memory width 8 size 27", "memory width 8 size 28"))
    rehash(copy)
    message = (
        r"the network needs other hardware than was built: top\.serial\.link\.replier\.hello differs in more than "
        "contents of block RAM; build it with --reweightable by itself"
    )
    refused(copy, NEW, message, ContentsError)


def test_an_interrupted_replacement_leaves_the_folder(copy, monkeypatch):
    monkeypatch.setenv("ICEPACK", "no-such-icepack")
    refused(copy, NEW, r"no-such-icepack is not installed; pip install 'xnorflow\[boards\]' brings it", ToolError)


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        ((Folding(8, 1), Folding(1, 1)), "dense0's levels are in LUT ROM, where nothing can replace them"),
        ((Folding(1, 16), Folding(1, 1)), "dense0's weights are in LUT ROM, where nothing can replace them"),
    ],
)
def test_a_build_without_the_option_says_what_is_in_logic(foldings, message, tmp_path):
    design = replace(DESIGN, foldings=foldings, reweightable=False)
    result = write_verilog(design, tmp_path, on_progress=quiet)
    refused(tmp_path, NEW, rf"{tmp_path}: has no bitstream; make it with xnorflow build --board and --reweightable")
    (tmp_path / "bitstream").mkdir()
    (tmp_path / "bitstream" / "top.bin").write_bytes(b"")
    result["files"]["bitstream"] = "bitstream/top.bin"
    result["resources"] = {"lut4": 1, "ff": 1, "bram": 1, "dsp": 0, "available": {"lut4": 5280}}
    result["timing"] = {"fmax_mhz": 42.0, "met": True, "seed": 1}
    rates = ("fps", "roofline_fps", "roofline_share", "link_fps")
    result["throughput"] = {"link_baud": 3_000_000, **dict.fromkeys(rates, 1.0)}
    write_build(tmp_path, result)
    rehash(tmp_path)
    refused(tmp_path, NEW, rf"{tmp_path}: {message}; build with --reweightable")


def test_nothing_but_contents_depends_on_weights():
    one, other = (
        board_files(replace(DESIGN, network=network).accelerator(), DESIGN.board)["top.il"] for network in (OLD, NEW)
    )
    check_same(one, other)
    assert one != other
    marked = roms(mark(one))
    assert marked.keys() == roms(one).keys()
    assert len(marked) == 5
    for rom in marked.values():
        assert ((rom.bits == 0).any(axis=0) & (rom.bits == 1).any(axis=0)).all()


@pytest.mark.parametrize("tools", FAMILIES.values(), ids=lambda tools: tools.family.name)
def test_sections_are_read_as_they_are_written(tools):
    layout, size = tools.contents, {"ice40": 4096, "ecp5": 2048 * 9}[tools.family.name]
    bits = np.random.default_rng(0).integers(0, 2, size, np.uint8)
    assert (layout.read(layout.write(bits)) == bits).all()


def test_ecp5(tmp_path):
    """What a bitstream of the new network alone would have in its block RAMs, and the golden model's answers."""
    design = Design(random_network((32, 32, 16)), (Folding(1, 4), Folding(2, 16)), find_board("ulx3s-25f"))
    folder, new = made(replace(design, reweightable=True), tmp_path / "out"), random_network((32, 32, 16), seed=3)
    reweight(folder, new, on_progress=quiet)
    design, result = open_design(folder)
    accelerator = design.accelerator()
    bitstream = unpack(board_chip(design.board), folder / result["files"]["bitstream"]).read_text()
    chip = board_chip(design.board)
    layout = chip.tools.contents
    placed = folder / "bitstream" / chip.placed(result["timing"]["seed"])
    wanted = roms(board_files(accelerator, design.board)["top.il"])
    # Filling it with what it has already finds each bit of the new network where it should be.
    blocks = layout.blocks(json.loads(placed.read_text()))
    assert fill(layout, bitstream, blocks, old=wanted, new=wanted)
    with pytest.raises(ContentsError, match=r"^dense0, group0\.weights: is not where it should be"):
        fill(layout, bitstream, blocks, old=roms((folder / "bitstream" / "top.il").read_text()), new=wanted)
    assert verified(folder, "routed", images=3).mismatches == 0
