"""The kinds of layers there are, and a layer in its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from .kinds.add import Add
from .kinds.conv2d import Conv2d
from .kinds.dense import Dense
from .kinds.maxpool import MaxPool
from .kinds.sumpool import SumPool
from .kinds.threshold import Threshold
from .tensors import Tensor

__all__ = ["IMAGE", "Layer", "Matrix", "Step", "held_elements", "last_readers"]

IMAGE = -1
"""The quantized image among the sources of a layer."""

Layer = Dense | Conv2d | MaxPool | SumPool | Threshold | Add

Matrix = Dense | Conv2d
"""Layers with weights: their work is the product of a matrix with vectors."""


@dataclass(frozen=True)
class Step:
    """A layer in its place.

    Parameters
    ----------
    kind : :class:`str`
        The layer's kind, as reports call it: ``Scores`` for a last one with weights.
    index : :class:`int`
        Its position.
    layer : layer
        The layer.
    inputs : tuple of :class:`Tensor`
        Types of what it takes.
    output : :class:`Tensor`
        Type of what it gives.
    sources : tuple of :class:`int`
        Positions of the layers that give what it takes, :data:`IMAGE` for the quantized image.
    """

    kind: str
    index: int
    layer: Layer
    inputs: tuple[Tensor, ...]
    output: Tensor
    sources: tuple[int, ...]

    @property
    def name(self) -> str:
        """The layer's kind and position."""
        return f"{self.kind.lower()}{self.index}"

    @property
    def input(self) -> Tensor:
        """Type of the first that it takes."""
        return self.inputs[0]

    @property
    def matrix(self) -> "Matrix | None":
        """The layer where it has weights, else None."""
        return self.layer if isinstance(self.layer, Matrix) else None

    @property
    def vectors(self) -> int:
        """How often a frame goes through the layer's weights: once, or once for each window."""
        return self.output.size // self.output.shape[-1]


def last_readers(steps: Sequence[Step]) -> dict[int, int]:
    """For each tensor, by the position of the layer that gives it, the last layer that reads it."""
    return {source: index for index, step in enumerate(steps) for source in step.sources}


def held_elements(image: Tensor, steps: Sequence[Step]) -> int:
    """Most elements of tensors that are there at once, where each goes when its last reader has run."""
    last, held, most = last_readers(steps), image.size, image.size
    sizes = [image.size, *(step.output.size for step in steps)]
    for index, step in enumerate(steps):
        held += step.output.size
        most = max(most, held)
        held -= sum(sizes[source + 1] for source in set(step.sources) if last[source] == index)
    return most
