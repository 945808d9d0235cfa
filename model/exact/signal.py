"""The data on its way through a graph: integers of the network, and what each stands for in the file.

An element of the file is a :class:`Curve` of an integer, exactly. What is done to single elements changes the curve
only; nothing is rounded, and nothing is computed before a product or a pool asks which integers it gets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..bits import BitArray
from ..inputs import Input
from ..ir import Add, Bias, Conv2d, Dense, Ending, Layer, MaxPool
from ..tensors import Element, Tensor
from .constant import Constant
from .curve import IDENTITY, Curve, Line, constant, single_line
from .node import ImportRefused, Node
from .surd import Surd

__all__ = ["FILLER", "ZERO_PAD", "Indices", "Join", "Made", "Pixels", "Product", "Signal", "Term", "Window"]

LARGEST_LINES = 1 << 16
"""Curves that one tensor may have: far more than channels."""

FILLER = -1
"""In the order of a tensor: an element that a ``Pad`` added."""

ZERO_PAD: Literal["zero"] = "zero"

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Pixels:
    """The raw image."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Made:
    """Integers that a layer gives, or the quantized image; a bit stands for -1 or +1.

    ``note`` says what a reader of the file should know of it.
    """

    maker: Input | Layer
    sources: tuple["Made", ...] = ()
    note: str = ""


@dataclass(frozen=True, eq=False)
class Product:
    """Dot products with weights of ±1, whose ending is not known yet.

    ``window`` is what a convolution has besides weights and ending. ``directions`` tell, where there is a pool, whether
    it took the largest (+1) or the smallest (-1) dot product. Where weights have more than two values, ``more`` are
    further planes of them, each with the power of two that its products count with, in rising order; ``note`` says of
    what weights, and ``refusal`` what to say where they cannot be.
    """

    behind: Made
    tensor: Tensor
    weights: BitArray
    window: "Window | None" = None
    pools: tuple[MaxPool, ...] = ()
    directions: tuple[int, ...] = ()
    more: tuple[tuple[int, BitArray], ...] = ()
    note: str = ""
    refusal: ImportRefused | None = None

    @property
    def limit(self) -> int:
        """Largest magnitude of a dot product."""
        total = 1 + sum(1 << exponent for exponent, _ in self.more)
        return total * int(self.weights[0].size) * self.tensor.magnitude

    @property
    def matches(self) -> bool:
        """Whether thresholds count matches: on bits, unless zeros are padded."""
        return self.tensor.element is Element.BIT and not (self.window is not None and self.window.pad == ZERO_PAD)

    @property
    def even(self) -> bool:
        """Whether the planes are of even numbers, twice the weights, which may be zero."""
        return bool(self.more) and self.more[0][0] == 0

    @property
    def dots(self) -> range:
        """The dot products that there can be."""
        return range(-self.limit, self.limit + 1, 2 if self.matches or self.even else 1)

    def with_weights(self, change: Callable[[BitArray], BitArray]) -> "Product":
        """The same with something done to the weights of each plane."""
        more = tuple((exponent, change(bits)) for exponent, bits in self.more)
        return replace(self, weights=change(self.weights), more=more)

    def flipped(self, flips: Sequence[bool]) -> "Product":
        """The same with the weights of these neurons inverted."""
        if not any(flips):
            return self
        turns = np.array(flips, np.uint8).reshape(-1, *[1] * (self.weights.ndim - 1))
        return self.with_weights(lambda bits: bits ^ turns)

    def made(self, ending: Ending) -> Made:
        """The layer with an ending; of several planes a layer for each, and sums of two and two of them."""
        if not self.more:
            return Made(self.layer(self.weights, ending), (self.behind,))
        assert isinstance(ending, Bias)
        parts = [(0, Made(self.layer(self.weights, ending), (self.behind,)))]
        nothing = Bias(np.zeros(len(self.weights), np.int64))
        parts += [
            (exponent + ending.shift, Made(self.layer(bits, nothing), (self.behind,))) for exponent, bits in self.more
        ]
        count = len(parts)
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            sums = [(low, Made(Add((0, high - low)), (one, other))) for (low, one), (high, other) in pairs]
            parts = sums + parts[2 * len(sums) :]
        return replace(parts[0][1], note=f"{self.note} as {count} layers of ±1 and their sum")

    def layer(self, weights: BitArray, ending: Ending) -> Dense | Conv2d:
        """The layer with weights and an ending."""
        if self.window is None:
            return Dense(weights, ending)
        window = self.window
        return Conv2d(weights, ending, window.stride, window.padding, window.pad, window.dilation, window.groups)


@dataclass(frozen=True)
class Window:
    """How a convolution moves over an image."""

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pad: int | Literal["zero"] = 0
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Join:
    """Pairs of integers of two tensors of one shape, the second of which has few values.

    Such a pair has a place: all integers of the first for the smallest value of the second, then for the next one. A
    curve on these places is any function of both. ``refusal`` says what to do where it cannot become few integers.
    """

    first: "Signal"
    second: "Signal"
    refusal: ImportRefused

    @property
    def places(self) -> range:
        """The places of all pairs."""
        return range(len(self.first.domain) * len(self.second.domain))


