"""Exact order of many numbers, also of such with different roots."""

import math
from collections.abc import Sequence
from functools import cmp_to_key

from .surd import Surd, compare

__all__ = ["rank"]

PLACES = 256
"""Bits behind the point with which numbers are compared before they are compared exactly."""
CLOSE = 8
"""Differences that this can be wrong by are smaller."""


def rank(numbers: Sequence[Surd]) -> list[int]:
    """For each number how many different ones are below it."""
    different = list(dict.fromkeys(numbers))
    near = {number: _scaled(number) for number in different}
    rising = sorted(different, key=near.__getitem__)
    ranks: dict[Surd, int] = {}
    last, count = None, -1
    for group in _close(rising, near):
        for number in sorted(group, key=cmp_to_key(compare)) if len(group) > 1 else group:
            if last is None or compare(last, number) != 0:
                count += 1
            ranks[number] = count
            last = number
    return [ranks[number] for number in numbers]


def _close(rising: Sequence[Surd], near: dict[Surd, int]) -> list[list[Surd]]:
    """Runs of numbers that are too near to each other to tell."""
    groups: list[list[Surd]] = []
    for index, number in enumerate(rising):
        if index and near[number] - near[rising[index - 1]] <= CLOSE:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _scaled(number: Surd) -> int:
    """The number times 2 to the power of :data:`PLACES`, within 1."""
    whole = math.floor(number.a * (1 << PLACES))
    square = number.b * number.b * number.v
    size = math.isqrt((square.numerator << 2 * PLACES) // square.denominator)
    return whole + (size if number.b > 0 else -size)
