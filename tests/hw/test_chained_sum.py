import numpy as np
import pytest
from amaranth.hdl import Shape
from amaranth.sim import Simulator

from xnorflow.hw.chained_sum import ChainedSum, Lanes


def sums_of(dut, inputs):
    """Sums with their carries, for pairs of words."""
    found = []

    async def bench(ctx):
        for a, b in [*inputs, *[inputs[0]] * dut.lanes.latency]:
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            _, _, sums, carries = await ctx.tick().sample(dut.sums, dut.carries)
            found.append([sums[n] + (carries >> n & 1) - dut.lanes.offset for n in range(dut.elements)])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found[dut.lanes.latency :]


def packed(values, bits):
    return sum((int(value) & (1 << bits) - 1) << n * bits for n, value in enumerate(np.ravel(values)))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("elements", [1, 3])
@pytest.mark.parametrize("width", [*range(1, 18), 31, 32, 49, 98, 113])
def test_counts_bits_that_differ(width, elements, apart):
    rng = np.random.default_rng(width)
    a = rng.integers(0, 2, (12, elements if apart else 1, width))
    b = rng.integers(0, 2, (12, elements, width))
    a[0], b[0], a[1], b[1] = 0, 0, 1, 0
    dut = ChainedSum(lanes=Lanes(width, None), elements=elements, apart=apart)
    inputs = [(packed(x, 1), packed(y, 1)) for x, y in zip(a, b, strict=True)]
    assert sums_of(dut, inputs) == (a != b).sum(axis=2).tolist()


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("width", "bits"), [(1, 2), (2, 8), (3, 8), (7, 4), (16, 8), (5, 1)])
def test_adds_integers_or_subtracts_them(width, bits, signed, apart):
    rng = np.random.default_rng(seed=width)
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    a = rng.integers(low, high, (20, 2 if apart else 1, width))
    b = rng.integers(0, 2, (20, 2, width))
    a[:2], a[2:4], b[::2][:2], b[1::2][:2] = low, high - 1, 0, 1
    dut = ChainedSum(lanes=Lanes(width, Shape(bits, signed=signed)), elements=2, apart=apart)
    inputs = [(packed(x, bits), packed(y, 1)) for x, y in zip(a, b, strict=True)]
    assert sums_of(dut, inputs) == (a * (1 - 2 * b)).sum(axis=2).tolist()
