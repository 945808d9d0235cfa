"""Operators that quantize: those of Brevitas, QONNX and FINN, and ONNX's own."""

import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..exact import functions as of
from ..exact.constant import Constant, scalar
from ..exact.curve import Curve, constant, single_line
from ..exact.elementwise import Value, elementwise
from ..exact.node import Node
from ..exact.surd import ONE, ZERO, InexactError, Surd
from .pointwise import Inputs, given, signed_data
from .rounding import quantizer

__all__ = ["QUANTIZERS"]

Doubles = NDArray[np.float64]


def _bipolar_quant(node: Node, inputs: Inputs) -> Value:
    data, scale = given(node, inputs, "data", "a scale")

    def function(domain: range, curves: list[Curve]) -> Curve:
        bit = of.compare(domain, [curves[0], constant(ZERO)], of.COMPARISONS["GreaterOrEqual"])
        return of.multiply(domain, [of.choose(domain, [bit, constant(ONE), constant(-ONE)]), curves[1]])

    return elementwise(node, [signed_data(data), scale], function, floats=lambda x, size: np.where(x >= 0, size, -size))


def _quant(node: Node, inputs: Inputs) -> Value:
    values = given(node, inputs, "data", "a scale", "a zero point", "a bit width")

    def function(domain: range, curves: list[Curve]) -> Curve:
        data, scale, zero, width = curves
        rule = quantizer(node, _number(width).rational)
        level = of.add(domain, [of.divide(domain, [data, _positive(node, scale)]), zero])
        rounded = of.quantize(domain, level, rule)
        return of.multiply(domain, [of.subtract(domain, [rounded, zero]), scale])

    return elementwise(node, values, function)


def _quantize_linear(node: Node, inputs: Inputs) -> Value:
    data, scale = given(node, inputs, "data", "a scale")
    zero, *cut = (*inputs[2:], None, None, None)[:3]
    low, high = (_integer(edge) for edge in _range(node, zero))
    zero = _along_axis(node, data, _integer(0) if zero is None else zero)
    edges = [low, high, *(edge or other for edge, other in zip(cut, (low, high), strict=True))]

    def function(domain: range, curves: list[Curve]) -> Curve:
        level = of.divide(domain, [curves[0], _positive(node, curves[1])])
        # Cut first, for there can be far more integers before; all ends are integers, so that it is the same.
        ends = [of.subtract(domain, [edge, curves[2]]) for edge in curves[3:]]
        level = of.clip(domain, of.clip(domain, level, *ends[:2]), *ends[2:])
        return of.add(domain, [of.round_to(domain, level, "ROUND"), curves[2]])

    return elementwise(node, [data, _along_axis(node, data, scale), zero, *edges], function, floats=_quantized)


def _quantized(data: Doubles, scale: Doubles, zero: Doubles, *edges: Doubles) -> Doubles:
    """As ``QuantizeLinear``; where double precision cannot tell whether a number lies halfway, with fractions."""
    if (scale <= 0).any():
        raise InexactError("scale must be positive; train or export again")
    level = data / scale
    nearest = np.rint(level)
    halfway = abs(abs(level - np.floor(level)) - 0.5) < DOUBTFUL
    for place in np.flatnonzero(halfway | (abs(level) > LARGEST_LEVEL)):
        nearest[place] = round(Fraction(data[place]) / Fraction(scale[place]))
    return np.asarray(np.clip(np.clip(nearest + zero, *edges[:2]), *edges[2:]), np.float64)


def _integer(value: int) -> Constant:
    return Constant(np.array([value]), np.zeros((), np.int64))


def _dequantize_linear(node: Node, inputs: Inputs) -> Value:
    data, scale = given(node, inputs, "data", "a scale")
    zero = inputs[2] if len(inputs) > 2 and inputs[2] is not None else scalar(0)

    def function(domain: range, curves: list[Curve]) -> Curve:
        return of.multiply(domain, [of.subtract(domain, [curves[0], curves[2]]), curves[1]])

    return elementwise(node, [data, _along_axis(node, data, scale), _along_axis(node, data, zero)], function)


