# amaranth: UnusedElaboratable=no
"""Offsets and ranks, each alone; what is missing where zeros are padded."""

from dataclasses import replace

import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from tests.hw.test_compare import packed
from xnorflow.hw.endings import is_plain
from xnorflow.hw.offset import ChannelOffset, Offset
from xnorflow.hw.rank import Rank, RankMemory
from xnorflow.hw.stage import Place
from xnorflow.hw.table import Table
from xnorflow.hw.zones import Zones, padded_weights, zones_of
from xnorflow.model.ir import ZERO, Bias, Conv2d, Dense, Ranks, Tensor, Thresholds

ZONES = Zones((0, 1, 1, 2), (0, 1, 0))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("zones", [None, ZONES])
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("channels", "width", "shift"), [(1, 1, 0), (7, 3, 2), (4, 4, 1), (5, 1, 0)])
def test_offsets_are_those_of_channel_and_zone(channels, width, shift, binary, zones, registered, stalls):
    rng = np.random.default_rng(seed=channels)
    windows = 12
    table = rng.integers(-40, 41, (channels, zones.count if zones else 1, 1))
    values = rng.integers(-32, 32, (2 * windows, channels))
    stage = Offset(Table(table), shift, 6, 1 if binary else 9, width, channels, windows, zones, binary)
    beats = packed(values, width, 6)
    dut = ChannelOffset(offset=stage, place=Place.BLOCK, registered=registered)
    run = stream(dut, beats, count=len(beats), stalls=stalls)
    zone = np.array([2 * row + column for row in zones.rows for column in zones.columns] * 2 if zones else 0)
    sums = (values << shift) + table[:, zone, 0].T.reshape(-1, channels)
    expected = packed(sums >= 0, width, 1) if binary else packed(sums, width, 9)
    assert _inside(run.beats, width, stage.result, channels) == _inside(expected, width, stage.result, channels)
    if not stalls:
        assert run.given[0] - run.taken[0] == dut.latency == 2 + registered
        assert set(np.diff(run.given)) == {1}
        assert stage.cycles == len(beats) // 2


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize(("channels", "width", "low", "high"), [(1, 1, -3, 3), (7, 3, -20, 11), (4, 4, 2, 9)])
def test_ranks_are_those_of_channel_and_integer(channels, width, low, high, registered, stalls):
    rng = np.random.default_rng(seed=channels)
    table = rng.integers(-100, 101, (channels, high - low + 1, 1))
    values = rng.integers(low, high + 1, (8, channels))
    bits = 10
    stage = Rank(Table(table, low), 6, bits, width, channels, 8)
    beats = packed(values, width, 6)
    dut = RankMemory(rank=stage, place=Place.BLOCK, registered=registered)
    run = stream(dut, beats, count=len(beats), stalls=stalls)
    expected = packed(table[np.arange(channels), values - low, 0], width, bits)
    assert _inside(run.beats, width, bits, channels) == _inside(expected, width, bits, channels)
    if not stalls:
        assert run.given[0] - run.taken[0] == dut.latency == 1 + registered
        assert set(np.diff(run.given)) == {1}


def _inside(beats, width, bits, channels):
    """Elements of beats, without those that fill the last one of a unit up."""
    values = [[beat >> n * bits & (1 << bits) - 1 for n in range(width)] for beat in beats]
    return np.array(values).reshape(-1, -(-channels // width) * width)[:, :channels].tolist()


@pytest.mark.parametrize(
    ("image", "kernel", "numbers", "kinds"),
    [
        ((6, 5), (3, 3), {"padding": (1, 1)}, (3, 3)),
        ((6, 5), (3, 3), {"padding": (1, 1), "stride": (2, 2)}, (2, 3)),
        ((5, 5), (5, 1), {"padding": (2, 0)}, (5, 1)),
        ((1, 1), (3, 3), {"padding": (1, 1)}, (1, 1)),
        ((4, 4), (2, 2), {"padding": (2, 1), "dilation": (2, 2)}, (3, 3)),
    ],
)
def test_padded_weights_are_what_zeros_would_have_added(image, kernel, numbers, kinds):
    rng = np.random.default_rng(seed=1)
    layer = Conv2d(rng.integers(0, 2, (3, *kernel, 2)), Bias(np.zeros(3, int)), pad=ZERO, **numbers)
    tensor = Tensor((*image, 2))
    zones = zones_of(layer, tensor)
    assert zones.kinds == kinds
    values = rng.integers(0, 2, (1, *tensor.shape))
    difference = layer.apply(tensor, values) - replace(layer, pad=0).apply(tensor, values)
    missing = padded_weights(layer, tensor)
    for y, row in enumerate(zones.rows):
        for x, column in enumerate(zones.columns):
            assert (difference[0, y, x] == missing[:, row * kinds[1] + column]).all()


def test_what_ends_products_in_the_product_itself():
    weights = np.zeros((2, 3), int)
    endings = {
        True: [Thresholds([1, 2]), Bias([1, 2])],
        False: [Thresholds([[1, 2], [1, 3]]), Bias([1, 2], 1), Ranks(np.zeros((2, 4), int))],
    }
    for plain, some in endings.items():
        assert all(is_plain(Dense(weights, ending)) is plain for ending in some)
    filters = Conv2d(np.zeros((2, 3, 3, 1), int), Thresholds([1, 2]), padding=(1, 1), pad=ZERO)
    assert not is_plain(filters)
