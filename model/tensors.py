"""Types of the values between two layers."""

import enum
import math
from dataclasses import dataclass

__all__ = ["Element", "Tensor"]


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
    """

    shape: tuple[int, ...]
    element: Element = Element.BIT
    width: int = 1

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
        if self.element is Element.BIT:
            return -1, 1
        if self.element is Element.UINT:
            return 0, (1 << self.width) - 1
        return -(1 << self.width - 1), (1 << self.width - 1) - 1

    @property
    def magnitude(self) -> int:
        """Largest magnitude of an element."""
        return max(map(abs, self.span))
