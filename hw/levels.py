"""Where a neuron's sum starts and how far it goes, so that its sign, or its value, is the result."""

import functools

import numpy as np
from amaranth.hdl import Shape, signed
from numpy.typing import NDArray

from ..model.ir import Dense, Matrix

__all__ = ["accumulator", "gain", "levels"]


def levels(layer: Matrix) -> NDArray[np.int64]:
    """Start of each neuron's sum, of shape ``(mh,)``.

    ``matches >= threshold`` is ``-threshold + matches >= 0``, and
    ``dot + bias`` is ``bias - mw + 2 * matches``.
    """
    return -layer.thresholds if isinstance(layer, Dense) else layer.bias - layer.mw


def gain(layer: Matrix) -> int:
    """What a match adds to the sum."""
    return 1 if isinstance(layer, Dense) else 2


@functools.lru_cache(maxsize=1 << 10)
def accumulator(layer: Matrix) -> Shape:
    """Signed shape of the sums."""
    starts = levels(layer)
    low, high = min(0, int(starts.min())), max(0, int(starts.max())) + gain(layer) * layer.mw
    return signed(max((~low).bit_length(), high.bit_length()) + 1)
