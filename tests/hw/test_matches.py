import itertools
import random

import pytest
from amaranth.sim import Simulator

from xnorflow.hw.matches import MatchCount, count_latency, count_offset


def counts_of(width, words):
    dut = MatchCount(width=width)
    counts = []

    async def bench(ctx):
        for a, b in [*words, *[(0, 0)] * count_latency(width)]:
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            _, _, count = await ctx.tick().sample(dut.count)
            counts.append(count + count_offset(width))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return counts[count_latency(width) :]


def agreeing(a, b, width):
    return (~(a ^ b) & (1 << width) - 1).bit_count()


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_counts_all_words(width):
    words = list(itertools.product(range(1 << width), repeat=2))
    assert counts_of(width, words) == [agreeing(a, b, width) for a, b in words]


@pytest.mark.parametrize("width", [6, 7, 8, 13, 14, 15, 32, 49, 98, 113, 392])
def test_counts_a_word_each_cycle(width):
    rng = random.Random(width)
    full = (1 << width) - 1
    words = [(0, 0), (0, full), (full, full), *((rng.getrandbits(width), rng.getrandbits(width)) for _ in range(40))]
    assert counts_of(width, words) == [agreeing(a, b, width) for a, b in words]
