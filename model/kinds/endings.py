"""What ends a product of weights and inputs: each is a record that says what comes out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import freeze, integer_array
from ..numbers import integer
from ..tensors import Tensor, integers_in, levels_of
from .levels import count_reached, rising_levels

__all__ = ["Bias", "Ending", "Ranks", "Sums", "Thresholds"]

LARGEST_SHIFT = 16

Dots = NDArray[np.floating] | NDArray[np.int32]
"""Dot products: whole numbers, whatever computed them."""


@dataclass(frozen=True)
class Sums:
    """What a product can give, before its ending.

    Parameters
    ----------
    limit : :class:`int`
        Largest magnitude of a dot product.
    matches : :class:`bool`
        Whether sums are counted in matches, ``(dot + limit) / 2`` in ``0..limit``: where inputs are bits, each of which
        matches or does not. Else they are dot products.
    """

    limit: int
    matches: bool

    @property
    def span(self) -> tuple[int, int]:
        """Smallest and largest sum, as it is counted."""
        return (0, self.limit) if self.matches else (-self.limit, self.limit)

    def count(self, dots: Dots) -> Dots:
        """Sums as they are counted, from dot products."""
        return (dots + self.limit) / 2 if self.matches else dots


@dataclass(frozen=True, eq=False)
class Thresholds:
    """How many levels of its neuron a sum reaches: with one level a bit.

    Sums of bits count matches: the inputs that equal ``weights[n]``. A threshold of 0 is always reached, one of
    ``mw + 1`` never. Sums of integers are dot products, with weights of ±1, and so are those of bits with zeros for
    padding.

    Parameters
    ----------
    thresholds : array of shape ``(mh,)`` or ``(mh, k)``
        Integers that do not fall along ``k``, of which there are 1..15: a sum reaches a level when it is at least that.

    Raises
    ------
    ValueError
        When the shape is another, levels fall, or a number is too large for hardware; when it is out of its range, as
        the layer gets its place in a network.
    """

    thresholds: NDArray[np.int64]

    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        levels = rising_levels(self.thresholds, dimensions=(1, 2))
        # One level for each neuron has one form, whatever came.
        freeze(self, "thresholds", levels[:, 0] if levels.ndim == 2 and levels.shape[1] == 1 else levels)

    @property
    def count(self) -> int:
        """Neurons."""
        return len(self.thresholds)

    @property
    def levels(self) -> NDArray[np.int64]:
        """The thresholds, of shape ``(mh, k)``."""
        return self.thresholds.reshape(self.count, -1)

    def check(self, sums: Sums) -> None:
        """Raise ValueError unless each level lies among the sums, or one above all of them."""
        (low, high), (smallest, largest) = sums.span, (self.thresholds.min(), self.thresholds.max())
        if not low <= smallest <= largest <= high + 1:
            raise ValueError(f"thresholds must be in {low}..{high + 1}, not {smallest}..{largest}")

    def output(self, shape: tuple[int, ...], _sums: Sums) -> Tensor:
        """Type of results of this shape."""
        return levels_of(shape, self.levels.shape[1])

    def apply(self, sums: Sums, dots: Dots) -> NDArray[np.uint8]:
        """Levels that each neuron reaches, from its dot products: whole numbers, one row of neurons for each vector."""
        # Matches are compared as dots: matches >= t where dot = 2 * matches - mw >= 2 * t - mw.
        least = 2 * self.levels - sums.limit if sums.matches else self.levels
        return count_reached(dots, least.astype(dots.dtype))


@dataclass(frozen=True, eq=False)
class Bias:
    """An integer for each neuron, ``(dot(x, weights[n]) << shift) + bias[n]``.

    As scores the largest of them is the class; the shift makes room for what orders classes of equal dot products.

    Parameters
    ----------
    bias : array of shape ``(mh,)``
        Integers within ±(2**30 - 1).
    shift : :class:`int`
        Bits to the left, 0..16.

    Raises
    ------
    TypeError
        When the shift is not an integer.
    ValueError
        When the shape is another, or a number is out of its range.
    """

    bias: NDArray[np.int64]
    shift: int = 0

    title: ClassVar[str] = "Scores"
    """What a last layer that ends so is called."""

    def __post_init__(self) -> None:
        freeze(self, "bias", integer_array("bias", self.bias))
        object.__setattr__(self, "shift", integer("shift", self.shift))
        if not 0 <= self.shift <= LARGEST_SHIFT:
            raise ValueError(f"shift must be in 0..{LARGEST_SHIFT}, not {self.shift!r}")

    @property
    def count(self) -> int:
        """Neurons."""
        return len(self.bias)

    def check(self, sums: Sums) -> None:
        """Any bias fits any product."""

    def output(self, shape: tuple[int, ...], sums: Sums) -> Tensor:
        """Type of results of this shape."""
        limit = sums.limit << self.shift
        return integers_in(shape, int(self.bias.min()) - limit, int(self.bias.max()) + limit)

    def apply(self, _sums: Sums, dots: Dots) -> NDArray[np.int64]:
        """The integer of each neuron, from its dot products: whole numbers, one row of neurons for each vector."""
        return (dots.astype(np.int64) << self.shift) + self.bias


@dataclass(frozen=True, eq=False)
class Ranks:
    """An integer for each neuron and each sum that it can have: any order of classes, such as batch norm of each gives.

    Parameters
    ----------
    table : array of shape ``(mh, sums)``
        Integers within ±(2**30 - 1), for the smallest sum first: of bits for 0..mw matches, else for each dot product.

    Raises
    ------
    ValueError
        When the shape is another, or a number is too large; when there is not one for each sum, as the layer gets its
        place.
    """

    table: NDArray[np.int64]

    title: ClassVar[str] = "Scores"
    """What a last layer that ends so is called."""

    def __post_init__(self) -> None:
        freeze(self, "table", integer_array("table", self.table, dimensions=(2,)))

    @property
    def count(self) -> int:
        """Neurons."""
        return len(self.table)

    def check(self, sums: Sums) -> None:
        """Raise ValueError unless there is an integer for each sum."""
        low, high = sums.span
        if self.table.shape[1] != high - low + 1:
            raise ValueError(
                f"table must have {high - low + 1} columns, for sums in {low}..{high}, not {self.table.shape[1]}"
            )

    def output(self, shape: tuple[int, ...], _sums: Sums) -> Tensor:
        """Type of results of this shape."""
        return integers_in(shape, int(self.table.min()), int(self.table.max()))

    def apply(self, sums: Sums, dots: Dots) -> NDArray[np.int64]:
        """The integer of each neuron, from its dot products: whole numbers, one row of neurons for each vector."""
        places = sums.count(dots).astype(np.int64) - sums.span[0]
        return self.table[np.arange(self.count), places]


Ending = Thresholds | Bias | Ranks
