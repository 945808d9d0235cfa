# amaranth: UnusedElaboratable=no
"""Forks, sums and queues, each alone."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream as streams
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.hw.bench import STALLS, stream
from xnorflow.hw.add import Adder, Addition
from xnorflow.hw.fork import Fork
from xnorflow.hw.queue import Queue, QueueMemory
from xnorflow.hw.stage import Place
from xnorflow.model.ir import Add, Element, Tensor

COUNT = 60
BIT = Tensor((4,))
UINT = Tensor((4,), Element.UINT, 3)
INT = Tensor((4,), Element.INT, 5)


class Twice(wiring.Component):
    """A stream added to itself, through a fork, of which one reader is behind a queue."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        super().__init__({"i": In(streams.Signature(5)), "o": Out(streams.Signature(6))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fork = fork = Fork(width=5, readers=2)
        m.submodules.queue = queue = QueueMemory(bits=5, depth=self.depth, place=Place.BLOCK)
        one = Tensor((1,), Element.INT, 5)
        m.submodules.adder = adder = Adder(addition=Addition(one, one, (0, 0), 6, 1, 1))
        wiring.connect(m, wiring.flipped(self.i), fork.i)
        wiring.connect(m, fork.o[0], queue.i)
        wiring.connect(m, queue.o, adder.i)
        wiring.connect(m, fork.o[1], adder.second)
        wiring.connect(m, adder.o, wiring.flipped(self.o))
        return m


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("depth", [2, 3, 8])
def test_each_reader_of_a_fork_gets_each_beat_once(depth, stalls):
    beats = np.random.default_rng(seed=depth).integers(0, 32, COUNT).tolist()
    run = stream(Twice(depth), beats, count=COUNT, stalls=stalls)
    assert run.beats == [2 * (beat - ((beat >> 4) << 5)) & 63 for beat in beats]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("place", [Place.BLOCK, Place.REGISTERS])
@pytest.mark.parametrize("depth", [2, 5, 8, 17])
def test_a_queue_gives_what_came(depth, place, stalls):
    beats = np.random.default_rng(seed=depth).integers(0, 256, COUNT).tolist()
    run = stream(QueueMemory(bits=8, depth=depth, place=place), beats, count=COUNT, stalls=stalls)
    assert run.beats == beats
    if not stalls:
        assert run.given[0] - run.taken[0] == QueueMemory.LATENCY
        assert set(np.diff(run.given)) == {1}


def test_a_queue_of_a_few_beats_is_flip_flops():
    assert Queue("queue", 4, 3, 9).memory_words({}, None) == 0


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("shifts", [(0, 0), (3, 1)])
@pytest.mark.parametrize(("left", "right"), [(BIT, BIT), (INT, BIT), (UINT, INT), (INT, INT)])
def test_sums_equal_the_definition(left, right, shifts, stalls):
    rng = np.random.default_rng(seed=left.width)
    layer, width = Add(shifts), 2
    values = [rng.integers(*_stored(tensor), (COUNT // 2, 4)) for tensor in (left, right)]
    result = layer.output(left, right)
    dut = Adder(addition=Addition(left, right, shifts, result.width, width, 2))
    first, second = (_beats(array, width, tensor) for array, tensor in zip(values, (left, right), strict=True))
    run = stream(dut, first, second=second, count=COUNT, stalls=stalls)
    assert run.beats == _beats(layer.apply(left, right, *values), width, result)
    if not stalls:
        assert run.given[0] - run.taken[0] == Adder.LATENCY
        assert set(np.diff(run.given)) == {1}


def _stored(tensor):
    """Range of the elements as they are stored."""
    return (0, 2) if tensor.element is Element.BIT else (tensor.span[0], tensor.span[1] + 1)


def _beats(values, width, tensor):
    mask = (1 << tensor.width) - 1
    rows = values.reshape(-1, width).tolist()
    return [sum((value & mask) << n * tensor.width for n, value in enumerate(row)) for row in rows]
