"""Which memories go into block RAM, and which into look-up tables or flip-flops."""

from .device import Family
from .stage import Candidate, Divided, Location, Place, Places, Stage, candidates

__all__ = ["layer_candidates", "place_memories", "usual_places"]


def place_memories(layers: tuple[tuple[Stage, ...], ...], *, family: Family, brams: int | None) -> tuple[Places, ...]:
    """Place the memories of each layer.

    What may be block RAM is, unless that takes more than ``brams`` blocks: then those that save the fewest cells for
    each block stay out, but never one that is required; the first of those takes what blocks are left for a part of
    its bits, where it is divisible. None is no limit.
    """
    placed: list[dict[str, Location]] = [{**usual_places(stages, family)} for stages in layers]
    wishes = [(index, wish) for index, stages in enumerate(layers) for wish in layer_candidates(stages, family)]
    left = brams
    for index, wish in sorted(wishes, key=lambda item: (not item[1].required, item[1].blocks / item[1].cells)):
        if left is None or wish.required or wish.blocks <= left:
            placed[index][wish.name] = Place.BLOCK
            left = None if left is None else left - wish.blocks
        elif wish.divisible and left > 0:
            placed[index][wish.name] = Divided(left)
            left = 0
    return tuple(placed)


def usual_places(stages: tuple[Stage, ...], family: Family) -> dict[str, Place]:
    """Where a layer's memories are when none of them is block RAM, those of the last stage first."""
    return {name: place for stage in reversed(stages) for name, place in stage.usual_places(family).items()}


def layer_candidates(stages: tuple[Stage, ...], family: Family) -> tuple[Candidate, ...]:
    """The memories of a layer that are worth block RAM."""
    return tuple(wish for stage in stages for wish in candidates(stage, family))
