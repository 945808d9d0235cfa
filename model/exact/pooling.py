"""Pools: the largest or the mean of each window of an image."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from ..ir import MaxPool, SumPool
from .curve import Curve, pieces, value_at
from .images import check_image, image_order, rising, tidy_border
from .node import Node
from .scales import of_one_scale
from .signal import Join, Made, Pixels, Product, Signal
from .surd import ZERO, Surd, compare
from .thresholds import settle

__all__ = ["average", "check_low", "pool"]


def pool(node: Node, signal: Signal, layer: MaxPool, *, ceil: bool = False) -> Signal:
    """Maximum of each window, with ``ceil`` of last ones that hang over; on dot products it waits for thresholds."""
    signal = signal.plain(node)
    check_image(node, signal)
    layer = layer.filled(signal.tensor) if ceil else layer
    layer = replace(layer, padding=tidy_border(signal, layer.kernel, layer.stride, layer.borders))
    if isinstance(signal.source, Pixels | Join):
        signal = settle(node, signal)
    directions = _directions(node, signal)
    if min(directions) < 0 and not (isinstance(signal.source, Product) and not signal.source.pools):
        # Only dot products that no pool has taken yet can wait: their weights may still be inverted.
        signal = rising(node, settle(node, signal))
    source, tensor = signal.source, layer.output(signal.tensor)
    if isinstance(source, Made):
        source = Made(layer, (source,))
    elif isinstance(source, Product):
        source = replace(source, pools=(*source.pools, layer), directions=source.directions or directions)
    return replace(signal, source=source, tensor=tensor, order=image_order(*tensor.shape))


def check_low(node: Node, signal: Signal, filler: Surd) -> None:
    """ImportRefused unless no element is ever smaller than what a ``Pad`` put around."""
    domain = signal.domain
    for curve in signal.curves:
        ends = (place for first, end, _ in pieces(domain, curve) for place in (first, end - 1))
        if any(compare(value_at(domain, curve, place), filler) < 0 for place in ends):
            raise node.error(f"must follow a Pad of numbers that are never the largest, not of {filler}")


def average(node: Node, signal: Signal, layer: SumPool) -> Signal:
    """Mean of each window: the sum of its integers, over their number."""
    signal = signal.plain(node)
    check_image(node, signal)
    signal = settle(node, signal)
    if any(scale == ZERO for scale, _ in signal.first_lines(node)):
        signal = of_one_scale(node, signal)
    count = Surd(Fraction(layer.kernel[0] * layer.kernel[1]))
    tensor = layer.output(signal.tensor)
    if len(signal.curves) > signal.channels:
        raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
    curves = [Curve((0,), ((scale / count, offset),)) for scale, offset in signal.first_lines(node)]
    assert isinstance(signal.source, Made)
    made = Made(layer, (signal.source,))
    return replace(signal, source=made, tensor=tensor, order=image_order(*tensor.shape)).with_curves(curves)


def _directions(node: Node, signal: Signal) -> tuple[int, ...]:
    return tuple(_direction(node, curve, signal.domain) for curve in signal.channel_curves(node))


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
