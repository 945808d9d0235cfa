"""Levels that integers are compared with: their check, and how many an integer reaches."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import integer_array

__all__ = ["MOST_LEVELS", "count_reached", "rising_levels"]

MOST_LEVELS = 15
"""As many as four bits can count."""


def rising_levels(levels: ArrayLike, *, dimensions: tuple[int, ...]) -> NDArray[np.int64]:
    """Levels along the last axis of an array that has several; ValueError when they fall or there are too many."""
    array = integer_array("thresholds", levels, dimensions=dimensions)
    if array.ndim == 1:
        return array
    if array.shape[-1] > MOST_LEVELS:
        raise ValueError(f"thresholds must be 1..{MOST_LEVELS} levels, not {array.shape[-1]}")
    falls = np.argwhere(np.diff(array, axis=-1) < 0)
    if falls.size:
        *place, column = falls[0].tolist()
        first, second = array[tuple(place)][column : column + 2]
        raise ValueError(f"thresholds of neuron {place[0]} must not fall, from {first} to {second}")
    return array


def count_reached(
    values: NDArray[Any], levels: NDArray[Any], rows: NDArray[np.int64] | None = None
) -> NDArray[np.uint8]:
    """How many levels each value reaches, channels innermost: of ``(channels, k)``, or of ``(channels, rows, k)``."""
    # One level after the other: all of them at once take the memory of all values as often.
    first, *others = (
        level if rows is None else level[np.arange(len(level)), rows] for level in np.moveaxis(levels, -1, 0)
    )
    reached = np.asarray(values >= first).view(np.uint8)
    for level in others:
        reached += values >= level
    return reached
