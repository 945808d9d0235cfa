"""Functions of two tensors: residual connections."""

from collections.abc import Sequence
from fractions import Fraction

from .curve import Curve, Line, constant, pieces, value_at
from .signal import Join, Signal
from .surd import ZERO, Surd

__all__ = ["joined", "source_rows"]


def on_first(join: Join, curve: Curve) -> Curve:
    """A function of the first integer as one of the pair."""
    domain, count = join.first.domain, len(join.first.domain)
    starts: list[int] = []
    lines: list[Line] = []
    for row in range(len(join.second.domain)):
        for start, _, (scale, offset) in pieces(domain, curve):
            starts.append(row * count + start)
            # The integer is start + step * (place - row * count).
            first = Surd(Fraction(domain.start - domain.step * row * count))
            lines.append((scale * Surd(Fraction(domain.step)), offset + scale * first))
    if all(scale == ZERO for scale, _ in lines) and len(set(lines)) == 1:
        return constant(lines[0][1])
    return Curve(tuple(starts), tuple(lines))


def on_second(join: Join, curve: Curve) -> Curve:
    """A function of the second integer as one of the pair."""
    domain, count = join.second.domain, len(join.first.domain)
    rows = range(len(domain))
    return Curve(tuple(row * count for row in rows), tuple((ZERO, value_at(domain, curve, row)) for row in rows))


def source_rows(join: Join, curve: Curve) -> list[Curve]:
    """For each value of the second integer the function of the first."""
    domain, count = join.first.domain, len(join.first.domain)
    found = pieces(join.places, curve)
    rows: list[Curve] = []
    for row in range(len(join.second.domain)):
        begin = row * count
        inside = [
            (max(first - begin, 0), _back(domain, begin, line))
            for first, end, line in found
            if first < begin + count and end > begin
        ]
        rows.append(Curve(tuple(start for start, _ in inside), tuple(line for _, line in inside)))
    return rows


def _back(domain: range, begin: int, line: Line) -> Line:
    """A line of a place as one of the integer at it."""
    scale, offset = line
    step = scale / Surd(Fraction(domain.step))
    return step, offset + scale * Surd(Fraction(begin)) - step * Surd(Fraction(domain.start))


def joined(join: Join, signal: Signal) -> Sequence[Curve]:
    """The curves of a signal on either source, on pairs."""
    move = on_first if signal.source is join.first.source else on_second
    return [move(join, curve) for curve in signal.curves]
