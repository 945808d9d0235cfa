"""The arrays of the network's records: copied, checked, in C's order, and frozen."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bits import BitArray

__all__ = ["bit_array", "freeze", "integer_array"]

LARGEST_INTEGER = (1 << 30) - 1

AXES = {1: "one", 2: "a row", 3: "rows"}
"""What there is of an array for each neuron, by its dimensions."""


def freeze(record: object, name: str, array: NDArray[np.generic]) -> None:
    """Set a field of a frozen dataclass to an array that nobody can write to."""
    array.setflags(write=False)
    object.__setattr__(record, name, array)


def bit_array(weights: ArrayLike, dimensions: int, axes: str) -> BitArray:
    """Weights as bits; ValueError when they are others, or not of that many dimensions, which ``axes`` names."""
    # In C's order whatever comes: a file holds the memory as it is.
    array = np.array(weights, order="C")
    if array.ndim != dimensions or array.size == 0:
        raise ValueError(f"weights must be {axes}, not of shape {array.shape}")
    if not np.isin(array, (0, 1)).all():
        raise ValueError("weights must be bits, 0 or 1")
    return array.astype(np.uint8)


def integer_array(name: str, values: ArrayLike, *, dimensions: tuple[int, ...] = (1,)) -> NDArray[np.int64]:
    """Integers, neurons first; ValueError when they are none, of other dimensions, or too large for hardware."""
    array = np.array(values, order="C")
    if array.ndim not in dimensions or array.size == 0:
        raise ValueError(f"{name} must be {AXES[dimensions[0]]} for each neuron, not of shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    if not ((array >= -LARGEST_INTEGER) & (array <= LARGEST_INTEGER)).all():
        raise ValueError(f"{name} must be within ±{LARGEST_INTEGER}, not {array.min()}..{array.max()}")
    return array.astype(np.int64)
