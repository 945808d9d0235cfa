"""Operators whose inputs are all constants."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from onnx import TensorProto

from ..exact.constant import ARITHMETIC, Constant, constant_of, objects, only
from ..exact.node import Node
from ..exact.surd import ONE, ZERO, Surd, root
from .rounding import quantizer
from .shapes import SHAPE_OPERATORS

__all__ = ["FLOATS", "evaluate"]

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


UNARY: dict[str, Callable[[Surd], Surd]] = {
    "Sqrt": root,
    "Neg": lambda value: -value,
    "Reciprocal": lambda value: ONE / value,
    "Abs": abs,
    "Sign": lambda value: Surd(Fraction(value.sign)),
}

POWERS: dict[Fraction, Callable[[Surd], Surd]] = {
    Fraction(1): lambda value: value,
    Fraction(2): lambda value: value * value,
    Fraction(1, 2): root,
    Fraction(-1): UNARY["Reciprocal"],
    Fraction(-1, 2): lambda value: ONE / root(value),
}


def evaluate(node: Node, inputs: list[Constant]) -> Constant:
    """The result of an operator whose inputs are all constants."""
    operator = node.operator
    if operator == "Constant":
        return _literal(node)
    needed = INPUTS.get(operator, 1)
    if len(inputs) < needed:
        raise node.error(f"must have {needed} inputs, not {len(inputs)}; export again")
    first, *others = inputs
    if operator in SHAPE_OPERATORS:
        target = others[0].integers(node) if others else None
        return Constant(first.palette, SHAPE_OPERATORS[operator](node, first.index, target))
    if operator in UNARY:
        return first.map(node, UNARY[operator])
    function = {**SPECIAL, **dict.fromkeys(ARITHMETIC, _arithmetic)}.get(operator)
    if function is None:
        raise node.error("is not supported on constants; fold the constants before the export")
    return function(node, inputs)


def _literal(node: Node) -> Constant:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            array = np.asarray(node.attributes[name])
            if array.size and array.dtype.kind in "fiub" and np.isfinite(array).all():
                return constant_of(array)
    raise node.error("value must be finite numbers, not something else")


def _arithmetic(node: Node, inputs: list[Constant]) -> Constant:
    if len(inputs) != 2:
        raise node.error(f"must have two inputs, not {len(inputs)}")
    return inputs[0].combine(node, ARITHMETIC[node.operator], inputs[1])


def _power(node: Node, inputs: list[Constant]) -> Constant:
    exponent = only(node, inputs[1])
    if exponent not in POWERS:
        raise node.error(f"exponent must be one of {', '.join(map(str, POWERS))}, not {exponent}")
    return inputs[0].map(node, POWERS[exponent])


def _same(_node: Node, inputs: list[Constant]) -> Constant:
    return inputs[0]


def _cast(node: Node, inputs: list[Constant]) -> Constant:
    if node.integer("to", 0) not in FLOATS and any(value.rational.denominator != 1 for value in inputs[0].values(node)):
        raise node.error("must not cut fractions off; fold the constants before the export")
    return inputs[0]


def _shape(_node: Node, inputs: list[Constant]) -> Constant:
    return constant_of(np.array(inputs[0].shape, np.int64))


def _gather(node: Node, inputs: list[Constant]) -> Constant:
    axis, where = node.integer("axis", 0), inputs[1].integers(node)
    index = np.take(inputs[0].index, np.array(where, np.int64).reshape(inputs[1].shape), axis=axis)
    return Constant(inputs[0].palette, index)


def _concat(node: Node, inputs: list[Constant]) -> Constant:
    if any(len(entry.shape) != 1 for entry in inputs) or node.integer("axis", 0) not in (0, -1):
        raise node.error("is supported on lists only; fold the constants before the export")
    sizes = np.cumsum([0, *(len(entry.palette) for entry in inputs)])
    values = [value for entry in inputs for value in entry.values(node)]
    parts = [entry.index + start for entry, start in zip(inputs, sizes[:-1], strict=True)]
    return Constant(objects(values), np.concatenate(parts))


def _bipolar(node: Node, inputs: list[Constant]) -> Constant:
    """Signs, with sign(0) = +1, times a scale."""
    return _signs(inputs[0]).combine(node, ARITHMETIC["Mul"], inputs[1])


def _signs(constant: Constant) -> Constant:
    if constant.palette.dtype == object:
        positive = np.array([value.sign >= 0 for value in constant.palette])
    else:
        positive = constant.palette >= 0
    return Constant(objects([-ONE, ONE]), positive.astype(np.int64)[constant.index])


def _quantize(node: Node, inputs: list[Constant]) -> Constant:
    rule = quantizer(node, only(node, inputs[3]))
    scale, zero = inputs[1], inputs[2]
    if any(value.sign <= 0 for value in scale.values(node)):
        raise node.error("scale must be positive; train or export again")
    if rule.bipolar and all(value == ZERO for value in zero.values(node)):
        return _bipolar(node, inputs)
    level = inputs[0].combine(node, ARITHMETIC["Div"], scale).combine(node, ARITHMETIC["Add"], zero)
    rounded = level.map(node, lambda value: Surd(Fraction(rule(value))))
    return rounded.combine(node, ARITHMETIC["Sub"], zero).combine(node, ARITHMETIC["Mul"], scale)


INPUTS = {"Pow": 2, "Gather": 2, "BipolarQuant": 2, "Quant": 4, "IntQuant": 4}
"""How many inputs an operator must have, where it is not one."""

SPECIAL: dict[str, Callable[[Node, list[Constant]], Constant]] = {
    "Pow": _power,
    "Identity": _same,
    "Cast": _cast,
    "Dropout": _same,
    "Shape": _shape,
    "Gather": _gather,
    "Concat": _concat,
    "BipolarQuant": _bipolar,
    "Quant": _quantize,
    "IntQuant": _quantize,
}
