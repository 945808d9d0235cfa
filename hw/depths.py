"""How deep the queues behind a fork must be, by formula.

Where a tensor has several readers, and what they make of it is joined again, each of them has a queue in front of it.
It holds what another reader can have taken in before it gives what joins: then it is never this queue that is full
first, nothing waits for each other, and no cycle is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from ..model.ir import IMAGE, Network
from .device import Family
from .queue import Queue
from .stage import LayerPlan, Stage

__all__ = ["add_queues", "readers_of"]

Edge = tuple[int, int]
"""A reader: a layer's position, and which of its inputs."""

SLACK = 2
"""Beats that flow control may be behind: a reader takes one while others wait, a queue's counters are a cycle old."""


def readers_of(network: Network) -> dict[int, tuple[Edge, ...]]:
    """Who reads what each layer gives, and the quantized image, in the order of the data."""
    readers: dict[int, list[Edge]] = {index: [] for index in range(IMAGE, len(network.layers))}
    for index, step in enumerate(network.steps()):
        for slot, source in enumerate(step.sources):
            readers[source].append((index, slot))
    return {source: tuple(edges) for source, edges in readers.items()}


def add_queues(network: Network, plans: Sequence[LayerPlan], family: Family) -> tuple[LayerPlan, ...]:
    """The stages of all layers, with queues behind the forks that what is read meets again."""
    readers, tensors, steps = readers_of(network), network.tensors, tuple(network.steps())
    if all(len(edges) <= 1 for edges in readers.values()):
        return tuple(plans)
    search, queued = _Capacities(readers, plans, family, {}, {}), list(plans)
    # From the last fork to the first: what is behind a fork counts with its queues.
    for source in sorted(readers, reverse=True):
        for edge in readers[source]:
            others = [search.capacity(other, edge) for other in readers[source] if other != edge]
            most = max((capacity for capacity in others if capacity), default=0)
            if most:
                search.depths[edge] = most + SLACK
    for (index, slot), depth in search.depths.items():
        source = steps[index].sources[slot]
        beats, tensor = queued[index].sources[slot], tensors[source + 1]
        name = "queue" if slot == 0 else "second queue"
        queue = Queue(name, depth, beats.width * tensor.width, beats.count(tensor.size))
        arms = list(queued[index].arms)
        arms[slot] = (queue, *arms[slot])
        queued[index] = replace(queued[index], arms=tuple(arms))
    return tuple(queued)


@dataclass
class _Capacities:
    """Beats that one reader of a fork takes in, at most, before what it and another one make meet."""

    readers: dict[int, tuple[Edge, ...]]
    plans: Sequence[LayerPlan]
    family: Family
    depths: dict[Edge, int]
    known: dict[tuple[Edge, Edge], int | None]

    def capacity(self, one: Edge, other: Edge) -> int | None:
        """Most beats that ``one`` takes on any way to where it meets a way of the other; None where they never meet.

        Of two ways the one that is behind goes on, so that both have no layer in common before they meet.
        """
        if (one, other) not in self.known:
            self.known[one, other] = self._capacity(one, other)
        return self.known[one, other]

    def _capacity(self, one: Edge, other: Edge) -> int | None:
        (index, slot), plan = one, self.plans[one[0]]
        if index == other[0]:
            return self._absorbed(plan.arms[slot], 0)
        if index > other[0]:
            found = [self.capacity(one, edge) for edge in self.readers[other[0]]]
            return max((capacity for capacity in found if capacity is not None), default=None)
        ways = [(edge, self.capacity(edge, other)) for edge in self.readers[index]]
        held = [capacity + self.depths.get(edge, 0) for edge, capacity in ways if capacity is not None]
        return self._absorbed((*plan.arms[slot], *plan.body), max(held)) if held else None

    def _absorbed(self, stages: tuple[Stage, ...], held: int) -> int:
        return reduce(lambda beats, stage: stage.absorbs(beats, self.family), reversed(stages), held)
