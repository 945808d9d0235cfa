"""Rounding of one exact number to integers of a few bits, in all the ways that files ask for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .surd import Surd

__all__ = ["ROUNDING", "Quantizer"]

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

JUMPS: dict[str, tuple[Fraction, bool]] = {
    "ROUND": (HALF, True),
    "HALF_EVEN": (HALF, True),
    "CEIL": (Fraction(0), True),
    "FLOOR": (Fraction(1), False),
    "UP": (Fraction(0), True),
    "DOWN": (Fraction(1), False),
    "HALF_UP": (HALF, False),
    "HALF_DOWN": (HALF, True),
}
"""Where each way of rounding goes from 0 to 1, and whether it is still 0 at that very number."""


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

    @property
    def jump(self) -> tuple[Fraction, bool]:
        """For one unsigned bit: where it becomes 1, and whether it is still 0 there."""
        return JUMPS[self.rounding]

    def __call__(self, value: Surd) -> int:
        if self.bipolar:
            return 1 if value.sign >= 0 else -1
        number = min(max(value.rational, Fraction(self.low)), Fraction(self.high))
        return ROUNDING[self.rounding](number)
