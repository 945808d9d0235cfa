"""Convolutional networks through the Verilog: shapes, strides, paddings, integers, foldings that divide nothing."""

from pathlib import Path

import numpy as np
import pytest

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, Input, Layer, MaxPool, Network, Thermometer, Thresholds
from xnorflow.sim.verify import verify

CLASSES = 4


def network_of(rule: Input, *layers: tuple) -> Network:
    """Random weights in layers that are given as (mh, kernel, stride, padding, pad), a pool as (kernel, stride)."""
    rng = np.random.default_rng(seed=5)
    made: list[Layer] = []
    tensor = rule.output
    for layer in layers:
        if len(layer) == 2:
            made.append(MaxPool(*layer))
        elif len(layer) == 1:
            made.append(
                Dense(
                    rng.integers(0, 2, (layer[0], tensor.size)),
                    Thresholds(thresholds(rng, layer[0], tensor, tensor.size)),
                )
            )
        else:
            mh, kernel, stride, padding, pad = layer
            shape = (mh, *kernel, tensor.shape[2])
            levels = thresholds(rng, mh, tensor, int(np.prod(shape[1:])))
            made.append(Conv2d(rng.integers(0, 2, shape), Thresholds(levels), stride, padding, pad))
        tensor = made[-1].output(tensor)
    scores = Dense(rng.integers(0, 2, (CLASSES, tensor.size)), Bias(rng.integers(-4, 5, CLASSES)))
    return Network("conv", rule, (*made, scores))


def thresholds(rng, mh, tensor, mw):
    """Near the middle, so that outputs vary."""
    middle, spread = (mw + 1) // 2, max(1, mw // 8)
    if tensor.width > 1:
        low, high = tensor.span
        middle, spread = 0, mw * (high - low) // 8
    return rng.integers(middle - spread, middle + spread + 1, mh)


BITS = Thermometer((8, 8), (128,))
CASES = {
    "plain": (BITS, [(4, (3, 3), (1, 1), (0, 0), 0)], [(2, 3), (1, 8)], ICE40),
    "two and a pool": (
        BITS,
        [(8, (3, 3), (1, 1), (1, 1), 0), ((2, 2), (2, 2)), (6, (3, 3), (1, 1), (0, 0), 0), (10,)],
        [(2, 9), (3, 4), (5, 6), (2, 5)],
        ICE40,
    ),
    "strides and padding of ones": (
        Thermometer((9, 7), (60, 120)),
        [(5, (3, 2), (2, 1), (1, 1), 1), (7, (2, 3), (1, 2), (0, 2), 1)],
        [(2, 2), (4, 5), (1, 9)],
        ECP5,
    ),
    "kernel as large as the image": (
        Thermometer((5, 5), (9,)),
        [(6, (5, 5), (1, 1), (0, 0), 0)],
        [(4, 7), (4, 6)],
        ICE40,
    ),
    "one pixel wide": (Thermometer((12, 1), (99,)), [(4, (3, 1), (1, 1), (0, 0), 0)], [(4, 3), (1, 4)], ICE40),
    "integers": (
        Affine((6, 6, 3), 256, -255 * 128, 255, 8, signed=True),
        [(8, (3, 3), (1, 1), (0, 0), 0), ((2, 2), (2, 2)), (9,)],
        [(4, 3), (3, 4), (4, 9)],
        ECP5,
    ),
    "narrow integers, padded": (
        Affine((6, 5), 1, 3, 17, 4, signed=False),
        [(5, (3, 3), (1, 1), (1, 1), 2), (3, (2, 2), (2, 2), (0, 0), 0)],
        [(2, 2), (3, 10), (1, 5)],
        ICE40,
    ),
    "integers without a convolution": (Affine((4, 4), 1, -99, 3, 6, signed=True), [(9,)], [(2, 5), (3, 3)], ICE40),
    "padded neurons before dense": (
        Thermometer((6, 6), (99,)),
        [(5, (3, 3), (1, 1), (0, 0), 0), (8,)],
        [(3, 3), (4, 9), (2, 2)],
        ECP5,
    ),
    "overlapping pool": (BITS, [(4, (3, 3), (1, 1), (0, 0), 0), ((3, 2), (1, 2))], [(2, 9), (1, 4)], ICE40),
}


@pytest.mark.parametrize("case", CASES)
def test_convolutions_equal_golden_at_their_interval(case: str, tmp_path: Path) -> None:
    rule, layers, foldings, family = CASES[case]
    network = network_of(rule, *layers)
    accelerator = Accelerator(network, tuple(Folding(*pair) for pair in foldings), scores=True, family=family)
    images = np.random.default_rng(seed=1).integers(0, 256, (12, *rule.shape), np.uint8)
    report = verify(accelerator, images, simulator="icarus", workdir=tmp_path)
    assert report.mismatches == 0
    assert report.interval_measured == accelerator.interval
