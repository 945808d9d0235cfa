"""From functions of few steps to thresholds: where a curve of dot products takes another number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..bits import BitArray
from ..ir import Conv2d, Dense, Layer, Thresholds
from ..tensors import Element
from .curve import Curve, runs
from .node import ImportRefused, Node
from .pixels import settle_pixels
from .signal import Made, Pixels, Product, Signal
from .surd import ONE, Surd

__all__ = ["settle"]

HALF = Surd(Fraction(1, 2))


@dataclass(frozen=True)
class Step:
    """How one neuron's number becomes a bit.

    Parameters
    ----------
    flips : :class:`bool`
        Whether its weights are inverted.
    place : :class:`int`
        Where its bit becomes 1, in the order of the dot products of the weights as they then are.
    low, high : :class:`Surd`
        What the two bits stand for.
    """

    flips: bool
    place: int
    low: Surd
    high: Surd


def settle(node: Node, signal: Signal) -> Signal:
    """The same elements as lines of integers that the network has: bits, or the quantized image."""
    signal = signal.plain(node)
    source = signal.source
    if isinstance(source, Pixels):
        return settle_pixels(node, signal, source.shape)
    if isinstance(source, Made):
        return signal
    steps = _steps(node, signal, source)
    weights = source.weights.copy()
    weights[[step.flips for step in steps]] ^= 1
    made = source.behind
    for layer in _layers(source, weights, [step.place for step in steps]):
        made = Made(layer, (made,))
    tensor = replace(signal.tensor, element=Element.BIT, width=1)
    curves = [Curve((0,), (((step.high - step.low) * HALF, (step.high + step.low) * HALF),)) for step in steps]
    return replace(signal, source=made, tensor=tensor).with_curves(curves)


def _steps(node: Node, signal: Signal, source: Product) -> list[Step]:
    found: dict[Curve, list[tuple[int, Surd]] | None] = {}
    steps: list[Step] = []
    dots = source.dots
    for channel, curve in enumerate(signal.channel_curves(node)):
        if curve not in found:
            found[curve] = runs(dots, curve)
        changes = found[curve]
        if changes is None:
            raise node.error("must come behind a binarization; put BipolarQuant between the two products")
        if len(changes) > 2:
            raise signal.origin or _too_many(node, channel, [value for _, value in changes])
        direction = source.directions[channel] if source.directions else 0
        steps.append(_step(changes, direction, len(dots)))
    return _with_constants(steps)


def _too_many(node: Node, channel: int, values: Sequence[Surd]) -> ImportRefused:
    shown = ", ".join(map(str, values[:SHOWN])) + ", ..." * (len(values) > SHOWN)
    return node.error(f"must take one of two numbers in channel {channel}, not {shown}; train with 1-bit activations")


def _step(changes: Sequence[tuple[int, Surd]], direction: int, count: int) -> Step:
    first = changes[0][1]
    if len(changes) == 1:
        return Step(False, 0, first, first)
    place, second = changes[1]
    # Where a pool took the smallest dot product, the largest of the inverted weights' is the same one.
    flips = direction < 0 or (direction == 0 and (second - first).sign < 0)
    return Step(True, count - place, second, first) if flips else Step(False, place, first, second)


def _with_constants(steps: Sequence[Step]) -> list[Step]:
    """Neurons that always give one number, as a bit that is always 0 or 1 and stands for what other neurons' do."""
    low, high = next(((step.low, step.high) for step in steps if step.low != step.high), (-ONE, ONE))
    result = []
    for step in steps:
        if step.low != step.high:
            result.append(step)
        elif step.low == low:
            result.append(replace(step, place=NEVER, high=high))
        else:
            result.append(replace(step, place=0, low=step.high - (high - low)))
    return result


def _layers(source: Product, weights: BitArray, places: Sequence[int]) -> list[Layer]:
    count = len(source.dots)
    least = 0 if source.tensor.element is Element.BIT else source.dots[0]
    ending = Thresholds(np.array([least + min(place, count) for place in places], np.int64))
    if weights.ndim == 2:
        return [Dense(weights, ending), *source.pools]
    return [Conv2d(weights, ending, source.stride, source.padding, source.pad), *source.pools]


NEVER = 1 << 62
"""A place behind all dot products."""
SHOWN = 5
"""Different numbers that a refusal shows."""
