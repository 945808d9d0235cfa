# amaranth: UnusedElaboratable=no
"""A rate is reached or refused, and what it costs is not wasted."""

import itertools
import re
import time

import numpy as np
import pytest

from tests.networks import random_conv_network, random_network, windows_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.bottleneck import find_bottleneck, longest_interval
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate
from xnorflow.hw.folding import Folding, largest_folding
from xnorflow.hw.search import DoesNotFitError, check_fit, fastest, smallest
from xnorflow.model.ir import (
    IMAGE,
    Affine,
    Bias,
    Conv2d,
    Dense,
    MaxPool,
    Network,
    SumPool,
    Thermometer,
    Threshold,
    Thresholds,
)
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.zoo import random_network as zoo_network

LARGE = DEVICES["ECP5-85F"]


def residual() -> Network:
    """Two arms of which one is longer, and levels of two bits."""
    rng = np.random.default_rng(seed=0)
    first = Conv2d(rng.integers(0, 2, (3, 2, 2, 1)), Thresholds(np.tile([1, 2, 3], (3, 1))))
    sums = Conv2d(rng.integers(0, 2, (3, 3, 3, 3)), Bias([1, 2, 3]), padding=(1, 1))
    levels = Threshold(np.tile([-3, 0, 3], (3, 4, 1)))
    scores = Dense(rng.integers(0, 2, (3, 48)), Bias([0, 0, 0]))
    layers = (first, sums, levels, scores)
    return Network("residual", Thermometer((5, 5), (128,)), layers, sources=((IMAGE,), (0,), (1, 0), (2,)))


SMALL = {
    "residual": residual(),
    "dense": random_network((12, 6, 5, 3)),
    "overlapping pools": random_conv_network(
        Thermometer((6, 5), (1, 200)), (Filters(4, (2, 2)), MaxPool((3, 3), (1, 1)), MaxPool((2, 1), (1, 1)))
    ),
    "pool first": random_conv_network(Thermometer((6, 6), (128,)), (MaxPool((3, 3), (1, 1)), Neurons(5)), classes=7),
    "long stride": random_conv_network(Thermometer((9, 9), (1, 2, 3)), (Filters(3, (2, 2), stride=(4, 3)), Neurons(4))),
    "two convolutions": random_conv_network(
        Thermometer((5, 5), (128,)), (Filters(4, (2, 3), padding=(1, 1)), Filters(3, (2, 2)))
    ),
    "depthwise": windows_network(
        Thermometer((5, 4), (60, 128, 200)), (6, (3, 3), 3, {"padding": (1, 1)}), (5, (1, 1), 1, {}), 3
    ),
    "groups": windows_network(Thermometer((4, 4), (1, 2, 3, 4)), (6, (2, 2), 2, {}), (6, (2, 1), 3, {}), 3),
    "sums": windows_network(
        Thermometer((5, 5), (60, 128)), (5, (2, 2), 1, {}), SumPool((2, 2), (2, 2)), SumPool((2, 1), (1, 1)), 3
    ),
    "integers": random_conv_network(Affine((5, 4, 3), width=3), (Filters(3, (3, 2)), MaxPool((2, 2), (1, 1)))),
}


def interval_of(network, foldings):
    return Accelerator(network, foldings).interval


def every_folding(network):
    options = [
        [Folding(pe, simd) for pe in range(1, most.pe + 1) for simd in range(1, most.simd + 1)]
        for most in map(largest_folding, network.matrices.values())
    ]
    # All of the layer that is looked at, with the extremes of the others.
    for looked_at in range(len(options)):
        rows = [row if n == looked_at else [row[0], row[-1], row[len(row) // 2]] for n, row in enumerate(options)]
        yield from itertools.product(*rows)


@pytest.mark.parametrize("network", SMALL.values(), ids=SMALL)
def test_no_folding_is_faster_than_the_bottleneck_or_slower_than_a_neuron_at_a_time(network):
    intervals = {interval_of(network, foldings) for foldings in every_folding(network)}
    assert find_bottleneck(network).cycles == min(intervals)
    assert longest_interval(network) == max(intervals)


@pytest.mark.parametrize("network", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("device", ["UP5K", "ECP5-85F"])
def test_every_interval_from_the_bottleneck_on_is_kept(network, device):
    least = find_bottleneck(network).cycles
    for interval in {*range(least, least + 40), *range(least, longest_interval(network) + 2, 97)}:
        assert interval_of(network, smallest(network, Budget(DEVICES[device]), interval=interval)) <= interval


@pytest.mark.parametrize(
    ("network", "interval", "message"),
    [
        (
            zoo_network("mnist-cnn"),
            6083,
            "interval must be at least 6084 for mnist-cnn, not 6083: the windows of conv2d0 take 6084 cycles a frame "
            "at any folding",
        ),
        (
            random_conv_network(Thermometer((6, 6), (128,)), (MaxPool((3, 3), (1, 1)), Neurons(5))),
            143,
            "interval must be at least 144 for random, not 143: the windows of maxpool0 take 144 cycles a frame "
            "at any folding",
        ),
        (
            random_conv_network(Affine((9, 9), width=3), (Filters(3, (1, 1), stride=(2, 2)),)),
            80,
            "interval must be at least 81 for random, not 80: the beats of input take 81 cycles a frame at any folding",
        ),
        (
            random_network((8, 4)),
            0,
            "interval must be at least 1, not 0",
        ),
    ],
)
def test_an_interval_out_of_reach_names_the_stage_that_limits(network, interval, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        smallest(network, Budget(LARGE), interval=interval)


@pytest.mark.parametrize(("name", "cells"), [("mnist-cnn", 5000), ("fashion-cnn", 16_000)])
def test_the_fastest_design_takes_no_cells_beyond_its_slowest_stage(name, cells):
    # Products that were faster than the windows took 63,891 and 57,824 cells at the same interval.
    network = zoo_network(name)
    design = estimate(Accelerator(network, fastest(network, Budget(LARGE)), family=LARGE.family, brams=LARGE.brams))
    assert design.interval == find_bottleneck(network).cycles
    assert design.cells < cells


def test_what_does_not_fit_is_told_with_the_rate_that_does():
    network, part = zoo_network("tfc"), DEVICES["UP5K"]
    with pytest.raises(
        ValueError, match=r"; UP5K fits an interval of 112 cycles, 321428 frames/s at 36 MHz; the same "
    ):
        check_fit(
            network, smallest(network, Budget(part), interval=32), Budget(part), tuple(DEVICES.values()), clock_mhz=36.0
        )


@pytest.mark.parametrize("sizes", [(65_536, 10), (65_536, 16, 10)])
def test_large_layers_are_folded_in_seconds(sizes):
    network = random_network(sizes)
    began = time.process_time()
    assert interval_of(network, fastest(network, Budget(LARGE))) < 256
    assert time.process_time() - began < 10


def test_large_layers_that_do_not_fit_are_refused_in_seconds():
    network = random_network((256, 65_536, 10))
    began = time.process_time()
    with pytest.raises(DoesNotFitError, match=r"^random: does not fit ECP5-85F at any folding; take a larger device$"):
        fastest(network, Budget(LARGE))
    assert time.process_time() - began < 10
