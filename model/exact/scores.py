"""The last layer: integers that order the classes as the real numbers of the file do."""

import math
from fractions import Fraction

import numpy as np

from ..ir import Bias, Dense
from .curve import single_line
from .elementwise import risen
from .node import Node
from .signal import Made, Product, Signal
from .surd import ZERO

__all__ = ["integer_biases", "scores"]


def scores(node: Node, signal: Signal) -> Made:
    """The last layer."""
    signal = risen(signal).plain(node)
    source = signal.source
    if not isinstance(source, Product) or source.pools or signal.tensor.size != signal.channels:
        raise node.error("must end in one product with weights, whose largest element is the class")
    whole = source.tensor.shape == source.weights.shape[1:] or source.weights.ndim == 2
    if not whole or any(source.padding):
        raise node.error("must end in a product that takes all inputs once, not in a convolution of a part")
    order = signal.order.ravel()
    few = [single_line(curve) for curve in signal.repeated(signal.channels)]
    if any(line is None for line in few):
        raise node.error("must end in scores that rise with their products all over, not only in a part")
    lines = [line for place in order if (line := few[place]) is not None]
    size = abs(lines[0][0])
    if size == ZERO or any(abs(scale) != size for scale, _ in lines):
        raise node.error("scores must have one scale for all classes; normalize the last layer per tensor")
    ratios = [(offset - lines[0][1]) / size for _, offset in lines]
    common = lines[0][1] / size
    bias = integer_biases([ratio.rational for ratio in ratios], common.a if not common.b else Fraction(1, 2))
    if bias is None:
        raise node.error(
            "biases of the scores keep their order with no integers; make them multiples of the scores' scale"
        )
    negative = np.array([scale.sign < 0 for scale, _ in lines])[:, np.newaxis]
    weights = source.weights.reshape(len(order), -1)[order] ^ negative
    return Made(Dense(weights.astype(np.uint8), Bias(np.array(bias, np.int64))), (source.behind,))


def integer_biases(ratios: list[Fraction], common: Fraction) -> list[int] | None:
    """Integers that order the classes as ``dot + common + ratio`` does, ties to the lowest index; None without any.

    The dot products of one image are all even or all odd. So two scores that differ in their dot products differ by 2,
    and between two such steps an integer bias has two places.
    """
    if all((common + ratio).denominator == 1 for ratio in ratios):
        return [int(common + ratio) for ratio in ratios]
    halves = [ratio / 2 for ratio in ratios]
    for start in sorted({half % 1 for half in halves}):
        floors = [math.floor(half - start) for half in halves]
        rests = [half - start - floor for half, floor in zip(halves, floors, strict=True)]
        # Who wins among equals: first the larger rest, then the lower index.
        order = sorted(range(len(rests)), key=lambda place: (-rests[place], place))
        falls = [place for place in range(1, len(order)) if order[place] < order[place - 1]]
        if len(falls) > 1:
            continue
        high = set(order[: falls[0]]) if falls else set()
        return [2 * floor + (place in high) for place, floor in enumerate(floors)]
    return None
