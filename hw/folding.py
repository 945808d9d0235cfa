"""Folding: how many neurons and synapses of each layer work in one cycle, and what that costs in cycles."""

from dataclasses import dataclass

from ..model.ir import Matrix, Network

__all__ = ["Folding", "check_foldings"]


@dataclass(frozen=True)
class Folding:
    """Parallelism of one layer.

    Parameters
    ----------
    pe : :class:`int`
        Processing elements: neurons computed at once.
    simd : :class:`int`
        Synapses that each of them handles per cycle.
    """

    pe: int
    simd: int

    def neuron_fold(self, layer: Matrix) -> int:
        """Groups of neurons, one after the other."""
        return -(-layer.mh // self.pe)

    def synapse_fold(self, layer: Matrix) -> int:
        """Cycles that one group of neurons takes."""
        return -(-layer.mw // self.simd)

    def interval(self, layer: Matrix) -> int:
        """Cycles between two vectors: ``ceil(mw / simd) * ceil(mh / pe)``."""
        return self.synapse_fold(layer) * self.neuron_fold(layer)


def check_foldings(network: Network, foldings: tuple[Folding, ...]) -> None:
    """Raise ValueError when there is not one folding for each layer with weights, or one is out of range."""
    if len(foldings) != len(network.matrices):
        raise ValueError(f"folding must have {len(network.matrices)} layers, not {len(foldings)}")
    for (name, layer), folding in zip(network.matrices.items(), foldings, strict=True):
        if not 1 <= folding.pe <= layer.mh:
            raise ValueError(f"{name}: pe must be in 1..{layer.mh}, not {folding.pe!r}")
        if not 1 <= folding.simd <= layer.mw:
            raise ValueError(f"{name}: simd must be in 1..{layer.mw}, not {folding.simd!r}")
