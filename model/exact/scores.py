"""The last layer: integers that order the classes as the real numbers of the file do."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..ir import Bias, Ranks
from ..tensors import Element, integers_in
from .curve import Curve, Line, single_line, value_at
from .elementwise import risen
from .node import Node
from .order import rank, rank_lines
from .rounding import floor
from .scales import LARGEST_RANKS
from .signal import Indices, Join, Made, Pixels, Product, Signal, Window
from .surd import ZERO, InexactError, Surd
from .thresholds import integers_of, settle

__all__ = ["integer_biases", "scores"]


def scores(node: Node, signal: Signal) -> Made:
    """The last layer."""
    signal = risen(signal).plain(node)
    if signal.tensor.size != signal.channels or isinstance(signal.source, Pixels):
        raise node.error("must end in one product with weights, whose largest element is the class")
    if isinstance(signal.source, Join):
        signal = settle(node, signal)
    if isinstance(signal.source, Product) and signal.source.pools:
        signal = integers_of(node, signal)
    order = signal.order.ravel()
    if order.size < 2:
        raise node.error("must give the scores of two classes or more, not one; give a second class the score 0")
    by_channel = signal.repeated(signal.channels)
    curves = [by_channel[place] for place in order]
    source = signal.source
    if isinstance(source, Product):
        return _ended(node, _ordered(node, _whole(source), order), curves)
    assert isinstance(source, Made)
    if not np.array_equal(order, np.arange(order.size)):
        raise node.error("must give the classes in the order of the channels; leave out what moves them")
    if signal.tensor.element is Element.INT and len(set(curves)) == 1 and curves[0].lines[0][0].sign > 0:
        return source
    return _ended(node, _each_alone(signal, source), curves)


def _whole(source: Product) -> Product:
    """A convolution of the whole image as the product that it is."""
    if source.window is None or source.tensor.shape != source.weights.shape[1:] or any(source.window.padding):
        return source
    return replace(source.with_weights(lambda bits: bits.reshape(len(bits), -1)), window=None)


def _ordered(node: Node, source: Product, order: Indices) -> Product:
    """The classes in the order of the file."""
    if source.window is not None and source.window.groups > 1 and not np.array_equal(order, np.arange(order.size)):
        raise node.error("must give the classes in the order of the channels; leave out what moves them")
    return source.with_weights(lambda bits: bits[order])


def _each_alone(signal: Signal, source: Made) -> Product:
    """Integers as products of one input each, so that each class can have an ending; a vector is a row of one pixel."""
    weights = np.ones((signal.channels, 1, 1, 1), np.uint8)
    return Product(source, signal.tensor, weights, Window(groups=signal.channels))


def _ended(node: Node, source: Product, curves: Sequence[Curve]) -> Made:
    """The product with an ending that orders the classes."""
    lines = [line for line in map(single_line, curves) if line is not None]
    sizes = {abs(scale) for scale, _ in lines}
    if len(sizes - {ZERO}) == 1 and ZERO in sizes and source.even:
        (size,) = sizes - {ZERO}
        source = _silenced(source, [scale == ZERO for scale, _ in lines])
        lines, sizes = [(size if scale == ZERO else scale, offset) for scale, offset in lines], {size}
    if len(lines) < len(curves) or len(sizes) > 1 or ZERO in sizes:
        return _ranked(node, source, curves)
    try:
        ending = _biases(source, lines)
    except InexactError:
        return _ranked(node, source, curves)
    return _telling(source.flipped([scale.sign < 0 for scale, _ in lines])).made(ending)


def _ranked(node: Node, source: Product, curves: Sequence[Curve]) -> Made:
    """The product with a table for each class; of several planes, their sum with one."""
    table = _ranks(node, source, curves)
    if not source.more:
        return source.made(Ranks(table))
    none = Bias(np.zeros(len(source.weights), np.int64))
    shape = source.layer(source.weights, none).output(source.tensor).shape
    limit = source.limit
    whole = Signal(Pixels(()), integers_in(shape, -limit, limit), np.arange(len(curves)))
    # The sum is an integer like any other, also where only each second one occurs.
    wide = np.repeat(table, source.dots.step, axis=1)[:, : 2 * limit + 1]
    return _each_alone(whole, source.made(none)).made(Ranks(wide))


def _silenced(source: Product, classes: Sequence[bool]) -> Product:
    """With weights 0 of some classes, as the sum of all planes: 1 and 1 + 2 less 4, which is -1, or the negative."""
    places, more = np.array(classes), [(exponent, bits.copy()) for exponent, bits in source.more]
    for _, bits in more:
        bits[places] = source.weights[places]
    more[-1][1][places] ^= 1
    return replace(source, more=tuple(more))


def _telling(source: Product) -> Product:
    """Without a plane whose weights are the same for all classes: it adds the same to each score."""
    alike = source.window is None or source.window.groups == 1
    if alike and source.even and (source.weights == source.weights[:1]).all():
        return replace(source, weights=source.more[0][1], more=source.more[1:])
    return source


def _biases(source: Product, lines: Sequence[Line]) -> Bias:
    """Integers where they are enough; else products are shifted, to make room for what orders equal ones."""
    size, first = abs(lines[0][0]), lines[0][1]
    ratios = [(offset - first) / size for _, offset in lines]
    common = first / size
    # Different products of the same inputs are all even or all odd.
    if (source.window is None or source.window.groups == 1) and not any(ratio.b for ratio in ratios):
        whole = integer_biases([ratio.a for ratio in ratios], common.a if not common.b else Fraction(1, 2))
        if whole is not None:
            return Bias(np.array(whole, np.int64))
    floors = [floor(ratio) for ratio in ratios]
    rests = rank([ratio - Surd(Fraction(below)) for ratio, below in zip(ratios, floors, strict=True)])
    shift = max(rests).bit_length()
    bias = [(below << shift) + rest for below, rest in zip(floors, rests, strict=True)]
    return Bias(np.array(bias, np.int64), shift)


def _ranks(node: Node, source: Product, curves: Sequence[Curve]) -> NDArray[np.int64]:
    """The place of each number that a class can have, among those of all classes."""
    dots = source.dots
    if len(dots) * len(curves) > LARGEST_RANKS:
        raise node.error(
            f"scores must have one scale for all classes where they have {len(dots)} values each, "
            f"more than {LARGEST_RANKS} in all; {'quantize' if source.more else 'normalize'} the last layer per tensor"
        )
    lines = [line for line in map(single_line, curves) if line is not None]
    if len(lines) == len(curves):
        return np.array(rank_lines(dots, lines), np.int64)
    numbers = [value_at(dots, curve, place) for curve in curves for place in range(len(dots))]
    return np.array(rank(numbers), np.int64).reshape(len(curves), len(dots))


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
