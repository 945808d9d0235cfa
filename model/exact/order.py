"""Exact order of many numbers, also of such with different roots."""

import math
from collections.abc import Sequence
from functools import cmp_to_key, partial

from .surd import Surd, compare

__all__ = ["rank"]

PLACES = 256
"""Bits behind the point with which numbers are compared before they are compared exactly."""
CLOSE = 8
"""Differences that this can be wrong by are smaller."""


def rank(numbers: Sequence[Surd]) -> list[int]:
    """For each number how many different ones are below it."""
    near = [_scaled(number) for number in numbers]
    rising = sorted(range(len(numbers)), key=lambda place: near[place])
    ranks = [0] * len(numbers)
    count = -1
    for group in _close(rising, near):
        last = None
        for place in sorted(group, key=cmp_to_key(partial(_compare, numbers))):
            if last is None or _compare(numbers, last, place) != 0:
                count += 1
            ranks[place] = count
            last = place
    return ranks


def _compare(numbers: Sequence[Surd], one: int, other: int) -> int:
    left, right = numbers[one], numbers[other]
    return 0 if left == right else compare(left, right)


def _close(rising: Sequence[int], near: Sequence[int]) -> list[list[int]]:
    """Runs of numbers that are too near to each other to tell."""
    groups: list[list[int]] = []
    last = None
    for place in rising:
        if last is not None and near[place] - last <= CLOSE:
            groups[-1].append(place)
        else:
            groups.append([place])
        last = near[place]
    return groups


def _scaled(number: Surd) -> int:
    """The number times 2 to the power of :data:`PLACES`, within 1."""
    whole = math.floor(number.a * (1 << PLACES))
    square = number.b * number.b * number.v
    size = math.isqrt((square.numerator << 2 * PLACES) // square.denominator)
    return whole + (size if number.b > 0 else -size)
