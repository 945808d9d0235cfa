import random

import pytest
from amaranth.sim import Simulator

from tests.hw.bench import STALLS
from xnorflow.hw.axi import FrameGuard

BEATS = 4

# Lengths of the frames sent, by their tlast; None is a frame whose tlast never comes before the next one's.
CASES = [
    [4, 4, 4],
    [1, 4, 4],
    [3, 4, 2, 4],
    [5, 4, 4],
    [8, 4, 1, 4],
    [2, 9, 4],
]


def guard(lengths, *, stalls, startup_cycles=0):
    """Beats that leave, cycles with an error, and the cycle of the first beat taken."""
    dut = FrameGuard(width=8, beats=BEATS, startup_cycles=startup_cycles)
    rng = random.Random(0)
    sent = [(16 * frame + n, n == length - 1) for frame, length in enumerate(lengths, 1) for n in range(length)]
    came, errors, taken = [], [], []

    async def bench(ctx):
        for cycle in range(600):
            if not ctx.get(dut.s.tvalid):
                offer = bool(sent) and rng.random() >= stalls
                ctx.set(dut.s.tvalid, offer)
                if offer:
                    ctx.set(dut.s.tdata, sent[0][0])
                    ctx.set(dut.s.tlast, sent[0][1])
            ctx.set(dut.o.ready, rng.random() >= stalls)
            sample = (dut.s.tvalid, dut.s.tready, dut.o.valid, dut.o.ready, dut.o.payload, dut.error)
            _, _, tvalid, tready, valid, ready, payload, error = await ctx.tick().sample(*sample)
            if tvalid and tready:
                taken.append(cycle)
                sent.pop(0)
                ctx.set(dut.s.tvalid, 0)
            if valid and ready:
                came.append(payload)
            if error:
                errors.append(cycle)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert not sent
    return came, errors, taken


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("lengths", CASES, ids=str)
def test_every_frame_leaves_with_its_own_beats_and_the_right_length(lengths, stalls):
    came, errors, _ = guard(lengths, stalls=stalls)
    expected = []
    for frame, length in enumerate(lengths, 1):
        beats = [16 * frame + n for n in range(min(length, BEATS))]
        expected += [*beats, *[0] * (BEATS - len(beats))]
    assert came == expected
    assert len(errors) == sum(length != BEATS for length in lengths)


def test_takes_nothing_before_the_startup_is_over():
    _, _, taken = guard([4], stalls=0.0, startup_cycles=25)
    assert taken[0] == 25
