"""Small networks with random weights, for any test."""

import itertools

import numpy as np

from xnorflow.model.ir import Bias, Conv2d, Dense, Element, Input, MaxPool, Network, Thermometer, Thresholds
from xnorflow.model.outlines import Outline, chain
from xnorflow.model.random_networks import random_layer

__all__ = ["random_conv_network", "random_images", "random_network", "windows_network"]


def random_network(sizes: tuple[int, ...], *, seed: int = 0, extreme: bool = False) -> Network:
    """A network of these sizes for images of ``sizes[0]`` pixels; extreme ones have constant neurons too."""
    rng = np.random.default_rng(seed)
    *hidden, last = itertools.pairwise(sizes)
    layers = []
    for mw, mh in hidden:
        spread = rng.integers(0, mw + 2, mh) if extreme else rng.integers(mw // 2 - 1, mw // 2 + 3, mh).clip(0, mw + 1)
        layers.append(Dense(rng.integers(0, 2, (mh, mw)), Thresholds(spread)))
    mw, mh = last
    scores = Dense(rng.integers(0, 2, (mh, mw)), Bias(rng.integers(-4, 5, mh)))
    return Network("random", Thermometer((sizes[0],), (128,)), (*layers, scores))


def random_conv_network(
    rule: Input, outlines: tuple[Outline, ...], *, classes: int = 3, seed: int = 0, extreme: bool = False
) -> Network:
    """A network of any outlines for any input; extreme ones have thresholds from the whole range."""
    rng = np.random.default_rng(seed)
    layers = []
    for outline, tensor in chain(outlines, rule.output):
        if outline is None:
            scores = Dense(rng.integers(0, 2, (classes, tensor.size)), Bias(rng.integers(-4, 5, classes)))
        elif extreme and not isinstance(outline, MaxPool):
            weights = rng.integers(0, 2, outline.shape(tensor))
            limit = weights[0].size * tensor.magnitude
            low, high = (0, limit + 1) if tensor.element is Element.BIT else (-limit, limit + 1)
            layers.append(outline.layer(weights, rng.integers(low, high + 1, outline.count)))
        else:
            layers.append(random_layer(outline, tensor, rng))
    return Network("random", rule, (*layers, scores))


def windows_network(rule: Input, *layers: object) -> Network:
    """Random weights in convolutions, given as (mh, kernel, groups, further parameters), and in as many scores."""
    rng = np.random.default_rng(seed=5)
    made, tensor = [], rule.output
    for layer in layers:
        if isinstance(layer, tuple):
            mh, kernel, groups, parameters = layer
            weights = rng.integers(0, 2, (mh, *kernel, tensor.shape[2] // groups))
            numbers = {"groups": groups, "ending": _thresholds(rng, mh, tensor, weights[0].size), **parameters}
            made.append(Conv2d(weights, **numbers))
        elif isinstance(layer, int):
            made.append(Dense(rng.integers(0, 2, (layer, tensor.size)), Bias(rng.integers(-4, 5, layer))))
        else:
            made.append(layer)
        tensor = made[-1].output(tensor)
    return Network("random", rule, tuple(made))


def _thresholds(rng, mh, tensor, mw):
    """Near the middle, so that outputs vary."""
    middle, spread = (mw + 1) // 2, max(1, mw // 8)
    if tensor.element is not Element.BIT:
        middle, spread = 0, mw * tensor.magnitude // 8
    return Thresholds(rng.integers(middle - spread, middle + spread + 1, mh))


def random_images(network: Network, count: int, *, seed: int = 1) -> np.ndarray:
    """Images of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (count, *network.input.shape), np.uint8)
