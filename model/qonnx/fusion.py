"""Operators that mean the same together and are far less work: what is cut behind a rounding is cut before it."""

from collections import Counter
from dataclasses import replace

from ..exact.node import Node
from .graph import Graph

__all__ = ["cut_before_rounding"]

QUANTIZER_INPUTS = 3
"""What ``QuantizeLinear`` takes in a file: data, a scale, and perhaps a zero point."""


def cut_before_rounding(graph: Graph) -> Graph:
    """The graph with each ``Clip`` that follows a ``QuantizeLinear`` as two more inputs of that one.

    Quantization-aware training writes two bits as eight, cut to the few integers that are used; to round to 256 of
    them first costs a hundred times as much.
    """
    uses = Counter(name for node in graph.nodes for name in set(node.inputs))
    uses[graph.output] += 1
    makers = {node.outputs[0]: node for node in graph.nodes if node.operator == "QuantizeLinear" and node.outputs}
    for node in makers.values():
        if len(node.inputs) > QUANTIZER_INPUTS:
            raise node.error(f"must take 2 or 3 inputs, not {len(node.inputs)}; export again")
    fused: dict[int, Node] = {}
    cut: set[int] = set()
    for node in graph.nodes:
        maker = makers.get(node.inputs[0]) if node.operator == "Clip" and node.inputs else None
        if maker is not None and uses[maker.outputs[0]] == 1 and _has_integer_edges(graph, node):
            inputs = (*maker.inputs, "")[:QUANTIZER_INPUTS] + node.inputs[1:]
            fused[id(maker)] = replace(maker, inputs=inputs, outputs=node.outputs)
            cut.add(id(node))
    return replace(graph, nodes=tuple(fused.get(id(node), node) for node in graph.nodes if id(node) not in cut))


def _has_integer_edges(graph: Graph, node: Node) -> bool:
    edges = [graph.constants.get(name) for name in node.inputs[1:] if name]
    return len(node.inputs) <= QUANTIZER_INPUTS and all(edge is not None and edge.dtype.kind in "iu" for edge in edges)
