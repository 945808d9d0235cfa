import random

import pytest
from amaranth.sim import Simulator

from xnorflow.hw.popcount import Popcount, popcount_latency


@pytest.mark.parametrize("width", [1, 2, 6, 7, 8, 14, 15, 49, 98, 113])
def test_counts_ones_each_cycle_a_fixed_latency_behind(width):
    rng = random.Random(width)
    words = [0, (1 << width) - 1, *(rng.getrandbits(width) for _ in range(40))]
    dut = Popcount(width=width)
    counts = []

    async def bench(ctx):
        for word in [*words, *[0] * popcount_latency(width)]:
            ctx.set(dut.bits, word)
            _, _, count = await ctx.tick().sample(dut.count)
            counts.append(count)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert counts[popcount_latency(width) :] == [word.bit_count() for word in words]
