# amaranth: UnusedElaboratable=no
"""No stage takes more before its turn than it says, which is what the depths of queues stand on."""

import random
from fractions import Fraction

import numpy as np
import pytest
from amaranth.sim import Simulator

from xnorflow.hw.compare import Compare
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.mvu import Product
from xnorflow.hw.offset import Offset
from xnorflow.hw.pool import Pool
from xnorflow.hw.queue import Queue
from xnorflow.hw.rank import Rank
from xnorflow.hw.reductions import AnyBit
from xnorflow.hw.replay import Convert, Replay
from xnorflow.hw.running_pool import Running
from xnorflow.hw.swu import Window
from xnorflow.hw.table import Table
from xnorflow.model.ir import Dense, Tensor, Thresholds

DENSE = Dense(np.ones((6, 8), int), Thresholds(np.zeros(6, int)))
ONES = Table(np.ones((4, 1, 3), int))

# stage, beats in and beats out of a frame
STAGES = {
    "converter": (Convert(7, 2, 3, 2, 1), 3, 4),
    "narrow converter": (Convert(12, 1, 1, 6, 1), 12, 2),
    "replay": (Replay(8, 1, 2, 3, 5, 1), 4, 15),
    "replay memory": (Replay(16, 1, 2, 4, 3, 1), 8, 12),
    "products": (Product(DENSE, Folding(2, 3), Tensor((8,)), 1), 9, 3),
    "products at once": (Product(DENSE, Folding(6, 8), Tensor((8,)), 1), 1, 1),
    "windows": (Window((6, 5), (3, 3), (1, 1), (1, 1), 0, 1, 2, 1), 30, 270),
    "windows without padding": (Window((6, 5), (3, 3), (1, 1), (0, 0), 0, 1, 2, 1), 30, 108),
    "windows of several passes": (Window((5, 4), (3, 3), (1, 1), (1, 1), 0, 1, 2, 2, passes=3), 40, 1080),
    "windows that stride": (Window((7, 5), (3, 3), (2, 2), (1, 1), 0, 1, 2, 1), 35, 108),
    "windows far apart": (Window((8, 8), (1, 1), (3, 3), (0, 0), 0, 1, 2, 1), 64, 9),
    "windows in padding": (Window((4, 4), (5, 5), (4, 4), (4, 4), 0, 1, 2, 1), 16, 100),
    "dilated windows": (Window((9, 6), (3, 3), (1, 1), (2, 2), 0, 1, 2, 1, dilation=(2, 2)), 54, 486),
    "pool": (Pool(3, 4, 2, AnyBit()), 8, 2),
    "running pool": (Running((6, 6), (2, 2), (2, 2), 2, 1, AnyBit()), 36, 9),
    "running pool of all": (Running((4, 4), (4, 4), (1, 1), 2, 2, AnyBit()), 32, 2),
    "running pool behind padding": (Running((5, 5), (2, 2), (2, 2), 2, 1, AnyBit(), (1, 1, 0, 0)), 25, 9),
    "running pool that hangs over": (Running((5, 5), (4, 4), (4, 4), 2, 1, AnyBit(), (0, 0, 3, 3)), 25, 4),
    "running pool with padding around": (Running((7, 4), (3, 3), (3, 3), 2, 1, AnyBit(), (2, 1, 2, 1)), 28, 6),
    "windows that hang over": (Window((5, 5), (4, 4), (4, 4), (0, 0), 0, 1, 2, 1, opposite=(3, 3)), 25, 64),
    "levels": (Compare(ONES, 3, 5, 2, 4, 2), 4, 4),
    "levels in steps": (Compare(ONES, 3, 5, 2, 4, 2, steps=3), 4, 4),
    "offsets": (Offset(Table(np.ones((4, 1, 1), int)), 0, 5, 6, 2, 4, 2), 4, 4),
    "ranks": (Rank(Table(np.ones((4, 8, 1), int)), 3, 2, 2, 4, 2), 4, 4),
    "queue": (Queue("queue", 9, 5, 4), 4, 4),
    "queue of flip-flops": (Queue("queue", 3, 5, 4), 4, 4),
}  # fmt: skip


@pytest.mark.parametrize("ready", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("family", [ICE40, ECP5], ids=lambda family: family.name)
@pytest.mark.parametrize("name", STAGES)
def test_no_more_is_taken_than_that(name, family, ready):
    stage, beats_in, beats_out = STAGES[name]
    dut = stage.component(stage.usual_places(family), family)
    share, most, rng = Fraction(beats_in, beats_out), stage.absorbs(0, family), random.Random(1)

    async def bench(ctx):
        taken = given = 0
        ctx.set(dut.i.valid, 1)
        for _ in range(700):
            ctx.set(dut.o.ready, rng.random() < ready)
            _, _, came, valid, left = await ctx.tick().sample(dut.i.ready, dut.o.valid, dut.o.ready)
            taken, given = taken + came, given + (valid & left)
            assert taken <= share * given + most

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("name", STAGES)
def test_what_waits_behind_counts_with_its_share(name):
    stage, beats_in, beats_out = STAGES[name]
    for held in (1, 7, beats_out, 3 * beats_out + 1):
        more = stage.absorbs(held, ECP5) - stage.absorbs(0, ECP5)
        # Both are whole beats: the one may be rounded up by less than a beat where the other is not.
        assert more > Fraction(held * beats_in, beats_out) - 1
