# amaranth: UnusedElaboratable=no
import numpy as np
import pytest
from amaranth.hdl import unsigned

from tests.hw.bench import STALLS, stream
from xnorflow.hw.replay import ReplayBuffer
from xnorflow.hw.replay_memory import ReplayMemory
from xnorflow.model.bits import pack

VECTORS = 7

# count, width_in, width_out, passes
DIVIDING = [
    (64, 8, 32, 2),
    (100, 8, 32, 3),
    (97, 4, 16, 7),
    (64, 8, 32, 1),
    (40, 8, 8, 1),
    (20, 1, 20, 5),
    (21, 4, 8, 2),
    (5, 1, 1, 1),
    (5, 1, 1, 3),
    (1, 1, 1, 1),
]
LONG = [sizes for sizes in DIVIDING if sizes[0] > sizes[2]]
ANY = [*DIVIDING, (98, 13, 49, 4), (10, 5, 3, 1), (7, 7, 2, 3), (12, 5, 12, 2), (9, 4, 20, 3), (6, 20, 4, 2)]


def beats_of(vectors, width, padding):
    """Beats of a width, lowest element first; the last is filled up by ``padding(count)``."""
    beats = []
    for vector in vectors:
        rest = -len(vector) % width
        padded = [*vector, *padding(rest)]
        beats += [pack(padded[n : n + width]) for n in range(0, len(padded), width)]
    return beats


def replayed(dut, count, width_in, width_out, passes, stalls):
    rng = np.random.default_rng(seed=0)
    vectors = rng.integers(0, 2, (VECTORS, count))
    rubbish = beats_of(vectors, width_in, lambda rest: rng.integers(0, 2, rest))
    expected = beats_of(np.repeat(vectors, passes, axis=0), width_out, lambda rest: [0] * rest)
    run = stream(dut, rubbish, count=len(expected), stalls=stalls)
    assert run.beats == expected
    if not stalls:
        beats_in, beats_out = -(-count // width_in), -(-count // width_out) * passes
        assert run.given[0] - run.taken[beats_in - 1] == dut.LATENCY
        firsts = np.diff(run.given[::beats_out])
        assert set(firsts[1:]) == {max(beats_in, beats_out)}


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("count", "width_in", "width_out", "passes"), ANY)
def test_buffer_replays_without_a_bubble(count, width_in, width_out, passes, stalls):
    dut = ReplayBuffer(element=unsigned(1), count=count, width_in=width_in, width_out=width_out, passes=passes)
    replayed(dut, count, width_in, width_out, passes, stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("count", "width_in", "width_out", "passes"), LONG)
def test_memory_replays_without_a_bubble(count, width_in, width_out, passes, stalls):
    dut = ReplayMemory(count=count, width_in=width_in, width_out=width_out, passes=passes, block=True)
    replayed(dut, count, width_in, width_out, passes, stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("count", "width_in", "width_out"), [(10, 5, 1), (10, 3, 4), (10, 1, 10), (3, 3, 3)])
def test_buffer_converts_between_widths_of_wide_elements(count, width_in, width_out, stalls):
    frames = [[(n + 3 * frame) % 64 for n in range(count)] for frame in range(VECTORS)]

    def beats(width):
        padded = [[*frame, *[0] * (-count % width)] for frame in frames]
        words = [frame[n : n + width] for frame in padded for n in range(0, len(frame), width)]
        return [sum(value << 6 * n for n, value in enumerate(word)) for word in words]

    dut = ReplayBuffer(element=unsigned(6), count=count, width_in=width_in, width_out=width_out)
    run = stream(dut, beats(width_in), count=len(beats(width_out)), stalls=stalls)
    assert run.beats == beats(width_out)


def test_memory_needs_widths_that_divide():
    with pytest.raises(ValueError, match=r"^width_out must be a multiple of width_in, 8, not 12$"):
        ReplayMemory(count=24, width_in=8, width_out=12, passes=1, block=True)


def test_memory_needs_two_words():
    with pytest.raises(ValueError, match=r"^count must be more than width_out, 24, not 24$"):
        ReplayMemory(count=24, width_in=8, width_out=24, passes=1, block=True)


@pytest.mark.parametrize("name", ["count", "width_in", "width_out", "passes"])
def test_refuses_sizes_below_one(name):
    sizes = {"count": 8, "width_in": 2, "width_out": 4, "passes": 1, name: 0}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        ReplayBuffer(element=unsigned(1), **sizes)
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        ReplayMemory(**sizes, block=False)
