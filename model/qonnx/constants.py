"""Operators whose inputs are all constants, but for those that work on single elements."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..exact.constant import Constant, constant_of, objects
from ..exact.node import LARGEST_TENSOR, Node
from ..exact.surd import Surd
from .shapes import shape_of

__all__ = ["evaluate"]


def evaluate(node: Node, inputs: list[Constant]) -> Constant:
    """The result of an operator whose inputs are all constants."""
    if node.operator not in CONSTANTS:
        raise node.error("is not supported on constants; fold the constants before the export")
    needed, function = CONSTANTS[node.operator]
    if len(inputs) < needed:
        raise node.error(f"must have {needed} inputs, not {len(inputs)}; export again")
    return function(node, inputs)


def _literal(node: Node, _inputs: list[Constant]) -> Constant:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            array = np.asarray(node.attributes[name])
            if array.size and array.dtype.kind in "fiub" and np.isfinite(array).all():
                return constant_of(array)
    raise node.error("value must be finite numbers, not something else")


def _same(_node: Node, inputs: list[Constant]) -> Constant:
    return inputs[0]


def _shape(node: Node, inputs: list[Constant]) -> Constant:
    return constant_of(shape_of(node, inputs[0].shape))


def _gather(node: Node, inputs: list[Constant]) -> Constant:
    axis, where = node.integer("axis", 0), inputs[1].integers(node)
    index = np.take(inputs[0].index, np.array(where, np.int64).reshape(inputs[1].shape), axis=axis)
    return Constant(inputs[0].palette, index)


def _slice(node: Node, inputs: list[Constant]) -> Constant:
    starts, ends = (entry.integers(node) for entry in inputs[1:3])
    axes = inputs[3].integers(node) if len(inputs) > 3 else tuple(range(len(starts)))
    steps = inputs[4].integers(node) if len(inputs) > 4 else (1,) * len(starts)
    cut = [slice(None)] * inputs[0].index.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # A huge negative end means: up to the very first.
        cut[axis] = slice(start, None if step < 0 and end < -LARGEST_TENSOR else end, step)
    index = inputs[0].index[tuple(cut)]
    if not index.size:
        raise node.error("must leave elements; export again")
    return Constant(inputs[0].palette, index)


def _concat(node: Node, inputs: list[Constant]) -> Constant:
    if any(len(entry.shape) != 1 for entry in inputs) or node.integer("axis", 0) not in (0, -1):
        raise node.error("is supported on lists only; fold the constants before the export")
    sizes = np.cumsum([0, *(len(entry.palette) for entry in inputs)])
    values = [value for entry in inputs for value in entry.values(node)]
    parts = [entry.index + start for entry, start in zip(inputs, sizes[:-1], strict=True)]
    return Constant(objects(values), np.concatenate(parts))


def _expand(node: Node, inputs: list[Constant]) -> Constant:
    shape = np.broadcast_shapes(inputs[0].shape, inputs[1].integers(node))
    if math.prod(shape) > LARGEST_TENSOR:
        raise node.error(f"must have at most {LARGEST_TENSOR} elements, not shape {shape}")
    return Constant(inputs[0].palette, np.broadcast_to(inputs[0].index, shape))


def _fill(node: Node, inputs: list[Constant]) -> Constant:
    value = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)
    shape = inputs[0].integers(node)
    if value.size != 1 or min(shape, default=1) < 1 or math.prod(shape) > LARGEST_TENSOR:
        raise node.error(f"must fill 1 to {LARGEST_TENSOR} elements with one number, not shape {shape}")
    return Constant(value, np.zeros(shape, np.int64))


def _reduce(node: Node, inputs: list[Constant]) -> Constant:
    """Sums, means and extremes along axes, exactly: all numbers as integers of one denominator."""
    data = inputs[0]
    rank = data.index.ndim
    axes = inputs[1].integers(node) if len(inputs) > 1 else node.integers("axes", ())
    if not axes and node.integer("noop_with_empty_axes", 0):
        return data
    if any(not -rank <= axis < rank for axis in axes):
        raise node.error(f"axes must be within shape {data.shape}, not {axes}")
    along = tuple({axis % rank for axis in axes}) or tuple(range(rank))
    ratios = [value.rational.as_integer_ratio() for value in map(data.number, range(len(data.palette)))]
    common = math.lcm(*(denominator for _, denominator in ratios))
    whole = np.empty(len(ratios), object)
    whole[:] = [numerator * (common // denominator) for numerator, denominator in ratios]
    if node.operator == "ReduceL1":
        whole = abs(whole)
    keeps = bool(node.integer("keepdims", 1))
    result: NDArray[np.object_] = np.asarray(
        REDUCE[node.operator](whole[data.index], axis=along, keepdims=keeps), object
    )
    count = data.index.size // max(result.size, 1) if node.operator == "ReduceMean" else 1
    numbers = {number: place for place, number in enumerate(dict.fromkeys(result.ravel().tolist()))}
    places = np.array([numbers[number] for number in result.ravel().tolist()], np.int64).reshape(result.shape)
    return Constant(objects([Surd(Fraction(number, common * count)) for number in numbers]), places)


REDUCE: dict[str, Callable[..., NDArray[np.object_]]] = {
    "ReduceL1": np.sum,
    "ReduceMax": np.max,
    "ReduceMean": np.sum,
    "ReduceMin": np.min,
    "ReduceSum": np.sum,
}

CONSTANTS: dict[str, tuple[int, Callable[[Node, list[Constant]], Constant]]] = {
    "Concat": (1, _concat),
    "Constant": (0, _literal),
    "ConstantOfShape": (1, _fill),
    "Dropout": (1, _same),
    "Expand": (2, _expand),
    "Gather": (2, _gather),
    "Shape": (1, _shape),
    "Slice": (3, _slice),
    **dict.fromkeys(REDUCE, (1, _reduce)),
}
"""How many inputs an operator must have, and what it gives."""
