"""Rounding of one exact number to integers of a few bits, in all the ways that files ask for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .surd import Surd

__all__ = ["ROUNDING", "Nearby", "Quantizer", "floor", "rounded"]

HALF = Fraction(1, 2)


def _away(value: Fraction, magnitude: Callable[[Fraction], int]) -> int:
    """Round the magnitude and keep the sign."""
    return magnitude(abs(value)) * (1 if value >= 0 else -1)


ROUNDING: dict[str, Callable[[Fraction], int]] = {
    "ROUND": round,
    "HALF_EVEN": round,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "UP": lambda value: _away(value, math.ceil),
    "DOWN": lambda value: _away(value, math.floor),
    "HALF_UP": lambda value: _away(value, lambda size: math.floor(size + HALF)),
    "HALF_DOWN": lambda value: _away(value, lambda size: math.ceil(size - HALF)),
}


@dataclass(frozen=True)
class Nearby:
    """Rounding to integers, in one of the ways of :data:`ROUNDING`."""

    rounding: str

    def __call__(self, value: Surd) -> int:
        return rounded(value, self.rounding)


@dataclass(frozen=True)
class Quantizer:
    """Rounding to integers of a few bits.

    Parameters
    ----------
    width : :class:`int`
        Bits.
    signed : :class:`bool`
        Whether there are negative integers.
    low, high : :class:`int`
        The range that results are cut to.
    rounding : :class:`str`
        One of :data:`ROUNDING`.
    """

    width: int
    signed: bool
    low: int
    high: int
    rounding: str

    @property
    def bipolar(self) -> bool:
        """Whether the results are -1 and +1: the meaning of one signed bit."""
        return self.width == 1 and self.signed

    def __call__(self, value: Surd) -> int:
        if self.bipolar:
            return 1 if value.sign >= 0 else -1
        for edge in (self.low, self.high):
            if (value - Surd(Fraction(edge))).sign * (1 if edge == self.high else -1) >= 0:
                return edge
        return rounded(value, self.rounding)


def rounded(value: Surd, rounding: str) -> int:
    """An exact number as an integer, in one of the ways of :data:`ROUNDING`."""
    if not value.b:
        return ROUNDING[rounding](value.a)
    # An irrational number is neither an integer nor half way between two: a fraction on the same side of both will do.
    below = floor(value)
    half = (value - Surd(Fraction(below) + HALF)).sign
    return ROUNDING[rounding](Fraction(below) + HALF + Fraction(half, 4))


def floor(value: Surd) -> int:
    """The largest integer that is not above the number."""
    # b * sqrt(v) is the root of b * b * v, to which integers come as near as needed.
    square = value.b * value.b * value.v
    size = Fraction(math.isqrt(square.numerator * square.denominator), square.denominator)
    guess = math.floor(value.a + (size if value.b > 0 else -size))
    while (value - Surd(Fraction(guess))).sign < 0:
        guess -= 1
    while (value - Surd(Fraction(guess + 1))).sign >= 0:
        guess += 1
    return guess
