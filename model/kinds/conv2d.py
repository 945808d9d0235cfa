"""Convolutions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..arrays import bit_array, freeze
from ..bits import BitArray
from ..numbers import integer, pair
from ..tensors import Element, Tensor
from .endings import Ending
from .kind import Integers
from .products import check_ending, finish, values_of
from .windows import times, view_windows, window_counts

__all__ = ["Conv2d"]

LARGEST_KERNEL = 7


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution: a :class:`Dense` layer on each window of the image.

    A window is read row by row, each row pixel by pixel, each pixel channel by channel.

    Parameters
    ----------
    weights : array of shape ``(mh, kernel height, kernel width, channels)``
        Bits: 1 stands for +1, 0 for -1. Kernels are 1..7 in each direction.
    ending : :class:`Thresholds` or :class:`Bias`
        As for :class:`Dense`.
    stride : pair of :class:`int`
        Rows and columns from one window to the next, at least 1. Rows and columns that no window reaches are ignored.
    padding : pair of :class:`int`
        Rows above and below, and columns left and right, less than the kernel.
    pad : :class:`int`
        Value of the padding: a bit, or an integer of the input's range.

    Raises
    ------
    TypeError
        When a number is not an integer; a single one is taken for rows and columns alike. When the ending is none.
    ValueError
        When a shape or a number is out of its range; a threshold or the padding's value, when the layer gets its place.
    """

    weights: BitArray
    ending: Ending
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pad: int = 0

    windowed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 4, "neurons by kernel rows by kernel columns by channels"))
        check_ending(self.ending, self.mh)
        for name in ("stride", "padding"):
            object.__setattr__(self, name, pair(name, getattr(self, name)))
        object.__setattr__(self, "pad", integer("pad", self.pad))
        if max(self.kernel) > LARGEST_KERNEL:
            raise ValueError(f"kernel must be 1..{LARGEST_KERNEL} in each direction, not {times(self.kernel)}")
        if min(self.stride) < 1:
            raise ValueError(f"stride must be at least 1, not {self.stride!r}")
        if not all(0 <= size < kernel for size, kernel in zip(self.padding, self.kernel, strict=True)):
            raise ValueError(
                f"padding must be at least 0 and less than the kernel, {times(self.kernel)}, not {self.padding!r}"
            )

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of a window."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return int(self.weights.shape[3])

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``, in the order of the window."""
        return self.weights.reshape(self.mh, self.mw)

    @property
    def mh(self) -> int:
        """Matrix height: output channels."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each output channel."""
        return int(self.weights[0].size)

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3 or tensor.shape[2] != self.channels:
            raise ValueError(f"takes images of {self.channels} channels, but gets shape {tensor.shape}")
        low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
        if not low <= self.pad <= high:
            raise ValueError(f"pad must be in {low}..{high}, not {self.pad!r}")
        self.ending.check(tensor, self.mw)
        windows = window_counts(tensor, self.kernel, self.stride, self.padding)
        return self.ending.output((*windows, self.mh), tensor, self.mw)

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, self.padding)
        return rows * columns * self.mw

    def apply(self, tensor: Tensor, values: Integers) -> Integers:
        """The result for inputs of shape ``(count, *tensor.shape)``."""
        above, left = self.padding
        padded = np.pad(values, ((0, 0), (above, above), (left, left), (0, 0)), constant_values=self.pad)
        # A window is read row by row, channels innermost.
        windows = view_windows(values_of(tensor, padded), self.kernel, self.stride).transpose(0, 1, 2, 4, 5, 3)
        return finish(self, tensor, windows.reshape(-1, self.mw)).reshape(*windows.shape[:3], self.mh)
