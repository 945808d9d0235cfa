"""How processing elements are grouped along the systolic row."""

import functools

import numpy as np

from ..model.bits import pack_rows
from ..model.ir import Matrix
from .folding import Folding, neurons_in_beats

__all__ = ["FAN_OUT", "group_runs", "group_sizes", "group_weights"]

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


def group_weights(layer: Matrix, folding: Folding, *, port: int) -> list[tuple[int, list[int]]]:
    """Elements of each group of a row, and its words of weights: one for each beat."""
    # Padded synapses weigh 1.
    weights = np.ones((layer.mh, folding.synapse_fold(layer) * folding.simd), np.uint8)
    weights[:, : layer.mw] = layer.matrix
    weights = neurons_in_beats(layer, folding, weights.reshape(layer.mh, -1, folding.simd), 1)
    groups, start = [], 0
    for size in group_sizes(folding, port=port):
        words = np.moveaxis(weights[:, start : start + size], 1, 2).reshape(-1, size * folding.simd)
        groups.append((size, pack_rows(words)))
        start += size
    return groups


def _split(pe: int, size: int) -> tuple[tuple[int, int], ...]:
    whole, rest = divmod(pe, size)
    return ((size, whole), (rest, 1)) if rest else ((size, whole),)


def _ports(folding: Folding, size: int, port: int) -> int:
    return sum(count * -(-elements * folding.simd // port) for elements, count in _split(folding.pe, size))
