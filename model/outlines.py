"""Layers without numbers: what a network is before it is trained."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray
from .ir import ZERO, Conv2d, Dense, MaxPool, Pad, SumPool, Tensor, Thresholds
from .kinds.levels import MOST_LEVELS
from .numbers import Pair, integer, pair

__all__ = ["Block", "Filters", "Neurons", "Outline", "chain", "describe", "output_of", "weighted"]


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
    pad : :class:`int` or ``"zero"``
        Value of the padding, as of the layer.
    bits : :class:`int`
        Bits of an activation, as of :class:`Neurons`.
    """

    count: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pad: Pad = 0
    bits: int = 1

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "padding"):
            object.__setattr__(self, name, pair(name, getattr(self, name)))
        object.__setattr__(self, "count", integer("count", self.count))
        if self.pad != ZERO:
            object.__setattr__(self, "pad", integer("pad", self.pad))
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


@dataclass(frozen=True)
class Block:
    """A residual to be: layers, the last of which has what comes in added before its activation.

    Parameters
    ----------
    main : tuple of :class:`Filters`
        The layers, which together leave an image as it is in size and channels.
    """

    main: tuple[Filters, ...]

    def __post_init__(self) -> None:
        if not self.main:
            raise ValueError("a Block must have layers, not none")


Outline = Neurons | Filters | MaxPool | SumPool | Block
"""Pools have no numbers: they are their own outlines."""


def chain(outlines: Iterable[Outline], tensor: Tensor) -> Iterator[tuple[Outline | None, Tensor]]:
    """Each outline with the type of its input; at last None with the type of what the last one gives.

    Raises
    ------
    ValueError
        When the outlines do not chain.
    """
    for outline in outlines:
        yield outline, tensor
        tensor = output_of(outline, tensor)
    yield None, tensor


def output_of(outline: Outline, tensor: Tensor) -> Tensor:
    """Type of what an outline gives for an input of type ``tensor``; ValueError when it does not chain."""
    if isinstance(outline, MaxPool | SumPool):
        return outline.output(tensor)
    if isinstance(outline, Block):
        *_, (_, result) = chain(outline.main, tensor)
        if result.shape != tensor.shape:
            raise ValueError(f"a Block must give the shape that it gets, {tensor.shape}, not {result.shape}")
        return result
    blank, levels = np.zeros(outline.shape(tensor), np.uint8), (1 << outline.bits) - 1
    return outline.layer(blank, np.zeros((outline.count, levels), np.int64)).output(tensor)


def weighted(outline: Outline, tensor: Tensor) -> Iterator[tuple[Neurons | Filters, Tensor]]:
    """What has weights in an outline for an input of type ``tensor``, each with the type of its own input."""
    if isinstance(outline, Neurons | Filters):
        yield outline, tensor
    elif isinstance(outline, Block):
        for part, incoming in chain(outline.main, tensor):
            if part is not None:
                yield from weighted(part, incoming)


def describe(outline: Outline) -> str:
    """An outline in brief, as papers do: ``64`` neurons, ``16C3`` for 16 filters of 3x3, ``P2`` for a pool of 2x2.

    Activations of several bits are behind that, as in ``16C3a2``. ``S2`` is a sum of 2x2, and a block is in brackets.
    """
    if isinstance(outline, Block):
        return f"({'-'.join(map(describe, outline.main))})"
    if isinstance(outline, MaxPool | SumPool):
        return f"{'P' if isinstance(outline, MaxPool) else 'S'}{_times(outline.kernel)}"
    bits = f"a{outline.bits}" if outline.bits > 1 else ""
    return (
        f"{outline.count}{bits}" if isinstance(outline, Neurons) else f"{outline.count}C{_times(outline.kernel)}{bits}"
    )


def _times(kernel: Pair) -> str:
    return "x".join(map(str, kernel if kernel[0] != kernel[1] else kernel[:1]))
