"""Max-pooling."""

import functools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..tensors import Tensor
from .kind import Integers
from .windows import Pair, check_pool, window_counts, window_parts

__all__ = ["MaxPool"]


@dataclass(frozen=True)
class MaxPool:
    """Maximum of each window, channel by channel: on bits, whether one of them is 1.

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
            raise ValueError(f"takes an image, but gets {tensor.element.value} of shape {tensor.shape}")
        windows = window_counts(tensor, self.kernel, self.stride, (0, 0))
        return replace(tensor, shape=(*windows, tensor.shape[2]))

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, (0, 0))
        return rows * columns * tensor.shape[2] * self.kernel[0] * self.kernel[1]

    def apply(self, _tensor: Tensor, values: Integers) -> Integers:
        """The result for elements of shape ``(count, *tensor.shape)``: bits are in the order of what they stand for."""
        return functools.reduce(np.maximum, window_parts(values, self.kernel, self.stride))
