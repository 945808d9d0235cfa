"""What the ``Quant`` operator of QONNX does to one exact number."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .qonnx_exact import Surd
from .qonnx_graph import Node

__all__ = ["Quantizer", "quantizer"]

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


def quantizer(node: Node, width: Fraction) -> Quantizer:
    """The rounding that a ``Quant`` node asks for."""
    if width.denominator != 1 or not 1 <= width <= 32:
        raise node.error(f"bit width must be an integer in 1..32, not {width}")
    bits, signed, narrow = int(width), bool(node.integer("signed", 1)), bool(node.integer("narrow", 0))
    rounding = node.text("rounding_mode", "ROUND").upper()
    if rounding not in ROUNDING:
        raise node.error(f"rounding_mode must be one of {', '.join(ROUNDING)}, not {rounding!r}")
    if bits == 1 and not signed and narrow:
        raise node.error("must not be narrow with one unsigned bit, for then it is always 0")
    low = -(1 << bits - 1) + narrow if signed else 0
    high = (1 << bits - 1) - 1 if signed else (1 << bits) - 1 - narrow
    return Quantizer(bits, signed, low, high, rounding)
