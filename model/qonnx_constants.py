"""Constants of a graph, and exact arithmetic on them."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from .qonnx_exact import ONE, ZERO, Surd, root
from .qonnx_graph import LARGEST_TENSOR, Array, Node
from .qonnx_rounding import quantizer
from .qonnx_shapes import SHAPE_OPERATORS

__all__ = ["ARITHMETIC", "FLOATS", "LARGEST_PALETTE", "Constant", "constant_of", "evaluate", "only", "scalar"]

LARGEST_PALETTE = 1 << 16

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)

ARITHMETIC: dict[str, Callable[[Surd, Surd], Surd]] = {
    "Add": lambda left, right: left + right,
    "Sub": lambda left, right: left - right,
    "Mul": lambda left, right: left * right,
    "Div": lambda left, right: left / right,
}

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


@dataclass(frozen=True, eq=False)
class Constant:
    """An array as indices into the values that occur in it, so that exact arithmetic meets each value once.

    Parameters
    ----------
    palette : array
        The values: numbers as in the file, or objects of :class:`Surd`.
    index : array of ``int64``
        For each element its place in the palette.
    """

    palette: NDArray[Any]
    index: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.index.shape

    def values(self, node: Node) -> list[Surd]:
        """The palette as exact numbers."""
        if len(self.palette) > LARGEST_PALETTE:
            raise node.error(
                f"needs arithmetic on {len(self.palette)} different constants; fold them before the export"
            )
        if self.palette.dtype == object:
            return list(self.palette)
        return [Surd(Fraction(value)) for value in self.palette.tolist()]

    def integers(self, node: Node) -> tuple[int, ...]:
        """The elements as integers, of which there may be a few only."""
        if self.index.size > 64:
            raise node.error(f"takes a few integers, not {self.index.size}")
        values = self.values(node)
        numbers = [values[place].rational for place in self.index.ravel().tolist()]
        if not all(number.denominator == 1 for number in numbers):
            raise node.error(f"takes integers, not {', '.join(map(str, numbers[:5]))}")
        return tuple(int(number) for number in numbers)

    def map(self, node: Node, function: Callable[[Surd], Surd]) -> "Constant":
        """The same array with a function of each element."""
        return Constant(_objects([function(value) for value in self.values(node)]), self.index)

    def combine(self, node: Node, function: Callable[[Surd, Surd], Surd], other: "Constant") -> "Constant":
        """An array with a function of each pair of elements, broadcast as ONNX does."""
        try:
            shape = np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            raise node.error(f"cannot combine shapes {self.shape} and {other.shape}; export again") from None
        if int(np.prod(np.array(shape, object))) > LARGEST_TENSOR:
            raise node.error(f"must have at most {LARGEST_TENSOR} elements, not shape {shape}")
        codes, index = np.unique(self.index * len(other.palette) + other.index, return_inverse=True)
        if len(codes) > LARGEST_PALETTE:
            raise node.error(f"needs arithmetic on {len(codes)} different constants; fold them before the export")
        left, right = self.values(node), other.values(node)
        pairs = (divmod(code, len(right)) for code in codes.tolist())
        return Constant(_objects([function(left[one], right[two]) for one, two in pairs]), index.reshape(shape))


def constant_of(array: Array) -> Constant:
    """A constant from an array of the file."""
    palette, index = np.unique(array, return_inverse=True)
    return Constant(palette, np.asarray(index, np.int64).reshape(array.shape))


def scalar(value: float | Fraction | Surd) -> Constant:
    """A constant of no dimensions."""
    number = value if isinstance(value, Surd) else Surd(Fraction(value))
    return Constant(_objects([number]), np.zeros((), np.int64))


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
    return Constant(_objects(values), np.concatenate(parts))


def _bipolar(node: Node, inputs: list[Constant]) -> Constant:
    """Signs, with sign(0) = +1, times a scale."""
    return _signs(inputs[0]).combine(node, ARITHMETIC["Mul"], inputs[1])


def _signs(constant: Constant) -> Constant:
    if constant.palette.dtype == object:
        positive = np.array([value.sign >= 0 for value in constant.palette])
    else:
        positive = constant.palette >= 0
    return Constant(_objects([-ONE, ONE]), positive.astype(np.int64)[constant.index])


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


def only(node: Node, constant: Constant) -> Fraction:
    """The number that all elements are."""
    values = constant.values(node)
    if len(values) != 1:
        raise node.error(f"takes one number for all elements, not {len(values)}; export per tensor")
    return values[0].rational


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


def _objects(values: list[Surd]) -> NDArray[Any]:
    palette = np.empty(len(values), object)
    palette[:] = values
    return palette
