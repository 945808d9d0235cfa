"""Depthwise, grouped and dilated convolutions, rows, and sums of windows, through the Verilog."""

from pathlib import Path

import numpy as np
import pytest

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.model.ir import (
    Affine,
    Bias,
    Conv2d,
    Dense,
    Element,
    Input,
    MaxPool,
    Network,
    SumPool,
    Thermometer,
    Thresholds,
)
from xnorflow.sim.verify import verify


def network_of(rule: Input, *layers: object, classes: int = 4) -> Network:
    """Random weights in convolutions that are given as (mh, kernel, groups, further parameters), then scores."""
    rng = np.random.default_rng(seed=5)
    made, tensor = [], rule.output
    for layer in layers:
        if isinstance(layer, tuple):
            mh, kernel, groups, parameters = layer
            weights = rng.integers(0, 2, (mh, *kernel, tensor.shape[2] // groups))
            made.append(Conv2d(weights, thresholds(rng, mh, tensor, weights[0].size), groups=groups, **parameters))
        else:
            made.append(layer)
        tensor = made[-1].output(tensor)
    scores = Dense(rng.integers(0, 2, (classes, tensor.size)), Bias(rng.integers(-4, 5, classes)))
    return Network("windows", rule, (*made, scores))


def thresholds(rng, mh, tensor, mw):
    """Near the middle, so that outputs vary."""
    middle, spread = (mw + 1) // 2, max(1, mw // 8)
    if tensor.element is not Element.BIT:
        middle, spread = 0, mw * tensor.magnitude // 8
    return Thresholds(rng.integers(middle - spread, middle + spread + 1, mh))


BITS = Thermometer((8, 7), (60, 100, 140, 180))
PIXELS = Affine((6, 6, 4), 256, -255 * 128, 255, 4, signed=True)
PADDED = {"padding": (1, 1)}

CASES = {
    "depthwise, then pointwise": (
        BITS,
        [(4, (3, 3), 4, PADDED), (8, (1, 1), 1, {}), (8, (3, 3), 8, {"stride": (2, 2), **PADDED}), (5, (1, 1), 1, {})],
        [(2, 3), (3, 4), (3, 2), (2, 5), (2, 8)],
        ICE40,
    ),
    "multiplier of 2, nothing divided": (BITS, [(8, (3, 3), 4, {"pad": 1, **PADDED})], [(3, 4), (1, 9)], ECP5),
    "depthwise on integers": (PIXELS, [(4, (3, 3), 4, {}), MaxPool()], [(3, 1), (2, 5)], ECP5),
    "two groups, then four": (
        BITS,
        [(12, (3, 3), 2, PADDED), (8, (2, 2), 4, {"stride": (2, 2)})],
        [(4, 2), (2, 4), (4, 7)],
        ICE40,
    ),
    "groups whose beats are filled up": (
        BITS,
        [(10, (3, 3), 2, {}), (6, (1, 1), 2, {})],
        [(3, 3), (2, 5), (3, 4)],
        ECP5,
    ),
    "dilated by 2, then 3": (
        BITS,
        [(6, (3, 3), 1, {"dilation": (2, 2), "padding": (2, 2)}), (4, (2, 2), 1, {"dilation": (3, 3)})],
        [(2, 4), (4, 12), (1, 4)],
        ICE40,
    ),
    "a row": (
        Thermometer((1, 40), (50, 150)),
        [
            (6, (1, 9), 1, {"stride": (1, 2), "padding": (0, 4)}),
            (6, (1, 5), 6, {"dilation": (1, 2)}),
            MaxPool((1, 2), (1, 2)),
        ],
        [(3, 2), (2, 5), (4, 9)],
        ICE40,
    ),
    "sums of windows": (BITS, [(6, (3, 3), 1, {}), SumPool((2, 2), (2, 2))], [(4, 4), (2, 6)], ICE40),
    "sums of overlapping windows": (BITS, [(6, (2, 2), 1, {}), SumPool((3, 3), (1, 1))], [(2, 4), (2, 6)], ECP5),
    "sums of the whole image, of pixels": (PIXELS, [SumPool((6, 6))], [(4, 4)], ICE40),
    "largest of integers": (PIXELS, [MaxPool((2, 2), (2, 2)), MaxPool((2, 2), (1, 1))], [(2, 4)], ECP5),
}


@pytest.mark.parametrize("case", CASES)
def test_windows_of_all_kinds_equal_golden_at_their_interval(case: str, tmp_path: Path) -> None:
    rule, layers, foldings, family = CASES[case]
    network = network_of(rule, *layers)
    accelerator = Accelerator(network, tuple(Folding(*pair) for pair in foldings), scores=True, family=family)
    images = np.random.default_rng(seed=1).integers(0, 256, (12, *rule.shape), np.uint8)
    report = verify(accelerator, images, simulator="icarus", workdir=tmp_path)
    assert report.mismatches == 0
    assert report.interval_measured == accelerator.interval
