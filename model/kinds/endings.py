"""What ends a product of weights and inputs: each is a record that says what comes out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import freeze, integer_array
from ..tensors import Element, Tensor

__all__ = ["Bias", "Ending", "Thresholds"]


@dataclass(frozen=True, eq=False)
class Thresholds:
    """A bit for each neuron.

    On bits: 1 when ``matches[n] >= thresholds[n]``, where ``matches[n]`` counts the inputs that equal ``weights[n]``. A
    threshold of 0 gives a constant 1, one of ``mw + 1`` a constant 0.
    On integers: 1 when ``dot(x, weights[n]) >= thresholds[n]``, with weights of ±1.

    Parameters
    ----------
    thresholds : array of shape ``(mh,)`` or ``(mh, 1)``
        Integers: on bits in ``0..mw + 1``, on integers between the smallest dot product and one above the largest.

    Raises
    ------
    ValueError
        When the shape is another, or a number is too large for hardware; when it is out of its range, as the layer gets
        its place in a network.
    """

    thresholds: NDArray[np.int64]

    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        freeze(self, "thresholds", integer_array("thresholds", _column(self.thresholds)))

    @property
    def count(self) -> int:
        """Neurons."""
        return len(self.thresholds)

    def check(self, tensor: Tensor, mw: int) -> None:
        """Raise ValueError unless thresholds count matches of bits, or compare dot products of integers."""
        limit = mw * tensor.magnitude
        low, high = (0, mw + 1) if tensor.element is Element.BIT else (-limit, limit + 1)
        smallest, largest = self.thresholds.min(), self.thresholds.max()
        if not low <= smallest <= largest <= high:
            raise ValueError(f"thresholds must be in {low}..{high}, not {smallest}..{largest}")

    def output(self, shape: tuple[int, ...], _tensor: Tensor, _mw: int) -> Tensor:
        """Type of results of this shape."""
        return Tensor(shape)

    def apply(self, tensor: Tensor, mw: int, dots: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The bit of each neuron, from its dot products: whole numbers, one row of neurons for each vector."""
        # On bits the threshold counts matches: matches >= t where dot = 2 * matches - mw >= 2 * t - mw.
        least = 2 * self.thresholds - mw if tensor.element is Element.BIT else self.thresholds
        return (dots >= least.astype(dots.dtype)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Bias:
    """An integer for each neuron, ``dot(x, weights[n]) + bias[n]``: scores, the largest of which is the class.

    Parameters
    ----------
    bias : array of shape ``(mh,)``
        Integers within ±(2**30 - 1).

    Raises
    ------
    ValueError
        When the shape is another, or a bias is out of its range.
    """

    bias: NDArray[np.int64]

    title: ClassVar[str] = "Scores"
    """What a layer that ends so is called."""

    def __post_init__(self) -> None:
        freeze(self, "bias", integer_array("bias", self.bias))

    @property
    def count(self) -> int:
        """Neurons."""
        return len(self.bias)

    def check(self, tensor: Tensor, mw: int) -> None:
        """Any bias fits any product."""

    def output(self, shape: tuple[int, ...], tensor: Tensor, mw: int) -> Tensor:
        """Type of results of this shape."""
        limit = mw * tensor.magnitude + int(abs(self.bias).max())
        return Tensor(shape, Element.INT, limit.bit_length() + 1)

    def apply(self, _tensor: Tensor, _mw: int, dots: NDArray[np.floating]) -> NDArray[np.int64]:
        """The integer of each neuron, from its dot products: whole numbers, one row of neurons for each vector."""
        return dots.astype(np.int64) + self.bias


Ending = Thresholds | Bias


def _column(thresholds: ArrayLike) -> NDArray[np.generic]:
    """Thresholds as files have them, a row for each neuron, as one for each."""
    array = np.array(thresholds)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
