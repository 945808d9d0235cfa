"""Outlines with random numbers: of use where only the hardware's size and speed matter."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray
from .ir import IMAGE, Bias, Conv2d, Dense, Element, Layer, MaxPool, SumPool, Tensor, Threshold
from .outlines import Block, Filters, Neurons, Outline, chain, output_of

__all__ = ["Layers", "random_layer", "random_layers"]


@dataclass
class Layers:
    """Layers so far, and what each reads."""

    layers: list[Layer] = field(default_factory=list)
    sources: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, layer: Layer, *sources: int) -> int:
        """Add a layer that reads these, and give its position."""
        self.layers.append(layer)
        self.sources.append(sources)
        return len(self.layers) - 1


def random_layers(outlines: Iterable[Outline], tensor: Tensor, classes: int, rng: np.random.Generator) -> Layers:
    """The layers of outlines and of scores behind them, for an input of type ``tensor``.

    Thresholds lie around the middle of the sums, as those of trained layers do, so that what later layers get varies.
    """
    found, place = Layers(), IMAGE
    for outline, incoming in chain(outlines, tensor):
        if isinstance(outline, Block):
            place = _block(found, outline, incoming, place, rng)
        elif outline is not None:
            place = found.add(random_layer(outline, incoming, rng), place)
        else:
            weights = rng.integers(0, 2, (classes, incoming.size), np.uint8)
            bias = rng.integers(-2, 3, classes) - _middle(incoming, weights)[:, 0].round().astype(np.int64)
            found.add(Dense(weights, Bias(bias)), place)
    return found


def random_layer(outline: Neurons | Filters | MaxPool | SumPool, tensor: Tensor, rng: np.random.Generator) -> Layer:
    """An outline with random weights and thresholds, for an input of type ``tensor``."""
    if isinstance(outline, MaxPool | SumPool):
        return outline
    shape = outline.shape(tensor)
    mw = math.prod(shape[1:])
    if tensor.element is Element.BIT:
        # Matches of random bits spread by sqrt(mw) / 2 around mw / 2.
        centre, spread, range_ = (mw + 1) / 2, 0.5 * math.sqrt(mw), (0, mw + 1)
    else:
        limit = mw * tensor.magnitude
        centre, spread, range_ = 0.5, _spread(tensor, mw), (-limit, limit + 1)
    thresholds = rng.normal(centre, spread / 2, (outline.count, 1))
    if outline.bits > 1:
        thresholds = thresholds + spread * _levels(outline.bits)
    weights = rng.integers(0, 2, shape, np.uint8)
    thresholds = (thresholds + _middle(tensor, weights)).round().clip(*range_)
    return outline.layer(weights, thresholds.astype(np.int64))


def _block(found: Layers, block: Block, tensor: Tensor, place: int, rng: np.random.Generator) -> int:
    """Add a block that reads the layer at a place; give the place of what it gives."""
    start, incoming = place, tensor
    for outline in block.main[:-1]:
        place, incoming = found.add(random_layer(outline, incoming, rng), place), output_of(outline, incoming)
    last = block.main[-1]
    shape = last.shape(incoming)
    mw, no_bias = math.prod(shape[1:]), Bias(np.zeros(last.count, np.int64))
    weights = rng.integers(0, 2, shape, np.uint8)
    product = Conv2d(weights, no_bias, last.stride, last.padding, last.pad)
    spread, limit = _spread(incoming, mw), mw * incoming.magnitude
    # The larger what is added, the less of the product reaches a level.
    added = np.linspace(-1, 1, tensor.values)[:, np.newaxis] * spread
    levels = rng.normal(0, spread / 2, (last.count, 1, 1)) + spread * _levels(last.bits) - added
    levels += _middle(incoming, weights)[:, np.newaxis]
    threshold = Threshold(levels.round().clip(-limit, limit + 1).astype(np.int64))
    return found.add(threshold, found.add(product, place), start)


def _spread(tensor: Tensor, mw: int) -> float:
    """Of random dot products: the root of the sum of the squares, of levels from their middle."""
    low, high = tensor.span
    middle = 0.0 if tensor.bounds is None else (low + high) / 2
    return math.sqrt(mw * np.square(np.arange(low, high + 1.0, tensor.step) - middle).mean())


def _middle(tensor: Tensor, weights: BitArray) -> NDArray[np.float64]:
    """What each neuron gets when all levels are at their middle, of shape ``(mh, 1)``; 0 for others than levels."""
    ones = weights.reshape(len(weights), -1)
    surplus = 2 * ones.sum(axis=1, keepdims=True, dtype=np.float64) - ones.shape[1]
    return np.asarray(surplus * (0 if tensor.bounds is None else sum(tensor.span) / 2))


def _levels(bits: int) -> NDArray[np.float64]:
    """Levels at even distances; four spreads hold nearly all sums."""
    return np.linspace(-2, 2, (1 << bits) + 1)[1:-1]
