"""How processing elements are grouped along the systolic row."""

import functools

from .folding import Folding

__all__ = ["FAN_OUT", "group_runs", "group_sizes"]

FAN_OUT = 8
"""Processing elements that one activation register may feed: more would make its net long."""


def group_sizes(folding: Folding, *, port: int) -> tuple[int, ...]:
    """Sizes of the groups of a row, as even as the size allows.

    Of all group sizes up to :data:`FAN_OUT` the one that leaves the fewest block-RAM ports unused is taken, and of
    those the largest, because each hop costs ``simd`` flip-flops.

    >>> group_sizes(Folding(pe=4, simd=98), port=16)
    (4,)
    >>> group_sizes(Folding(pe=16, simd=49), port=36)
    (8, 8)
    """
    return tuple(size for size, count in group_runs(folding, port=port) for _ in range(count))


@functools.lru_cache(maxsize=1 << 16)
def group_runs(folding: Folding, *, port: int) -> tuple[tuple[int, int], ...]:
    """The same sizes, each with how many groups of it there are: two at most, however long the row is.

    >>> group_runs(Folding(pe=20, simd=49), port=36)
    ((4, 5),)
    """
    sizes = range(1, min(FAN_OUT, folding.pe) + 1)
    best = min(sizes, key=lambda size: (_ports(folding, size, port), -size))
    return _split(folding.pe, best)


def _split(pe: int, size: int) -> tuple[tuple[int, int], ...]:
    whole, rest = divmod(pe, size)
    return ((size, whole), (rest, 1)) if rest else ((size, whole),)


def _ports(folding: Folding, size: int, port: int) -> int:
    return sum(count * -(-elements * folding.simd // port) for elements, count in _split(folding.pe, size))
