"""What a kind of layer is: frozen data that is checked when it is made, and again when it gets its place."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..bits import BitArray
from ..tensors import Tensor
from .endings import Ending, Sums

__all__ = ["Integers", "Kind", "MatrixKind"]

Integers = NDArray[np.integer]
"""Elements of a tensor as they are stored: bits, or integers that stand for themselves."""


class Kind(Protocol):
    """A layer of any kind."""

    windowed: ClassVar[bool]
    """Whether it reads an image window by window, and not all of its input at once."""

    @property
    def sources(self) -> tuple[int, ...]:
        """How many tensors it may read."""

    @property
    def title(self) -> str:
        """Its kind, as messages and reports call it; with its position, and in lower case, it is the layer's name."""

    def output(self, *tensors: Tensor) -> Tensor:
        """Type of the result for inputs of these types; ValueError when they do not fit."""

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of all windows together, or of the whole input, for an input of type ``tensor``."""

    def apply(self, *tensors_and_values: Tensor | Integers) -> Integers:
        """The result, of shape ``(count, *output.shape)``, exactly.

        Takes the types of all inputs, then their elements, of shape ``(count, *tensor.shape)`` each.
        """


class MatrixKind(Kind, Protocol):
    """A layer whose work is the product of a matrix of ±1 with vectors, and what ends each product."""

    @property
    def weights(self) -> BitArray:
        """Bits: 1 stands for +1, 0 for -1; neurons are the first axis."""

    @property
    def ending(self) -> Ending:
        """What makes the result of a product."""

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``, in the order of a vector."""

    @property
    def mh(self) -> int:
        """Matrix height: neurons."""

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each neuron."""

    def sums(self, tensor: Tensor) -> Sums:
        """What products with elements of such a tensor can give."""
