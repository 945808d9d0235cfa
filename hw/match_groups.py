"""Into how many groups :class:`MatchCount` divides its lanes, and what it then takes: formulas for any width."""

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["cheapest_groups", "count_cells"]

LARGEST_GROUP = 7
"""Lanes of a first count: as many as three bits can tell."""

GROUP_LOGIC = np.array([0, 1, 2, 3, 4, 5, 4, 6, 0], np.int64)
"""Cells of a group's logic, by its number of lanes."""

Counts = NDArray[np.int64]


@functools.lru_cache(maxsize=1 << 16)
def cheapest_groups(width: int) -> int:
    """The number of groups, as even as possible, that takes the fewest cells for words of ``width`` bits.

    >>> cheapest_groups(98)
    16
    """
    options = np.arange(-(-width // LARGEST_GROUP), -(-width // 3) + 1)
    # Of several that are as cheap, argmin takes the first, which has the fewest groups.
    return int(options[_cells(width, options).argmin()])


@functools.lru_cache(maxsize=1 << 16)
def count_cells(width: int) -> int:
    """Logic cells of a :class:`MatchCount`, as iCE40 counts them."""
    return int(_cells(width, np.array([cheapest_groups(width)]))[0])


def _cells(width: int, groups: Counts) -> Counts:
    """Cells for each number of groups: one for each lane, the logic of each group, and each bit of a sum."""
    size, larger = np.divmod(width, groups)
    logic = larger * GROUP_LOGIC[size + 1] + (groups - larger) * GROUP_LOGIC[size]
    cells: Counts = width + logic + _tree_cells(groups, _bit_length(size + (larger > 0)))
    return cells


def _tree_cells(groups: Counts, bits: Counts) -> Counts:
    """Bits of all sums of a binary tree over counts of ``bits`` bits, also of those that only wait.

    The counts are signed and reach down to their lowest value, so that a sum of n of them has ``ceil(log2(n))`` bits
    more. At each level the last sum may be of fewer counts than the others.
    """
    cells = np.zeros_like(groups)
    for level in range(1, int(groups.max() - 1).bit_length() + 1):
        whole, rest = np.divmod(groups, 1 << level)
        sums = whole * (bits + level) + (rest > 0) * (bits + _bit_length(rest - 1))
        # There is no level above the one that has a single sum.
        cells += np.where(groups > 1 << level - 1, sums, 0)
    return cells


def _bit_length(numbers: Counts) -> Counts:
    """As :meth:`int.bit_length`, of numbers that are not negative; 0 for the others."""
    return np.frexp(np.maximum(numbers, 0))[1].astype(np.int64)
