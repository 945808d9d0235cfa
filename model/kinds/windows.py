"""Windows of an image: how many there are, and a view of them."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..numbers import Pair, integers, pair
from ..tensors import Tensor
from .kind import Integers

__all__ = [
    "Borders",
    "Padding",
    "Pair",
    "borders_of",
    "check_padding",
    "check_pool",
    "padded_size",
    "padding_of",
    "times",
    "view_windows",
    "window_counts",
    "window_size",
]

Borders = tuple[int, int, int, int]
"""Rows above, columns left, rows below, columns right."""

Padding = Pair | Borders


def window_size(kernel: Pair, dilation: Pair) -> Pair:
    """Rows and columns that a window spans, of which a dilated one reads some."""
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def padding_of(values: object) -> Padding:
    """A padding as its record has it: two numbers where opposite sides are alike, else four.

    >>> padding_of((0, 1, 0, 1))
    (0, 1)
    """
    if not isinstance(values, tuple | list) or len(values) != 4:
        return pair("padding", values)
    above, left, below, right = integers("padding", values)
    return (above, left) if (above, left) == (below, right) else (above, left, below, right)


def borders_of(padding: Padding) -> Borders:
    """Padding above, left, below and right."""
    return padding if len(padding) == 4 else (*padding, *padding)


def padded_size(tensor: Tensor, padding: Padding) -> Pair:
    """Rows and columns of a padded image."""
    above, left, below, right = borders_of(padding)
    return above + tensor.shape[0] + below, left + tensor.shape[1] + right


def window_counts(tensor: Tensor, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1)) -> Pair:
    """Rows and columns of windows on a padded image; ValueError when not even one fits."""
    padded, size = padded_size(tensor, padding), window_size(kernel, dilation)
    if size[0] > padded[0] or size[1] > padded[1]:
        raise ValueError(f"kernel must fit the padded image, {times(padded)}, not be {times(size)}")
    return (padded[0] - size[0]) // stride[0] + 1, (padded[1] - size[1]) // stride[1] + 1


def view_windows(images: Integers, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Integers:
    """A view of shape ``(count, rows, columns, channels, kernel rows, kernel columns)``."""
    windows = sliding_window_view(images, window_size(kernel, dilation), axis=(1, 2))
    return np.asarray(windows[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]])


def check_padding(padding: Padding, size: Pair) -> None:
    """ValueError unless each window, which spans so much, has some of the image."""
    if not all(0 <= rows < most for rows, most in zip(borders_of(padding), 2 * size, strict=True)):
        raise ValueError(f"padding must be at least 0 and less than the kernel, {times(size)}, not {padding!r}")


def check_pool(record: Any) -> None:
    """Make ``kernel`` and ``stride`` of a frozen record pairs; ValueError when a number is below 1."""
    for name in ("kernel", "stride"):
        value = pair(name, getattr(record, name))
        if min(value) < 1:
            raise ValueError(f"{name} must be at least 1, not {value!r}")
        object.__setattr__(record, name, value)


def times(size: Pair) -> str:
    """Rows and columns for a message."""
    return f"{size[0]}x{size[1]}"
