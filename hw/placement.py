"""Which memories go into block RAM, and which into look-up tables or flip-flops."""

from .device import Family
from .stage import Candidate, Divided, Location, Place, Places, Share, Stage, candidates

__all__ = ["layer_candidates", "place_memories", "usual_places"]


def place_memories(
    layers: tuple[tuple[Stage, ...], ...], *, family: Family, brams: int | None, sprams: int = 0
) -> tuple[Places, ...]:
    """Place the memories of each layer.

    What may be block RAM is, unless that takes more than ``brams`` blocks: then weights go into ``sprams`` SPRAMs as
    far as that saves blocks, and those memories that save the fewest cells for each block stay out, but never one that
    is required; the first of those takes what blocks are left for a part of its bits, where it is divisible. None is no
    limit.
    """
    placed: list[dict[str, Location]] = [{**usual_places(stages, family)} for stages in layers]
    wishes = [(index, wish) for index, stages in enumerate(layers) for wish in layer_candidates(stages, family)]
    left = brams
    if left is not None and sprams:
        shares = _shares([wish for _, wish in wishes], left, sprams)
        for number, share in shares.items():
            index, wish = wishes[number]
            placed[index][wish.name] = share.place
            left -= share.blocks
        wishes = [item for number, item in enumerate(wishes) if number not in shares]
    for index, wish in sorted(wishes, key=lambda item: (not item[1].required, item[1].blocks / item[1].cells)):
        if left is None or wish.required or wish.blocks <= left:
            placed[index][wish.name] = Place.BLOCK
            left = None if left is None else left - wish.blocks
        elif wish.divisible and left > 0:
            placed[index][wish.name] = Divided(left)
            left = 0
    return tuple(placed)


def _shares(wishes: list[Candidate], brams: int, sprams: int) -> dict[int, Share]:
    """Which memories are in SPRAM: those that leave the least over of what block RAM has no room for.

    Of equals those are taken that need the fewest SPRAMs.
    """
    missing = sum(wish.blocks for wish in wishes) - brams
    # What one state of so many SPRAMs saves at most, and how.
    best: dict[int, tuple[int, dict[int, Share]]] = {0: (0, {})}
    for number, wish in enumerate(wishes):
        for used, (saved, shares) in list(best.items()):
            for share in wish.shares:
                after, more = used + share.sprams, saved + wish.blocks - share.blocks
                if after <= sprams and more > best.get(after, (-1, {}))[0]:
                    best[after] = (more, {**shares, number: share})
    used = min(best, key=lambda used: (max(0, missing - best[used][0]), used))
    return best[used][1]


def usual_places(stages: tuple[Stage, ...], family: Family) -> dict[str, Place]:
    """Where a layer's memories are when none of them is block RAM, those of the last stage first."""
    return {name: place for stage in reversed(stages) for name, place in stage.usual_places(family).items()}


def layer_candidates(stages: tuple[Stage, ...], family: Family) -> tuple[Candidate, ...]:
    """The memories of a layer that are worth block RAM."""
    return tuple(wish for stage in stages for wish in candidates(stage, family))
