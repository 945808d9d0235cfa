"""Sums of two tensors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..numbers import integers
from ..tensors import Tensor, integers_in
from .kind import Integers
from .products import values_of

__all__ = ["Add"]

LARGEST_SHIFT = 16


@dataclass(frozen=True)
class Add:
    """Element by element ``(left << shifts[0]) + (right << shifts[1])``, of integers or of bits as ±1.

    Parameters
    ----------
    shifts : pair of :class:`int`
        Bits to the left for each of the two, 0..16.

    Raises
    ------
    TypeError
        When a shift is not an integer.
    ValueError
        When there are not two, or one is out of its range.
    """

    shifts: tuple[int, int] = (0, 0)

    windowed: ClassVar[bool] = False
    sources: ClassVar[tuple[int, ...]] = (2,)
    """How many tensors it may read."""

    def __post_init__(self) -> None:
        shifts = integers("shifts", self.shifts)
        if len(shifts) != 2 or not all(0 <= shift <= LARGEST_SHIFT for shift in shifts):
            raise ValueError(f"shifts must be two numbers in 0..{LARGEST_SHIFT}, not {shifts!r}")
        object.__setattr__(self, "shifts", shifts)

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    def output(self, left: Tensor, right: Tensor) -> Tensor:
        """Type of the result for inputs of these types; ValueError when they do not fit each other."""
        if left.shape != right.shape:
            raise ValueError(f"takes two tensors of one shape, but gets {left.shape} and {right.shape}")
        low, high = (
            sum(tensor.span[end] << shift for tensor, shift in zip((left, right), self.shifts, strict=True))
            for end in (0, 1)
        )
        return integers_in(left.shape, low, high)

    def unfolded(self, left: Tensor) -> int:
        """Elements of an input."""
        return left.size

    def apply(self, left: Tensor, right: Tensor, first: Integers, second: Integers) -> NDArray[np.int64]:
        """The result for inputs of shape ``(count, *tensor.shape)``."""
        one, two = values_of(left, first).astype(np.int64), values_of(right, second).astype(np.int64)
        return (one << self.shifts[0]) + (two << self.shifts[1])
