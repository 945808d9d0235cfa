"""Inputs of a product whose scales differ: integers of one scale in their place, where there are such of few bits."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..ir import Conv2d, Ranks
from .curve import Curve, Line
from .node import ImportRefused, Node
from .planes import some
from .signal import Made, Signal
from .surd import ZERO, InexactError, Surd

__all__ = ["LARGEST_RANKS", "of_one_scale"]

WIDEST = 16
"""Bits of the integers."""

LARGEST_RANKS = 1 << 18
"""Numbers of the tables of a layer."""


def of_one_scale(node: Node, signal: Signal) -> Signal:
    """The same elements as lines of one scale that is not 0, which products need.

    Where scales differ, or are 0 since a channel is constant, a convolution of each channel alone makes integers of
    one scale, by a table.
    """
    lines = signal.first_lines(node)
    sizes = {abs(scale) for scale, _ in lines}
    if len(sizes) == 1 and ZERO not in sizes:
        return signal
    refused = node.error(
        f"inputs must have one scale, or be multiples of one number by integers of at most {WIDEST} bits, not "
        f"{some(sizes)}; quantize per tensor"
    )
    table, unit, offsets = _integers(refused, signal, lines)
    size = signal.channels
    if len(lines) > size:
        raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
    if size * table.shape[1] > LARGEST_RANKS:
        raise node.error(
            f"inputs of {size} channels with several scales, or constant ones, must have at most "
            f"{LARGEST_RANKS // size} values each, not {table.shape[1]}; quantize them before"
        )
    rows = table[np.arange(size) % len(lines)]
    layer = Conv2d(np.ones((size, 1, 1, 1), np.uint8), Ranks(rows), groups=size)
    assert isinstance(signal.source, Made)
    # A vector is an image of one pixel.
    image = replace(signal.tensor, shape=(1, 1, *signal.tensor.shape)[-3:])
    found = replace(signal, source=Made(layer, (signal.source,)), tensor=layer.output(image))
    return found.with_curves([Curve((0,), ((unit, offset),)) for offset in offsets])


def _integers(
    refused: ImportRefused, signal: Signal, lines: Sequence[Line]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], Surd, list[Surd]]:
    """For each line the integer of each number that there can be, what a step stands for, and what is to be added."""
    unit, factors = _multiples(refused, [scale for scale, _ in lines])
    limit = signal.tensor.magnitude
    # Products of integers may be any within the limit; what is none of these is as the nearest that is.
    values = np.clip(np.arange(-limit, limit + 1, signal.tensor.step), *signal.tensor.span)
    offsets = [offset for _, offset in lines]
    added = _whole(offsets, unit)
    for more, left in ((added, [ZERO] * len(lines)), ([0] * len(lines), offsets)):
        if more is None:
            continue
        if max(map(abs, factors)) * limit + max(map(abs, more)) < 1 << WIDEST:
            return np.outer(factors, values) + np.array(more)[:, None], unit, left
    raise refused


def _multiples(refused: ImportRefused, scales: Sequence[Surd]) -> tuple[Surd, list[int]]:
    """The largest number that all are multiples of, and which multiples."""
    base = abs(next(scale for scale in scales if scale != ZERO))
    try:
        ratios = [(scale / base).rational for scale in scales]
    except InexactError:
        raise refused from None
    common = math.lcm(*(ratio.denominator for ratio in ratios))
    step = Fraction(math.gcd(*(int(ratio * common) for ratio in ratios)), common)
    return base * Surd(step), [int(ratio / step) for ratio in ratios]


def _whole(offsets: Sequence[Surd], unit: Surd) -> list[int] | None:
    """Offsets as integers of a unit, where all are: then they need no place of their own, and may be padded around."""
    try:
        ratios = [(offset / unit).rational for offset in offsets]
    except InexactError:
        return None
    if any(ratio.denominator != 1 or abs(ratio) >= 1 << WIDEST for ratio in ratios):
        return None
    return [int(ratio) for ratio in ratios]
