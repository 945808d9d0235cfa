"""Products with weights: what ``MatMul``, ``Gemm`` and ``Conv`` become."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..bits import BitArray
from ..ir import Bias, Conv2d, Dense
from ..tensors import integers_in
from .constant import Constant
from .curve import Curve, Line
from .images import Border, aligned, check_image, image_order, padding_value, tidy_border, unpadded
from .node import Node
from .planes import Planes, planes_of
from .scales import of_one_scale
from .signal import Indices, Made, Product, Signal, Window
from .surd import ZERO, Surd
from .thresholds import settle

__all__ = ["convolution", "dense"]

LARGEST_IMAGE = 1 << 22
LARGEST_SHIFTS = 1 << 20
"""Elements of an image, and products of offsets and neurons: far above any network that fits the devices."""


def dense(node: Node, signal: Signal, weights: Constant) -> Signal:
    """The signal, a vector, times a matrix of shape ``(inputs, neurons)``."""
    signal = of_one_scale(node, settle(node, signal))
    count = signal.shape[-1] if signal.shape else 0
    if count != signal.tensor.size or len(weights.shape) != 2 or weights.shape[0] != count:
        raise node.error(f"must multiply a vector by a matrix, not shape {signal.shape} by {weights.shape}")
    # Column j of the layer takes element j of the network's order.
    index = np.empty_like(weights.index.T)
    index[:, signal.order.ravel()] = weights.index.T
    planes = planes_of(node, Constant(weights.palette, index))
    mh = len(index)
    order = np.arange(mh).reshape(*signal.shape[:-1], mh)
    return _product(node, signal, planes, None, Dense(planes.bits[0], Bias(np.zeros(mh, np.int64))), order)


def convolution(node: Node, signal: Signal, weights: Constant, window: Window, *, border: Border) -> Signal:
    """Convolution with weights of shape ``(neurons, channels of a group, kernel rows, kernel columns)``."""
    signal, border, filler = unpadded(node, signal, border)
    signal = settle(node, signal)
    check_image(node, signal)
    groups = window.groups
    if len(weights.shape) != 4 or weights.shape[1] * groups != signal.channels:
        wanted = f"{signal.channels} channels" + f" in {groups} groups" * (groups > 1)
        raise node.error(f"must have weights of (neurons, {wanted}, rows, columns), not {weights.shape}")
    signal = of_one_scale(node, signal)
    span = tuple((taps - 1) * gap + 1 for taps, gap in zip(weights.shape[2:], window.dilation, strict=True))
    padding = tidy_border(signal, span, window.stride, border)
    signal = aligned(node, signal, filler) if any(padding) else signal
    pad = padding_value(node, signal, filler) if any(padding) else 0
    window = replace(window, padding=padding, pad=pad)
    planes = planes_of(node, Constant(weights.palette, weights.index.transpose(0, 2, 3, 1)))
    ending = Bias(np.zeros(len(weights.index), np.int64))
    layer = Conv2d(planes.bits[0], ending, window.stride, padding, pad, window.dilation, groups)
    rows, columns, mh = layer.output(signal.tensor).shape
    if rows * columns * mh > LARGEST_IMAGE:
        raise node.error(f"must give at most {LARGEST_IMAGE} elements, not {rows}x{columns}x{mh}")
    return _product(node, signal, planes, window, layer, image_order(rows, columns, mh))


def _product(
    node: Node,
    signal: Signal,
    planes: Planes,
    window: Window | None,
    layer: Dense | Conv2d,
    order: Indices,
) -> Signal:
    """Dot products with planes of weights, and what each stands for: scale and offset of the inputs go through it."""
    assert isinstance(signal.source, Made)
    # A line for each input of a window: all inputs of a dense layer, the channels of a convolution.
    count = signal.channels if window is not None else layer.mw
    few = signal.first_lines(node)
    if len(few) > count:
        raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
    groups = 1 if window is None else window.groups
    lines = few if groups == 1 or len(few) == 1 else [few[place % len(few)] for place in range(count)]
    turned = [bits.copy() for bits in planes.bits]
    found: list[Line] = []
    for group in range(groups):
        # Of channels that are all alike one line is there; else each group reads its own.
        size = count // groups
        own = lines if len(lines) == 1 or groups == 1 else lines[group * size : (group + 1) * size]
        scale = abs(own[0][0])
        part = slice(group * layer.mh // groups, (group + 1) * layer.mh // groups)
        negative = np.resize([line[0].sign < 0 for line in own], size)
        shifts = [ZERO] * len(planes.magnitudes[part])
        for exponent, bits, weights in zip(planes.exponents, planes.bits, turned, strict=True):
            flat = bits[part].reshape(-1, bits[0].size // size, size)
            weights[part] = (flat ^ negative).astype(np.uint8).reshape(bits[part].shape)
            factor = Surd(Fraction(1 << exponent))
            parts = _shifts(node, flat, [offset for _, offset in own])
            shifts = [shift + factor * part_ for shift, part_ in zip(shifts, parts, strict=True)]
        found += [(size_ * scale, size_ * shift) for size_, shift in zip(planes.magnitudes[part], shifts, strict=True)]
    source = Product(signal.source, signal.tensor, turned[0], window)
    if planes.values:
        more = tuple(zip(planes.exponents[1:], turned[1:], strict=True))
        source = replace(source, more=more, note=f"{node.name}: weights {planes.values}", refusal=planes.refusal)
    shape = layer.output(signal.tensor).shape
    return Signal(source, integers_in(shape, -source.limit, source.limit), order).with_curves(
        [Curve((0,), (line,)) for line in found]
    )


def _shifts(node: Node, flat: BitArray, offsets: list[Surd]) -> list[Surd]:
    """For each neuron the sum of the inputs' offsets, which repeat, each with the sign of its weight."""
    groups = {offset: place for place, offset in enumerate(dict.fromkeys(offsets))}
    if list(groups) == [ZERO]:
        return [ZERO] * len(flat)
    if len(groups) * len(flat) > LARGEST_SHIFTS:
        raise node.error(f"inputs must have few offsets, not {len(groups)} different ones")
    kinds = np.resize([groups[offset] for offset in offsets], flat.shape[-1])
    order = np.argsort(kinds, kind="stable")
    starts = np.searchsorted(kinds[order], np.arange(len(groups)))
    sums = np.add.reduceat((2 * flat.astype(np.int64) - 1).sum(axis=1)[:, order], starts, axis=1)
    return [_sum(groups, row) for row in sums.tolist()]


def _sum(offsets: Iterable[Surd], counts: list[int]) -> Surd:
    total = ZERO
    for offset, count in zip(offsets, counts, strict=True):
        total += offset * Surd(Fraction(count))
    return total
