"""Fully connected layers."""

from dataclasses import dataclass
from typing import ClassVar

from ..arrays import bit_array, freeze
from ..bits import BitArray
from ..tensors import Tensor
from .endings import Ending, Sums
from .kind import Integers
from .products import check_ending, dot_products, sums_of, values_of

__all__ = ["Dense"]


@dataclass(frozen=True, eq=False)
class Dense:
    """Products of a matrix with the whole input, and what ends them.

    Parameters
    ----------
    weights : array of shape ``(mh, mw)``
        Bits: 1 stands for +1, 0 for -1.
    ending : :class:`Thresholds`, :class:`Bias` or :class:`Ranks`
        What comes out for each neuron: a bit, how many levels are reached, or an integer.

    Raises
    ------
    TypeError
        When the ending is none.
    ValueError
        When a shape or a bit is out of its range; a threshold, when the layer gets its place in a network.
    """

    weights: BitArray
    ending: Ending

    windowed: ClassVar[bool] = False
    sources: ClassVar[tuple[int, ...]] = (1,)
    """How many tensors it may read."""

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 2, "a matrix of neurons by synapses"))
        check_ending(self.ending, self.mh)

    @property
    def title(self) -> str:
        """Its kind, or what its ending makes of it."""
        return self.ending.title or type(self).__name__

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``."""
        return self.weights

    @property
    def mh(self) -> int:
        """Matrix height: neurons."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each neuron."""
        return int(self.weights.shape[1])

    def sums(self, tensor: Tensor) -> Sums:
        """What products with such a tensor can give."""
        return sums_of(tensor, self.mw)

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if tensor.size != self.mw:
            raise ValueError(f"takes {self.mw} inputs, but gets {tensor.size}")
        self.ending.check(self.sums(tensor))
        return self.ending.output((self.mh,), self.sums(tensor))

    def unfolded(self, _tensor: Tensor) -> int:
        """Elements of the input."""
        return self.mw

    def apply(self, tensor: Tensor, values: Integers) -> Integers:
        """The result for inputs of shape ``(count, *tensor.shape)``."""
        rows = values_of(tensor, values).reshape(-1, self.mw)
        return self.ending.apply(self.sums(tensor), dot_products(self.matrix, self.sums(tensor), rows))
