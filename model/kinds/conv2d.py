"""Convolutions."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ..arrays import bit_array, freeze
from ..bits import BitArray
from ..numbers import integer, pair
from ..tensors import Element, Tensor
from .endings import Ending, Sums
from .kind import Integers
from .products import check_ending, dot_products, sums_of, values_of
from .windows import (
    Borders,
    Padding,
    borders_of,
    check_padding,
    padded_size,
    padding_of,
    times,
    view_windows,
    window_counts,
    window_size,
)

__all__ = ["ZERO", "Conv2d", "Pad"]

LARGEST_KERNEL = 1 << 10

ZERO: Literal["zero"] = "zero"
"""Padding of bits with neither -1 nor +1: what is padded adds nothing to a dot product."""

Pad = int | Literal["zero"]


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution: a :class:`Dense` layer on each window of the image, or in several groups of channels.

    A window is read row by row, each row pixel by pixel, each pixel channel by channel.

    Parameters
    ----------
    weights : array of shape ``(mh, kernel height, kernel width, channels / groups)``
        Bits: 1 stands for +1, 0 for -1. Kernels are 1..1024 in each direction.
    ending : :class:`Thresholds`, :class:`Bias` or :class:`Ranks`
        As for :class:`Dense`.
    stride : pair of :class:`int`
        Rows and columns from one window to the next, at least 1. Rows and columns that no window reaches are ignored.
    padding : pair of :class:`int`, or four
        Rows above and below, and columns left and right, less than what a window spans; or rows above, columns left,
        rows below and columns right, where those differ.
    pad : :class:`int` or ``"zero"``
        Value of the padding: a bit, or an integer of the input's range; ``"zero"`` on bits, where a padded value adds
        nothing, and sums are dot products.
    dilation : pair of :class:`int`
        Rows and columns from one value of a window to the next, at least 1.
    groups : :class:`int`
        Groups that channels and filters are divided into, in their order; a filter reads the channels of its group.

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
    padding: Padding = (0, 0)
    pad: Pad = 0
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    windowed: ClassVar[bool] = True
    sources: ClassVar[tuple[int, ...]] = (1,)
    """How many tensors it may read."""

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 4, "neurons by kernel rows by kernel columns by channels"))
        check_ending(self.ending, self.mh)
        for name in ("stride", "dilation"):
            object.__setattr__(self, name, pair(name, getattr(self, name)))
        object.__setattr__(self, "padding", padding_of(self.padding))
        if self.pad != ZERO:
            object.__setattr__(self, "pad", integer("pad", self.pad))
        object.__setattr__(self, "groups", integer("groups", self.groups))
        self._check_numbers()

    def _check_numbers(self) -> None:
        if max(self.kernel) > LARGEST_KERNEL:
            raise ValueError(f"kernel must be 1..{LARGEST_KERNEL} in each direction, not {times(self.kernel)}")
        for name, value in (("stride", self.stride), ("dilation", self.dilation)):
            if min(value) < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        check_padding(self.padding, window_size(self.kernel, self.dilation))
        if self.groups < 1 or self.mh % self.groups:
            raise ValueError(f"groups must divide the {self.mh} filters, not be {self.groups}")

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of a window."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def borders(self) -> Borders:
        """Padding above, left, below and right."""
        return borders_of(self.padding)

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return int(self.weights.shape[3]) * self.groups

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

    def sums(self, tensor: Tensor) -> Sums:
        """What products with windows of such a tensor can give: where zeros are padded, not all inputs have a match."""
        sums = sums_of(tensor, self.mw)
        return Sums(sums.limit, matches=False) if self.pad == ZERO else sums

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3 or tensor.shape[2] != self.channels:
            raise ValueError(f"takes images of {self.channels} channels, but gets shape {tensor.shape}")
        low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
        if self.pad == ZERO:
            if tensor.element is not Element.BIT:
                raise ValueError(f"pad must be in {low}..{high} for integers, not {self.pad!r}")
        elif not low <= self.pad <= high:
            raise ValueError(f"pad must be in {low}..{high}, not {self.pad!r}")
        self.ending.check(self.sums(tensor))
        windows = window_counts(tensor, self.kernel, self.stride, self.padding, self.dilation)
        return self.ending.output((*windows, self.mh), self.sums(tensor))

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together, or of the padded image where it has more."""
        rows, columns = window_counts(tensor, self.kernel, self.stride, self.padding, self.dilation)
        height, width = padded_size(tensor, self.padding)
        return max(rows * columns * self.mw, height * width * int(self.weights.shape[3])) * self.groups

    def apply(self, tensor: Tensor, values: Integers) -> Integers:
        """The result for inputs of shape ``(count, *tensor.shape)``."""
        (above, left, below, right), zero = self.borders, self.pad == ZERO
        border = ((0, 0), (above, below), (left, right), (0, 0))
        if zero:
            padded = np.pad(values_of(tensor, values), border)
        else:
            padded = values_of(tensor, np.pad(values, border, constant_values=self.pad))
        # A window is read row by row, channels innermost.
        views = view_windows(padded, self.kernel, self.stride, self.dilation).transpose(0, 1, 2, 4, 5, 3)
        counts, sums = views.shape[:3], self.sums(tensor)
        # Groups first, of which each has a product of its own, and then back to the filters' order.
        grouped = views.reshape(*views.shape[:5], self.groups, self.weights.shape[3])
        parts = np.moveaxis(grouped, 5, 0).reshape(self.groups, -1, self.mw)
        dots = dot_products(self.matrix.reshape(self.groups, -1, self.mw), sums, parts)
        return self.ending.apply(sums, np.moveaxis(dots, 0, 1).reshape(-1, self.mh)).reshape(*counts, self.mh)
