"""Random layers for networks that grow, with levels among the values that random images give."""

from dataclasses import replace
from typing import Any

import numpy as np

from xnorflow.model import golden
from xnorflow.model.ir import (
    IMAGE,
    ZERO,
    Bias,
    Conv2d,
    Dense,
    Element,
    Ending,
    Input,
    Layer,
    Matrix,
    MaxPool,
    Ranks,
    SumPool,
    Tensor,
    Threshold,
    Thresholds,
)

__all__ = ["Growing", "any_layer", "arm", "threshold_layer"]

IMAGES = 24
"""Random images, whose values say where levels are."""

MOST_COLUMNS = 600
"""Numbers of a neuron's ranks."""


class Growing:
    """Layers so far, and what random images give behind each."""

    def __init__(self, rng: np.random.Generator, rule: Input) -> None:
        self.rng, self.rule = rng, rule
        self.layers: list[Layer] = []
        self.sources: list[tuple[int, ...]] = []
        images = rng.integers(0, 256, (IMAGES, *rule.shape), np.uint8)
        self._tensors = {IMAGE: rule.output}
        self._values = {IMAGE: golden.quantize(rule, images)}

    def tensor(self, position: int) -> Tensor:
        """Type of what the layer there gives."""
        return self._tensors[position]

    def integers(self, position: int) -> np.ndarray:
        """What the layer there gives for the images, bits as ±1."""
        values = self._values[position].astype(np.int64)
        return 2 * values - 1 if self.tensor(position).element is Element.BIT else values

    def add(self, layer: Layer, *sources: int) -> int:
        """Position of a layer that reads these."""
        position = len(self.layers)
        tensors, values = zip(*(self._read(layer, source) for source in sources), strict=True)
        self._tensors[position] = layer.output(*tensors)
        self._values[position] = layer.apply(*tensors, *values)
        self.layers.append(layer)
        self.sources.append(sources)
        return position

    def product(self, source: int, weights: np.ndarray, *, scores: bool = False, **numbers: Any) -> int:
        """Position of a layer with these weights, and an ending whose results vary."""
        kind = Dense if weights.ndim == 2 else Conv2d
        blank = kind(weights, Bias(np.zeros(len(weights), np.int64)), **numbers)
        tensor, values = self._read(blank, source)
        dots = blank.apply(tensor, values).reshape(-1, blank.mh)
        return self.add(kind(weights, self._ending(blank, tensor, dots, scores), **numbers), source)

    def _read(self, layer: Layer, source: int) -> tuple[Tensor, np.ndarray]:
        """Type and values of a source: a vector that a convolution reads is an image of one row."""
        tensor, values = self._tensors[source], self._values[source]
        if isinstance(layer, Conv2d) and len(tensor.shape) == 1:
            tensor = replace(tensor, shape=(1, tensor.size // layer.channels, layer.channels))
        return tensor, values.reshape(-1, *tensor.shape)

    def _ending(self, blank: Matrix, tensor: Tensor, dots: np.ndarray, scores: bool) -> Ending:
        rng, sums = self.rng, blank.sums(tensor)
        low, high = sums.span
        found = sums.count(dots.astype(np.float64)).astype(np.int64)
        kind = rng.choice(["bit", "levels", "bias", "ranks"], p=(0, 0, 0.7, 0.3) if scores else (0.4, 0.25, 0.2, 0.15))
        if kind == "ranks" and high - low < MOST_COLUMNS:
            # Rising on the whole, as batch normalization is, or falling, but for some noise; zero for a usual sum.
            places = np.arange(low, high + 1) - np.rint(found.mean(axis=0)).astype(np.int64)[:, np.newaxis]
            return Ranks(rng.choice([-1, 1, 2], (blank.mh, 1)) * places + rng.integers(-3, 4, places.shape))
        if scores or (kind == "bias" and high < 1 << 12):
            shift = int(rng.choice([0, 0, 0, 1, 4]))
            usual = np.rint(dots.mean(axis=0)).astype(np.int64) if scores else 0
            return Bias(rng.integers(-6, 7, blank.mh) - (usual << shift), shift)
        count = 1 if kind == "bit" else int(rng.choice([2, 3, 15, *rng.integers(2, 16, 3)]))
        return Thresholds(random_levels(rng, found.T, count, low, high + 1))


def random_levels(rng: np.random.Generator, found: np.ndarray, count: int, low: int, high: int) -> np.ndarray:
    """Levels in ``low..high`` for each row of values, among these; now and then at an end of the range, or equal."""
    places = rng.uniform(0.1, 0.9, (len(found), count))
    levels = np.array([np.quantile(row, place) for row, place in zip(found, places, strict=True)])
    levels = np.rint(levels + rng.uniform(-0.5, 1.5, levels.shape)).astype(np.int64)
    ends = rng.random(levels.shape) < 0.04
    levels[ends] = rng.choice([low, high], levels.shape)[ends]
    return np.sort(levels.clip(low, high), axis=-1)


def threshold_layer(growing: Growing, source: int, chooser: int | None = None) -> int:
    """Position of levels for a tensor; another one may choose among rows of them."""
    rng, tensor = growing.rng, growing.tensor(source)
    low, high = tensor.span
    # Levels of each channel, or now and then of each element.
    count = tensor.size if rng.random() < 0.15 else tensor.shape[-1]
    found = np.moveaxis(growing.integers(source).reshape(-1, tensor.size // count, count), -1, 0).reshape(count, -1)
    count = int(rng.choice([1, 1, 2, 3, *rng.integers(2, 16, 2)]))
    if chooser is None:
        return growing.add(Threshold(random_levels(rng, found, count, low, high + 1)), source)
    rows = growing.tensor(chooser).values
    levels = random_levels(rng, np.repeat(found, rows, axis=0), count, low, high + 1)
    return growing.add(Threshold(levels.reshape(len(found), rows, count)), source, chooser)


def any_layer(growing: Growing, head: int) -> int:
    """Position of a layer of any kind with one source."""
    rng, tensor = growing.rng, growing.tensor(head)
    kinds = (
        ["conv", "conv", "conv", "pool", "pool", "sum", "dense", "levels"]
        if len(tensor.shape) == 3
        else ["dense", "dense", "levels", "conv"]
    )
    kind = rng.choice(kinds)
    if kind == "conv":
        return _convolution(growing, head, tensor.shape if len(tensor.shape) == 3 else _row(rng, tensor.size))
    if kind == "dense":
        return growing.product(head, rng.integers(0, 2, (int(rng.integers(2, 13)), tensor.size)))
    if kind == "levels":
        return threshold_layer(growing, head)
    kernel, stride = ([int(rng.integers(1, min(3, size) + 1)) for size in tensor.shape[:2]] for _ in range(2))
    if kind == "sum":
        return growing.add(SumPool(tuple(kernel), tuple(stride)), head)
    padding = [int(rng.integers(0, taps)) if rng.random() < 0.4 else 0 for taps in (*kernel, *kernel)]
    return growing.add(MaxPool(tuple(kernel), tuple(stride), tuple(padding)), head)


def _row(rng: np.random.Generator, size: int) -> tuple[int, int, int]:
    """An image of one row with so many elements."""
    channels = int(rng.choice([count for count in range(1, min(size, 6) + 1) if size % count == 0]))
    return 1, size // channels, channels


def _convolution(growing: Growing, head: int, shape: tuple[int, int, int]) -> int:
    """A convolution with anything: groups, strides, dilation, and padding of every value."""
    rng = growing.rng
    kernel, stride, dilation, padding, opposite = [], [], [], [], []
    for size in shape[:2]:
        kernel.append(int(rng.integers(1, min(4, size) + 1)))
        dilation.append(int(rng.choice([1, 1, 1, 2, 3])) if kernel[-1] > 1 else 1)
        stride.append(int(rng.choice([1, 1, 1, 2, 3])) if size > 1 else 1)
        span = (kernel[-1] - 1) * dilation[-1] + 1
        # As much as it takes for a window to fit, and one row more or none.
        least = max(0, (span - size + 1) // 2)
        padding.append(min(span - 1, least + int(rng.integers(0, 3))))
        opposite.append(min(span - 1, max(0, span - size - padding[-1]) + int(rng.integers(0, 3))))
    # The same on opposite sides, or now and then another.
    padding += opposite if rng.random() < 0.25 else []
    return _filters(growing, head, shape[2], kernel, stride=stride, dilation=dilation, padding=padding)


def arm(growing: Growing, head: int, channels: int, stride: int) -> int:
    """Position of a layer with weights with so many channels, or neurons: of an image the size stays, but for a stride."""
    rng, tensor = growing.rng, growing.tensor(head)
    if len(tensor.shape) == 1:
        return growing.product(head, rng.integers(0, 2, (channels, tensor.size)))
    # Whatever the kernel, each has as many windows: an odd one with half of it for padding.
    reach = [0 if size == 1 else int(rng.integers(0, 2)) for size in tensor.shape[:2]]
    dilation = [int(rng.integers(1, 3)) if half else 1 for half in reach]
    padding = [half * step for half, step in zip(reach, dilation, strict=True)]
    kernel = [2 * half + 1 for half in reach]
    numbers = {"stride": [stride] * 2, "dilation": dilation, "padding": padding}
    return _filters(growing, head, tensor.shape[2], kernel, channels, **numbers)


def _filters(
    growing: Growing, head: int, channels: int, kernel: list[int], count: int | None = None, **numbers: list[int]
) -> int:
    """A convolution of so many channels; the number of filters is any where none is given."""
    rng, tensor = growing.rng, growing.tensor(head)
    divisors = [groups for groups in range(1, channels + 1) if channels % groups == 0 == (count or 0) % groups]
    groups = int(rng.choice([1, 1, *divisors, divisors[-1]]))
    if count is None:
        count = groups * int(rng.integers(1, max(1, 6 // groups) + 1))
    weights = rng.integers(0, 2, (count, *kernel, channels // groups))
    low, high = tensor.span
    if tensor.element is Element.BIT:
        pad = [0, 1, ZERO][rng.integers(0, 3)]
    else:
        pad = int(rng.choice([0, 0, low, high, rng.integers(low, high + 1)])) if low <= 0 <= high else low
    chosen = {name: tuple(pair) for name, pair in numbers.items()}
    return growing.product(head, weights, pad=pad, groups=groups, **chosen)