@dataclass(frozen=True, eq=False)
class Term:
    """A number that no curve gives, such as a square of the data: it has to cancel out.

    Straight-through estimators leave ``sign(x) - f(x) + f(x)`` in a graph, where ``f`` may be anything.

    Parameters
    ----------
    name : :class:`str`
        Tensor of the file.
    factor : :class:`Surd`
        How often it is added.
    error : :class:`ImportRefused`
        Why there is no curve; raised where the term does not cancel out.
    inner, zero : :class:`Signal` and :class:`Surd`, or None
        Where the function rises everywhere: what it is a function of, and what it gives for 0.
    arms : pair of tuples of :class:`Curve`, or None
        Where it is the sum of two numbers with different roots: both, on the signal's integers.
    """

    name: str
    factor: Surd
    error: ImportRefused
    inner: "Signal | None" = None
    zero: Surd | None = None
    arms: tuple[tuple[Curve, ...], tuple[Curve, ...]] | None = None


@dataclass(frozen=True, eq=False)
class Signal:
    """A tensor of the file, in terms of integers of the network.

    Parameters
    ----------
    source : :class:`Pixels`, :class:`Made`, :class:`Product` or :class:`Join`
        What makes the integers.
    tensor : :class:`Tensor`
        Their type and their shape in the network.
    order : array of ``int64``
        Has the shape of the file's tensor; each element is the place of its integer in the network's order.
    curves : tuple of :class:`Curve`
        One for each element, repeated with the tuple's length: 1, the number of channels, or all elements.
    filler : :class:`Surd` or None
        Value of the elements that a ``Pad`` put around it.
    terms : tuple of :class:`Term`
        What is to be added to each element, in the order of the file.
    origin : :class:`ImportRefused` or None
        What to say where a product gets three different numbers.
    answered : :class:`str`
        Operator that only the choice of the class may follow, as ``Softmax``.
    ranked : :class:`bool`
        Whether the place of the largest element is taken, and no longer the elements.
    """

    source: Pixels | Made | Product | Join
    tensor: Tensor
    order: Indices
    curves: tuple[Curve, ...] = (IDENTITY,)
    filler: Surd | None = None
    terms: tuple[Term, ...] = field(default=())
    origin: ImportRefused | None = None
    answered: str = ""
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

    @property
    def domain(self) -> range:
        """The integers that there can be."""
        if isinstance(self.source, Product):
            return self.source.dots
        if isinstance(self.source, Join):
            return self.source.places
        low, high = self.tensor.span
        return range(low, high + 1, 2 if self.binary else 1)

    def plain(self, node: Node) -> "Signal":
        """The same, where it is neither padded nor has terms that no curve gives."""
        for term in self.terms:
            raise term.error
        if self.filler is not None:
            raise node.error("must not follow a Pad; only Conv and MaxPool may")
        return self

    def spread(self, node: Node, value: Constant) -> tuple[Curve, ...]:
        """Curves of a constant that is broadcast to this shape: as few as tell all elements apart."""
        try:
            index = np.broadcast_to(value.index, self.shape)
        except ValueError:
            raise node.error(f"constant of shape {value.shape} must fit data of shape {self.shape}") from None
        for count in (1, self.channels, self.tensor.size):
            lines = np.zeros(count, np.int64)
            lines[self.order % count] = index
            if (lines[self.order % count] == index).all():
                break
        if count > LARGEST_LINES:
            raise node.error(f"constant must be one for each channel, not one for each of {count} elements")
        # Of a large palette only a few numbers may be meant.
        numbers = {place: constant(value.number(place)) for place in set(lines.tolist())}
        return tuple(numbers[place] for place in lines.tolist())

    def repeated(self, count: int) -> list[Curve]:
        """The curves of the first ``count`` elements."""
        return [self.curves[place % len(self.curves)] for place in range(count)]

    def channel_curves(self, node: Node) -> list[Curve]:
        """The curve of each channel."""
        if len(self.curves) > self.channels:
            raise node.error("scales and biases must be the same all over a channel, not change from pixel to pixel")
        return self.repeated(self.channels)

    def first_lines(self, node: Node) -> list[Line]:
        """The line of each of the first elements, up to where they repeat: of a million inputs often of one."""
        lines = [single_line(curve) for curve in self.curves]
        if any(line is None for line in lines):
            raise node.error("must come behind a quantization; put BipolarQuant between")
        return [line for line in lines if line is not None]

    def with_curves(self, curves: Sequence[Curve]) -> "Signal":
        """The same integers with other curves, as few of them as repeat."""
        few = curves[:1] if len(set(curves)) == 1 else curves
        return replace(self, curves=tuple(few))
