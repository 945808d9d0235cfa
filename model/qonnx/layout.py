"""Which axis of a graph's input are the channels: by what the graph does with it.

A raw image has rows, columns and channels, in this order; a graph may want them in another one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..exact.constant import Constant, constant_of
from ..exact.node import ImportRefused, Node
from ..exact.signal import FILLER, Indices
from ..ir import Input
from .graph import Graph, QonnxError
from .operators import apply
from .shapes import SHAPE_OPERATORS, shape_of

__all__ = ["LAYOUTS", "Layout", "layout_of"]

LAYOUTS = {"nchw": 1, "nhwc": 3}
"""Names of layouts, and the axis of the channels."""

SPATIAL = ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization")
"""Operators whose second axis are channels."""

FEW = (2, 3, 4)
"""Numbers that rather are channels than rows or columns."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The raw image of a graph.

    Parameters
    ----------
    image : tuple of :class:`int`
        Its shape.
    order : array of ``int64``
        Has the shape of the graph's input; for each element its place in the raw image.
    sequence : :class:`bool`
        Whether the graph takes it as a sequence: the image has one row then.
    """

    image: tuple[int, ...]
    order: Indices
    sequence: bool = False

    def raw(self, rule: Input) -> Input:
        """The input rule for images as they come: a sequence has no rows."""
        return replace(rule, shape=rule.shape[1:]) if self.sequence else rule


def layout_of(graph: Graph, nodes: Sequence[Node], told: str | None = None) -> Layout:
    """How a raw image becomes the input of the graph; ``told`` is one of :data:`LAYOUTS`, or None."""
    shape = graph.shape
    if told is not None and (told not in LAYOUTS or len(shape) != 4):
        raise QonnxError(f"layout must be nchw or nhwc, for an input of four axes, not {told!r} for shape {shape}")
    if len(shape) > 4:
        raise QonnxError(f"input {graph.input!r}: must be a batch of vectors or of images, not of shape {shape}")
    if told is not None:
        return _with_axis(shape, LAYOUTS[told])
    seen = _seen_by_first_window(graph, nodes)
    if seen is not None and len(shape) == 4:
        axis = _axis(seen, shape)
        if axis is not None:
            return _with_axis(shape, axis)
    if seen is not None and len(shape) < 4:
        return _as_seen(seen, shape)
    if len(shape) < 4:
        return Layout(shape[1:], np.arange(math.prod(shape)).reshape(shape))
    return _with_axis(shape, _likely(graph.input, shape))


def _seen_by_first_window(graph: Graph, nodes: Sequence[Node]) -> Indices | None:
    """The elements of the input, by their places, as the first operator with windows takes them."""
    values: dict[str, Constant | Indices] = {
        name: constant_of(array) for name, array in graph.constants.items() if array.size
    }
    values[graph.input] = np.arange(math.prod(graph.shape)).reshape(graph.shape)
    for node in nodes:
        inputs = [values.get(name) for name in node.inputs]
        data = next((value for value in inputs if isinstance(value, np.ndarray)), None)
        if data is not None and node.operator in SPATIAL and data.ndim > 2:
            return data
        try:
            found = _moved(node, data, inputs)
        except (ValueError, TypeError, LookupError, ArithmeticError):
            # Whatever it is, the walk over the graph will say it.
            return None
        if found is not None and node.outputs:
            values[node.outputs[0]] = found
    return None


def _moved(node: Node, data: Indices | None, inputs: Sequence[Constant | Indices | None]) -> Constant | Indices | None:
    constants = [value for value in inputs if isinstance(value, Constant)]
    if data is None:
        # Only shapes matter here; weights are evaluated once, later, and so is what is made of them.
        value = apply(node, constants) if len(constants) == sum(map(bool, node.inputs)) else None
        return value if isinstance(value, Constant) and value.index.size <= LARGEST_SHAPE else None
    if node.operator == "Shape":
        return constant_of(shape_of(node, data.shape))
    if node.operator in SHAPE_OPERATORS:
        target = constants[0].integers(node) if constants else None
        return SHAPE_OPERATORS[node.operator](node, data, target)
    if node.operator == "Pad":
        pads = node.integers("pads", ()) or constants[0].integers(node)
        if len(pads) == 2 * data.ndim and max(pads) <= LARGEST_SHAPE:
            return np.pad(data, list(zip(pads[: data.ndim], pads[data.ndim :], strict=True)), constant_values=FILLER)
    return None if node.operator in ("MatMul", "Gemm") else data


def _axis(seen: Indices, shape: tuple[int, ...]) -> int | None:
    """The axis of the file along which channels are, where rows and columns keep their order."""
    inside = _inside(seen)
    if inside is None:
        return None
    if inside.shape[1] == 1:
        return next((axis for axis in (1, 3, 2) if shape[axis] == 1), None)
    step = int(inside[(0, 1, *[0] * (inside.ndim - 2))] - inside[(0,) * inside.ndim])
    strides = [math.prod(shape[axis + 1 :]) for axis in range(4)]
    return next((axis for axis in (1, 3, 2) if strides[axis] == step and shape[axis] == inside.shape[1]), None)


def _as_seen(seen: Indices, shape: tuple[int, ...]) -> Layout:
    """The image that the graph makes of a vector, or of rows and columns."""
    plain = Layout(shape[1:], np.arange(math.prod(shape)).reshape(shape))
    inside = _inside(seen)
    if inside is None or inside.size != math.prod(shape) or inside.ndim > 4:
        return plain
    image = inside[0].reshape(inside.shape[1], -1, inside.shape[-1]).transpose(1, 2, 0)
    if len(shape) == 3 and inside.ndim == 4 and (np.diff(image.ravel()) < 0).any():
        # Rows and columns that the graph swaps.
        return plain
    order = np.empty(inside.size, np.int64)
    order[image.ravel()] = np.arange(inside.size)
    size = image.shape[:2] if image.shape[2] == 1 else image.shape
    return Layout(size, order.reshape(shape), sequence=inside.ndim == 3)


def _inside(seen: Indices) -> Indices | None:
    """What is there without padding."""
    keep = seen != FILLER
    cut = [np.flatnonzero(keep.any(axis=tuple(set(range(seen.ndim)) - {axis}))) for axis in range(seen.ndim)]
    inside = seen[np.ix_(*cut)]
    return None if (inside == FILLER).any() or inside.size == 0 else inside


def _with_axis(shape: tuple[int, ...], axis: int) -> Layout:
    image = (*(size for place, size in enumerate(shape) if place not in (0, axis)), shape[axis])
    order = np.moveaxis(np.arange(math.prod(shape)).reshape(1, *image), -1, axis)
    return Layout(image[:2] if image[2] == 1 else image, order)


def _likely(name: str, shape: tuple[int, ...]) -> int:
    """The axis of the channels where the graph does not tell: it is much shorter than the others."""
    first, last = shape[1], shape[3]
    for few in ((1,), FEW):
        if first in few and (last not in few or few == (1,)):
            return 1
        if last in few and first not in few:
            return 3
    raise ImportRefused(
        f"input {name!r}: may have its channels first or last in shape {shape}; say which by --layout nchw or nhwc"
    )


LARGEST_SHAPE = 64
