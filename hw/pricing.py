"""The cheapest folding of each layer in turn, for what a block RAM may be worth."""

from dataclasses import dataclass, field

from ..model.ir import IMAGE, Matrix, Network, Step
from .choices import Choice, layer_choices
from .depths import readers_of
from .device import Family
from .folding import Folding, largest_folding
from .frames import frame_format
from .plan import plan_step
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
    _steps: tuple[Step, ...] = ()
    _readers: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._steps, self._readers = tuple(self.network.steps()), readers_of(self.network)

    def all_foldings(self) -> set[tuple[Folding, ...]]:
        """The cheapest foldings for each of :data:`PRICES`."""
        return {self._foldings(price) for price in range(len(PRICES))}

    def _foldings(self, price: int) -> tuple[Folding, ...]:
        foldings: list[Folding] = []
        beats = {IMAGE: frame_format(self.network, interval=self.interval).source}
        for index, step in enumerate(self._steps):
            folding, sources = None, tuple(beats[source] for source in step.sources)
            if step.matrix is not None:
                folding = self._choose(index, step, step.matrix, sources[0], price)
                foldings.append(folding)
            beats[index] = plan_step(step, folding, sources).beats
        return tuple(foldings)

    def _choose(self, index: int, step: Step, layer: Matrix, source: Beats, price: int) -> Folding:
        vector = max(1, self.interval * layer.mh // step.output.size)
        family, reweightable = self.family, self.reweightable
        choices = layer_choices(
            layer, step.input, source, interval=vector, family=family, prices=PRICES, reweightable=reweightable
        )

        def cost(choice: Choice) -> tuple[bool, int, bool, int, int]:
            # What takes more cycles than it may, here or behind it, comes last.
            behind = self._cycles_ahead(index, choice.beats)
            cycles = max(self.interval, choice.cycles, behind)
            return choice.too_wide, cycles, choice.banks > BANKS, choice.prices[price], choice.folding.pe

        return min(choices, key=cost).folding

    def _cycles_ahead(self, index: int, source: Beats) -> int:
        """Cycles that layers behind one take at least for its beats, up to the next that make their own."""
        if (index, source) not in self._ahead:
            edges = self._readers[index]
            self._ahead[index, source] = max((self._cycles_of(*edge, source) for edge in edges), default=0)
        return self._ahead[index, source]

    def _cycles_of(self, index: int, slot: int, source: Beats) -> int:
        """The same of one that reads them, and of those behind it."""
        step = self._steps[index]
        if slot:
            # It takes the beats of its first input.
            return source.count(step.inputs[slot].size)
        whole = None if step.matrix is None else largest_folding(step.matrix)
        plan = plan_step(step, whole, (source,) * len(step.sources))
        behind = 0 if whole else self._cycles_ahead(index, plan.beats)
        return max(behind, *(stage.cycles for stage in plan.stages))
