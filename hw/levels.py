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
from .matches import count_offset

__all__ = ["RawSums", "accumulator", "element_shape", "gain", "levels", "raw_sums", "signed_for"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class RawSums:
    """What the sums of a product stand for that start from nothing: ``dot = scale * sum + origin``.

    Parameters
    ----------
    scale, origin : :class:`int`
        Of bits a match adds 2 to the dot product.
    shape : :class:`~amaranth.hdl.Shape`
        Signed shape of a sum.
    """

    scale: int
    origin: int
    shape: Shape

    def least(self, dots: Integers) -> Integers:
        """The smallest sum whose dot product is at least this."""
        return -((self.origin - dots) // self.scale)


def raw_sums(tensor: Tensor, mw: int, simd: int) -> RawSums:
    """Sums of ``mw`` elements of such a tensor, ``simd`` of them counted at a time."""
    if tensor.element is not Element.BIT:
        limit = mw * tensor.magnitude
        return RawSums(1, 0, signed_for(-limit, limit))
    missing = count_offset(simd) * -(-mw // simd)
    return RawSums(2, 2 * missing - mw, signed_for(-missing, mw - missing))


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
    return signed_for(low, high)


def signed_for(low: int, high: int) -> Shape:
    """Signed shape of all integers in ``low..high``, and of 0."""
    return signed(max((~min(low, -1)).bit_length(), max(high, 0).bit_length()) + 1)


def element_shape(tensor: Tensor) -> Shape:
    """Shape of an element of a stream."""
    return Shape(tensor.width, signed=tensor.element is Element.INT)