def _along_axis(node: Node, data: Value, value: Value) -> Value:
    """A scale or zero point for each element of an axis, in the shape that broadcasts so."""
    if not isinstance(value, Constant) or len(value.shape) != 1 or value.shape == (1,):
        return value.reshape(()) if isinstance(value, Constant) and value.index.size == 1 else value
    rank, axis = len(data.shape), node.integer("axis", 1)
    if node.integer("block_size", 0) or not -rank <= axis < rank:
        raise node.error(f"must have one scale, or one for each element of an axis, not {value.shape} along {axis}")
    shape = [1] * rank
    shape[axis] = -1
    return value.reshape(tuple(shape))


def _range(node: Node, zero: Value | None) -> tuple[int, int]:
    """What the integers are cut to, by the type of the zero point."""
    if zero is None:
        if node.integer("output_dtype", UINT8) not in (0, UINT8):
            raise node.error("must have a zero point that says the type; export again")
        return 0, 255
    kind = zero.palette.dtype if isinstance(zero, Constant) else None
    if kind is None or kind.kind not in "iu":
        raise node.error("must have an integer constant as zero point; export again")
    limits = np.iinfo(kind)
    return int(limits.min), int(limits.max)


def _multi_threshold(node: Node, inputs: Inputs) -> Value:
    data, thresholds = given(node, inputs, "data", "thresholds")
    if not isinstance(thresholds, Constant) or len(thresholds.shape) != 2 or thresholds.shape[1] > LARGEST_LEVELS:
        shape = thresholds.shape
        raise node.error(
            f"must have 1 to {LARGEST_LEVELS} thresholds for each channel as a constant, not shape {shape}"
        )
    _check_type(node, thresholds.shape[1])
    rank = len(data.shape)
    layout = node.text("data_layout", "") or {2: "NC", 3: "NWC", 4: "NCHW"}.get(rank, "NC")
    if len(layout) != rank or "C" not in layout:
        raise node.error(f"data_layout must have {rank} letters with a C, not {layout!r}")
    shape = tuple(-1 if letter == "C" else 1 for letter in layout)
    columns = [
        Constant(thresholds.palette, thresholds.index[:, column].reshape(shape))
        for column in range(thresholds.shape[1])
    ]
    step, bias = (Surd(Fraction(node.number(*entry))) for entry in (("out_scale", 1.0), ("out_bias", 0.0)))

    def function(domain: range, curves: list[Curve]) -> Curve:
        reached = of.levels_reached(domain, curves[0], curves[1:])
        return of.add(domain, [of.multiply(domain, [reached, constant(step)]), constant(bias)])

    return elementwise(node, [data, *columns], function)


def _check_type(node: Node, count: int) -> None:
    """Refuse more thresholds than numbers of the type tell apart, where the file says one that is known."""
    name = node.text("out_dtype", "")
    known = WHOLE_TYPE.fullmatch(name)
    most = (1 << min(int(known[1] or 1), LARGEST_WIDTH)) - 1 if known else LARGEST_LEVELS
    if count > most:
        raise node.error(f"must have at most {most} thresholds for each channel, as {name} tells apart, not {count}")


def _positive(node: Node, curve: Curve) -> Curve:
    if _number(curve).sign <= 0:
        raise node.error("scale must be positive; train or export again")
    return curve


def _number(curve: Curve) -> Surd:
    """The number that a constant is."""
    line = single_line(curve)
    if line is None or line[0] != ZERO:
        raise InexactError("must have constants for all inputs but the first; export again")
    return line[1]


DOUBTFUL = 2.0**-30
LARGEST_LEVEL = 2.0**20
"""A quotient in double precision is within one of the other, as long as it is not larger."""

LARGEST_LEVELS = 255

LARGEST_WIDTH = 8
"""Bits that count so many levels."""

WHOLE_TYPE = re.compile(r"BIPOLAR|BINARY|U?INT(\d{1,2})", re.ASCII)
"""What FINN calls a bit or an integer, and its bits."""
UINT8 = 2
"""The code of ONNX for ``uint8``."""

QUANTIZERS: dict[str, Callable[[Node, Inputs], Value]] = {
    "BipolarQuant": _bipolar_quant,
    "DequantizeLinear": _dequantize_linear,
    "IntQuant": _quant,
    "MultiThreshold": _multi_threshold,
    "Quant": _quant,
    "QuantizeLinear": _quantize_linear,
}
