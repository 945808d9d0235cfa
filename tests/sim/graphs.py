"""Networks of any layers with random numbers, for the Verilog."""

import numpy as np

from xnorflow.model.ir import (
    ZERO,
    Bias,
    Conv2d,
    Dense,
    Element,
    Input,
    Layer,
    Network,
    Ranks,
    Tensor,
    Threshold,
    Thresholds,
)
from xnorflow.model.kinds.endings import Sums

__all__ = ["NETWORK_NAME", "Grower", "levels_near"]

NETWORK_NAME = "graph"


def levels_near(rng: np.random.Generator, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Levels that do not fall along the last axis, most near the middle of what is compared, some anywhere."""
    middle, spread = (low + high) // 2, max(1, int((high - low) ** 0.5))
    near = rng.integers(middle - spread, middle + spread + 1, shape)
    anywhere = rng.integers(low, high + 2, shape)
    levels = np.where(rng.random(shape) < 0.15, anywhere, near).clip(low, high + 1)
    return np.sort(levels, axis=-1)


class Grower:
    """A network that grows layer by layer; each call gives the position of what it added."""

    def __init__(self, rule: Input, seed: int = 0) -> None:
        self.rule = rule
        self.rng = np.random.default_rng(seed)
        self.layers: list[Layer] = []
        self.sources: list[tuple[int, ...]] = []
        self.tensors: dict[int, Tensor] = {-1: rule.output}

    def add(self, layer: Layer, *sources: int) -> int:
        """Add a layer that reads these, or the last one."""
        sources = sources or (len(self.layers) - 1,)
        position = len(self.layers)
        self.tensors[position] = layer.output(*(self.tensors[source] for source in sources))
        self.layers.append(layer)
        self.sources.append(sources)
        return position

    def conv(self, source: int, mh: int, kernel=(3, 3), *, levels: int | None = 1, ending=None, **numbers) -> int:
        """A convolution that ends in so many levels, or in a bias, or otherwise."""
        tensor = self.tensors[source]
        groups = numbers.get("groups", 1)
        weights = self.rng.integers(0, 2, (mh, *kernel, tensor.shape[2] // groups))
        mw = int(weights[0].size)
        zero = numbers.get("pad") == ZERO
        sums = Sums(mw * tensor.magnitude, matches=tensor.element is Element.BIT and not zero)
        return self.add(Conv2d(weights, self.ending(mh, sums, levels, ending), **numbers), source)

    def dense(self, source: int, mh: int, *, levels: int | None = 1, ending=None) -> int:
        """A dense layer, likewise."""
        tensor = self.tensors[source]
        sums = Sums(tensor.size * tensor.magnitude, matches=tensor.element is Element.BIT)
        weights = self.rng.integers(0, 2, (mh, tensor.size))
        return self.add(Dense(weights, self.ending(mh, sums, levels, ending)), source)

    def ending(self, mh: int, sums: Sums, levels: int | None, kind=None):
        """Levels, or a bias (of a shift), or ranks."""
        if kind is Ranks:
            return Ranks(self.rng.integers(-50, 50, (mh, sums.span[1] - sums.span[0] + 1)))
        if levels is None or kind is not None:
            return Bias(self.rng.integers(-9, 10, mh), *([] if kind is None else [kind]))
        return Thresholds(levels_near(self.rng, (mh, levels), *sums.span))

    def threshold(self, source: int, *, levels: int = 1, chooser: int | None = None) -> int:
        """Levels as a step of its own."""
        tensor = self.tensors[source]
        rows = () if chooser is None else (self.tensors[chooser].values,)
        array = levels_near(self.rng, (tensor.shape[-1], *rows, levels), *tensor.span)
        return self.add(Threshold(array), source, *([] if chooser is None else [chooser]))

    def network(self) -> Network:
        """What has grown."""
        return Network(NETWORK_NAME, self.rule, tuple(self.layers), sources=tuple(self.sources))
