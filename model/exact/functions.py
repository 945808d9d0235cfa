"""Functions of numbers, element by element: each takes a domain and curves on it, and gives a curve.

A constant is a curve as well, of one line without a scale; so this is the arithmetic of constants, too.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from .curve import Curve, Line, constant, merge, split_by_sign, stairs
from .rounding import Nearby, Quantizer
from .surd import ONE, ZERO, InexactError, Surd, root

__all__ = [
    "COMPARISONS",
    "Function",
    "absolute",
    "add",
    "choose",
    "clip",
    "compare",
    "divide",
    "largest",
    "levels_reached",
    "multiply",
    "negate",
    "power",
    "quantize",
    "round_to",
    "shift",
    "sign",
    "slopes",
    "smallest_of",
    "square_root",
    "subtract",
    "truncate",
]

Function = Callable[[range, Sequence[Curve]], Curve]

COMPARISONS: dict[str, tuple[int, ...]] = {
    "Greater": (1,),
    "GreaterOrEqual": (0, 1),
    "Less": (-1,),
    "LessOrEqual": (-1, 0),
    "Equal": (0,),
}
"""Signs of a difference for which a comparison holds."""


def add(domain: range, curves: Sequence[Curve]) -> Curve:
    """The sum of all."""
    return merge(domain, curves, _sum)


def subtract(domain: range, curves: Sequence[Curve]) -> Curve:
    """The first minus the second."""
    return merge(domain, curves, lambda left, right: (left[0] - right[0], left[1] - right[1]))


def multiply(domain: range, curves: Sequence[Curve]) -> Curve:
    """The product, where at each integer one of two is a constant."""
    return merge(domain, curves, _product)


def divide(domain: range, curves: Sequence[Curve]) -> Curve:
    """The first divided by the second, a constant."""
    return merge(domain, curves, _quotient)


def negate(domain: range, curves: Sequence[Curve]) -> Curve:
    """The number with the other sign."""
    return merge(domain, curves, lambda line: (-line[0], -line[1]))


def shift(domain: range, curve: Curve, offset: Surd) -> Curve:
    """The curve plus a number."""
    return add(domain, [curve, constant(offset)])


def sign(domain: range, curve: Curve) -> Curve:
    """-1, 0 or +1."""
    return merge(domain, [split_by_sign(domain, curve)], lambda line: line)


def compare(domain: range, curves: Sequence[Curve], signs: tuple[int, ...]) -> Curve:
    """1 where the first minus the second has one of these signs, else 0."""
    difference = split_by_sign(domain, subtract(domain, curves))
    return merge(domain, [difference], lambda line: (ZERO, ONE if _number(line) in signs else ZERO))


def choose(domain: range, curves: Sequence[Curve]) -> Curve:
    """The second where the first is not 0, else the third."""
    condition, yes, no = curves
    signs = split_by_sign(domain, condition)
    return merge(domain, [signs, yes, no], lambda line, one, other: one if _number(line) else other)


def slopes(domain: range, curve: Curve, below: Curve) -> Curve:
    """The number where it is at least 0; below, times a factor, which may be 0."""
    signs = split_by_sign(domain, curve)
    return merge(
        domain, [signs, curve, below], lambda line, one, other: one if _number(line) >= 0 else _product(one, other)
    )


def absolute(domain: range, curve: Curve) -> Curve:
    """The magnitude."""
    return slopes(domain, curve, constant(-ONE))


def largest(domain: range, curves: Sequence[Curve]) -> Curve:
    """The largest of all."""
    result = curves[0]
    for other in curves[1:]:
        signs = split_by_sign(domain, subtract(domain, [result, other]))
        result = merge(domain, [signs, result, other], lambda line, one, two: one if _number(line) >= 0 else two)
    return result


def smallest_of(domain: range, curves: Sequence[Curve]) -> Curve:
    """The smallest of all."""
    return negate(domain, [largest(domain, [negate(domain, [curve]) for curve in curves])])


def clip(domain: range, curve: Curve, low: Curve | None, high: Curve | None) -> Curve:
    """The number, at least ``low`` and at most ``high``, which wins where both cannot be."""
    result = curve if low is None else largest(domain, [curve, low])
    return result if high is None else smallest_of(domain, [result, high])


def round_to(domain: range, curve: Curve, rounding: str) -> Curve:
    """An integer near by."""
    return stairs(domain, curve, Nearby(rounding))


def truncate(domain: range, curve: Curve) -> Curve:
    """The integer next to it towards zero; integers stay as they are, however many there are."""
    whole = all(scale.is_integer and offset.is_integer for scale, offset in curve.lines)
    return curve if whole else round_to(domain, curve, "DOWN")


def quantize(domain: range, curve: Curve, quantizer: Quantizer) -> Curve:
    """An integer of a few bits."""
    return stairs(domain, curve, quantizer)


def levels_reached(domain: range, curve: Curve, levels: Sequence[Curve]) -> Curve:
    """How many of the levels the number is at least."""
    return add(domain, [compare(domain, [curve, level], COMPARISONS["GreaterOrEqual"]) for level in levels])


def square_root(domain: range, curve: Curve) -> Curve:
    """The root of a constant."""
    return merge(domain, [curve], lambda line: (ZERO, root(_constant(line, "the root"))))


def power(domain: range, curve: Curve, exponent: Fraction) -> Curve:
    """A constant to the power of a multiple of one half; anything to the power of 1."""
    if exponent == 1:
        return curve
    if (2 * exponent).denominator != 1 or abs(exponent) > LARGEST_POWER:
        raise InexactError(f"exponent must be a half or a whole number within ±{LARGEST_POWER}, not {exponent}")
    return merge(domain, [curve], lambda line: (ZERO, _power(_constant(line, "a power"), exponent)))


LARGEST_POWER = 16


def _power(value: Surd, exponent: Fraction) -> Surd:
    base = value if exponent.denominator == 1 else root(value)
    result = ONE
    for _ in range(abs(exponent.numerator)):
        result = result * base
    return result if exponent >= 0 else ONE / result


def _sum(*lines: Line) -> Line:
    scale, offset = lines[0]
    for more, other in lines[1:]:
        scale, offset = scale + more, offset + other
    return scale, offset


def _product(left: Line, right: Line) -> Line:
    if left[0] != ZERO:
        left, right = right, left
    factor = _constant(left, "a product with itself")
    return right[0] * factor, right[1] * factor


def _quotient(left: Line, right: Line) -> Line:
    divisor = _constant(right, "a quotient")
    return left[0] / divisor, left[1] / divisor


def _number(line: Line) -> int:
    """The sign that :func:`split_by_sign` found."""
    return int(line[1].a)


def _constant(line: Line, what: str) -> Surd:
    if line[0] != ZERO:
        raise InexactError(f"must not take {what} of data, which is no line any more; only of constants")
    return line[1]
