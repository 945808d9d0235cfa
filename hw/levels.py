"""Where a neuron's sum starts and how far it goes, so that its sign, or its value, is the result."""

import functools

import numpy as np
from amaranth.hdl import Shape, signed
from numpy.typing import NDArray

from ..model.ir import Element, Matrix, Scores, Tensor

__all__ = ["accumulator", "element_shape", "gain", "levels"]


def levels(layer: Matrix, tensor: Tensor) -> NDArray[np.int64]:
    """Start of each neuron's sum, of shape ``(mh,)``, for inputs as ``tensor`` has them.

    ``matches >= threshold`` is ``-threshold + matches >= 0``, and likewise for dot products of integers;
    ``dot + bias`` is ``bias - mw + 2 * matches`` for bits.
    """
    if not isinstance(layer, Scores):
        return -layer.thresholds
    return layer.bias - layer.mw if tensor.element is Element.BIT else layer.bias


def gain(layer: Matrix, tensor: Tensor) -> int:
    """What a match, or a unit of the dot product, adds to the sum."""
    return 2 if isinstance(layer, Scores) and tensor.element is Element.BIT else 1


@functools.lru_cache(maxsize=1 << 10)
def accumulator(layer: Matrix, tensor: Tensor) -> Shape:
    """Signed shape of the sums."""
    starts = levels(layer, tensor)
    limit = layer.mw * max(map(abs, tensor.span))
    least, most = (0, gain(layer, tensor) * layer.mw) if tensor.element is Element.BIT else (-limit, limit)
    low, high = min(0, int(starts.min())) + least, max(0, int(starts.max())) + most
    return signed(max((~low).bit_length(), high.bit_length()) + 1)


def element_shape(tensor: Tensor) -> Shape:
    """Shape of an element of a stream."""
    return Shape(tensor.width, signed=tensor.element is Element.INT)
