import pytest
from amaranth.sim import Simulator

from tests.boards.designs import Adder
from xnorflow.boards.harness import Harness, port_bits


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0x155, 0x0FF), (0x3FF, 0x3FF)])
def test_harness_drives_every_input_and_shows_every_output(a, b):
    width = 10
    core = Adder(width=width)
    assert port_bits(core) == 2 * width + width + 1 + 2 * width
    dut = Harness(core)
    shifted = []

    async def bench(ctx):
        # The first bit ends up highest.
        for bit in f"{b:010b}{a:010b}":
            ctx.set(dut.i, int(bit))
            await ctx.tick()
        ctx.set(dut.i, 0)
        await ctx.tick()
        ctx.set(dut.load, 1)
        await ctx.tick()
        ctx.set(dut.load, 0)
        for _ in range(width + 1):
            shifted.append(ctx.get(dut.o))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert sum(bit << n for n, bit in enumerate(shifted)) == a + b
