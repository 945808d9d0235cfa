import random
import time

import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import to_verilog
from xnorflow.model import golden
from xnorflow.model.zoo import random_network as zoo_network

FRAMES = 12

TABLE = [
    ((1, 1), [(1, 1)], ICE40),
    ((5, 3), [(3, 5)], ICE40),
    ((64, 16, 12, 10), [(4, 16), (3, 5), (2, 4)], ICE40),
    ((64, 16, 12, 10), [(1, 64), (12, 16), (10, 12)], ICE40),
    ((64, 16, 12, 10), [(16, 64), (12, 16), (10, 12)], ICE40),
    ((64, 20, 12, 10), [(8, 16), (3, 8), (4, 6)], ECP5),
    ((33, 17, 1, 3), [(17, 9), (1, 17), (3, 1)], ECP5),
]


def send(accelerator, images, *, stalls):
    """Answers of the accelerator and the cycles in which they came."""
    data = accelerator.encode(golden.quantize(accelerator.network.input, images))
    size = accelerator.input_bytes
    beats = [int.from_bytes(data[n : n + size], "little") for n in range(0, len(data), size)]
    core, rng = AcceleratorCore(accelerator), random.Random(0)
    answers, cycles = [], []

    async def source(ctx):
        for index, beat in enumerate(beats, 1):
            while rng.random() < stalls:
                await ctx.tick()
            ctx.set(core.s_axis_tdata, beat)
            ctx.set(core.s_axis_tlast, index % accelerator.input_beats == 0)
            ctx.set(core.s_axis_tvalid, 1)
            await ctx.tick().until(core.s_axis_tready)
            ctx.set(core.s_axis_tvalid, 0)

    async def sink(ctx):
        for cycle in range(100_000):
            ready = rng.random() >= stalls
            ctx.set(core.m_axis_tready, ready)
            sample = (core.m_axis_tvalid, core.m_axis_tdata, core.error)
            _, _, valid, answer, error = await ctx.tick().sample(*sample)
            assert not error
            if valid and ready:
                answers.append(answer.to_bytes(accelerator.output_bytes, "little"))
                cycles.append(cycle)
            if len(answers) == len(images):
                return
        raise AssertionError(f"{len(answers)} answers came")

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    return b"".join(answers), cycles


@pytest.mark.parametrize("stalls", [0.0, 0.3])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize(("sizes", "foldings", "family"), TABLE)
def test_equals_golden_and_keeps_its_interval(sizes, foldings, family, scores, stalls):
    network = random_network(sizes, extreme=True)
    images = random_images(network, FRAMES)
    accelerator = Accelerator(network, tuple(Folding(*f) for f in foldings), scores=scores, family=family)
    answers, cycles = send(accelerator, images, stalls=stalls)
    classes, values = accelerator.decode(answers)
    expected = golden.forward(network, images)
    assert classes.tolist() == golden.classify(expected).tolist()
    if scores:
        assert values.tolist() == expected.tolist()
    if not stalls:
        assert set(np.diff(cycles)[-4:]) == {accelerator.interval}


def test_takes_no_frame_before_block_ram_can_be_read():
    network = random_network((16, 4))
    slow = Accelerator(network, (Folding(1, 4),), startup_cycles=100)
    fast = Accelerator(network, (Folding(1, 4),))
    images = random_images(network, 1)
    assert send(slow, images, stalls=0.0)[1][0] - send(fast, images, stalls=0.0)[1][0] == 100


def test_input_beats_are_as_narrow_as_the_interval_allows():
    network = random_network((784, 8, 4))
    assert Accelerator(network, (Folding(1, 64), Folding(1, 8))).input_bytes == 1
    assert Accelerator(network, (Folding(8, 98), Folding(4, 8))).input_bytes == 13


def test_verilog_of_lfc_is_written_in_seconds():
    network = zoo_network("lfc")
    foldings = (Folding(32, 49), Folding(32, 64), Folding(32, 64), Folding(10, 2))
    began = time.process_time()
    text = to_verilog(Accelerator(network, foldings, family=ECP5))
    assert time.process_time() - began < 30
    assert "module xnorflow_core(" in text


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        ([(1, 1)], r"^folding must have 2 layers, not 1$"),
        ([(0, 1), (1, 1)], r"^dense0: pe must be in 1..4, not 0$"),
        ([(5, 1), (1, 1)], r"^dense0: pe must be in 1..4, not 5$"),
        ([(1, 1), (1, 5)], r"^scores1: simd must be in 1..4, not 5$"),
        ([(1, 0), (1, 1)], r"^dense0: simd must be in 1..16, not 0$"),
    ],
)
def test_refuses_foldings_out_of_range(foldings, message):
    with pytest.raises(ValueError, match=message):
        Accelerator(random_network((16, 4, 3)), tuple(Folding(*f) for f in foldings))


def test_refuses_input_beats_out_of_range():
    network = random_network((16, 3))
    with pytest.raises(ValueError, match=r"^input_bytes must be in 1..2, not 3$"):
        Accelerator(network, (Folding(1, 1),), input_bytes=3)
