"""Sums of windows: average pooling, but for a scale."""

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..tensors import Tensor, integers_in
from .kind import Integers
from .products import values_of
from .windows import Pair, check_pool, window_counts, window_parts

__all__ = ["SumPool"]


@dataclass(frozen=True)
class SumPool:
    """Sum of each window, channel by channel, of integers or of bits as ±1.

    Average pooling is this over the number of elements of a window, which thresholds and the choice of the largest
    absorb. A kernel as large as the image sums all of it.

    Parameters
    ----------
    kernel : pair of :class:`int`
        Rows and columns of a window, at least 1.
    stride : pair of :class:`int`
        Rows and columns from one window to the next, at least 1. Rows and columns that no window reaches are ignored.

    Raises
    ------
    TypeError
        When a number is not an integer; a single one is taken for rows and columns alike.
    ValueError
        When a number is below 1.
    """

    kernel: Pair = (2, 2)
    stride: Pair = (2, 2)

    windowed: ClassVar[bool] = True
    sources: ClassVar[tuple[int, ...]] = (1,)
    """How many tensors it may read."""

    def __post_init__(self) -> None:
        check_pool(self)

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3:
            raise ValueError(f"takes an image, but gets shape {tensor.shape}")
        area, (low, high) = self.kernel[0] * self.kernel[1], tensor.span
        shape = (*window_counts(tensor, self.kernel, self.stride, (0, 0)), tensor.shape[2])
        return integers_in(shape, area * low, area * high)

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, (0, 0))
        return rows * columns * tensor.shape[2] * self.kernel[0] * self.kernel[1]

    def apply(self, tensor: Tensor, values: Integers) -> NDArray[np.int64]:
        """The result for inputs of shape ``(count, *tensor.shape)``."""
        integers: Integers = values_of(tensor, values).astype(np.int64)
        return np.asarray(functools.reduce(np.add, window_parts(integers, self.kernel, self.stride)), np.int64)
