"""How processing elements are grouped along the systolic row."""

import functools

from .folding import Folding

__all__ = ["FAN_OUT", "group_sizes"]

FAN_OUT = 8
"""Processing elements that one activation register may feed: more would make its net long."""


@functools.cache
def group_sizes(folding: Folding, *, port: int) -> tuple[int, ...]:
    """Sizes of the groups of a row, as even as the size allows.

    Of all group sizes up to :data:`FAN_OUT` the one that leaves the fewest block-RAM ports unused is taken, and of
    those the largest, because each hop costs ``simd`` flip-flops.

    >>> group_sizes(Folding(pe=4, simd=98), port=16)
    (4,)
    >>> group_sizes(Folding(pe=16, simd=49), port=36)
    (8, 8)
    """
    sizes = range(1, min(FAN_OUT, folding.pe) + 1)
    best = min(sizes, key=lambda size: (_ports(folding, size, port), -size))
    return _split(folding.pe, best)


def _split(pe: int, size: int) -> tuple[int, ...]:
    return (size,) * (pe // size) + (pe % size,) * (pe % size > 0)


def _ports(folding: Folding, size: int, port: int) -> int:
    return sum(-(-elements * folding.simd // port) for elements in _split(folding.pe, size))
