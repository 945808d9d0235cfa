"""The cropped digits of SVHN: MATLAB files with the images ``X`` and their digits ``y``, where 10 stands for 0."""

import numpy as np
from numpy.typing import NDArray

from . import matlab

__all__ = ["parse"]

_PIXELS = (32, 32, 3)


def parse(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images of shape ``(count, 32, 32, 3)`` and the digit on each.

    Raises
    ------
    ValueError
        When it is not a whole MATLAB file, or has not such arrays; the message lacks only the file's name.
    """
    arrays = matlab.parse(data)
    if not {"X", "y"} <= set(arrays):
        raise ValueError(f"must have the arrays X and y, not {', '.join(sorted(map(ascii, arrays))) or 'none'}")
    images, digits = arrays["X"], arrays["y"]
    if images.dtype != np.uint8 or images.shape[:-1] != _PIXELS:
        raise ValueError(f"X must be uint8 of shape (32, 32, 3, count), not {images.dtype.name} of {images.shape}")
    count = images.shape[-1]
    if count < 1 or digits.shape != (count, 1):
        raise ValueError(f"y must be of shape ({max(count, 1)}, 1), a digit for each image, not {digits.shape}")
    wrong = np.flatnonzero(~np.isin(digits, range(1, 11)))
    if wrong.size:
        raise ValueError(f"digit of image {wrong[0]} must be in 1..10, not {digits[wrong[0], 0]}")
    return np.ascontiguousarray(images.transpose(3, 0, 1, 2)), digits[:, 0].astype(np.int64) % 10
