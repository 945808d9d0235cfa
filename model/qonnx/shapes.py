"""Operators that only move elements: the same for constants and for the elements of an image."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..exact.node import Node

__all__ = ["SHAPE_OPERATORS", "shape_of"]

Indices = NDArray[np.int64]
Argument = Sequence[int] | None


def shape_of(node: Node, shape: tuple[int, ...]) -> Indices:
    """What a ``Shape`` node gives: sizes from ``start`` to ``end``, which count from the last where negative."""
    return np.array(shape[node.integer("start", 0) : node.integer("end", len(shape))], np.int64)


def _transpose(node: Node, array: Indices, _: Argument) -> Indices:
    axes = node.integers("perm", tuple(reversed(range(array.ndim))))
    if sorted(axes) != list(range(array.ndim)):
        raise node.error(f"perm must order the axes of shape {array.shape}, not {axes}")
    return array.transpose(axes)


def _reshape(node: Node, array: Indices, target: Argument) -> Indices:
    if target is None:
        target = node.integers("shape", ())
    keeps = not node.integer("allowzero", 0)
    shape = [
        array.shape[axis] if size == 0 and keeps and axis < array.ndim else size for axis, size in enumerate(target)
    ]
    known = int(np.prod(np.array([size for size in shape if size != -1], object)))
    inferred = shape.count(-1)
    if (
        min(shape, default=1) < -1
        or inferred > 1
        or known == 0
        or array.size % known
        or (not inferred and known != array.size)
    ):
        raise node.error(f"cannot make shape {tuple(target)} of {array.shape}")
    return array.reshape(shape)


def _flatten(node: Node, array: Indices, _: Argument) -> Indices:
    axis = node.integer("axis", 1)
    if not -array.ndim <= axis <= array.ndim:
        raise node.error(f"axis must be within shape {array.shape}, not {axis}")
    axis %= array.ndim + (axis >= 0)
    return array.reshape(int(np.prod(array.shape[:axis], dtype=np.int64)), -1)


def _squeeze(node: Node, array: Indices, target: Argument) -> Indices:
    axes = node.integers("axes", ()) if target is None else tuple(target)
    if not axes:
        axes = tuple(axis for axis, size in enumerate(array.shape) if size == 1)
    if any(not -array.ndim <= axis < array.ndim or array.shape[axis] != 1 for axis in axes):
        raise node.error(f"axes must be axes of size 1 in shape {array.shape}, not {axes}")
    return array.squeeze(tuple({axis % array.ndim for axis in axes}))


def _unsqueeze(node: Node, array: Indices, target: Argument) -> Indices:
    axes = node.integers("axes", ()) if target is None else tuple(target)
    rank = array.ndim + len(axes)
    if (
        rank > LARGEST_RANK
        or any(not -rank <= axis < rank for axis in axes)
        or len({axis % rank for axis in axes}) < len(axes)
    ):
        raise node.error(f"axes must be new axes for shape {array.shape}, not {axes}")
    return np.expand_dims(array, tuple(axis % rank for axis in axes))


LARGEST_RANK = 16

SHAPE_OPERATORS: dict[str, Callable[[Node, Indices, Argument], Indices]] = {
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}
"""Operator to the function that moves an array's elements; its last argument is the second input, if there is one."""
