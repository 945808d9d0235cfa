"""Types of the values between two layers."""

import enum
import math
from dataclasses import dataclass

__all__ = ["LARGEST_WIDTH", "Element", "Tensor", "integers_in", "levels_of"]

LARGEST_WIDTH = 48
"""Bits of an integer between two layers, far above what fits."""


class Element(enum.Enum):
    """What one element of a tensor is: a bit that stands for ±1, or an integer."""

    BIT = "bit"
    UINT = "uint"
    INT = "int"


@dataclass(frozen=True)
class Tensor:
    """Type of the values between two layers.

    Parameters
    ----------
    shape : tuple of :class:`int`
        ``(n,)`` or ``(height, width, channels)``; the last axis is innermost in every stream.
    element : :class:`Element`
        Kind of the elements.
    width : :class:`int`
        Bits per element, 1 for :attr:`Element.BIT`.
    bounds : pair of :class:`int` or None
        Smallest and largest value that an element can have, where they are known better than by the width.
    """

    shape: tuple[int, ...]
    element: Element = Element.BIT
    width: int = 1
    bounds: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bits(self) -> int:
        """Number of bits."""
        return self.size * self.width

    @property
    def span(self) -> tuple[int, int]:
        """Smallest and largest value of an element; a bit stands for -1 or +1."""
        if self.bounds is not None:
            return self.bounds
        if self.element is Element.BIT:
            return -1, 1
        if self.element is Element.UINT:
            return 0, (1 << self.width) - 1
        return -(1 << self.width - 1), (1 << self.width - 1) - 1

    @property
    def magnitude(self) -> int:
        """Largest magnitude of an element."""
        return max(map(abs, self.span))

    @property
    def step(self) -> int:
        """What two neighbouring values differ by: 2 for bits, which stand for -1 and +1."""
        return 2 if self.element is Element.BIT else 1

    @property
    def values(self) -> int:
        """How many values an element can have."""
        low, high = self.span
        return (high - low) // self.step + 1


def integers_in(shape: tuple[int, ...], low: int, high: int) -> Tensor:
    """Type of signed integers in ``low..high``; ValueError when they are wider than any hardware."""
    width = max((~min(low, -1)).bit_length(), max(high, 0).bit_length()) + 1
    if width > LARGEST_WIDTH:
        raise ValueError(f"integers must fit {LARGEST_WIDTH} bits, not be in {low}..{high}")
    return Tensor(shape, Element.INT, width, (low, high))


def levels_of(shape: tuple[int, ...], count: int) -> Tensor:
    """Type of what ``count`` levels make: a bit for one, else how many are reached."""
    return Tensor(shape) if count == 1 else Tensor(shape, Element.UINT, count.bit_length(), (0, count))
