# amaranth: UnusedElaboratable=no
import pytest
from amaranth.hdl import unsigned

from tests.hw.bench import STALLS, stream
from xnorflow.hw.fifo import SmallFifo


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("depth", [1, 2, 3, 8])
def test_gives_what_it_took_in_order(depth, stalls):
    beats = [n * 37 % 256 for n in range(40)]
    run = stream(SmallFifo(shape=unsigned(8), depth=depth), beats, count=40, stalls=stalls)
    assert run.beats == beats
    if not stalls:
        assert run.given[0] - run.taken[0] == SmallFifo.LATENCY
        assert run.given[-1] - run.given[0] == 39 * (2 if depth == 1 else 1)


def test_holds_as_many_entries_as_its_depth():
    fifo = SmallFifo(shape=unsigned(4), depth=3)
    run = stream(fifo, [1, 2, 3, 4], count=4, stalls=0.9)
    assert run.beats == [1, 2, 3, 4]


def test_refuses_a_depth_of_zero():
    with pytest.raises(ValueError, match=r"^depth must be at least 1, not 0$"):
        SmallFifo(shape=unsigned(8), depth=0)
