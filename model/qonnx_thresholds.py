"""Where an exact line crosses zero: binarization of dot products, pixels and bits, and scores of the last layer."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from .kinds import Conv2d, Dense, MaxPool, Scores
from .qonnx_exact import ONE, ZERO, Surd
from .qonnx_graph import Node
from .qonnx_pixels import table, threshold_pixels
from .qonnx_signal import Bits, Pixels, Product, Signal
from .tensors import Element, Tensor

__all__ = ["binarize", "check_no_zero", "integer_biases", "scores"]


def binarize(node: Node, signal: Signal, *, strict: bool = False) -> Signal:
    """+1 where the signal is at least 0, or with ``strict`` above 0; elsewhere -1."""
    if any(signal.border):
        raise node.error("must not follow a Pad; only Conv may")
    lines = signal.first_lines(node)
    source = signal.source
    if isinstance(source, Pixels):
        rule, signs = threshold_pixels(node, source.rule, [_condition(line, strict) for line in lines])
        return _bits(signal, Bits(rule), rule.output, signs)
    if isinstance(source, Bits):
        return _bits(signal, source, signal.tensor, [_again(node, line, strict) for line in lines])
    layers, signs = _threshold(source, signal.channel_lines(node), strict)
    return _bits(signal, Bits(source.behind.input, (*source.behind.layers, *layers)), signal.tensor, signs)


def check_no_zero(node: Node, signal: Signal) -> None:
    """Raise where an element can be 0."""
    if isinstance(signal.source, Pixels):
        integers = sorted(set(table(signal.source.rule)))
    elif isinstance(signal.source, Bits):
        integers = [-1, 1]
    else:
        integers = []
    for channel, (scale, offset) in enumerate(signal.first_lines(node)):
        if _vanishes(signal, integers, scale, offset):
            raise node.error(
                f"can be 0 in channel {channel}, and Sign(0) is 0; export with BipolarQuant, where it is +1"
            )


def _vanishes(signal: Signal, integers: list[int], scale: Surd, offset: Surd) -> bool:
    if scale == ZERO:
        return offset == ZERO
    crossing = -offset / scale
    if crossing.b:
        return False
    return crossing.a in integers or (isinstance(signal.source, Product) and _reaches(signal.source, crossing.a))


def scores(node: Node, signal: Signal) -> tuple[Bits, Scores]:
    """The last layer, and what is behind it."""
    source = signal.source
    if not isinstance(source, Product) or source.pools or signal.tensor.size != signal.channels:
        raise node.error("must end in one product with weights, whose largest element is the class")
    whole = source.tensor.shape == source.weights.shape[1:] or source.weights.ndim == 2
    if not whole or any(source.padding):
        raise node.error("must end in a product that takes all inputs once, not in a convolution of a part")
    order = signal.order.ravel()
    by_channel = signal.lines(signal.channels)
    lines = [by_channel[place] for place in order]
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
    return source.behind, Scores(weights.astype(np.uint8), np.array(bias, np.int64))


def _bits(signal: Signal, source: Bits, tensor: Tensor, signs: list[int]) -> Signal:
    scale = tuple(ONE if sign > 0 else -ONE for sign in signs)
    scale = scale if len(set(scale)) > 1 else scale[:1]
    return replace(
        signal, source=source, tensor=replace(tensor, element=Element.BIT, width=1), scale=scale, offset=(ZERO,)
    )


def _condition(line: tuple[Surd, Surd], strict: bool) -> Callable[[int], bool]:
    scale, offset = line

    def holds(integer: int) -> bool:
        sign = (scale * Surd(Fraction(integer)) + offset).sign
        return sign > 0 if strict else sign >= 0

    return holds


def _again(node: Node, line: tuple[Surd, Surd], strict: bool) -> int:
    """+1 where the sign of a bit's line is the bit, -1 where it is its inverse."""
    holds = _condition(line, strict)
    if holds(1) == holds(-1):
        raise node.error("gives both values of a bit the same sign; remove it, or train again")
    return 1 if holds(1) else -1


def _threshold(
    source: Product, lines: list[tuple[Surd, Surd]], strict: bool
) -> tuple[list[Dense | Conv2d | MaxPool], list[int]]:
    """The layer with its thresholds, the pools behind it, and -1 for each channel that it gives inverted."""
    weights, thresholds, signs = source.weights.copy(), [], []
    directions = source.directions or tuple(scale.sign for scale, _ in lines)
    for neuron, ((scale, offset), direction) in enumerate(zip(lines, directions, strict=True)):
        # A pool took the largest; where the line falls since, the smallest is wanted: not (one of them is not).
        inverted = scale.sign * direction < 0
        if inverted:
            scale, offset = -scale, -offset
        if scale.sign < 0:
            weights[neuron] ^= 1
        holds = _condition((abs(scale), offset), strict != inverted)
        thresholds.append(_smallest(source, holds))
        signs.append(-1 if inverted else 1)
    values = np.array(thresholds, np.int64)
    if weights.ndim == 2:
        return [Dense(weights, values), *source.pools], signs
    return [Conv2d(weights, values, source.stride, source.padding, source.pad), *source.pools], signs


def _smallest(source: Product, holds: Callable[[int], bool]) -> int:
    """The smallest number of matches, or on integers the smallest dot product, for which a rising condition holds."""
    mw = int(source.weights[0].size)
    if source.tensor.element is Element.BIT:
        low, high, step, start = 0, mw + 1, 2, -mw
    else:
        limit = mw * max(map(abs, source.tensor.span))
        low, high, step, start = -limit, limit + 1, 1, 0
    while low < high:
        middle = (low + high) // 2
        if holds(step * middle + start):
            high = middle
        else:
            low = middle + 1
    return low


def _reaches(source: Product, number: Fraction) -> bool:
    """Whether a dot product can be this number."""
    mw = int(source.weights[0].size)
    if number.denominator != 1 or abs(number) > mw * max(map(abs, source.tensor.span)):
        return False
    return source.tensor.element is not Element.BIT or (int(number) - mw) % 2 == 0


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
