"""The kinds of layers there are, and a layer in its place."""

from dataclasses import dataclass

from .kinds.conv2d import Conv2d
from .kinds.dense import Dense
from .kinds.maxpool import MaxPool
from .tensors import Tensor

__all__ = ["Layer", "Matrix", "Step"]

Layer = Dense | Conv2d | MaxPool

Matrix = Dense | Conv2d
"""Layers with weights: their work is the product of a matrix with vectors."""


@dataclass(frozen=True)
class Step:
    """A layer in its place.

    Parameters
    ----------
    name : :class:`str`
        The layer's kind and position.
    layer : :class:`Dense`, :class:`Conv2d` or :class:`MaxPool`
        The layer.
    input, output : :class:`Tensor`
        Types of what it takes and of what it gives.
    """

    name: str
    layer: Layer
    input: Tensor
    output: Tensor

    @property
    def matrix(self) -> "Matrix | None":
        """The layer where it has weights, else None."""
        return self.layer if isinstance(self.layer, Matrix) else None

    @property
    def vectors(self) -> int:
        """How often a frame goes through the layer's weights: once, or once for each window."""
        return self.output.size // self.output.shape[-1]
