"""Images as convolutions and pools take them: their order, and their padding."""

from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np

from ..ir import Bias, Conv2d, Ending, Thresholds
from ..tensors import Element
from .curve import Curve
from .levels import MOST_LEVELS
from .node import Node
from .signal import FILLER, ZERO_PAD, Indices, Made, Signal
from .surd import ZERO, Surd

__all__ = ["Border", "aligned", "check_image", "image_order", "padding_value", "rising", "tidy_border", "unpadded"]

Border = tuple[int, int, int, int]
"""Rows above, columns left, rows below, columns right."""


def image_order(rows: int, columns: int, channels: int) -> Indices:
    """The network's order of an image, in the file's shape: batch, channels, rows, columns."""
    return np.arange(rows * columns * channels).reshape(1, rows, columns, channels).transpose(0, 3, 1, 2)


def check_image(node: Node, signal: Signal) -> None:
    shape = signal.tensor.shape
    if len(shape) != 3 or not np.array_equal(signal.order, image_order(*shape)):
        raise node.error(
            f"must take an image of batch, channels, rows and columns, not shape {signal.shape}; "
            "export with channels first, and the image as the graph's input"
        )


def unpadded(node: Node, signal: Signal, border: Border) -> tuple[Signal, Border, Surd]:
    """The image without what a ``Pad`` put around it, and the padding of both together."""
    if signal.filler is None:
        return signal, border, ZERO
    if any(border):
        raise node.error("must not pad what a Pad has padded; leave one of the two out")
    inside = signal.order != FILLER
    ranges = [(np.flatnonzero(inside.any(axis=tuple({0, 1, 2, 3} - {axis})))) for axis in range(inside.ndim)]
    cut = tuple(slice(int(places[0]), int(places[-1]) + 1) for places in ranges)
    if len(cut) != 4 or not inside[cut].all() or signal.order[cut].shape[:2] != signal.shape[:2]:
        raise node.error("must get an image that is padded in rows and columns only")
    top, left = cut[2].start, cut[3].start
    border = (top, left, signal.shape[2] - cut[2].stop, signal.shape[3] - cut[3].stop)
    return replace(signal, order=signal.order[cut], filler=None), border, signal.filler


def tidy_border(signal: Signal, span: tuple[int, ...], stride: tuple[int, int], border: Border) -> Border:
    """The same padding, alike on opposite sides of an axis where no window reaches what differs."""
    result = list(border)
    for axis, (first, last) in enumerate((border[::2], border[1::2])):
        inner = signal.tensor.shape[axis] + first - span[axis]
        if len({(inner + end) // max(stride[axis], 1) for end in (first, last)}) == 1:
            result[axis + 2] = first
    return result[0], result[1], result[2], result[3]


def aligned(node: Node, signal: Signal, filler: Surd) -> Signal:
    """The same, with integers that rise in all channels, where the padding's value is to be one of them."""
    lines = signal.first_lines(node)
    if signal.binary and all(filler == offset for _, offset in lines):
        return signal
    falls = [scale.sign < 0 for scale, _ in lines]
    return rising(node, signal) if any(falls) and not all(falls) else signal


def rising(node: Node, signal: Signal) -> Signal:
    """The same elements as lines that rise with integers in all channels.

    Behind a pool and a batch norm that falls there are channels whose bits are inverted, or whose levels are counted
    from above. A convolution of each channel with one weight turns them back.
    """
    lines = signal.first_lines(node)
    size = signal.channels
    falls = np.resize([scale.sign < 0 for scale, _ in lines], size)
    high = signal.tensor.span[1]
    if signal.binary:
        ending: Ending = Thresholds(np.ones(size, np.int64))
    elif signal.tensor.element is Element.UINT and high <= MOST_LEVELS:
        # Of levels that fall the dot product is the negative.
        ending = Thresholds(np.arange(1, high + 1) - high * falls[:, None])
    else:
        ending, high = Bias(np.zeros(size, np.int64)), 0
    layer = Conv2d((~falls).astype(np.uint8).reshape(size, 1, 1, 1), ending, groups=size)
    assert isinstance(signal.source, Made)
    turned = []
    for scale, offset in lines:
        shift = scale * Surd(Fraction(high)) if scale.sign < 0 and not signal.binary else ZERO
        turned.append(Curve((0,), ((abs(scale), offset + shift),)))
    found = replace(signal, source=Made(layer, (signal.source,)), tensor=layer.output(signal.tensor))
    return found.with_curves(turned)


def padding_value(node: Node, signal: Signal, filler: Surd) -> int | Literal["zero"]:
    """The integer, or for bits the bit or zero, that stands for the padding's value in every channel."""
    found = set()
    for scale, offset in signal.first_lines(node):
        if scale == ZERO:
            raise node.error("inputs must have a scale, not 0")
        found.add(((filler - offset) / scale).rational)
    low, high = signal.tensor.span
    value = found.pop()
    fits = value in (-1, 0, 1) if signal.binary else value.denominator == 1 and low <= value <= high
    if found:
        raise node.error(f"must pad with the same integer in all channels, not with {filler}; quantize per tensor")
    if not fits:
        wanted = "a value of the bits, or the one between" if signal.binary else "a value of its integers"
        raise node.error(f"must pad with {wanted}, not with {filler}")
    if signal.binary:
        return ZERO_PAD if value == 0 else int(value > 0)
    return int(value)
