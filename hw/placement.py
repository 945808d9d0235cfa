"""Which memories go into block RAM, and which into look-up tables or flip-flops."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.ir import Matrix, Network
from .device import Family
from .folding import Folding
from .grouping import group_sizes
from .levels import accumulator
from .memory import RomSize

__all__ = ["Candidate", "Memories", "Place", "candidates", "place_memories"]

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
    """Memories of one layer that may be block RAM.

    Parameters
    ----------
    layer : :class:`int`
        Position of the layer.
    field : :class:`str`
        Which of its :class:`Memories`.
    blocks : :class:`int`
        Block RAMs that they take.
    cells : :class:`int`
        Look-up tables or flip-flops that they take otherwise.
    """

    layer: int
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
    placed = [Memories()] * len(network.layers)
    left = brams
    widths = (frame_width, *(folding.pe for folding in foldings))
    for index, (layer, folding) in enumerate(zip(network.layers, foldings, strict=True)):
        if family.distributed and _replays_from_memory(layer, folding, widths[index]):
            placed[index] = Memories(replay=Place.DISTRIBUTED)

    wishes = list(candidates(network, foldings, family=family, frame_width=frame_width))
    for wish in sorted(wishes, key=lambda wish: wish.blocks / wish.cells):
        if left is None or wish.blocks <= left:
            placed[wish.layer] = replace(placed[wish.layer], **{wish.field: Place.BLOCK})
            left = None if left is None else left - wish.blocks
    return tuple(placed)


def candidates(
    network: Network, foldings: tuple[Folding, ...], *, family: Family, frame_width: int
) -> Iterator[Candidate]:
    """All memories that are worth block RAM."""
    width_in = frame_width
    for index, (layer, folding) in enumerate(zip(network.layers, foldings, strict=True)):
        sizes = group_sizes(folding, port=family.bram_width)
        neurons = folding.neuron_fold(layer)
        weights = [RomSize(size * folding.simd, folding.interval(layer)) for size in sizes]
        levels = [RomSize(size * accumulator(layer).width, neurons) for size in sizes]
        for field, roms in (("weights", weights), ("levels", levels)):
            if roms[0].depth > SHALLOW:
                blocks = sum(rom.blocks(family) for rom in roms)
                yield Candidate(index, field, blocks, sum(rom.lut4 for rom in roms))
        if not family.distributed and _replays_from_memory(layer, folding, width_in):
            banks = RomSize(folding.simd, 2 * folding.synapse_fold(layer))
            yield Candidate(index, "replay", banks.blocks(family), 2 * layer.mw)
        width_in = folding.pe


def _replays_from_memory(layer: Matrix, folding: Folding, width_in: int) -> bool:
    """Whether the vector can be replayed from a memory, and is long enough for that to be the smaller."""
    return folding.simd % width_in == 0 and folding.synapse_fold(layer) >= 4
