"""The sign of a sum of two numbers with different roots: residual arms, each with a normalization of its own.

Such a sum has no form that goes on: it can be compared with a constant, and nothing else.
"""

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from .curve import Curve, Line, merge, pieces
from .signal import Signal, Term
from .surd import ONE, ZERO, InexactError, Surd, compare

__all__ = ["sign_of_arms", "term_of_arms"]

Place = tuple[int, int, list[Line]]
"""First place, place behind the last one, and the line of each arm."""


def term_of_arms(term: Term, arms: Sequence[Signal], factors: Sequence[Surd]) -> Term:
    """A term that is the sum of both arms, each times its factor."""
    one, other = (
        tuple(_times(arm.domain, curve, factor) for curve in arm.curves)
        for arm, factor in zip(arms, factors, strict=True)
    )
    return replace(term, arms=(one, other))


def sign_of_arms(signal: Signal, term: Term, level: Surd) -> Signal:
    """A signal with the sign of the term and a constant: -1, 0 or +1."""
    assert term.arms is not None
    # What the term is multiplied by is no part of the sum: the constant is divided by it.
    level, positive = level / term.factor, term.factor.sign > 0
    one, other = term.arms
    known: dict[tuple[Curve, Curve], Curve] = {}
    found = []
    for place in range(max(len(one), len(other))):
        pair = (one[place % len(one)], other[place % len(other)])
        if pair not in known:
            known[pair] = _signs(signal.domain, pair, level, positive)
        found.append(known[pair])
    return replace(signal, terms=()).with_curves(found)


def _times(domain: range, curve: Curve, factor: Surd) -> Curve:
    return merge(domain, [curve], lambda line: (line[0] * factor, line[1] * factor))


def _signs(domain: range, pair: tuple[Curve, Curve], level: Surd, positive: bool) -> Curve:
    """Signs of the sum as constants. Between two places where a line ends, the sum rises or falls steadily."""
    starts: list[int] = []
    lines: list[Line] = []
    for first, end, (one, other) in _places(domain, pair):

        def sign(place: int, one: Line = one, other: Line = other) -> int:
            found = _sign(_at(one, domain[place]), _at(other, domain[place]), level)
            return found if positive else -found

        place, now, last = first, sign(first), sign(end - 1)
        while True:
            if not lines or lines[-1][1].a != now:
                starts.append(place)
                lines.append((ZERO, ONE.times(now)))
            if now == last:
                break
            place = bisect_left(range(end - 1), True, lo=place, key=functools.partial(_differs, sign, now))
            now = sign(place)
    return Curve(tuple(starts), tuple(lines))


def _differs(sign: Callable[[int], int], now: int, place: int) -> bool:
    return sign(place) != now


def _places(domain: range, pair: tuple[Curve, Curve]) -> list[Place]:
    """Where both are lines of the integer."""
    arms = [pieces(domain, curve) for curve in pair]
    begins = [[first for first, _, _ in arm] for arm in arms]
    starts = sorted({first for arm in begins for first in arm})
    return [
        (start, end, [arm[bisect_right(begin, start) - 1][2] for arm, begin in zip(arms, begins, strict=True)])
        for start, end in zip(starts, (*starts[1:], len(domain)), strict=True)
    ]


def _at(line: Line, number: int) -> Surd:
    return line[0].times(number) + line[1]


def _sign(one: Surd, other: Surd, level: Surd) -> int:
    """Sign of a sum of two roots; the constant has one of them, or none."""
    try:
        return compare(one + level, -other)
    except InexactError:
        return compare(one, -(other + level))
