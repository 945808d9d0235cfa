"""Products with weights: what ``MatMul``, ``Gemm`` and ``Conv`` become."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from ..bits import BitArray
from ..ir import Conv2d, Dense, MaxPool, Thresholds
from ..numbers import integer
from ..tensors import Element, Tensor
from .constant import LARGEST_PALETTE, Constant
from .curve import Curve, pieces, value_at
from .node import Node
from .signal import FILLER, Indices, Made, Pixels, Product, Signal
from .surd import ZERO, Surd
from .thresholds import settle

__all__ = ["convolution", "dense", "image_order", "pool"]

Border = tuple[int, int, int, int]
"""Rows above, columns left, rows below, columns right."""

SHOWN = 5
"""Different weights that a refusal shows."""

LARGEST_LAYER = 1 << 16
LARGEST_IMAGE = 1 << 22
LARGEST_SHIFTS = 1 << 20
"""Neurons, elements of an image, and products of offsets and neurons: far above any network that fits the devices."""


def dense(node: Node, signal: Signal, weights: Constant) -> Signal:
    """The signal, a vector, times a matrix of shape ``(inputs, neurons)``."""
    signal = settle(node, signal)
    count = signal.shape[-1] if signal.shape else 0
    if count != signal.tensor.size or len(weights.shape) != 2 or weights.shape[0] != count:
        raise node.error(f"must multiply a vector by a matrix, not shape {signal.shape} by {weights.shape}")
    # Column j of the layer takes element j of the network's order.
    index = np.empty_like(weights.index.T)
    index[:, signal.order.ravel()] = weights.index.T
    bits, magnitudes = _signs(node, Constant(weights.palette, index))
    mh = len(bits)
    order = np.arange(mh).reshape(*signal.shape[:-1], mh)
    return _product(node, signal, bits, magnitudes, Dense(bits, Thresholds(np.zeros(mh, np.int64))), order)


def convolution(node: Node, signal: Signal, weights: Constant, *, stride: tuple[int, int], border: Border) -> Signal:
    """Convolution with weights of shape ``(neurons, channels, kernel rows, kernel columns)``."""
    signal, border, filler = _unpadded(node, signal, border)
    signal = settle(node, signal)
    _check_image(node, signal)
    if len(weights.shape) != 4 or weights.shape[1] != signal.channels:
        raise node.error(
            f"must have weights of (neurons, {signal.channels} channels, rows, columns), not {weights.shape}; "
            "only group 1 in two dimensions is supported"
        )
    padding = _symmetric(node, signal, weights.shape[2:], stride, border)
    pad = _padding_integer(node, signal, filler) if any(padding) else 0
    bits, magnitudes = _signs(node, Constant(weights.palette, weights.index.transpose(0, 2, 3, 1)))
    layer = Conv2d(bits, Thresholds(np.zeros(len(bits), np.int64)), stride, padding, pad)
    rows, columns, mh = layer.output(signal.tensor).shape
    if rows * columns * mh > LARGEST_IMAGE:
        raise node.error(f"must give at most {LARGEST_IMAGE} elements, not {rows}x{columns}x{mh}")
    return _product(node, signal, bits, magnitudes, layer, image_order(rows, columns, mh))


def pool(node: Node, signal: Signal, layer: MaxPool) -> Signal:
    """Maximum of each window; on dot products it waits for their thresholds."""
    signal = signal.plain(node)
    _check_image(node, signal)
    if isinstance(signal.source, Pixels):
        signal = settle(node, signal)
    source, tensor = signal.source, layer.output(replace(signal.tensor, element=Element.BIT, width=1))
    directions = tuple(_direction(node, curve, signal.domain) for curve in signal.channel_curves(node))
    if isinstance(source, Made):
        if not signal.binary:
            raise node.error("must come behind a binarization or a convolution, not take the image")
        if min(directions) < 0:
            raise node.error("must take bits with a positive scale; move the negation behind the pool")
        source = Made(layer, (source,))
    elif isinstance(source, Product):
        if source.pools and min(directions) < 0:
            raise node.error("must not follow a pool and a negative scale; put a binarization between")
        directions = source.directions or directions
        source = replace(source, pools=(*source.pools, layer), directions=directions)
        tensor = replace(tensor, element=signal.tensor.element, width=signal.tensor.width)
    return replace(signal, source=source, tensor=tensor, order=image_order(*tensor.shape))


def _direction(node: Node, curve: Curve, domain: range) -> int:
    """Whether a function rises (+1), falls (-1) or is constant (0)."""
    signs = {scale.sign for _, _, (scale, _) in pieces(domain, curve)}
    values = [
        (value_at(domain, curve, first), value_at(domain, curve, end - 1)) for first, end, _ in pieces(domain, curve)
    ]
    signs |= {(right[0] - left[1]).sign for left, right in pairwise(values)}
    signs.discard(0)
    if len(signs) > 1:
        raise node.error("must take what rises or falls steadily with the product, not what does both")
    return signs.pop() if signs else 0


def image_order(rows: int, columns: int, channels: int) -> Indices:
    """The network's order of an image, in the file's shape: batch, channels, rows, columns."""
    return np.arange(rows * columns * channels).reshape(1, rows, columns, channels).transpose(0, 3, 1, 2)


def _check_image(node: Node, signal: Signal) -> None:
    shape = signal.tensor.shape
    if len(shape) != 3 or not np.array_equal(signal.order, image_order(*shape)):
        raise node.error(
            f"must take an image of batch, channels, rows and columns, not shape {signal.shape}; "
            "export with channels first, and the image as the graph's input"
        )


def _signs(node: Node, weights: Constant) -> tuple[BitArray, list[Surd]]:
    """Weights as bits, and the magnitude of each neuron's weights; the neurons are the first axis."""
    if len(weights.palette) > LARGEST_PALETTE:
        raise node.error(
            f"weights must be ±1 times one scale for each neuron, not {len(weights.palette)} different numbers; "
            "train with 1-bit weights"
        )
    values = weights.values(node)
    if len(weights.index) > LARGEST_LAYER:
        raise node.error(f"must have at most {LARGEST_LAYER} neurons, not {len(weights.index)}")
    places = {magnitude: place for place, magnitude in enumerate(dict.fromkeys(map(abs, values)))}
    rows = np.array([places[abs(value)] for value in values])[weights.index].reshape(len(weights.index), -1)
    wrong = np.flatnonzero((rows != rows[:, :1]).any(axis=1))
    zero = places.get(ZERO)
    if zero is not None and not wrong.size:
        wrong = np.flatnonzero(rows[:, 0] == zero)
    if wrong.size:
        found = _some(values[place] for place in np.unique(weights.index[wrong[0]]))
        raise node.error(
            f"weights of neuron {wrong[0]} must be ±1 times one scale, not {found}; train with 1-bit weights"
        )
    magnitudes = list(places)
    bits = np.array([value.sign > 0 for value in values], np.uint8)[weights.index]
    return bits, [magnitudes[place] for place in rows[:, 0]]


