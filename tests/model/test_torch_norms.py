"""Torch's own batch norms among the exact modules, which compute in double precision in between; and rounded averages."""

import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from tests.model.test_levels import GREY, assert_equal_everywhere, conv, head, images, network
from xnorflow.model.training.export import export
from xnorflow.model.training.export_norm import check_averages
from xnorflow.model.training.layers import (
    Affine,
    BatchNorm2d,
    BinaryConv2d,
    Levels,
    Residual,
    Scores,
    Sign,
    StreamFlatten,
)

MODULES = {
    "bits, average, norm": lambda: (
        *(GREY, *conv(2, 4, activation=Sign()), nn.AvgPool2d(2, 1), nn.BatchNorm2d(4), Levels(), *head(36)),
    ),
    "average, product, norm": lambda: (
        *(GREY, *conv(2, 4, activation=Sign()), nn.AvgPool2d(2, 1), BinaryConv2d(4, 4, 2), nn.BatchNorm2d(4), Sign()),
        *head(16),
    ),
    "sum, average, norm": lambda: (
        *(GREY, *conv(2, 4, activation=Sign()), Residual(BinaryConv2d(4, 4, 1), shifts=(0, 1)), nn.AvgPool2d(2)),
        *(nn.BatchNorm2d(4), Sign(), *head(16)),
    ),
    "average of nine": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(3, 1), BatchNorm2d(4), Sign(), *head(16)),
    "average of six products": lambda: (GREY, BinaryConv2d(2, 4, 3), nn.AvgPool2d((3, 2), 1), BatchNorm2d(4), Levels(3), *head(24)),
    "average of nine, norm": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(3, 1), nn.BatchNorm2d(4), Levels(), *head(16)),
    "largest average of three": lambda: (
        *(GREY, *conv(2, 4), nn.AvgPool2d((1, 3), 1), nn.MaxPool2d(2), BatchNorm2d(4), Sign(), *head(8)),
    ),
    "levels of an average of nine": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(3, 1), Levels(2, 0.5), *head(16)),
    "norm of the scores": lambda: (GREY, *conv(2, 4), *head(64), nn.BatchNorm1d(3)),
    "norm of scores behind averages": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(2), *head(16), nn.BatchNorm1d(3)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_torch_equals_golden(name):
    for seed in range(3):
        module = network(*MODULES[name](), seed=seed)
        for norm in module:
            if type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d):
                norm.eps = 1e-5
        assert_equal_everywhere(module, images(module))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_signs_and_products_are_of_the_type_of_the_module(kind):
    module = network(*MODULES["average, product, norm"](), seed=0).to(kind)
    value = torch.tensor(images(module))
    for layer in module:
        value = layer(value)
        assert value.dtype == (torch.float64 if isinstance(layer, BatchNorm2d) else value.dtype)
        if isinstance(layer, Sign | BinaryConv2d | Scores):
            assert value.dtype == kind
    assert_equal_everywhere(module, images(module))


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            (Affine(shape=(6, 6)), nn.AvgPool2d(5), BatchNorm2d(1), Sign(), StreamFlatten(), Scores(1, 2)),
            "sumpool0: averages must be of a power of 2 numbers, for others are rounded, not of 25, unless they are of "
            "bits or levels",
        ),
        (
            (*(GREY, *conv(2, 4), nn.AvgPool2d((1, 3)), Residual(nn.Identity()), BatchNorm2d(4), Sign()), *head(16)),
            "add2: must not follow averages of 3 numbers, which torch rounds; put a batch norm and an activation between",
        ),
    ],
)
def test_averages_that_are_rounded(modules, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export(nn.Sequential(*modules).eval(), name="test")


def test_a_border_next_to_an_average_of_many():
    # Less than single precision tells above 1225 times a number of sums.
    border = Fraction(pow(1225, -1, 1 << 17), 1 << 17)
    message = (
        f"threshold1: averages of 1225 numbers are rounded to the wrong side of {float(border):g}; use another scale"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_averages("threshold1", 1225, [border])


def test_every_average_is_what_torch_rounds_to():
    sums = np.arange(-9, 10, 2)
    module = nn.AvgPool2d(3)
    windows = np.array([[1] * ((9 + total) // 2) + [-1] * ((9 - total) // 2) for total in sums], np.float32)
    found = module(torch.tensor(windows).reshape(-1, 1, 3, 3)).flatten()
    assert torch.equal(found, torch.tensor(sums, dtype=torch.float32) / 9)
