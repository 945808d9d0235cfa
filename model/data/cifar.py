"""The binary version of CIFAR-10: records of a class and the red, the green and the blue plane, 10,000 to a file."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse"]

IMAGES = 10_000
"""Images in a file."""

_CLASSES = 10
_PLANES = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32


def parse(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images of shape ``(10000, 32, 32, 3)`` and the class of each.

    Raises
    ------
    ValueError
        When the length is another or a class is not in 0..9; the message lacks only the file's name.
    """
    if len(data) != IMAGES * _RECORD:
        raise ValueError(
            f"CIFAR-10 file must have {IMAGES * _RECORD} bytes, {IMAGES} records of {_RECORD}, not {len(data)}"
        )
    records = np.frombuffer(data, np.uint8).reshape(IMAGES, _RECORD)
    labels = records[:, 0]
    wrong = np.flatnonzero(labels >= _CLASSES)
    if wrong.size:
        raise ValueError(f"class of image {wrong[0]} must be in 0..{_CLASSES - 1}, not {labels[wrong[0]]}")
    planes = records[:, 1:].reshape(IMAGES, *_PLANES)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels
