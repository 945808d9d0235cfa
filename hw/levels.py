"""Where a neuron's sum starts and how far it goes, so that its sign, or its value, is the result.

What ends a product decides both: ``model/kinds/endings.py`` has the endings, and this file what each means for the
hardware.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.hdl import Shape, signed
from numpy.typing import NDArray

from ..model.ir import Bias, Element, Matrix, Tensor, Thresholds

__all__ = ["accumulator", "element_shape", "gain", "levels"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Start:
    """What an ending means for the sums.

    Parameters
    ----------
    levels : callable
        Start of each neuron's sum, of shape ``(mh,)``, for an ending, ``mw``, and whether inputs are bits.
    extremes : callable
        Least and greatest start that any such ending may have, given the largest dot product too.
    gain : :class:`int`
        What a match of bits adds to the sum.
    """

    levels: Callable[[Any, int, bool], Integers]
    extremes: Callable[[Any, int, bool, int], Integers]
    gain: int


def _bias_extremes(ending: Bias, mw: int, bits: bool, limit: int) -> Integers:
    """A bias beyond the dot product leaves it no say."""
    most = int(np.abs(ending.bias).max())
    if most > limit:
        raise ValueError(f"biases of a reweightable design must be in -{limit}..{limit}, not {most}")
    return np.array([-limit, limit]) - (mw if bits else 0)


START = {
    # matches >= threshold is -threshold + matches >= 0, and likewise for dot products of integers.
    Thresholds: _Start(
        levels=lambda ending, _mw, _bits: -ending.thresholds,
        extremes=lambda _ending, _mw, bits, limit: np.array([-(limit + 1), 0 if bits else limit]),
        gain=1,
    ),
    # dot + bias is bias - mw + 2 * matches for bits.
    Bias: _Start(
        levels=lambda ending, mw, bits: ending.bias - mw if bits else ending.bias, extremes=_bias_extremes, gain=2
    ),
}


def levels(layer: Matrix, tensor: Tensor) -> Integers:
    """Start of each neuron's sum, of shape ``(mh,)``, for inputs as ``tensor`` has them."""
    return START[type(layer.ending)].levels(layer.ending, layer.mw, tensor.element is Element.BIT)


def gain(layer: Matrix, tensor: Tensor) -> int:
    """What a match, or a unit of the dot product, adds to the sum."""
    return START[type(layer.ending)].gain if tensor.element is Element.BIT else 1


@functools.lru_cache(maxsize=1 << 10)
def accumulator(layer: Matrix, tensor: Tensor, *, any_levels: bool = False) -> Shape:
    """Signed shape of the sums; of those with any levels that such a layer may have, where that is asked for.

    Raises
    ------
    ValueError
        When any levels are asked for, and a bias is beyond the largest dot product.
    """
    limit, bits = layer.mw * tensor.magnitude, tensor.element is Element.BIT
    extremes = START[type(layer.ending)].extremes
    starts = extremes(layer.ending, layer.mw, bits, limit) if any_levels else levels(layer, tensor)
    least, most = (0, gain(layer, tensor) * layer.mw) if bits else (-limit, limit)
    low, high = min(0, int(starts.min())) + least, max(0, int(starts.max())) + most
    return signed(max((~low).bit_length(), high.bit_length()) + 1)


def element_shape(tensor: Tensor) -> Shape:
    """Shape of an element of a stream."""
    return Shape(tensor.width, signed=tensor.element is Element.INT)