def _some(values: Iterable[Surd]) -> str:
    """Different numbers in their order, or the first of them."""
    rising = sorted({str(value) for value in values}, key=float)
    return ", ".join(rising[:SHOWN] + ["..."] * (len(rising) > SHOWN))


def _product(
    node: Node, signal: Signal, bits: BitArray, magnitudes: Sequence[Surd], layer: Dense | Conv2d, order: Indices
) -> Signal:
    """Dot products with ``bits``, and what each stands for: the inputs' scale and offset go through the sum."""
    assert isinstance(signal.source, Made)
    # A line for each input of a window: all inputs of a dense layer, the channels of a convolution.
    count = signal.channels if isinstance(layer, Conv2d) else layer.mw
    few = signal.first_lines(node)
    if len(few) > count:
        raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
    common = abs(few[0][0])
    if common == ZERO or any(abs(scale) != common for scale, _ in few):
        raise node.error("inputs must have one scale, not one for each channel or 0; quantize per tensor")
    flat = bits.reshape(len(bits), -1, count)
    shifts = _shifts(node, flat, [offset for _, offset in few])
    negative = np.resize([scale.sign < 0 for scale, _ in few], count)
    weights = (flat ^ negative).astype(np.uint8).reshape(bits.shape)
    stride, padding, pad = (
        (layer.stride, layer.padding, integer("pad", layer.pad)) if isinstance(layer, Conv2d) else ((1, 1), (0, 0), 0)
    )
    shape = layer.output(signal.tensor).shape
    lines = [(magnitude * common, magnitude * shift) for magnitude, shift in zip(magnitudes, shifts, strict=True)]
    return Signal(
        source=Product(signal.source, signal.tensor, weights, stride, padding, pad),
        tensor=Tensor(shape, Element.INT, 32),
        order=order,
    ).with_curves([Curve((0,), (line,)) for line in lines])


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


def _unpadded(node: Node, signal: Signal, border: Border) -> tuple[Signal, Border, Surd]:
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


def _symmetric(
    node: Node, signal: Signal, kernel: tuple[int, ...], stride: tuple[int, int], border: Border
) -> tuple[int, int]:
    """Padding above and left, which below and right may differ where no window reaches."""
    top, left, bottom, right = border
    for size, taps, step, first, last in zip(
        signal.tensor.shape, kernel, stride, (top, left), (bottom, right), strict=False
    ):
        windows = [(size + first + end - taps) // max(step, 1) for end in (first, last)]
        if windows[0] != windows[1]:
            raise node.error(f"must pad opposite sides alike, not {border}; export with symmetric padding")
    return top, left


def _padding_integer(node: Node, signal: Signal, filler: Surd) -> int:
    """The integer, or for bits the bit, that stands for the padding's value in every channel."""
    found = set()
    for scale, offset in signal.first_lines(node):
        if scale == ZERO:
            raise node.error("inputs must have a scale, not 0")
        found.add(((filler - offset) / scale).rational)
    low, high = signal.tensor.span
    value = found.pop()
    bipolar = value in (-1, 1) if signal.binary else value.denominator == 1 and low <= value <= high
    if found or not bipolar:
        wanted = "-1 or +1, with a Pad in front" if signal.binary else "a value of the quantized image"
        raise node.error(f"must pad with {wanted}, not with {filler}")
    return int(value > 0) if signal.binary else int(value)
