# amaranth: UnusedElaboratable=no
"""SPRAM: what goes into it, what fills it, and which weights are there."""

import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.networks import random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.cyclic_rom import CyclicRom
from xnorflow.hw.device import DEVICES, ECP5, ICE40
from xnorflow.hw.estimate import estimate, roofline_fps
from xnorflow.hw.folding import Folding
from xnorflow.hw.grouping import group_weights
from xnorflow.hw.loader import WeightLoader, load_cycles, network_mark, weights_file
from xnorflow.hw.memory import MemorySize
from xnorflow.hw.search import DoesNotFitError, fastest, smallest
from xnorflow.hw.spram import SpramMemory, spram_shares, spram_words
from xnorflow.hw.stage import Place, Share
from xnorflow.hw.weights_file import pack_weights
from xnorflow.model.zoo import random_network as zoo_network

NETWORK = random_network((64, 36, 10))
FOLDINGS = (Folding(3, 8), Folding(2, 9))
UP5K = DEVICES["UP5K"]


@pytest.mark.parametrize(
    ("memories", "shares"),
    [
        ([(MemorySize(16, 4096), 1)], [(Place.SPRAM, 1, 0)]),
        ([(MemorySize(20, 3328), 1)], [(Place.SPRAM, 2, 0), (Place.SPLIT, 1, 4)]),
        ([(MemorySize(56, 3584), 1)], [(Place.SPRAM, 4, 0), (Place.SPLIT, 3, 7)]),
        ([(MemorySize(48, 100), 2), (MemorySize(24, 100), 1)], [(Place.SPRAM, 8, 0), (Place.SPLIT, 7, 1)]),
        ([(MemorySize(8, 4096), 1)], [(Place.SPRAM, 1, 0)]),
        ([(MemorySize(16, 16385), 1)], []),
    ],
)
def test_how_memories_could_be_in_spram(memories, shares):
    assert spram_shares(memories, ICE40) == tuple(Share(*share) for share in shares)
    assert spram_shares(memories, ECP5) == ()


def test_word_of_spram_is_as_late_as_one_of_block_ram():
    families = {device.family for device in DEVICES.values() if device.sprams}
    assert families == {family for family in (ICE40, ECP5) if family.spram}
    assert CyclicRom.LATENCY == SpramMemory.LATENCY


def test_words_are_loaded_one_spram_after_the_other():
    words = [0xA_1111_2222, 0xB_3333_4444]
    assert spram_words(words, width=36, sprams=2) == [0x2222, 0x4444, 0x1111, 0x3333]
    assert spram_words(words, width=36, sprams=3) == [0x2222, 0x4444, 0x1111, 0x3333, 0xA, 0xB]


def test_file_is_words_and_a_check_sum_of_them_and_the_network():
    accelerator = Accelerator(NETWORK, FOLDINGS, brams=2, sprams=4)
    file = weights_file(accelerator)
    # Layer by layer: 2 SPRAMs for 24 bits, 2 for 18.
    words = np.frombuffer(file[:-4], "<u2")
    depths = [folding.interval(layer) for folding, layer in zip(FOLDINGS, NETWORK.layers, strict=True)]
    assert len(words) == 2 * sum(depths)
    [(_, rows)] = group_weights(NETWORK.layers[0], FOLDINGS[0], port=ICE40.bram_width)
    assert words[: depths[0]].tolist() == [row & 0xFFFF for row in rows]
    check = zlib.crc32(network_mark(accelerator) + file[:-4])
    assert int.from_bytes(file[-4:], "little") == check


def test_spram_is_used_only_where_block_ram_is_short():
    def places(**options):
        return [memory["weights"] for memory in Accelerator(NETWORK, FOLDINGS, **options).places]

    assert places(brams=30, sprams=4) == places(brams=30) == [Place.BLOCK] * 2
    assert places(brams=2, sprams=4) == [Place.SPRAM] * 2
    assert places(sprams=4) == [Place.BLOCK] * 2
    assert Place.SPLIT in places(brams=8, sprams=4, reweightable=True)


