"""Modules that cannot be, and networks that cannot be lowered, are refused in one line."""

import re

import pytest
import torch
from torch import nn

from tests.model.test_levels import GREY, block, conv, head
from xnorflow.model.training.export import export
from xnorflow.model.training.layers import (
    BatchNorm,
    BatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    Levels,
    Residual,
    Scores,
    Sign,
    StreamFlatten,
)


def refused(*modules):
    return nn.Sequential(GREY, *modules)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            refused(*conv(2, 4), Residual(block(4), block(4)), Levels()),
            "threshold3: one arm of a Residual must end in integers, not both in batch norms; "
            "their sum has no thresholds on integers",
        ),
        (
            refused(*conv(2, 4), Residual(block(4), shifts=(1, 0)), Levels()),
            "threshold2: an arm that ends in BatchNorm2d must be shifted by 0, not 1",
        ),
        (
            refused(*conv(2, 4), Residual(block(4), BinaryConv2d(4, 4, 1)), Levels()),
            "threshold3: what is added to BatchNorm2d must be bits or levels, of 16 values at most, "
            "not integers in -12..12",
        ),
        (
            refused(*conv(2, 4), Residual(block(4)), *head(64)),
            "threshold2: Residual with a BatchNorm2d at the end of an arm must be followed by Sign, not StreamFlatten",
        ),
        (
            refused(*conv(2, 4, padding=1, fill=0), Residual(nn.Sequential(*conv(4, 4, padding=1))), *head(144)),
            "conv2d1: fill of module 4.main.0 must be in 0..3, as what it gets, not -1; write BinaryConv2d(..., fill=0)",
        ),
        (
            refused(*conv(2, 4), nn.AvgPool2d(3), *head(4)),
            "scores2: must not follow averages of 9 numbers, which torch rounds; put a batch norm and an activation between",
        ),
        (
            refused(*conv(2, 4), nn.AvgPool2d((1, 3)), nn.AvgPool2d(2)),
            "sumpool2: must not follow averages of 3 numbers, which torch rounds; put a batch norm and an activation between",
        ),
        (refused(nn.AvgPool2d(2, padding=1)), "sumpool0: padding must be 0, not 1"),
        (refused(nn.AvgPool2d(2, ceil_mode=True)), "sumpool0: ceil_mode must be False, not True"),
        (refused(nn.AvgPool2d(2, divisor_override=3)), "sumpool0: divisor_override must be None, not 3"),
        (refused(nn.AdaptiveAvgPool2d(2)), "sumpool0: output_size must be 1, not 2"),
        (refused(StreamFlatten(), nn.AvgPool2d(2)), "sumpool0: takes an image, but gets shape (72,)"),
        (refused(*conv(2, 4), BatchNorm2d(4), *head(64)), "threshold1: BatchNorm2d must be followed by Sign, not StreamFlatten"),
        (refused(*conv(2, 4), BatchNorm2d(3), Sign()), "threshold1: BatchNorm2d must have 4 features, not 3"),
        (
            refused(*conv(2, 4), nn.Flatten(), Residual(BinaryLinear(64, 64)), BatchNorm(64), Sign()),
            "add2: both arms must flatten images in one order; put StreamFlatten in place of Flatten",
        ),
        (
            refused(*conv(2, 4), Residual(BinaryConv2d(4, 4, 1), nn.AvgPool2d(1)), Residual(nn.AvgPool2d(2), nn.MaxPool2d(2))),
            "add6: arms must be averages of equally many numbers, not of 4 and 1",
        ),
        (
            refused(*head(72), nn.BatchNorm1d(3)),
            "scores0: BatchNorm1d may round scores of classes 0 and 1 to either order; use BatchNorm, which is exact",
        ),
        (refused(*head(72), BatchNorm(4)), "scores0: BatchNorm must have 3 features, not 4"),
        (
            refused(StreamFlatten(), Scores(72, 3, rounded=False), BatchNorm(3)),
            "scores0: rounded must be True before BatchNorm, not False",
        ),
        (
            refused(nn.AvgPool2d(2), StreamFlatten(), Scores(18, 3, rounded=False)),
            "scores1: rounded must be True behind averages, not False",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_lowered_is_refused(module, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export(module.eval(), name="test")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Levels(1), "bits must be in 2..4, not 1"),
        (lambda: Levels(5), "bits must be in 2..4, not 5"),
        (lambda: Levels(2, 0.0), "scale must be in 0.000976562 to 256, not 0.0"),
        (lambda: Levels(2, float("nan")), "scale must be in 0.000976562 to 256, not nan"),
        (lambda: Residual(Sign(), shifts=(0, 17)), "shifts must be two numbers in 0..16, not (0, 17)"),
        (lambda: Residual(nn.MaxPool2d(2))(torch.zeros(1, 1, 4, 4)), "arms must give one shape, not (1, 1, 2, 2) and (1, 1, 4, 4)"),
        (lambda: BinaryConv2d(4, 4, 3, groups=3), "groups must divide channels and filters, 4 and 4, not be 3"),
        (lambda: BinaryConv2d(4, 4, 3, dilation=0), "dilation must be at least 1, not (0, 0)"),
        (lambda: BinaryConv2d(4, 4, 3, padding_mode="reflect"), "padding_mode must be constant or zeros, not 'reflect'"),
    ],
)  # fmt: skip
def test_modules_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()
