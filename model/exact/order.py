"""Exact order of many numbers, also of such with different roots."""

import math
from collections.abc import Callable, Sequence
from functools import cmp_to_key

from .curve import Line
from .surd import Surd, compare

__all__ = ["rank", "rank_lines"]

PLACES = 256
"""Bits behind the point with which numbers are compared before they are compared exactly."""
CLOSE = 8
"""Differences that this can be wrong by are smaller."""


def rank(numbers: Sequence[Surd]) -> list[int]:
    """For each number how many different ones are below it."""
    return _ranked([_scaled(number, 0) for number in numbers], numbers.__getitem__)


def rank_lines(domain: range, lines: Sequence[Line]) -> list[list[int]]:
    """As :func:`rank`, for the numbers of each line at each integer; most of them are never computed exactly."""
    spare = max(map(abs, (domain[0], domain[-1], 1))).bit_length()
    near: list[int] = []
    for scale, offset in lines:
        step, start = _scaled(scale, spare), _scaled(offset, spare)
        near += [step * number + start >> spare for number in domain]

    def number(place: int) -> Surd:
        (scale, offset), at = lines[place // len(domain)], domain[place % len(domain)]
        return scale.times(at) + offset

    ranks = _ranked(near, number)
    return [ranks[place : place + len(domain)] for place in range(0, len(ranks), len(domain))]


def _ranked(near: Sequence[int], number: Callable[[int], Surd]) -> list[int]:
    rising = sorted(range(len(near)), key=near.__getitem__)
    ranks = [0] * len(near)
    count = -1
    for group in _close(rising, near):
        if len(group) == 1:
            count += 1
            ranks[group[0]] = count
            continue
        numbers = [(number(place), place) for place in group]
        last = None
        for value, place in sorted(numbers, key=cmp_to_key(_compare_first)):
            if last is None or _compare(last, value) != 0:
                count += 1
            ranks[place] = count
            last = value
    return ranks


def _compare_first(left: tuple[Surd, int], right: tuple[Surd, int]) -> int:
    return _compare(left[0], right[0])


def _compare(left: Surd, right: Surd) -> int:
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


def _scaled(number: Surd, spare: int) -> int:
    """The number times 2 to the power of :data:`PLACES` and some more, within 2."""
    places = PLACES + spare
    whole = math.floor(number.a * (1 << places))
    if not number.b:
        return whole
    square = number.b * number.b * number.v
    size = math.isqrt((square.numerator << 2 * places) // square.denominator)
    return whole + (size if number.b > 0 else -size)
