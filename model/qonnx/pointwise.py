"""Operators that make each element of one element: of constants, of data, or of both together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from onnx import TensorProto

from ..exact import functions as of
from ..exact.constant import Constant, only, scalar
from ..exact.curve import Curve, constant
from ..exact.elementwise import Function, Value, elementwise, linear, opaque, signed
from ..exact.node import Node
from ..exact.signal import Signal
from ..exact.surd import ONE, ZERO, Surd
from .rounded import in_float32
from .types import INTEGERS

__all__ = ["FLOATS", "POINTWISE", "Inputs", "given", "signed_data"]

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
HALF = Surd(Fraction(1, 2))
Inputs = Sequence[Value | None]


def given(node: Node, inputs: Inputs, *names: str) -> list[Value]:
    """The first inputs, all of which must be there."""
    found = [value for value in inputs[: len(names)] if value is not None]
    if len(found) < len(names):
        missing = next(name for place, name in enumerate(names) if place >= len(inputs) or inputs[place] is None)
        raise node.error(f"must have {missing} as an input; export again")
    return found


def _add(node: Node, inputs: Inputs) -> Value:
    return linear(node, given(node, inputs, "a", "b"), of.add, (ONE, ONE))


def _subtract(node: Node, inputs: Inputs) -> Value:
    return linear(node, given(node, inputs, "a", "b"), of.subtract, (ONE, -ONE))


def _total(node: Node, inputs: Inputs) -> Value:
    values = [value for value in inputs if value is not None]
    return linear(node, values, of.add, (ONE,) * len(values))


def _negate(node: Node, inputs: Inputs) -> Value:
    return linear(node, given(node, inputs, "data"), of.negate, (-ONE,))


def _same(node: Node, inputs: Inputs) -> Value:
    return given(node, inputs, "data")[0]


def _scale(function: Function) -> Callable[[Node, Inputs], Value]:
    """Products and quotients; with one number for all elements, terms may be among the data."""

    def apply(node: Node, inputs: Inputs) -> Value:
        left, right = given(node, inputs, "a", "b")
        if function is of.divide and node.whole is not None:
            return elementwise(node, [left, right], _whole_quotient)
        if function is of.multiply and isinstance(left, Constant):
            left, right = right, left
        if isinstance(left, Signal) and left.terms and isinstance(right, Constant) and len(right.palette) == 1:
            ((_, factor),) = function(range(1), [constant(ONE), constant(right.number(0))]).lines
            return linear(node, [left, right], function, (factor, ZERO))
        return elementwise(node, [left, right], function)

    return apply


def _whole_quotient(domain: range, curves: Sequence[Curve]) -> Curve:
    """As integers are divided: cut towards zero."""
    return of.truncate(domain, of.divide(domain, curves))


def _compare(node: Node, inputs: Inputs) -> Value:
    signs = of.COMPARISONS[node.operator]
    pair = given(node, inputs, "a", "b")
    if any(isinstance(value, Signal) and value.terms for value in pair):
        difference = _subtract(node, pair)
        if isinstance(difference, Signal):
            return elementwise(
                node, [signed(difference)], lambda domain, curves: of.compare(domain, [*curves, constant(ZERO)], signs)
            )
    return elementwise(
        node, pair, lambda domain, curves: of.compare(domain, curves, signs), floats=FLOAT_COMPARISONS[node.operator]
    )


def _sign(node: Node, inputs: Inputs) -> Value:
    (data,) = given(node, inputs, "data")
    result = elementwise(node, [signed_data(data)], lambda domain, curves: of.sign(domain, curves[0]), floats=np.sign)
    return _three(node, result) if isinstance(result, Signal) else result


def _three(node: Node, signal: Signal) -> Signal:
    """Remember which operator it was that can give 0 between -1 and +1."""
    for channel, curve in enumerate(signal.curves):
        if len(curve.lines) > 2:
            text = f"can be 0 in channel {channel}, and Sign(0) is 0; export with BipolarQuant, where it is +1"
            return replace(signal, origin=node.error(text))
    return signal


def signed_data(value: Value) -> Value:
    """Data of the same signs, without terms where that is possible."""
    return signed(value) if isinstance(value, Signal) else value


def _not(node: Node, inputs: Inputs) -> Value:
    pair = [*given(node, inputs, "data"), scalar(0)]
    return elementwise(node, pair, lambda domain, curves: of.compare(domain, curves, of.COMPARISONS["Equal"]))


def _logic(node: Node, inputs: Inputs) -> Value:
    pair = given(node, inputs, "a", "b")
    if node.operator == "Xor":
        return elementwise(node, pair, lambda domain, curves: of.compare(domain, curves, (-1, 1)))
    function = of.smallest_of if node.operator == "And" else of.largest
    return elementwise(node, pair, function)


def _extreme(node: Node, inputs: Inputs) -> Value:
    function, floats = (of.largest, np.maximum) if node.operator == "Max" else (of.smallest_of, np.minimum)
    values = [value for value in inputs if value is not None]
    return elementwise(node, values, function, floats=floats if len(values) == 2 else None)


def _where(node: Node, inputs: Inputs) -> Value:
    return elementwise(node, given(node, inputs, "a condition", "a value", "another value"), of.choose, floats=np.where)


def _clip(node: Node, inputs: Inputs) -> Value:
    data, *others = inputs
    edges: list[Value | None] = [*others, None, None][:2]
    for place, name in enumerate(("min", "max")):
        if edges[place] is None and name in node.attributes:
            edges[place] = scalar(node.number(name, 0.0))
    places = [place for place, edge in enumerate(edges) if edge is not None]

    def function(domain: range, curves: list[Curve]) -> Curve:
        cut: list[Curve | None] = [None, None]
        for place, curve in zip(places, curves[1:], strict=True):
            cut[place] = curve
        return of.clip(domain, curves[0], *cut)

    return elementwise(node, [*given(node, [data], "data"), *(edge for edge in edges if edge is not None)], function)


def _abs(node: Node, inputs: Inputs) -> Value:
    return elementwise(
        node, given(node, inputs, "data"), lambda domain, curves: of.absolute(domain, curves[0]), floats=np.abs
    )


def _relu(node: Node, inputs: Inputs) -> Value:
    return _sloped(node, [*given(node, inputs, "data"), scalar(0)])


def _leaky_relu(node: Node, inputs: Inputs) -> Value:
    return _sloped(node, [*given(node, inputs, "data"), scalar(node.number("alpha", 0.01))])


def _sloped(node: Node, inputs: Inputs) -> Value:
    pair = given(node, inputs, "data", "a slope")
    return elementwise(node, pair, lambda domain, curves: of.slopes(domain, *curves))


def _thresholded_relu(node: Node, inputs: Inputs) -> Value:
    level = scalar(node.number("alpha", 1.0))

    def function(domain: range, curves: list[Curve]) -> Curve:
        above = of.compare(domain, curves, of.COMPARISONS["Greater"])
        return of.choose(domain, [above, curves[0], constant(ZERO)])

    return elementwise(node, [*given(node, inputs, "data"), level], function)


def _hard_sigmoid(node: Node, inputs: Inputs) -> Value:
    values = [*given(node, inputs, "data"), *(scalar(node.number(*entry)) for entry in (("alpha", 0.2), ("beta", 0.5)))]

    def function(domain: range, curves: list[Curve]) -> Curve:
        data, slope, offset = curves
        level = of.add(domain, [of.multiply(domain, [data, slope]), offset])
        return of.clip(domain, level, constant(ZERO), constant(ONE))

    return elementwise(node, values, function)


def _round(node: Node, inputs: Inputs) -> Value:
    mode = {"Round": "ROUND", "Floor": "FLOOR", "Ceil": "CEIL"}[node.operator]
    return elementwise(node, given(node, inputs, "data"), lambda domain, curves: of.round_to(domain, curves[0], mode))


def _root(node: Node, inputs: Inputs) -> Value:
    return elementwise(node, given(node, inputs, "data"), lambda domain, curves: of.square_root(domain, curves[0]))


def _reciprocal(node: Node, inputs: Inputs) -> Value:
    values = given(node, inputs, "data")
    return elementwise(node, values, lambda domain, curves: of.divide(domain, [constant(ONE), *curves]))


def _power(node: Node, inputs: Inputs) -> Value:
    data, exponent = given(node, inputs, "data", "an exponent")
    if not isinstance(exponent, Constant):
        raise node.error("must have a constant exponent; export again")
    power = only(node, exponent)
    return elementwise(node, [data], lambda domain, curves: of.power(domain, curves[0], power))


def _cast(node: Node, inputs: Inputs) -> Value:
    (data,) = given(node, inputs, "data")
    kind = node.integer("to", 0)
    if kind in FLOATS or (isinstance(data, Signal) and data.ranked):
        return data
    if kind == TensorProto.BOOL:
        return elementwise(node, [data, scalar(0)], lambda domain, curves: of.compare(domain, curves, (-1, 1)))
    if kind not in INTEGERS:
        raise node.error(f"must cast to a float, an integer or a bool, not to type {kind}; export again")
    low, high = INTEGERS[kind].low, INTEGERS[kind].high
    values = [data, scalar(low), scalar(high)]

    def function(domain: range, curves: list[Curve]) -> Curve:
        whole = of.truncate(domain, curves[0])
        if of.clip(domain, whole, curves[1], curves[2]) != whole:
            raise node.error(f"must cast numbers in {low}..{high}, not others, which the runtime wraps")
        return whole

    return elementwise(node, values, function)


def _rising(node: Node, inputs: Inputs) -> Value:
    """A function that no line follows, but that keeps the order."""
    (data,) = given(node, inputs, "data")
    if not isinstance(data, Signal):
        return in_float32(node, data)
    for name in ("alpha", "gamma") if node.operator in ("Elu", "Selu") else ():
        if node.number(name, 1.0) <= 0:
            raise node.error(f"{name} must be positive, where it keeps the order, not {node.number(name, 1.0)}")
    zero = RISING[node.operator]
    error = node.error("must be undone, come before a sign, or end the network; it is no line")
    return opaque(node, data, error, zero=zero)


FLOAT_COMPARISONS = {
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Equal": np.equal,
}

RISING = {
    **dict.fromkeys(("Tanh", "Erf", "Softsign", "Elu", "Selu", "Celu", "Atan", "Asinh", "Sinh"), ZERO),
    "Sigmoid": HALF,
    "Exp": ONE,
}
"""Functions that rise everywhere, and what they give for 0."""

POINTWISE: dict[str, Callable[[Node, Inputs], Value]] = {
    "Abs": _abs,
    "Add": _add,
    "And": _logic,
    "Cast": _cast,
    "Ceil": _round,
    "Clip": _clip,
    "Div": _scale(of.divide),
    "Floor": _round,
    "HardSigmoid": _hard_sigmoid,
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "Max": _extreme,
    "Min": _extreme,
    "Mul": _scale(of.multiply),
    "Neg": _negate,
    "Not": _not,
    "Or": _logic,
    "PRelu": _sloped,
    "Pow": _power,
    "Reciprocal": _reciprocal,
    "Relu": _relu,
    "Round": _round,
    "Sign": _sign,
    "Sqrt": _root,
    "Sub": _subtract,
    "Sum": _total,
    "ThresholdedRelu": _thresholded_relu,
    "Where": _where,
    "Xor": _logic,
    **dict.fromkeys(of.COMPARISONS, _compare),
    **dict.fromkeys(RISING, _rising),
}
