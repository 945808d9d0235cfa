"""The rounding that a ``Quant`` operator of QONNX asks for."""

from fractions import Fraction

from ..exact.node import Node
from ..exact.rounding import ROUNDING, Quantizer

__all__ = ["quantizer"]


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
