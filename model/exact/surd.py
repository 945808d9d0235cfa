"""Exact numbers ``a + b * sqrt(v)``: what scales and biases of a network become when nothing is rounded.

Batch normalization divides by a square root. As long as a neuron meets one root before its sign is taken, every number
on the way is of this form, and comparing two of them needs rational arithmetic only.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["ONE", "ZERO", "InexactError", "Surd", "compare", "root", "sign_of", "smallest"]


class InexactError(ArithmeticError):
    """An operation whose result is not of the form ``a + b * sqrt(v)``, or not a number; the message says why."""


LARGEST_BITS = 1 << 15


@dataclass(frozen=True)
class Surd:
    """The number ``a + b * sqrt(v)``.

    >>> (root(Surd(Fraction(8))) * Surd(Fraction(3)) - Surd(Fraction(8))).sign
    1

    Parameters
    ----------
    a, b : :class:`~fractions.Fraction`
        Coefficients.
    v : :class:`~fractions.Fraction`
        The radicand: positive, and 0 where ``b`` is 0.
    """

    a: Fraction
    b: Fraction = Fraction(0)
    v: Fraction = Fraction(0)

    def __add__(self, other: "Surd") -> "Surd":
        return _make(self.a + other.a, self.b + other.b, _common(self, other))

    def __sub__(self, other: "Surd") -> "Surd":
        return _make(self.a - other.a, self.b - other.b, _common(self, other))

    def __mul__(self, other: "Surd") -> "Surd":
        v = _common(self, other)
        return _make(self.a * other.a + self.b * other.b * v, self.a * other.b + self.b * other.a, v)

    def __truediv__(self, other: "Surd") -> "Surd":
        norm = other.a * other.a - other.b * other.b * other.v
        if norm == 0:
            raise InexactError("divides by zero")
        return self * _make(other.a / norm, -other.b / norm, other.v)

    def __neg__(self) -> "Surd":
        return Surd(-self.a, -self.b, self.v)

    def __abs__(self) -> "Surd":
        return -self if self.sign < 0 else self

    def times(self, count: int) -> "Surd":
        """The number times an integer, which takes much less than a product of two numbers."""
        if not self.b or not count:
            return Surd(self.a * count)
        return Surd(self.a * count, self.b * count, self.v)

    @property
    def sign(self) -> int:
        """-1, 0 or +1."""
        return sign_of(self.a, self.b, self.v)

    @property
    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return not self.b and self.a.denominator == 1

    @property
    def rational(self) -> Fraction:
        """The number as a fraction; InexactError when it is irrational."""
        if self.b:
            raise InexactError("needs a rational number, not one with a square root")
        return self.a

    def __float__(self) -> float:
        return float(self.a) + float(self.b) * math.sqrt(self.v)

    def __str__(self) -> str:
        return f"{float(self):g}"


ZERO = Surd(Fraction(0))
ONE = Surd(Fraction(1))


def sign_of(a: Fraction, b: Fraction, v: Fraction) -> int:
    """Sign of ``a + b * sqrt(v)``, for a ``v`` that is not negative: -1, 0 or +1.

    >>> sign_of(Fraction(-3), Fraction(2), Fraction(2))
    -1
    """
    # x * abs(x) rises with x, so the sum of the two numbers has the sign of the sum of their signed squares.
    difference = a * abs(a) + b * abs(b) * v
    return (difference > 0) - (difference < 0)


def compare(left: Surd, right: Surd) -> int:
    """Sign of the difference of any two numbers, also with different roots."""
    if not left.b or not right.b or left.v == right.v:
        return (left - right).sign
    # (a + b * sqrt(v)) - c * sqrt(w): each part's sign is known, and so are the squares of both.
    one, other = Surd(left.a - right.a, left.b, left.v), Surd(Fraction(0), right.b, right.v)
    if one.sign != other.sign:
        return (one.sign > other.sign) - (one.sign < other.sign)
    return (one * one - other * other).sign * one.sign


def smallest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest integer in ``low..high - 1`` for which a rising condition holds, or ``high``.

    >>> smallest(-10, 11, lambda number: number**3 >= -30)
    -3
    """
    return low + bisect_left(range(low, high), True, key=holds)


def root(value: Surd) -> Surd:
    """The square root of a rational number that is not negative."""
    if value.b:
        raise InexactError("takes the root of a number that has a root in it already")
    if value.a < 0:
        raise InexactError(f"takes the root of {value}, which is negative")
    numerator, denominator = math.isqrt(value.a.numerator), math.isqrt(value.a.denominator)
    if numerator * numerator == value.a.numerator and denominator * denominator == value.a.denominator:
        return Surd(Fraction(numerator, denominator))
    return Surd(Fraction(0), Fraction(1), value.a)


def _make(a: Fraction, b: Fraction, v: Fraction) -> Surd:
    # A chain of squarings doubles the digits each time: a file of a few lines must not fill the memory.
    if max(part.bit_length() for number in (a, b) for part in number.as_integer_ratio()) > LARGEST_BITS:
        raise InexactError(f"makes a number of more than {LARGEST_BITS} bits; fold the constants before the export")
    return Surd(a, b, v) if b else Surd(a)


def _common(left: Surd, right: Surd) -> Fraction:
    """The radicand of a result."""
    if left.b and right.b and left.v != right.v:
        raise InexactError("combines two different square roots; put a binarization between the two normalizations")
    return left.v if left.b else right.v
