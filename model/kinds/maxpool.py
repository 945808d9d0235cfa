"""Max-pooling."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..numbers import pair
from ..tensors import Element, Tensor
from .kind import Integers
from .windows import view_windows, window_counts

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

    kernel: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)

    windowed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("kernel", "stride"):
            value = pair(name, getattr(self, name))
            if min(value) < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
            object.__setattr__(self, name, value)

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3 or tensor.element is not Element.BIT:
            raise ValueError(f"takes an image of bits, but gets {tensor.element.value} of shape {tensor.shape}")
        return Tensor((*window_counts(tensor, self.kernel, self.stride, (0, 0)), tensor.shape[2]))

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, (0, 0))
        return rows * columns * tensor.shape[2] * self.kernel[0] * self.kernel[1]

    def apply(self, _tensor: Tensor, values: Integers) -> Integers:
        """The result for bits of shape ``(count, *tensor.shape)``."""
        return np.asarray(view_windows(values, self.kernel, self.stride).max(axis=(-2, -1)))
