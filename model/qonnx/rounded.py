"""Functions of constants that no exact number follows: computed in ``float32``, as a runtime does.

Runtimes differ in the last bit of such a number, so that it may only be rounded or compared: DoReFa's weights come from
rounding a ``Tanh``. Anything else that reaches the data is refused.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..exact.constant import Constant
from ..exact.elementwise import Value
from ..exact.functions import COMPARISONS
from ..exact.node import Node
from ..exact.signal import Signal

__all__ = ["carried", "in_float32"]


def in_float32(node: Node, constant: Constant) -> Constant:
    """The function of each element, rounded to ``float32``."""
    if node.operator not in FUNCTIONS:
        raise node.error(f"is not supported on constants; {REMEDY}")
    numbers = [float(constant.number(place)) for place in range(len(constant.palette))]
    try:
        palette = np.array([FUNCTIONS[node.operator](number) for number in numbers]).astype(np.float32)
    except OverflowError:
        raise node.error(f"makes numbers that are not finite; {REMEDY}") from None
    if not np.isfinite(palette).all():
        raise node.error(f"makes numbers that are not finite; {REMEDY}")
    return Constant(palette, constant.index, node.operator)


def carried(node: Node, inputs: Sequence[Value | None], value: Value) -> Value:
    """A result that remembers that some inputs were rounded, unless all that is left of these is an integer."""
    made = [(place, entry.rounded) for place, entry in enumerate(inputs) if isinstance(entry, Constant)]
    rounded = [(place, operator) for place, operator in made if operator]
    if not rounded or node.operator in COMPARED or (node.operator in QUANTIZED and rounded[-1][0] == 0):
        return value
    if isinstance(value, Signal):
        raise node.error(
            f"must not take numbers that {rounded[0][1]} made of constants, which each runtime rounds in its own way, "
            f"unless a sign or a rounding comes between; {REMEDY}"
        )
    return replace(value, rounded=rounded[0][1])


def _sigmoid(number: float) -> float:
    return 1 / (1 + math.exp(-number))


REMEDY = "fold it before: export with torch.onnx.export(..., do_constant_folding=True), or with dynamo=True"

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "Asinh": math.asinh,
    "Atan": math.atan,
    "Erf": math.erf,
    "Exp": math.exp,
    "Sigmoid": _sigmoid,
    "Sinh": math.sinh,
    "Tanh": math.tanh,
}

COMPARED = {*COMPARISONS, "Sign", "Round", "Floor", "Ceil", "Shape"}
QUANTIZED = {"BipolarQuant", "IntQuant", "Quant", "QuantizeLinear"}
"""Operators that round or compare their first input; their scale stays in the result."""
