"""Depthwise, grouped and dilated convolutions, rows, and sums of windows, through the Verilog."""

from pathlib import Path

import numpy as np
import pytest

from tests.networks import windows_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.model.ir import (
    ZERO,
    Affine,
    Bias,
    MaxPool,
    SumPool,
    Thermometer,
    Thresholds,
)
from xnorflow.sim.verify import verify

BITS = Thermometer((6, 5), (60, 100, 140, 180))
PIXELS = Affine((6, 6, 4), 256, -255 * 128, 255, 4, signed=True)
PADDED = {"padding": (1, 1)}
LEVELS = Thresholds(np.sort(np.random.default_rng(seed=2).integers(14, 23, (6, 3))))
DOTS = Thresholds(np.random.default_rng(seed=3).integers(-3, 4, 6))
CLASSES = Bias([3, -2, 0, 1])

CASES = {
    "depthwise, then pointwise": (
        BITS,
        [(4, (3, 3), 4, PADDED), (6, (1, 1), 1, {}), (6, (3, 3), 6, {"stride": (2, 2), **PADDED}), (5, (1, 1), 1, {}), 4],
        [(2, 3), (3, 4), (3, 2), (2, 5), (2, 8)],
        ICE40,
    ),
    "multiplier of 2, nothing divided": (BITS, [(8, (3, 3), 4, {"pad": 1, **PADDED}), 4], [(3, 4), (1, 9)], ECP5),
    "depthwise on integers": (PIXELS, [(4, (3, 3), 4, {}), MaxPool(), 4], [(3, 1), (2, 5)], ECP5),
    "two groups, then four": (
        BITS, [(8, (3, 3), 2, PADDED), (8, (2, 2), 4, {"stride": (2, 2)}), 4], [(3, 2), (2, 4), (4, 7)], ICE40,
    ),
    "groups whose beats are filled up": (
        BITS, [(10, (3, 3), 2, {}), (6, (1, 1), 2, {}), 4], [(3, 3), (2, 5), (3, 4)], ECP5,
    ),
    "dilated by 2, then 3": (
        BITS,
        [(6, (3, 3), 1, {"dilation": (2, 2), "padding": (2, 2)}), (4, (2, 2), 1, {"dilation": (3, 3)}), 4],
        [(2, 4), (4, 12), (1, 4)],
        ICE40,
    ),
    "padding four ways": (
        BITS,
        [
            (5, (3, 3), 1, {"stride": (2, 2), "padding": (0, 0, 1, 1), "pad": 1}),
            (4, (3, 2), 1, {"padding": (2, 1, 0, 0), "pad": 0}),
            4,
        ],
        [(2, 4), (3, 5), (2, 6)],
        ECP5,
    ),
    "a row": (
        Thermometer((1, 30), (50, 150)),
        [
            (6, (1, 9), 1, {"stride": (1, 2), "padding": (0, 4)}),
            (6, (1, 5), 6, {"dilation": (1, 2)}),
            MaxPool((1, 2), (1, 2)),
            4,
        ],
        [(3, 2), (2, 5), (4, 9)],
        ICE40,
    ),
    "sums of windows": (BITS, [(6, (3, 3), 1, {}), SumPool((2, 2), (2, 2)), 4], [(4, 4), (2, 6)], ICE40),
    "sums of overlapping windows": (BITS, [(6, (2, 2), 1, {}), SumPool((3, 3), (1, 1)), 4], [(2, 4), (2, 6)], ECP5),
    "sums of the whole image, of pixels": (PIXELS, [SumPool((6, 6)), 4], [(4, 4)], ICE40),
    "maps of classes": (
        BITS, [(6, (3, 3), 1, {}), (4, (1, 1), 1, {"ending": CLASSES}), SumPool((4, 3))], [(4, 4), (3, 2)], ICE40,
    ),
    "maps of classes, grouped": (
        BITS, [(8, (3, 3), 4, PADDED), (4, (1, 1), 2, {"ending": CLASSES}), SumPool((6, 5))], [(2, 9), (1, 4)], ECP5,
    ),
    "depthwise on levels, zeros around": (
        BITS,
        [
            (6, (3, 3), 1, {"ending": LEVELS}),
            (6, (2, 2), 6, {}),
            (6, (3, 3), 6, {"pad": ZERO, "ending": DOTS, **PADDED}),
            4,
        ],
        [(4, 4), (4, 3), (2, 1), (1, 6)],
        ICE40,
    ),
    "largest of integers": (PIXELS, [MaxPool((2, 2), (2, 2)), MaxPool((2, 2), (1, 1)), 4], [(2, 4)], ECP5),
    "largest, padded": (
        PIXELS,
        [
            *(MaxPool((2, 2), (2, 2), (0, 0, 1, 1)), MaxPool((3, 3), (2, 2), (1, 1)), (5, (2, 2), 1, PADDED)),
            *(MaxPool((3, 2), (2, 1), (2, 1, 0, 0)), 4),
        ],
        [(2, 4), (2, 5)],
        ICE40,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_windows_of_all_kinds_equal_golden_at_their_interval(case: str, tmp_path: Path) -> None:
    rule, layers, foldings, family = CASES[case]
    network = windows_network(rule, *layers)
    accelerator = Accelerator(network, tuple(Folding(*pair) for pair in foldings), scores=True, family=family)
    images = np.random.default_rng(seed=1).integers(0, 256, (8, *rule.shape), np.uint8)
    report = verify(accelerator, images, simulator="icarus", workdir=tmp_path)
    assert report.mismatches == 0
    assert report.interval_measured == accelerator.interval
