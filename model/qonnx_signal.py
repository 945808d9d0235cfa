"""The data on its way through a graph: integers of the network, and what each stands for in the file.

The element of the file is ``scale * integer + offset``, exactly. Scaling and shifting change this line only; nothing is
rounded, and nothing is computed before a binarization asks where the line crosses zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray
from .inputs import Affine, Input
from .kinds import Layer, MaxPool
from .qonnx_constants import Constant
from .qonnx_exact import ONE, ZERO, Surd
from .qonnx_graph import Node
from .tensors import Element, Tensor

__all__ = ["Bits", "Pixels", "Product", "Signal"]

LARGEST_LINES = 1 << 16
"""Lines that one tensor may have: far more than channels."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Pixels:
    """The image, as integers that a rule makes of the raw pixels."""

    rule: Affine


@dataclass(frozen=True)
class Bits:
    """Bits behind the input's threshold or behind a layer; bit 1 is the integer +1, bit 0 is -1."""

    input: Input
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, eq=False)
class Product:
    """Dot products with weights of ±1, whose thresholds are not known yet.

    ``directions`` tell, where there is a pool, whether it took the largest (+1) or the smallest (-1) dot product.
    """

    behind: Bits
    tensor: Tensor
    weights: BitArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pad: int = 0
    pools: tuple[MaxPool, ...] = ()
    directions: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Signal:
    """A tensor of the file, in terms of integers of the network.

    Parameters
    ----------
    source : :class:`Pixels`, :class:`Bits` or :class:`Product`
        What makes the integers.
    tensor : :class:`Tensor`
        Their type and their shape in the network.
    order : array of ``int64``
        Has the shape of the file's tensor; each element is the place of its integer in the network's order.
    scale, offset : tuple of :class:`Surd`
        One pair for each element, repeated with the tuples' length: 1, the number of channels, or all elements.
    border, filler : four integers, and a :class:`Surd`
        Rows above, columns left, rows below and columns right that a ``Pad`` put around it, and their value.
    ranked : :class:`bool`
        Whether the place of the largest element is taken, and no longer the elements.
    """

    source: Pixels | Bits | Product
    tensor: Tensor
    order: Indices
    scale: tuple[Surd, ...] = (ONE,)
    offset: tuple[Surd, ...] = (ZERO,)
    border: tuple[int, int, int, int] = (0, 0, 0, 0)
    filler: Surd = field(default=ZERO)
    ranked: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in the file."""
        return self.order.shape

    @property
    def channels(self) -> int:
        """Size of the innermost axis in the network."""
        return self.tensor.shape[-1]

    @property
    def binary(self) -> bool:
        """Whether the integers are ±1."""
        return self.tensor.element is Element.BIT

    def combine(
        self, node: Node, function: Callable[[Surd, Surd], Surd], constant: Constant, *, scales: bool
    ) -> "Signal":
        """The same with a constant added to or subtracted from each element, or (``scales``) multiplied or divided."""
        if any(self.border):
            raise node.error("must not follow a Pad; only Conv may")
        by_line = self._by_line(node, constant)
        values = constant.values(node)
        count = max(len(by_line), len(self.scale))
        numbers = [values[by_line[line % len(by_line)]] for line in range(count)]
        scale = [self.scale[line % len(self.scale)] for line in range(count)]
        offset = [function(self.offset[line % len(self.offset)], numbers[line]) for line in range(count)]
        if scales:
            scale = [function(one, number) for one, number in zip(scale, numbers, strict=True)]
        return replace(self, scale=tuple(scale), offset=tuple(offset))

    def lines(self, count: int) -> list[tuple[Surd, Surd]]:
        """Scale and offset of the first ``count`` elements."""
        length = len(self.scale)
        return [(self.scale[line % length], self.offset[line % length]) for line in range(count)]

    def _by_line(self, node: Node, constant: Constant) -> list[int]:
        """Place in the palette for each line: as few lines as tell all elements apart."""
        try:
            index = np.broadcast_to(constant.index, self.shape)
        except ValueError:
            raise node.error(f"constant of shape {constant.shape} must fit data of shape {self.shape}") from None
        for count in (1, self.channels, self.tensor.size):
            lines = np.zeros(count, np.int64)
            lines[self.order % count] = index
            if (lines[self.order % count] == index).all():
                break
        if count > LARGEST_LINES:
            raise node.error(f"constant must be one for each channel, not one for each of {count} elements")
        return [int(place) for place in lines]

    def channel_lines(self, node: Node) -> list[tuple[Surd, Surd]]:
        """Scale and offset of each channel."""
        if len(self.scale) > self.channels:
            raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
        return self.lines(self.channels)

    def first_lines(self, node: Node) -> list[tuple[Surd, Surd]]:
        """Scale and offset of the first channels, up to where they repeat: of a million inputs often of one."""
        return self.channel_lines(node)[: len(self.scale)]
