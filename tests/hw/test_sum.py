import numpy as np
import pytest
from amaranth.hdl import Shape
from amaranth.sim import Simulator

from xnorflow.hw.sum import SignedSum, sum_latency


@pytest.mark.parametrize("ones_complement", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("width", "bits"), [(1, 2), (2, 8), (3, 8), (7, 4), (16, 8)])
def test_is_the_dot_product_with_signs(width, bits, signed, ones_complement):
    rng = np.random.default_rng(seed=width)
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    values = np.concatenate(
        [np.full((2, width), low), np.full((2, width), high - 1), rng.integers(low, high, (30, width))]
    )
    weights = np.concatenate([[[0] * width, [1] * width] * 2, rng.integers(0, 2, (30, width))])
    dut = SignedSum(element=Shape(bits, signed=signed), width=width, ones_complement=ones_complement)
    sums = []

    async def bench(ctx):
        for value, weight in [*zip(values, weights, strict=True), *[(values[0], weights[0])] * sum_latency(width)]:
            ctx.set(dut.a, sum((int(v) & (1 << bits) - 1) << n * bits for n, v in enumerate(value)))
            ctx.set(dut.b, sum(int(w) << n for n, w in enumerate(weight)))
            _, _, count = await ctx.tick().sample(dut.count)
            sums.append(count)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    missing = (weights == 0).sum(axis=1) if ones_complement else 0
    assert sums[sum_latency(width) :] == ((values * (2 * weights - 1)).sum(axis=1) - missing).tolist()
