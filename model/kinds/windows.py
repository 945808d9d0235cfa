"""Windows of an image: how many there are, and a view of them."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..numbers import Pair, pair
from ..tensors import Tensor
from .kind import Integers

__all__ = ["Pair", "check_pool", "times", "view_windows", "window_counts", "window_size"]


def window_size(kernel: Pair, dilation: Pair) -> Pair:
    """Rows and columns that a window spans, of which a dilated one reads some."""
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def window_counts(tensor: Tensor, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1)) -> Pair:
    """Rows and columns of windows on a padded image; ValueError when not even one fits."""
    padded = tensor.shape[0] + 2 * padding[0], tensor.shape[1] + 2 * padding[1]
    size = window_size(kernel, dilation)
    if size[0] > padded[0] or size[1] > padded[1]:
        raise ValueError(f"kernel must fit the padded image, {times(padded)}, not be {times(size)}")
    return (padded[0] - size[0]) // stride[0] + 1, (padded[1] - size[1]) // stride[1] + 1


def view_windows(images: Integers, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Integers:
    """A view of shape ``(count, rows, columns, channels, kernel rows, kernel columns)``."""
    windows = sliding_window_view(images, window_size(kernel, dilation), axis=(1, 2))
    return np.asarray(windows[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]])


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
