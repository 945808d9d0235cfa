"""Where sums start: so that their sign is the bit, or they are the score, and they never overflow."""

import itertools

import numpy as np
import pytest
from amaranth.hdl import signed, unsigned

from xnorflow.hw.levels import accumulator, element_shape, gain, levels
from xnorflow.model.ir import Bias, Dense, Element, Tensor, Thresholds

BITS = Tensor((3,))
PIXELS = Tensor((3,), Element.UINT, 2)
SIGNED = Tensor((3,), Element.INT, 3)


def vectors(tensor):
    """Every input there is."""
    low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
    return np.array(list(itertools.product(range(low, high + 1), repeat=3)))


def dots(layer, tensor, inputs):
    values = 2 * inputs - 1 if tensor.element is Element.BIT else inputs
    return values @ (2 * layer.weights.astype(int) - 1).T


def sums(layer, tensor, inputs):
    """What a row adds up: the level, and the gain for each match or unit of the dot product."""
    found = dots(layer, tensor, inputs)
    counts = (found + layer.mw) // 2 if tensor.element is Element.BIT else found
    return levels(layer, tensor) + gain(layer, tensor) * counts


@pytest.mark.parametrize("tensor", [BITS, PIXELS, SIGNED], ids=["bits", "unsigned", "signed"])
def test_the_sign_of_a_sum_is_the_bit(tensor):
    weights = np.array([[1, 0, 1]] * 5)
    limit = 3 * max(map(abs, tensor.span))
    thresholds = [0, 1, 2, 3, 4] if tensor.element is Element.BIT else [-limit, -1, 0, limit, limit + 1]
    layer, inputs = Dense(weights, Thresholds(thresholds)), vectors(tensor)
    found = dots(layer, tensor, inputs)
    counts = (found + 3) // 2 if tensor.element is Element.BIT else found
    assert ((sums(layer, tensor, inputs) >= 0) == (counts >= layer.ending.thresholds)).all()


@pytest.mark.parametrize("tensor", [BITS, PIXELS, SIGNED], ids=["bits", "unsigned", "signed"])
def test_the_sum_is_the_score(tensor):
    layer, inputs = Dense([[1, 0, 1], [0, 0, 0], [1, 1, 1]], Bias([5, -7, 0])), vectors(tensor)
    assert (sums(layer, tensor, inputs) == dots(layer, tensor, inputs) + layer.ending.bias).all()


@pytest.mark.parametrize("tensor", [BITS, PIXELS, SIGNED], ids=["bits", "unsigned", "signed"])
@pytest.mark.parametrize(
    "layer", [Dense([[1, 0, 1]], Thresholds([2])), Dense([[1, 0, 1], [0, 0, 0]], Bias([2, -3]))], ids=["bit", "score"]
)
def test_the_accumulator_holds_every_sum(layer, tensor):
    found = sums(layer, tensor, vectors(tensor))
    for any_levels in (False, True):
        shape = accumulator(layer, tensor, any_levels=any_levels)
        low, high = -(1 << shape.width - 1), (1 << shape.width - 1) - 1
        assert shape.signed
        assert low <= found.min()
        assert found.max() <= high
    assert accumulator(layer, tensor, any_levels=True).width >= accumulator(layer, tensor).width


def test_a_bias_beyond_the_dot_products_has_no_place_in_a_reweightable_design():
    with pytest.raises(ValueError, match=r"^biases of a reweightable design must be in -3\.\.3, not 4$"):
        accumulator(Dense([[1, 0, 1]], Bias([4])), BITS, any_levels=True)


@pytest.mark.parametrize(("tensor", "shape"), [(BITS, unsigned(1)), (PIXELS, unsigned(2)), (SIGNED, signed(3))])
def test_shape_of_an_element(tensor, shape):
    assert element_shape(tensor) == shape
