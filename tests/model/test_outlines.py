"""Layers without numbers: they chain as the layers do, and say so when they do not."""

import numpy as np
import pytest

from xnorflow.model.ir import ZERO, Affine, Conv2d, Dense, Element, MaxPool, SumPool, Tensor, Thermometer
from xnorflow.model.outlines import Block, Filters, Neurons, chain, describe
from xnorflow.model.random_networks import random_layer

IMAGE = Thermometer((8, 6), (128,)).output


def test_each_plan_is_told_its_input():
    outlines = (Filters(4, (3, 2), (2, 1), (1, 0)), MaxPool(), Neurons(5))
    inputs = [IMAGE, Tensor((4, 5, 4)), Tensor((2, 2, 4)), Tensor((5,))]
    assert list(chain(outlines, IMAGE)) == list(zip((*outlines, None), inputs, strict=True))


@pytest.mark.parametrize(
    ("outline", "text"),
    [
        *((Neurons(64), "64"), (Filters(16), "16C3"), (Filters(8, (1, 5)), "8C1x5"), (MaxPool(), "P2")),
        *((Neurons(64, bits=2), "64a2"), (Filters(16, bits=3), "16C3a3"), (SumPool((4, 4)), "S4")),
        (Block((Filters(4, padding=(1, 1)), Filters(4, padding=(1, 1), pad=ZERO, bits=2))), "(4C3-4C3a2)"),
    ],
)
def test_plans_are_described_as_papers_do(outline, text):
    assert describe(outline) == text


@pytest.mark.parametrize("tensor", [IMAGE, Affine((8, 6)).output, Tensor((8, 6, 1), Element.INT, 4)])
@pytest.mark.parametrize("outline", [Neurons(300), Filters(300, padding=(2, 1), pad=1)])
def test_random_layers_have_the_plans_shape_and_varied_thresholds(outline, tensor):
    layer = random_layer(outline, tensor, np.random.default_rng(seed=0))
    assert type(layer) is (Dense if isinstance(outline, Neurons) else Conv2d)
    assert layer.weights.shape == outline.shape(tensor)
    # They are in range, or this would raise, and lie on both sides of the middle.
    layer.output(tensor)
    middle = (layer.mw + 1) / 2 if tensor.element is Element.BIT else 0
    assert 0.25 < (layer.ending.thresholds > middle).mean() < 0.75
    assert 0.25 < (layer.ending.thresholds < middle).mean() < 0.75
    assert len(np.unique(layer.ending.thresholds)) > 3


@pytest.mark.parametrize(
    ("outlines", "message"),
    [
        ((Neurons(4), Filters(3)), r"Filters must get an image, not shape \(4,\)"),
        ((Neurons(4), MaxPool()), r"takes an image, but gets bit of shape \(4,\)"),
        ((Filters(3, (7, 7)),), r"kernel must fit the padded image, 8x6, not be 7x7"),
        ((Filters(3, pad=2),), r"pad must be in 0..1, not 2"),
        ((Block((Filters(1),)),), r"a Block must give the shape that it gets, \(8, 6, 1\), not \(6, 4, 1\)"),
    ],
)
def test_plans_that_do_not_chain_are_refused(outlines, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        list(chain(outlines, IMAGE))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Block(()), "a Block must have layers, not none"),
        (lambda: Neurons(3, bits=0), "bits must be in 1..4, not 0"),
        (lambda: Filters(3, bits=5), "bits must be in 1..4, not 5"),
    ],
)
def test_plans_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()
