"""Folding: how many neurons and synapses of each layer work in one cycle, and what that costs in cycles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.ir import Conv2d, Matrix, Network

__all__ = ["Folding", "check_foldings", "is_depthwise", "largest_folding", "neurons_in_beats", "turns"]


@dataclass(frozen=True)
class Folding:
    """Parallelism of one layer.

    Parameters
    ----------
    pe : :class:`int`
        Processing elements: neurons computed at once, of one group where groups of channels take turns.
    simd : :class:`int`
        Synapses that each of them handles per cycle.
    """

    pe: int
    simd: int

    def neuron_fold(self, layer: Matrix) -> int:
        """Groups of neurons, one after the other: for each group of channels that takes its turn, its own."""
        return turns(layer) * -(-layer.mh // turns(layer) // self.pe)

    def synapse_fold(self, layer: Matrix) -> int:
        """Cycles that one group of neurons takes."""
        return -(-layer.mw // self.simd)

    def interval(self, layer: Matrix) -> int:
        """Cycles between two vectors: ``ceil(mw / simd) * turns * ceil(mh / turns / pe)``."""
        return self.synapse_fold(layer) * self.neuron_fold(layer)


def is_depthwise(layer: Matrix) -> bool:
    """Whether each neuron reads a channel of its own, so that neurons of several channels can work at once."""
    return isinstance(layer, Conv2d) and layer.groups > 1 and layer.groups == layer.channels


def turns(layer: Matrix) -> int:
    """Groups of channels that take turns, each with the neurons that read it."""
    return layer.groups if isinstance(layer, Conv2d) and not is_depthwise(layer) else 1


def largest_folding(layer: Matrix) -> Folding:
    """All neurons and synapses that can work at once."""
    return Folding(layer.mh // turns(layer), layer.mw)


def neurons_in_beats(layer: Matrix, folding: Folding, values: NDArray[Any], fill: int) -> NDArray[Any]:
    """What neurons have, of shape ``(mh, ...)``, as ``(neuron_fold, pe, ...)``: in the order of beats of results.

    Each group of channels that takes its turn begins a new beat, so that its last one is filled up.
    """
    groups, (_, *rest) = turns(layer), values.shape
    filled = np.full((groups, folding.neuron_fold(layer) // groups * folding.pe, *rest), fill, values.dtype)
    filled[:, : layer.mh // groups] = values.reshape(groups, -1, *rest)
    return filled.reshape(-1, folding.pe, *rest)


def check_foldings(network: Network, foldings: tuple[Folding, ...]) -> None:
    """Raise ValueError when there is not one folding for each layer with weights, or one is out of range."""
    if len(foldings) != len(network.matrices):
        raise ValueError(f"folding must have {len(network.matrices)} layers, not {len(foldings)}")
    for (name, layer), folding in zip(network.matrices.items(), foldings, strict=True):
        most = largest_folding(layer)
        if not 1 <= folding.pe <= most.pe:
            raise ValueError(f"{name}: pe must be in 1..{most.pe}, not {folding.pe!r}")
        if not 1 <= folding.simd <= most.simd:
            raise ValueError(f"{name}: simd must be in 1..{most.simd}, not {folding.simd!r}")
