# amaranth: UnusedElaboratable=no
import numpy as np
import pytest
from amaranth.hdl import Shape, signed, unsigned

from tests.hw.bench import STALLS, stream
from xnorflow.hw.compare import Compare, LevelCount, step_levels
from xnorflow.hw.stage import Place
from xnorflow.hw.table import Table

UNITS = 6

# channels, lanes, levels, cycles for a beat
SIZES = [
    (1, 1, 1, 1),
    (1, 1, 15, 15),
    (7, 3, 3, 1),
    (7, 3, 3, 2),
    (8, 4, 3, 9),
    (5, 5, 7, 3),
    (6, 1, 2, 1),
    (20, 2, 15, 4),
]


def packed(values, width, bits):
    """Beats of ``width`` integers; the last one of a unit is filled up."""
    units = np.pad(values, ((0, 0), (0, -values.shape[1] % width)))
    return [
        sum((int(value) & (1 << bits) - 1) << n * bits for n, value in enumerate(beat))
        for beat in units.reshape(-1, width)
    ]


def unpacked(beats, width, bits, channels):
    values = [[beat >> n * bits & (1 << bits) - 1 for n in range(width)] for beat in beats]
    return np.array(values).reshape(UNITS, -1)[:, :channels]


def compared(channels, width, count, gap, *, stalls, bits=6, chooser=None, rows=1, lowest=0, registered=False):
    rng = np.random.default_rng(seed=channels * count + gap)
    levels = np.sort(rng.integers(-32, 33, (channels, rows, count)), axis=-1)
    values = rng.integers(-32, 32, (UNITS, channels))
    choices = rng.integers(0, rows, (UNITS, channels))
    table, steps = step_levels(levels, gap, highest=31)
    stage = Compare(Table(table, lowest), count, bits, width, channels, UNITS, steps, chooser)
    second = packed(choices + lowest, width, chooser.width) if chooser else None
    dut = LevelCount(compare=stage, place=Place.BLOCK, registered=registered)
    beats = packed(values, width, bits)
    run = stream(dut, beats, count=len(beats), second=second, stalls=stalls)
    reached = (values[..., np.newaxis] >= levels[np.arange(channels), choices]).sum(axis=-1)
    assert (unpacked(run.beats, width, count.bit_length(), channels) == reached).all()
    if not stalls:
        assert run.given[0] - run.taken[0] == dut.latency == 1 + registered + steps
        assert set(np.diff(run.given)) <= {steps}
        assert stage.cycles == len(beats) * steps
    return stage


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("channels", "width", "count", "gap"), SIZES)
def test_counts_the_levels_that_are_reached(channels, width, count, gap, stalls):
    stage = compared(channels, width, count, gap, stalls=stalls)
    assert stage.steps <= gap
    assert stage.size.share == -(-count // min(count, gap))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("chooser", "rows", "lowest"), [(Shape(1), 2, 0), (unsigned(3), 5, 0), (signed(4), 9, -5), (signed(4), 3, 3)]
)
@pytest.mark.parametrize(("channels", "width", "count", "gap"), SIZES[2:5])
def test_a_second_stream_chooses_the_levels(channels, width, count, gap, chooser, rows, lowest, stalls):
    compared(channels, width, count, gap, stalls=stalls, chooser=chooser, rows=rows, lowest=lowest)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("channels", "width", "count", "gap"), SIZES)
def test_a_register_of_the_memory_costs_a_cycle_and_no_bubble(channels, width, count, gap, stalls):
    compared(channels, width, count, gap, stalls=stalls, registered=True)
    compared(channels, width, count, gap, stalls=stalls, registered=True, chooser=unsigned(3), rows=5)
