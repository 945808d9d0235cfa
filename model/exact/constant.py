"""Constants of a file, and exact arithmetic on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .node import LARGEST_TENSOR, Array, Node
from .surd import Surd

__all__ = ["LARGEST_PALETTE", "Constant", "combine", "constant_of", "objects", "only", "scalar"]

LARGEST_PALETTE = 1 << 16


@dataclass(frozen=True, eq=False)
class Constant:
    """An array as indices into the values that occur in it, so that exact arithmetic meets each value once.

    Parameters
    ----------
    palette : array
        The values: numbers as in the file, or objects of :class:`Surd`.
    index : array of ``int64``
        For each element its place in the palette.
    rounded : :class:`str`
        Operator that made the numbers in ``float32``, as a runtime does, so that only rounding or a comparison may
        follow; empty where they are exact.
    """

    palette: NDArray[Any]
    index: NDArray[np.int64]
    rounded: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.index.shape

    def number(self, place: int) -> Surd:
        """A value of the palette as an exact number."""
        value = self.palette[place]
        return value if isinstance(value, Surd) else Surd(Fraction(value.item()))

    def values(self, node: Node) -> list[Surd]:
        """The palette as exact numbers."""
        if len(self.palette) > LARGEST_PALETTE:
            raise node.error(
                f"needs arithmetic on {len(self.palette)} different constants; fold them before the export"
            )
        if self.palette.dtype == object:
            return list(self.palette)
        return [Surd(Fraction(value)) for value in self.palette.tolist()]

    def integers(self, node: Node) -> tuple[int, ...]:
        """The elements as integers, of which there may be a few only."""
        if self.index.size > 64:
            raise node.error(f"takes a few integers, not {self.index.size}")
        values = self.values(node)
        numbers = [values[place].rational for place in self.index.ravel().tolist()]
        if not all(number.denominator == 1 for number in numbers):
            raise node.error(f"takes integers, not {', '.join(map(str, numbers[:5]))}")
        return tuple(int(number) for number in numbers)

    def map(self, node: Node, function: Callable[[Surd], Surd]) -> "Constant":
        """The same array with a function of each element."""
        return replace(self, palette=objects([function(value) for value in self.values(node)]))

    def reshape(self, shape: tuple[int, ...]) -> "Constant":
        """The same elements in another shape."""
        return replace(self, index=self.index.reshape(shape))


def combine(node: Node, constants: Sequence[Constant]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """The places that occur together in constants that are broadcast as ONNX does, and the array of these."""
    try:
        shape = np.broadcast_shapes(*(entry.shape for entry in constants))
    except ValueError:
        shapes = " and ".join(str(entry.shape) for entry in constants)
        raise node.error(f"cannot combine shapes {shapes}; export again") from None
    if int(np.prod(np.array(shape, object))) > LARGEST_TENSOR:
        raise node.error(f"must have at most {LARGEST_TENSOR} elements, not shape {shape}")
    first, *others = constants
    codes, places = np.broadcast_to(first.index, shape), [np.arange(len(first.palette))]
    for entry in others:
        pairs, codes = np.unique(codes * len(entry.palette) + entry.index, return_inverse=True)
        codes = codes.reshape(shape)
        before, last = np.divmod(pairs, len(entry.palette))
        places = [*(part[before] for part in places), last]
    return places, codes


def constant_of(array: Array) -> Constant:
    """A constant from an array of the file."""
    palette, index = np.unique(array, return_inverse=True)
    return Constant(palette, np.asarray(index, np.int64).reshape(array.shape))


def scalar(value: float | Fraction | Surd) -> Constant:
    """A constant of no dimensions."""
    number = value if isinstance(value, Surd) else Surd(Fraction(value))
    return Constant(objects([number]), np.zeros((), np.int64))


def only(node: Node, constant: Constant) -> Fraction:
    """The number that all elements are."""
    values = constant.values(node)
    if len(values) != 1:
        raise node.error(f"takes one number for all elements, not {len(values)}; export per tensor")
    return values[0].rational


def objects(values: list[Surd]) -> NDArray[Any]:
    """A palette of exact numbers."""
    palette = np.empty(len(values), object)
    palette[:] = values
    return palette
