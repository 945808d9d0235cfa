"""Functions of one integer of the network, exactly: a line, or several lines one after another.

What a graph does element by element to a dot product, a pixel or a bit (scales, signs, clipping, rounding, choices)
stays such a function, until a product or a pool needs to know which integers there are.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .surd import ONE, ZERO, InexactError, Surd

__all__ = [
    "IDENTITY",
    "LONGEST_SLOPE",
    "Curve",
    "Line",
    "Part",
    "Steps",
    "constant",
    "merge",
    "parts",
    "pieces",
    "runs",
    "single_line",
    "split_by_sign",
    "stairs",
    "value_at",
]

Line = tuple[Surd, Surd]
"""Scale and offset: the function ``scale * integer + offset``."""

Rounding = Callable[[Surd], int]
"""A rule that rises steadily, and that is equal to others of its kind."""

LONGEST_SLOPE = 16
"""Integers on which a line that is not constant still counts as steps."""

LARGEST_CURVE = 1 << 12
"""Lines of one function: far more than the levels of any activation."""

FEW_STEPS = 64
"""Steps that become a line each; of more it is only remembered how they are made."""


@dataclass(frozen=True)
class Steps:
    """A line, of the domain's integer or of other steps, that is rounded to integers."""

    line: Line
    rounding: Rounding
    inner: "Steps | None" = None

    def at(self, number: int) -> int:
        """The integer for one of the domain."""
        return self.rounding(_value(self.line, self.inner, number))


@dataclass(frozen=True)
class Curve:
    """A function on the integers of a :class:`range`, which is called its domain.

    Parameters
    ----------
    starts : tuple of :class:`int`
        Place in the domain where each line begins, rising from 0.
    lines : tuple of lines
        One for each start.
    steps : tuple of :class:`Steps` or None
        For each line what it is a line of, where that is not the integer itself; empty where it is nowhere.
    """

    starts: tuple[int, ...]
    lines: tuple[Line, ...]
    steps: tuple[Steps | None, ...] = ()


IDENTITY = Curve((0,), ((ONE, ZERO),))

Part = tuple[int, int, Line, Steps | None]
"""First place, place behind the last one, line, and what it is a line of."""


def constant(value: Surd) -> Curve:
    """The function that is the same number everywhere."""
    return Curve((0,), ((ZERO, value),))


def single_line(curve: Curve) -> Line | None:
    """The line, where there is only one."""
    return curve.lines[0] if len(curve.lines) == 1 and not any(curve.steps) else None


def value_at(domain: range, curve: Curve, place: int) -> Surd:
    """The number at a place of the domain."""
    index = bisect_right(curve.starts, place) - 1
    return _value(curve.lines[index], curve.steps[index] if curve.steps else None, domain[place])


def merge(domain: range, curves: Sequence[Curve], function: Callable[..., Line]) -> Curve:
    """What ``function`` makes of the curves' lines, wherever none of them changes."""
    if all(len(curve.starts) == 1 and not curve.steps for curve in curves):
        return Curve((0,), (function(*(curve.lines[0] for curve in curves)),))
    starts = sorted({start for curve in curves for start in curve.starts})
    found: list[Part] = []
    for start, end in zip(starts, (*starts[1:], len(domain)), strict=True):
        found += _merged(domain, start, end, [_part(curve, start, end) for curve in curves], function)
    return _tidy(domain, found)


def _part(curve: Curve, start: int, end: int) -> Part:
    index = bisect_right(curve.starts, start) - 1
    return start, end, curve.lines[index], curve.steps[index] if curve.steps else None


def _merged(domain: range, start: int, end: int, found: list[Part], function: Callable[..., Line]) -> list[Part]:
    """As :func:`merge` between two places, where each curve has one line."""
    of = {steps for *_, line, steps in found if line[0] != ZERO}
    if len(of) <= 1:
        # Lines of the same integer, or constants, are lines of the same steps as well.
        line = function(*(line for *_, line, _ in found))
        return [(start, end, line, of.pop() if of and line[0] != ZERO else None)]
    plain = [_tidy(domain, _expanded(domain, part), keep=True) if part[3] else None for part in found]
    starts = sorted({start, *(place for curve in plain if curve is not None for place in curve.starts)})
    result: list[Part] = []
    for first, last in zip(starts, (*starts[1:], end), strict=True):
        lines = [
            part[2] if curve is None else _part(curve, first, last)[2] for part, curve in zip(found, plain, strict=True)
        ]
        result.append((first, last, function(*lines), None))
    return result


def parts(domain: range, curve: Curve) -> list[Part]:
    """All lines, and of what they are."""
    ends = (*curve.starts[1:], len(domain))
    return list(zip(curve.starts, ends, curve.lines, curve.steps or (None,) * len(ends), strict=True))


