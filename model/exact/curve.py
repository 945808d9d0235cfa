"""Functions of one integer of the network, exactly: a line, or several lines one after another.

What a graph does element by element to a dot product, a pixel or a bit (scales, signs, clipping, rounding, choices)
stays such a function, until a product or a pool needs to know which integers there are.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .surd import ONE, ZERO, InexactError, Surd

__all__ = [
    "IDENTITY",
    "LONGEST_SLOPE",
    "Curve",
    "Line",
    "constant",
    "merge",
    "pieces",
    "runs",
    "single_line",
    "split_by_sign",
    "stairs",
    "value_at",
]

Line = tuple[Surd, Surd]
"""Scale and offset: the function ``scale * integer + offset``."""

LONGEST_SLOPE = 16
"""Integers on which a line that is not constant still counts as steps."""

LARGEST_CURVE = 1 << 12
"""Lines of one function: far more than the levels of any activation."""


@dataclass(frozen=True)
class Curve:
    """A function on the integers of a :class:`range`, which is called its domain.

    Parameters
    ----------
    starts : tuple of :class:`int`
        Place in the domain where each line begins, rising from 0.
    lines : tuple of lines
        One for each start.
    """

    starts: tuple[int, ...]
    lines: tuple[Line, ...]


IDENTITY = Curve((0,), ((ONE, ZERO),))


def constant(value: Surd) -> Curve:
    """The function that is the same number everywhere."""
    return Curve((0,), ((ZERO, value),))


def single_line(curve: Curve) -> Line | None:
    """The line, where there is only one."""
    return curve.lines[0] if len(curve.lines) == 1 else None


def value_at(domain: range, curve: Curve, place: int) -> Surd:
    """The number at a place of the domain."""
    scale, offset = curve.lines[bisect_right(curve.starts, place) - 1]
    return offset if scale == ZERO else scale * Surd(Fraction(domain[place])) + offset


def merge(domain: range, curves: Sequence[Curve], function: Callable[..., Line]) -> Curve:
    """What ``function`` makes of the curves' lines, wherever none of them changes."""
    if all(len(curve.starts) == 1 for curve in curves):
        return Curve((0,), (function(*(curve.lines[0] for curve in curves)),))
    starts = sorted({start for curve in curves for start in curve.starts})
    return _tidy(
        domain,
        starts,
        [function(*(curve.lines[bisect_right(curve.starts, start) - 1] for curve in curves)) for start in starts],
    )


def pieces(domain: range, curve: Curve) -> list[tuple[int, int, Line]]:
    """First place, place behind the last one, and line of each piece."""
    ends = (*curve.starts[1:], len(domain))
    return list(zip(curve.starts, ends, curve.lines, strict=True))


def split_by_sign(domain: range, curve: Curve) -> Curve:
    """The sign of the function as constants, -1, 0 or +1."""
    starts: list[int] = []
    signs: list[Line] = []
    for first, end, line in pieces(domain, curve):
        for start, sign in _signs(domain, first, end, line):
            starts.append(start)
            signs.append((ZERO, Surd(Fraction(sign))))
    return _tidy(domain, starts, signs, keep=True)


def stairs(domain: range, curve: Curve, step: Callable[[Surd], Surd]) -> Curve:
    """A rising (or falling) function of the curve with few values, such as rounding."""
    starts: list[int] = []
    lines: list[Line] = []
    for first, end, (scale, offset) in pieces(domain, curve):
        place = first
        while place < end:
            level = step(scale * Surd(Fraction(domain[place])) + offset)
            starts.append(place)
            lines.append((ZERO, level))
            if len(starts) > LARGEST_CURVE:
                raise InexactError(f"makes more than {LARGEST_CURVE} different numbers; cut it to a range before")
            if scale == ZERO:
                break
            place = _first_other(domain, place, end, (scale, offset), step, level)
    return _tidy(domain, starts, lines)


def _first_other(domain: range, place: int, end: int, line: Line, step: Callable[[Surd], Surd], level: Surd) -> int:
    scale, offset = line
    return bisect_left(
        range(end), True, lo=place, key=lambda at: step(scale * Surd(Fraction(domain[at])) + offset) != level
    )


def runs(domain: range, curve: Curve) -> list[tuple[int, Surd]] | None:
    """Where the function takes another number, and which; None where it is no function of few steps."""
    result: list[tuple[int, Surd]] = []
    for first, end, (scale, _) in pieces(domain, curve):
        if scale != ZERO and end - first > LONGEST_SLOPE:
            return None
        for place in range(first, end if scale != ZERO else first + 1):
            value = value_at(domain, curve, place)
            if not result or result[-1][1] != value:
                result.append((place, value))
    return result


def _signs(domain: range, first: int, end: int, line: Line) -> list[tuple[int, int]]:
    """Where the sign of a line changes between two places, and what it is from there on."""
    scale, offset = line

    def sign(place: int) -> int:
        return (scale * Surd(Fraction(domain[place])) + offset).sign

    found = [(first, offset.sign if scale == ZERO else sign(first))]
    if scale == ZERO or end - first == 1:
        return found
    rises = scale.sign
    last = sign(end - 1)
    if found[0][1] == last:
        return found
    # The first place that has reached zero from either side, and the one behind it.
    middle = bisect_left(range(end), True, lo=first, key=lambda place: sign(place) * rises >= 0)
    if sign(middle) == 0:
        found += [(middle, 0)] * (middle > first) + [(middle + 1, rises)] * (middle + 1 < end)
    else:
        found.append((middle, rises))
    return found


def _tidy(domain: range, starts: Sequence[int], lines: Sequence[Line], *, keep: bool = False) -> Curve:
    """Neighbours with the same line as one; on two integers the line through both numbers, unless pieces are kept."""
    places: list[int] = []
    kept: list[Line] = []
    for start, line in zip(starts, lines, strict=True):
        if not kept or kept[-1] != line:
            places.append(start)
            kept.append(line)
    curve = Curve(tuple(places), tuple(kept))
    if keep or len(kept) == 1 or len(domain) != 2:
        return curve
    low, high = (value_at(domain, curve, place) for place in (0, 1))
    scale = (high - low) / Surd(Fraction(domain[1] - domain[0]))
    return Curve((0,), ((scale, low - scale * Surd(Fraction(domain[0]))),))
