"""The cheapest folding of each layer in turn, for what a block RAM may be worth."""

from collections.abc import Callable
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

NO_COST = (0, 0, 0, 0, 0)
"""Whether it is too wide, cycles, whether it is too deep, cells, and processing elements."""


@dataclass(frozen=True)
class _Way:
    """Foldings of the first layers, the beats in which each of those gives its results, and what it all costs."""

    foldings: tuple[Folding, ...]
    beats: dict[int, Beats]
    cost: tuple[int, ...]


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
    sprams : :class:`int`
        SPRAMs that weights may be in.
    """

    network: Network
    family: Family
    interval: int
    reweightable: bool
    sprams: int = 0
    _ahead: dict[tuple[int, Beats], int] = field(default_factory=dict)
    _steps: tuple[Step, ...] = ()
    _readers: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._steps, self._readers = tuple(self.network.steps()), readers_of(self.network)

    def all_foldings(self) -> set[tuple[Folding, ...]]:
        """The cheapest foldings for each of :data:`PRICES`, and each number of SPRAMs."""
        return {foldings for price in range(len(PRICES)) for foldings in self._foldings(price)}

    def _foldings(self, price: int) -> list[tuple[Folding, ...]]:
        """The cheapest for each number of SPRAMs: layer by layer, what is best so far with so many in use goes on."""
        ways = {0: _Way((), {IMAGE: frame_format(self.network, interval=self.interval).source}, NO_COST)}
        for index, step in enumerate(self._steps):
            following: dict[int, _Way] = {}
            for used, way in ways.items():
                sources = tuple(way.beats[source] for source in step.sources)
                for sprams, folding, cost in self._options(index, step, sources[0], price):
                    after, costs = used + sprams, tuple(map(sum, zip(way.cost, cost, strict=True)))
                    if after > self.sprams or (after in following and following[after].cost <= costs):
                        continue
                    beats = {**way.beats, index: plan_step(step, folding, sources).beats}
                    foldings = way.foldings if folding is None else (*way.foldings, folding)
                    following[after] = _Way(foldings, beats, costs)
            ways = following
        return [way.foldings for way in ways.values()]

    def _options(
        self, index: int, step: Step, source: Beats, price: int
    ) -> list[tuple[int, Folding | None, tuple[int, ...]]]:
        """The best folding for each number of SPRAMs that a layer may take, and what it costs; None without weights."""
        if step.matrix is None:
            return [(0, None, NO_COST)]
        choices, cost = self._choices(index, step, step.matrix, source, price)
        best = {
            sprams: min((choice for choice in choices if choice.sprams == sprams), key=cost)
            for sprams in sorted({choice.sprams for choice in choices})
        }
        return [(sprams, choice.folding, cost(choice)) for sprams, choice in best.items()]

    def _choices(
        self, index: int, step: Step, layer: Matrix, source: Beats, price: int
    ) -> tuple[tuple[Choice, ...], Callable[[Choice], tuple[int, ...]]]:
        vector = max(1, self.interval * layer.mh // step.output.size)
        choices = layer_choices(
            layer,
            step.input,
            source,
            interval=vector,
            family=self.family,
            prices=PRICES,
            reweightable=self.reweightable,
            sprams=self.sprams,
        )

        def cost(choice: Choice) -> tuple[int, ...]:
            # What takes more cycles than it may, here or behind it, comes last.
            behind = self._cycles_ahead(index, choice.beats)
            cycles = max(self.interval, choice.cycles, behind)
            return choice.too_wide, cycles, choice.banks > BANKS, choice.prices[price], choice.folding.pe

        return choices, cost

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