@pytest.mark.parametrize("name", ["sfc", "fashion-cnn"])
def test_networks_larger_than_block_ram_fit_with_spram(name):
    network = zoo_network(name)
    with pytest.raises(DoesNotFitError, match="does not fit UP5K at any folding"):
        fastest(network, Budget(UP5K, reserved=720))
    budget = Budget(UP5K, reserved=820, spram=True)
    interval = {"sfc": 4214, "fashion-cnn": 600_000}[name]
    design = estimate(budget.accelerator(network, smallest(network, budget, interval=interval)))
    assert budget.fits(design)
    assert design.interval <= interval
    assert 0 < design.sprams <= 4


def test_roofline_counts_the_ports_that_are_in_use():
    assert roofline_fps(NETWORK, UP5K, 36.0, spram=True) == pytest.approx(
        roofline_fps(NETWORK, UP5K, 36.0) * (480 + 64) / 480
    )


DEPTHS = (3, 3, 5)
"""Words of three SPRAMs."""


def load(*files, network=b"12345678", replaceable=False):
    """Give files to a loader, in turn; what was written to each SPRAM for each, and ``loaded`` and cycles behind it."""
    dut = WeightLoader(sprams=len(DEPTHS), network=network, replaceable=replaceable)
    seen = []

    async def bench(ctx):
        address, written, cycle = 0, [], 0
        for file in files:
            sent, ended, began = 0, False, None
            while not ended:
                ctx.set(dut.i.valid, sent < len(file))
                ctx.set(dut.i.payload, file[sent] if sent < len(file) else 0)
                turn = next((n for n, depth in enumerate(DEPTHS) if len(written) < sum(DEPTHS[: n + 1])), None)
                ctx.set(dut.load.final, 0b111 if turn is not None and address == DEPTHS[turn] - 1 else 0)
                ready, write, word = ctx.get(dut.i.ready), ctx.get(dut.load.write), ctx.get(dut.load.word)
                if write:
                    written.append((write, word))
                    address = 0 if address == DEPTHS[turn] - 1 else address + 1
                if ready and sent < len(file):
                    began = cycle if began is None else began
                    sent += 1
                await ctx.tick()
                cycle += 1
                ended = ctx.get(dut.loaded) or ctx.get(dut.wrong)
                assert cycle < 2000
            seen.append((written, bool(ctx.get(dut.loaded)), cycle - began))
            written = []

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


WORDS = list(range(0x1000, 0x1000 + sum(DEPTHS)))
RIGHT = pack_weights(WORDS, network=b"12345678")
WRITTEN = [(1 << spram, word) for spram, word in zip([0] * 3 + [1] * 3 + [2] * 5, WORDS, strict=True)]


@pytest.mark.parametrize("replaceable", [False, True])
def test_loader_writes_all_words_and_is_done_when_the_formula_says(replaceable):
    [(written, loaded, cycles)] = load(RIGHT, replaceable=replaceable)
    assert (written, loaded) == (WRITTEN, True)
    assert cycles == WeightLoader.INTERVAL * len(RIGHT) + 1


@pytest.mark.parametrize("replaceable", [False, True])
@pytest.mark.parametrize(
    "wrong",
    [
        bytes((RIGHT[0] ^ 1,)) + RIGHT[1:],
        RIGHT[:-1] + bytes((RIGHT[-1] ^ 0x80,)),
        b"\xff" * len(RIGHT),
        b"\0" * len(RIGHT),
        pack_weights(WORDS, network=b"12345679"),
    ],
    ids=["a bit", "a bit of the check sum", "an empty flash", "zeros", "another network"],
)
def test_wrong_file_is_refused_and_a_right_one_taken_behind_it(wrong, replaceable):
    first, second, third = load(wrong, wrong, RIGHT, replaceable=replaceable)
    assert [loaded for _, loaded, _ in (first, second, third)] == [False, False, True]
    assert third[0] == WRITTEN


def test_load_cycles_count_every_word():
    accelerator = Accelerator(NETWORK, FOLDINGS, brams=2, sprams=4)
    assert load_cycles(accelerator) == WeightLoader.INTERVAL * len(weights_file(accelerator)) + 1
