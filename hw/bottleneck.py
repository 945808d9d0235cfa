"""What limits a network's rate, whatever its folding: the stage that is slowest when all products take a cycle."""

from dataclasses import dataclass

from ..model.ir import Network
from .folding import Folding, largest_folding
from .frames import frame_format
from .plan import plan_network, slowest_layer

__all__ = ["Bottleneck", "find_bottleneck", "longest_interval"]


@dataclass(frozen=True)
class Bottleneck:
    """The stage that no folding makes faster.

    Parameters
    ----------
    layer : :class:`str`
        The layer's name in the network, or ``input``.
    stage : :class:`str`
        Which of its stages, in words.
    cycles : :class:`int`
        Cycles that it takes for a frame: the network's shortest interval.
    """

    layer: str
    stage: str
    cycles: int

    def __str__(self) -> str:
        cycles = "a cycle" if self.cycles == 1 else f"{self.cycles} cycles"
        return f"the {self.stage} of {self.layer} take {cycles} a frame at any folding"


def find_bottleneck(network: Network) -> Bottleneck:
    """The slowest stage where all neurons and synapses of each layer work at once.

    No stage is faster at another folding: wider beats never take more cycles, and a window with a pixel a beat is
    given as fast as its memory can.
    """
    stages = _stages(network, tuple(map(largest_folding, network.matrices.values())))
    # Of equals the first in the order of the data is meant.
    return max(stages, key=lambda stage: stage.cycles)


def longest_interval(network: Network) -> int:
    """Cycles a frame with a neuron and a synapse at a time: no design is smaller than what that rate needs."""
    return max(stage.cycles for stage in _stages(network, (Folding(1, 1),) * len(network.matrices)))


def _stages(network: Network, foldings: tuple[Folding, ...]) -> list[Bottleneck]:
    frame = frame_format(network, interval=slowest_layer(network, foldings))
    layers = zip(network.names, plan_network(network, foldings, frame), strict=True)
    return [
        Bottleneck("input", "beats", frame.input_beats),
        *(Bottleneck(name, stage.noun, stage.cycles) for name, plan in layers for stage in plan.stages),
    ]
