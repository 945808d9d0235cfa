"""The cheapest folding of each layer in turn, for what a block RAM may be worth."""

import itertools
from dataclasses import dataclass, field

from ..model.ir import Matrix, Network, Tensor
from .choices import Choice, layer_choices
from .device import Family
from .folding import Folding, largest_folding
from .frames import frame_format
from .plan import output, plan_layer
from .stage import Beats

__all__ = ["BANKS", "PRICES", "Pricing"]

PRICES = (0, 10, 20, 40, 80, 160)
"""Logic cells that a block RAM may be worth, to be tried in turn: what it is worth depends on the design."""

BANKS = 9
"""Parts of a memory's depth among which look-up tables may choose: each doubling is a level of them more behind the
memory. Deeper memories are only taken where nothing else is fast enough."""


@dataclass
class Pricing:
    """Foldings of a network for one interval.

    Parameters
    ----------
    network : :class:`Network`
        The network.
    family : :class:`Family`
        Whose block RAM to use.
    interval : :class:`int`
        Cycles a frame, at least what the network's slowest stage takes.
    reweightable : :class:`bool`
        All that depends on weights and levels is in block RAM.
    """

    network: Network
    family: Family
    interval: int
    reweightable: bool
    _ahead: dict[tuple[int, Beats], int] = field(default_factory=dict)

    def all_foldings(self) -> set[tuple[Folding, ...]]:
        """The cheapest foldings for each of :data:`PRICES`."""
        tensors = self.network.tensors
        return {self._foldings(tensors, price) for price in range(len(PRICES))}

    def _foldings(self, tensors: tuple[Tensor, ...], price: int) -> tuple[Folding, ...]:
        foldings: list[Folding] = []
        source = frame_format(self.network, interval=self.interval).source
        for index, step in enumerate(self.network.steps()):
            folding = None
            if step.matrix is not None:
                folding = self._choose(tensors, index, step.matrix, source, price)
                foldings.append(folding)
            source = output(step.layer, step.input, folding, source)
        return tuple(foldings)

    def _choose(self, tensors: tuple[Tensor, ...], index: int, layer: Matrix, source: Beats, price: int) -> Folding:
        vector = max(1, self.interval * layer.mh // tensors[index + 1].size)
        family, reweightable = self.family, self.reweightable
        choices = layer_choices(
            layer, tensors[index], source, interval=vector, family=family, prices=PRICES, reweightable=reweightable
        )

        def cost(choice: Choice) -> tuple[bool, int, bool, int, int]:
            # What takes more cycles than it may, here or behind it, comes last.
            behind = self._cycles_ahead(tensors, index + 1, output(layer, tensors[index], choice.folding, source))
            cycles = max(self.interval, choice.cycles, behind)
            return choice.too_wide, cycles, choice.banks > BANKS, choice.prices[price], choice.folding.pe

        return min(choices, key=cost).folding

    def _cycles_ahead(self, tensors: tuple[Tensor, ...], index: int, source: Beats) -> int:
        """Cycles that the layers from ``index`` take at least for these beats, up to the next that makes its own."""
        if (index, source) not in self._ahead:
            self._ahead[index, source] = max(_least_cycles(self.network, index, source))
        return self._ahead[index, source]


def _least_cycles(network: Network, index: int, source: Beats) -> list[int]:
    cycles = [0]
    for step in itertools.islice(network.steps(), index, None):
        whole = None if step.matrix is None else largest_folding(step.matrix)
        cycles += [stage.cycles for stage in plan_layer(step.layer, step.input, whole, source)]
        if whole:
            break
        source = output(step.layer, step.input, None, source)
    return cycles
