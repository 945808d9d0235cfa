"""Whether the weights of a product are nothing but real numbers, seen in the file before anything is computed."""

from fractions import Fraction

import numpy as np

from ..exact.node import Node
from ..exact.planes import whole_numbers
from ..exact.surd import Surd
from .graph import Graph

__all__ = ["real_weights"]

FEW = 2
"""Different magnitudes of a neuron that can still be a quantizer's, whatever they are."""

MANY = 1 << 10
"""Different magnitudes of a neuron that no quantizer makes."""


def real_weights(graph: Graph, node: Node) -> bool:
    """Whether the weights are stored in the file, and neither along its rows nor its columns integers of a scale."""
    array = graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
    if array is None or array.dtype.kind != "f" or array.ndim < 2:
        return False
    rows, columns = array.reshape(len(array), -1), np.moveaxis(array, 1, 0).reshape(array.shape[1], -1)
    return all(any(_real(np.unique(np.abs(row.astype(np.float64)))) for row in part) for part in (rows, columns))


def _real(magnitudes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    if len(magnitudes) <= FEW:
        return False
    return len(magnitudes) > MANY or whole_numbers([Surd(Fraction(number)) for number in magnitudes.tolist()]) is None
