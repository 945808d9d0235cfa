"""Max-pooling."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..tensors import Element, Tensor
from .kind import Integers
from .windows import (
    Borders,
    Padding,
    Pair,
    borders_of,
    check_padding,
    check_pool,
    padded_size,
    padding_of,
    view_windows,
    window_counts,
)

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
    padding : pair of :class:`int`, or four
        Rows above and below, and columns left and right, less than the kernel; or rows above, columns left, rows below
        and columns right, where those differ. What is padded is never larger than anything of the image.

    Raises
    ------
    TypeError
        When a number is not an integer; a single one is taken for rows and columns alike.
    ValueError
        When a number is out of its range.
    """

    kernel: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: Padding = (0, 0)

    windowed: ClassVar[bool] = True
    sources: ClassVar[tuple[int, ...]] = (1,)
    """How many tensors it may read."""

    def __post_init__(self) -> None:
        check_pool(self)
        object.__setattr__(self, "padding", padding_of(self.padding))
        check_padding(self.padding, self.kernel)

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    @property
    def borders(self) -> Borders:
        """Padding above, left, below and right."""
        return borders_of(self.padding)

    def filled(self, tensor: Tensor) -> "MaxPool":
        """The same with last windows that hang over such an image, where they begin before the padding behind it.

        This is what is called ``ceil_mode`` elsewhere.

        >>> MaxPool((2, 2), (2, 2)).filled(Tensor((5, 6, 1))).padding
        (0, 0, 1, 0)
        """
        padding = list(self.borders)
        for axis in (0, 1):
            taps, step, end = self.kernel[axis], self.stride[axis], padding[axis] + tensor.shape[axis]
            # The last place where a window begins.
            last = min(-(-(end + padding[axis + 2] - taps) // step), (end - 1) // step) * step
            padding[axis + 2] = max(padding[axis + 2], last + taps - end)
        return replace(self, padding=(padding[0], padding[1], padding[2], padding[3]))

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3:
            raise ValueError(f"takes an image, but gets {tensor.element.value} of shape {tensor.shape}")
        windows = window_counts(tensor, self.kernel, self.stride, self.padding)
        return replace(tensor, shape=(*windows, tensor.shape[2]))

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together, or of the padded image where it has more."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, self.padding)
        elements = rows * columns * self.kernel[0] * self.kernel[1]
        height, width = padded_size(tensor, self.padding) if any(self.borders) else (0, 0)
        return max(elements, height * width) * tensor.shape[2]

    def apply(self, tensor: Tensor, values: Integers) -> Integers:
        """The result for elements of shape ``(count, *tensor.shape)``: bits are in the order of what they stand for."""
        if any(self.borders):
            above, left, below, right = self.borders
            border = ((0, 0), (above, below), (left, right), (0, 0))
            values = np.pad(values, border, constant_values=0 if tensor.element is Element.BIT else tensor.span[0])
        return np.asarray(view_windows(values, self.kernel, self.stride).max(axis=(-2, -1)))
