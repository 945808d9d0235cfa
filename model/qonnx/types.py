"""Types of a graph's tensors: which of them are integers, that have a range, and that a division cuts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from onnx import TensorProto

from ..exact.node import Array, Node, Whole
from .graph import Graph, QonnxError

__all__ = ["INTEGERS", "typed"]

NAMES = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
INTEGERS: dict[int, Whole] = {
    TensorProto.DataType.Value(name): Whole(
        name.lower(), int(np.iinfo(name.lower()).min), int(np.iinfo(name.lower()).max)
    )
    for name in NAMES
}
"""The integer types, by their codes in ONNX."""

BY_NAME = {whole.name: whole for whole in INTEGERS.values()}

BRIGHTEST = 255
"""The largest raw pixel."""

Types = Mapping[str, Whole | None]


def typed(graph: Graph) -> Graph:
    """The graph whose nodes know the integer type of what they give, where it is one.

    Raises
    ------
    QonnxError
        When the input is of integers that raw pixels are not among.
    """
    types = {name: _of_array(array) for name, array in graph.constants.items()}
    entry = types[graph.input] = INTEGERS.get(graph.element)
    if entry is not None and entry.high < BRIGHTEST:
        raise QonnxError(f"input {graph.input!r}: must be of a type that holds pixels of 0..255, not {entry.name}")
    nodes = []
    for node in graph.nodes:
        whole = _of_node(node, types)
        types.update(dict.fromkeys(filter(None, node.outputs[:1]), whole))
        nodes.append(replace(node, whole=whole))
    return replace(graph, nodes=tuple(nodes))


def _of_array(array: Array) -> Whole | None:
    return BY_NAME.get(array.dtype.name)


def _of_node(node: Node, types: Types) -> Whole | None:
    inputs = [types.get(name) for name in node.inputs if name]
    match node.operator:
        case "Cast":
            return INTEGERS.get(node.integer("to", 0))
        case "Constant" | "ConstantOfShape":
            value = next(iter(node.attributes.values()), 0.0)
            return _of_array(np.asarray(value))
        case "Shape":
            return BY_NAME["int64"]
        case "QuantizeLinear":
            return types.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else BY_NAME["uint8"]
        case "Where":
            return _alike(inputs[1:])
        case "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Sum":
            return _alike(inputs)
    return None if node.operator in NEVER else next(iter(inputs), None)


def _alike(found: list[Whole | None]) -> Whole | None:
    """The type of all of them; no runtime takes several."""
    return found[0] if found and None not in found else None


NEVER = (
    *("And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Xor"),
    *("ArgMax", "BipolarQuant", "DequantizeLinear", "IntQuant", "MultiThreshold", "Quant", "TopK"),
)
"""Operators that give no integers, whatever they take, or the places of the largest."""
