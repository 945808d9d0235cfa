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
def accumulator(layer: Matrix, tensor: Tensor, *, any_levels: bool = False) -> Shape:
    """Signed shape of the sums; of those with any levels that such a layer may have, where that is asked for.

    Raises
    ------
    ValueError
        When any levels are asked for, and a bias is beyond the largest dot product.
    """
    limit = layer.mw * tensor.magnitude
    starts = _extremes(layer, tensor, limit) if any_levels else levels(layer, tensor)
    least, most = (0, gain(layer, tensor) * layer.mw) if tensor.element is Element.BIT else (-limit, limit)
    low, high = min(0, int(starts.min())) + least, max(0, int(starts.max())) + most
    return signed(max((~low).bit_length(), high.bit_length()) + 1)


def element_shape(tensor: Tensor) -> Shape:
    """Shape of an element of a stream."""
    return Shape(tensor.width, signed=tensor.element is Element.INT)


def _extremes(layer: Matrix, tensor: Tensor, limit: int) -> NDArray[np.int64]:
    """Least and greatest level of any layer of this shape; a bias beyond the dot product leaves it no say."""
    if isinstance(layer, Scores):
        most = int(np.abs(layer.bias).max())
        if most > limit:
            raise ValueError(f"biases of a reweightable design must be in -{limit}..{limit}, not {most}")
        return np.array([-limit, limit]) - (layer.mw if tensor.element is Element.BIT else 0)
    return np.array([-(limit + 1), 0 if tensor.element is Element.BIT else limit])
