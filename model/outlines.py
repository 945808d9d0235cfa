"""Layers without numbers: what a network is before it is trained."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray
from .ir import Conv2d, Dense, Element, Layer, MaxPool, Tensor, Thresholds
from .kinds.levels import MOST_LEVELS
from .numbers import Pair, integer, pair

__all__ = ["Filters", "Neurons", "Outline", "chain", "describe", "random_layer"]


@dataclass(frozen=True)
class Neurons:
    """A :class:`xnorflow.model.ir.Dense` layer to be.

    Parameters
    ----------
    count : :class:`int`
        Neurons.
    bits : :class:`int`
        Bits of an activation, 1..4: a sign, or how many of ``2**bits - 1`` levels are reached.
    """

    count: int
    bits: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", integer("count", self.count))
        object.__setattr__(self, "bits", _bits(self.bits))

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Shape of the weights for an input of type ``tensor``."""
        return self.count, tensor.size

    def layer(self, weights: BitArray, thresholds: NDArray[np.int64]) -> Dense:
        """The layer with these numbers."""
        return Dense(weights, Thresholds(thresholds))


@dataclass(frozen=True)
class Filters:
    """A :class:`xnorflow.model.ir.Conv2d` layer to be.

    Parameters
    ----------
    count : :class:`int`
        Output channels.
    kernel, stride, padding : pairs of :class:`int`
        Rows and columns, as of the layer.
    pad : :class:`int`
        Value of the padding, as of the layer.
    bits : :class:`int`
        Bits of an activation, as of :class:`Neurons`.
    """

    count: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pad: int = 0
    bits: int = 1

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "padding"):
            object.__setattr__(self, name, pair(name, getattr(self, name)))
        for name in ("count", "pad"):
            object.__setattr__(self, name, integer(name, getattr(self, name)))
        object.__setattr__(self, "bits", _bits(self.bits))

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Shape of the weights for an input of type ``tensor``; ValueError when that is no image."""
        if len(tensor.shape) != 3:
            raise ValueError(f"Filters must get an image, not shape {tensor.shape}")
        return self.count, *self.kernel, tensor.shape[2]

    def layer(self, weights: BitArray, thresholds: NDArray[np.int64]) -> Conv2d:
        """The layer with these numbers."""
        return Conv2d(weights, Thresholds(thresholds), self.stride, self.padding, self.pad)


def _bits(given: object) -> int:
    """Bits of an activation; ValueError when there are more than the IR's levels have."""
    bits = integer("bits", given)
    if not 1 <= bits <= MOST_LEVELS.bit_length():
        raise ValueError(f"bits must be in 1..{MOST_LEVELS.bit_length()}, not {bits}")
    return bits


Outline = Neurons | Filters | MaxPool
"""A pool has no numbers: it is its own outline."""


def chain(outlines: Iterable[Outline], tensor: Tensor) -> Iterator[tuple[Outline | None, Tensor]]:
    """Each outline with the type of its input; at last None with the type of what the last one gives.

    Raises
    ------
    ValueError
        When the outlines do not chain.
    """
    for outline in outlines:
        yield outline, tensor
        if isinstance(outline, MaxPool):
            tensor = outline.output(tensor)
        else:
            blank = np.zeros(outline.shape(tensor), np.uint8)
            levels = (1 << outline.bits) - 1
            tensor = outline.layer(blank, np.zeros((outline.count, levels), np.int64)).output(tensor)
    yield None, tensor


def random_layer(outline: Outline, tensor: Tensor, rng: np.random.Generator) -> Layer:
    """An outline with random weights, and thresholds that leave its bits varied on random inputs of type ``tensor``."""
    if isinstance(outline, MaxPool):
        return outline
    shape = outline.shape(tensor)
    mw = math.prod(shape[1:])
    low, high = tensor.span
    if tensor.element is Element.BIT:
        # Matches of random bits spread by sqrt(mw) / 2 around mw / 2.
        centre, spread, range_ = (mw + 1) / 2, 0.5 * math.sqrt(mw), (0, mw + 1)
    else:
        # Dot products spread by the root of the sum of the squares.
        limit = mw * max(abs(low), abs(high))
        centre, spread, range_ = 0.5, math.sqrt(mw * np.square(np.arange(low, high + 1.0)).mean()), (-limit, limit + 1)
    thresholds = rng.normal(centre, spread / 2, (outline.count, 1))
    if outline.bits > 1:
        # Four spreads hold nearly all sums.
        thresholds = thresholds + spread * np.linspace(-2, 2, (1 << outline.bits) + 1)[1:-1]
    thresholds = thresholds.round().clip(*range_)
    return outline.layer(rng.integers(0, 2, shape, np.uint8), thresholds.astype(np.int64))


def describe(outline: Outline) -> str:
    """An outline in brief, as papers do: ``64`` neurons, ``16C3`` for 16 filters of 3x3, ``P2`` for a pool of 2x2.

    Activations of several bits are behind that: ``16C3a2``.
    """
    bits = f"a{outline.bits}" if not isinstance(outline, MaxPool) and outline.bits > 1 else ""
    if isinstance(outline, Neurons):
        return f"{outline.count}{bits}"
    kernel = "x".join(map(str, outline.kernel if outline.kernel[0] != outline.kernel[1] else outline.kernel[:1]))
    return f"P{kernel}" if isinstance(outline, MaxPool) else f"{outline.count}C{kernel}{bits}"
