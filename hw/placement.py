"""Which memories go into block RAM, and which into look-up tables or flip-flops."""

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.ir import Matrix, Network
from .device import Family
from .folding import Folding
from .grouping import group_sizes
from .levels import accumulator
from .memory import RomSize

__all__ = ["Candidate", "Memories", "Place", "candidates", "place_memories", "replays_from_memory"]

SHALLOW = 16
"""Words up to which a memory is look-up tables in any case: one for each bit of a word."""


class Place(enum.Enum):
    """Where a memory is."""

    BLOCK = "block RAM"
    DISTRIBUTED = "distributed RAM"
    LUT = "LUT ROM"
    REGISTERS = "flip-flops"


@dataclass(frozen=True)
class Memories:
    """Where the memories of a layer are: its weights, the levels at which its sums start, the vector to replay."""

    weights: Place = Place.LUT
    levels: Place = Place.LUT
    replay: Place = Place.REGISTERS


@dataclass(frozen=True)
class Candidate:
    """A memory of a layer that may be block RAM.

    Parameters
    ----------
    field : :class:`str`
        Which of the layer's :class:`Memories`.
    blocks : :class:`int`
        Block RAMs that it takes.
    cells : :class:`int`
        Look-up tables or flip-flops that it takes otherwise.
    """

    field: str
    blocks: int
    cells: int


def place_memories(
    network: Network, foldings: tuple[Folding, ...], *, family: Family, brams: int | None, frame_width: int
) -> tuple[Memories, ...]:
    """Place the memories of each layer.

    What may be block RAM is, unless that takes more than ``brams`` blocks: then those that save the fewest cells for
    each block stay out. None is no limit. ``frame_width`` is the number of bits of an input beat.
    """
    placed, wishes, width_in = [], [], frame_width
    for index, (layer, folding) in enumerate(zip(network.layers, foldings, strict=True)):
        distributed = family.distributed and replays_from_memory(layer, folding, width_in)
        placed.append(Memories(replay=Place.DISTRIBUTED if distributed else Place.REGISTERS))
        wishes += [(index, wish) for wish in candidates(layer, folding, family=family, width_in=width_in)]
        width_in = folding.pe

    left = brams
    for index, wish in sorted(wishes, key=lambda item: item[1].blocks / item[1].cells):
        if left is None or wish.blocks <= left:
            placed[index] = replace(placed[index], **{wish.field: Place.BLOCK})
            left = None if left is None else left - wish.blocks
    return tuple(placed)


@functools.lru_cache(maxsize=1 << 16)
def candidates(layer: Matrix, folding: Folding, *, family: Family, width_in: int) -> tuple[Candidate, ...]:
    """The memories of a layer that are worth block RAM; ``width_in`` is the number of bits of a beat that comes in."""
    return tuple(_candidates(layer, folding, family, width_in))


def _candidates(layer: Matrix, folding: Folding, family: Family, width_in: int) -> Iterator[Candidate]:
    sizes = group_sizes(folding, port=family.bram_width)
    neurons = folding.neuron_fold(layer)
    weights = [RomSize(size * folding.simd, folding.interval(layer)) for size in sizes]
    levels = [RomSize(size * accumulator(layer).width, neurons) for size in sizes]
    for field, roms in (("weights", weights), ("levels", levels)):
        if roms[0].depth > SHALLOW:
            blocks = sum(rom.blocks(family) for rom in roms)
            yield Candidate(field, blocks, sum(rom.lut4 for rom in roms))
    if not family.distributed and replays_from_memory(layer, folding, width_in):
        banks = RomSize(folding.simd, 2 * folding.synapse_fold(layer))
        yield Candidate("replay", banks.blocks(family), 2 * layer.mw)


def replays_from_memory(layer: Matrix, folding: Folding, width_in: int) -> bool:
    """Whether the vector can be replayed from a memory, and is long enough for that to be the smaller."""
    return folding.simd % width_in == 0 and folding.synapse_fold(layer) >= 4
