"""Products with weights: what ``MatMul``, ``Gemm`` and ``Conv`` become."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..bits import BitArray
from ..ir import Bias, Conv2d, Dense
from ..tensors import integers_in
from .constant import LARGEST_PALETTE, Constant
from .curve import Curve, Line
from .images import Border, aligned, check_image, image_order, padding_value, tidy_border, unpadded
from .node import Node, RealWeights
from .scales import of_one_scale
from .signal import Indices, Made, Product, Signal, Window
from .surd import ZERO, Surd
from .thresholds import settle

__all__ = ["convolution", "dense"]

SHOWN = 5
"""Different weights that a refusal shows."""

LARGEST_LAYER = 1 << 16
LARGEST_IMAGE = 1 << 22
LARGEST_SHIFTS = 1 << 20
"""Neurons, elements of an image, and products of offsets and neurons: far above any network that fits the devices."""


def dense(node: Node, signal: Signal, weights: Constant) -> Signal:
    """The signal, a vector, times a matrix of shape ``(inputs, neurons)``."""
    signal = of_one_scale(node, settle(node, signal))
    count = signal.shape[-1] if signal.shape else 0
    if count != signal.tensor.size or len(weights.shape) != 2 or weights.shape[0] != count:
        raise node.error(f"must multiply a vector by a matrix, not shape {signal.shape} by {weights.shape}")
    # Column j of the layer takes element j of the network's order.
    index = np.empty_like(weights.index.T)
    index[:, signal.order.ravel()] = weights.index.T
    bits, magnitudes = _signs(node, Constant(weights.palette, index))
    mh = len(bits)
    order = np.arange(mh).reshape(*signal.shape[:-1], mh)
    return _product(node, signal, bits, magnitudes, None, Dense(bits, Bias(np.zeros(mh, np.int64))), order)


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
    bits, magnitudes = _signs(node, Constant(weights.palette, weights.index.transpose(0, 2, 3, 1)))
    ending = Bias(np.zeros(len(bits), np.int64))
    layer = Conv2d(bits, ending, window.stride, padding, pad, window.dilation, groups)
    rows, columns, mh = layer.output(signal.tensor).shape
    if rows * columns * mh > LARGEST_IMAGE:
        raise node.error(f"must give at most {LARGEST_IMAGE} elements, not {rows}x{columns}x{mh}")
    return _product(node, signal, bits, magnitudes, window, layer, image_order(rows, columns, mh))


def _signs(node: Node, weights: Constant) -> tuple[BitArray, list[Surd]]:
    """Weights as bits, and the magnitude of each neuron's weights; the neurons are the first axis."""
    if len(weights.palette) > LARGEST_PALETTE:
        error = node.error(
            f"weights must be ±1 times one scale for each neuron, not {len(weights.palette)} different numbers; "
            "train with 1-bit weights"
        )
        raise RealWeights(str(error))
    values = weights.values(node)
    if len(weights.index) > LARGEST_LAYER:
        raise node.error(f"must have at most {LARGEST_LAYER} neurons, not {len(weights.index)}")
    places = {magnitude: place for place, magnitude in enumerate(dict.fromkeys(map(abs, values)))}
    rows = np.array([places[abs(value)] for value in values])[weights.index].reshape(len(weights.index), -1)
    wrong = np.flatnonzero((rows != rows[:, :1]).any(axis=1))
    if not wrong.size and list(places) == [ZERO]:
        wrong = np.zeros(1, np.int64)
    if wrong.size:
        found = [values[place] for place in np.unique(weights.index[wrong[0]])]
        error = node.error(
            f"weights of neuron {wrong[0]} must be ±1 times one scale, not {_some(found)}; train with 1-bit weights"
        )
        raise RealWeights(str(error)) if len(found) > SHOWN else error
    magnitudes = list(places)
    # A neuron whose weights are all 0 is constant: any weights will do, times 0.
    bits = np.array([value.sign >= 0 for value in values], np.uint8)[weights.index]
    return bits, [magnitudes[place] for place in rows[:, 0]]


def _some(values: Iterable[Surd]) -> str:
    """Different numbers in their order, or the first of them."""
    rising = sorted({str(value) for value in values}, key=float)
    return ", ".join(rising[:SHOWN] + ["..."] * (len(rising) > SHOWN))


def _product(
    node: Node,
    signal: Signal,
    bits: BitArray,
    magnitudes: Sequence[Surd],
    window: Window | None,
    layer: Dense | Conv2d,
    order: Indices,
) -> Signal:
    """Dot products with ``bits``, and what each stands for: the inputs' scale and offset go through the sum."""
    assert isinstance(signal.source, Made)
    # A line for each input of a window: all inputs of a dense layer, the channels of a convolution.
    count = signal.channels if window is not None else layer.mw
    few = signal.first_lines(node)
    if len(few) > count:
        raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
    groups = 1 if window is None else window.groups
    lines = few if groups == 1 or len(few) == 1 else [few[place % len(few)] for place in range(count)]
    weights = bits.copy()
    found: list[Line] = []
    for group in range(groups):
        # Of channels that are all alike one line is there; else each group reads its own.
        size = count // groups
        own = lines if len(lines) == 1 or groups == 1 else lines[group * size : (group + 1) * size]
        scale = abs(own[0][0])
        part = slice(group * len(bits) // groups, (group + 1) * len(bits) // groups)
        flat = bits[part].reshape(-1, bits[0].size // size, size)
        shifts = _shifts(node, flat, [offset for _, offset in own])
        negative = np.resize([line[0].sign < 0 for line in own], size)
        weights[part] = (flat ^ negative).astype(np.uint8).reshape(bits[part].shape)
        found += [(size_ * scale, size_ * shift) for size_, shift in zip(magnitudes[part], shifts, strict=True)]
    source = Product(signal.source, signal.tensor, weights, window)
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
