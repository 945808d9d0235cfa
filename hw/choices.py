"""The foldings of a layer that are worth a look, with all that decides between them."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.ir import Matrix, Tensor
from .device import Family
from .estimate import layer_prices
from .folding import Folding
from .limits import LARGEST_WORD, least_width
from .options import folding_options, word_options
from .placement import layer_candidates
from .plan import output, plan_layer, reweightable_stages
from .spram import SPRAM_WIDTH
from .stage import Beats, Stage

__all__ = ["Choice", "layer_choices"]


@dataclass(frozen=True)
class Choice:
    """A folding of a layer, and what comes of it.

    Parameters
    ----------
    folding : :class:`Folding`
        The folding.
    beats : :class:`Beats`
        Beats in which it gives its results, as fast as may be.
    too_wide : :class:`bool`
        Whether no hardware can be made of it.
    cycles : :class:`int`
        Cycles of its slowest stage for a frame.
    banks : :class:`int`
        Parts of its deepest memory, among which look-up tables choose.
    prices : tuple of :class:`int`
        Logic cells that it takes, for each number of cells that a block RAM may be worth.
    sprams : :class:`int`
        SPRAMs that its weights are in.
    """

    folding: Folding
    beats: Beats
    too_wide: bool
    cycles: int
    banks: int
    prices: tuple[int, ...]
    sprams: int = 0


@functools.lru_cache(maxsize=1 << 10)
def layer_choices(
    layer: Matrix,
    tensor: Tensor,
    source: Beats,
    interval: int,
    family: Family,
    prices: tuple[int, ...],
    reweightable: bool,
    sprams: int,
) -> tuple[Choice, ...]:
    """The choices of a layer that gets ``tensor`` in the beats of ``source``, with ``interval`` cycles for a vector.

    With ``sprams``, each folding is one more choice for each way to have its weights in SPRAM.
    """
    choices = []
    words = word_options(layer, interval, SPRAM_WIDTH, sprams)
    for folding in {*folding_options(layer, interval, source.width), *words}:
        plan = plan_layer(layer, tensor, folding, source)
        plan = reweightable_stages(plan) if reweightable else plan
        choices.append(
            Choice(
                folding=folding,
                beats=replace(output(layer, tensor, folding, source), gap=1),
                too_wide=any(least_width(stage, family) > LARGEST_WORD for stage in plan),
                cycles=max(stage.cycles for stage in plan),
                banks=max((wish.banks for wish in layer_candidates(plan, family)), default=0),
                prices=layer_prices(plan, family, prices, {}),
            )
        )
        choices += list(_shared(choices[-1], plan, family, prices, sprams)) if sprams else []
    return tuple(choices)


def _shared(
    choice: Choice, plan: tuple[Stage, ...], family: Family, prices: tuple[int, ...], sprams: int
) -> Iterator[Choice]:
    """The same folding with its weights in SPRAM, where its other memories are as deep as they are."""
    for wish in layer_candidates(plan, family):
        for share in wish.shares:
            if share.sprams <= sprams:
                found = layer_prices(plan, family, prices, {wish.name: share})
                yield replace(choice, banks=0, prices=found, sprams=share.sprams)
