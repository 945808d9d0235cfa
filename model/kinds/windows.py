"""Windows of an image: how many there are, and a view of them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..tensors import Tensor
from .kind import Integers

__all__ = ["times", "view_windows", "window_counts"]

Pair = tuple[int, int]


def window_counts(tensor: Tensor, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """Rows and columns of windows on a padded image; ValueError when not even one fits."""
    padded = tensor.shape[0] + 2 * padding[0], tensor.shape[1] + 2 * padding[1]
    if kernel[0] > padded[0] or kernel[1] > padded[1]:
        raise ValueError(f"kernel must fit the padded image, {times(padded)}, not be {times(kernel)}")
    return (padded[0] - kernel[0]) // stride[0] + 1, (padded[1] - kernel[1]) // stride[1] + 1


def view_windows(images: Integers, kernel: Pair, stride: Pair) -> Integers:
    """A view of shape ``(count, rows, columns, channels, kernel rows, kernel columns)``."""
    down, right = stride
    return np.asarray(sliding_window_view(images, kernel, axis=(1, 2))[:, ::down, ::right])


def times(size: Pair) -> str:
    """Rows and columns for a message."""
    return f"{size[0]}x{size[1]}"