def pieces(domain: range, curve: Curve) -> list[tuple[int, int, Line]]:
    """First place, place behind the last one, and line of each piece, a piece for each step."""
    found: list[tuple[int, int, Line]] = []
    for part in parts(domain, curve):
        found += [piece[:3] for piece in (_expanded(domain, part) if part[3] else [part])]
    return found


def split_by_sign(domain: range, curve: Curve) -> Curve:
    """The sign of the function as constants, -1, 0 or +1."""
    found: list[Part] = []
    for part in parts(domain, curve):
        changes = [*_signs(domain, part), (part[1], 0)]
        for (start, sign), (end, _) in pairwise(changes):
            found.append((start, end, (ZERO, Surd(Fraction(sign))), None))
    return _tidy(domain, found, keep=True)


def stairs(domain: range, curve: Curve, rounding: Rounding) -> Curve:
    """The function rounded to integers."""
    found: list[Part] = []
    for first, end, line, steps in parts(domain, curve):
        made = Steps(line, rounding, steps)
        low, high = made.at(domain[first]), made.at(domain[end - 1])
        part = (first, end, (ONE, ZERO), made)
        found += [part] if abs(high - low) > FEW_STEPS else _expanded(domain, part)
    return _tidy(domain, found)


def _expanded(domain: range, part: Part) -> list[Part]:
    """A constant for each step."""
    first, end, line, steps = part
    assert steps is not None
    low, high = steps.at(domain[first]), steps.at(domain[end - 1])
    # Where every few integers there is a step, it is no use to search for them.
    dense = abs(high - low) * SEARCH > end - first
    found: list[Part] = []
    place, before = first, low
    while place < end:
        number = steps.at(domain[place])
        behind = end
        if number != high:
            behind = place + 1 if dense else _first_other(domain, place, end, steps, number)
        if found and number == before:
            found[-1] = (found[-1][0], behind, found[-1][2], None)
        else:
            found.append((place, behind, (ZERO, line[0].times(number) + line[1]), None))
        if len(found) > LARGEST_CURVE:
            raise InexactError(f"makes more than {LARGEST_CURVE} different numbers; cut it to a range before")
        place, before = behind, number
    return found


SEARCH = 8
"""What it takes to find a step, next to looking at one place."""


def _first_other(domain: range, place: int, end: int, steps: Steps, number: int) -> int:
    if place + 1 < end and steps.at(domain[place + 1]) != number:
        return place + 1
    return bisect_left(range(end), True, lo=place, key=lambda at: steps.at(domain[at]) != number)


def runs(domain: range, curve: Curve, most: int | None = None) -> list[tuple[int, Surd]] | None:
    """Where the function takes another number, and which; None where it is no function of few steps.

    With ``most``, where there are more steps than that, only so many and one are found.
    """
    result: list[tuple[int, Surd]] = []
    for first, end, (scale, _), steps in parts(domain, curve):
        if scale != ZERO and steps is None and end - first > LONGEST_SLOPE:
            return None
        place = first
        while place < end and (most is None or len(result) <= most):
            value = value_at(domain, curve, place)
            if not result or result[-1][1] != value:
                result.append((place, value))
            if scale == ZERO:
                break
            place = place + 1 if steps is None else _first_other(domain, place, end, steps, steps.at(domain[place]))
    return result


def _value(line: Line, steps: Steps | None, number: int) -> Surd:
    scale, offset = line
    if scale == ZERO:
        return offset
    return scale.times(number if steps is None else steps.at(number)) + offset


def _signs(domain: range, part: Part) -> list[tuple[int, int]]:
    """Where the sign changes between two places, and what it is from there on."""
    first, end, line, steps = part

    def sign(place: int) -> int:
        return _value(line, steps, domain[place]).sign

    found = [(first, sign(first))]
    if line[0] == ZERO or end - first == 1:
        return found
    last = sign(end - 1)
    while found[-1][1] != last:
        place, before = found[-1]
        middle = bisect_left(range(end - 1), True, lo=place, key=lambda at: sign(at) != before)
        found.append((middle, sign(middle)))
    return found


def _tidy(domain: range, found: Sequence[Part], *, keep: bool = False) -> Curve:
    """Neighbours with the same line as one; on two integers the line through both numbers, unless pieces are kept."""
    places: list[int] = []
    kept: list[tuple[Line, Steps | None]] = []
    for start, _, line, steps in found:
        if not kept or kept[-1] != (line, steps):
            places.append(start)
            kept.append((line, steps))
    of = tuple(steps for _, steps in kept)
    curve = Curve(tuple(places), tuple(line for line, _ in kept), of if any(of) else ())
    if keep or (len(kept) == 1 and not any(of)) or len(domain) != 2:
        return curve
    low, high = (value_at(domain, curve, place) for place in (0, 1))
    scale = (high - low) / Surd(Fraction(domain[1] - domain[0]))
    return Curve((0,), ((scale, low - scale * Surd(Fraction(domain[0]))),))
