"""Which memories go into block RAM, and which into look-up tables or flip-flops."""

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .device import Family
from .grouping import group_runs
from .memory import MemorySize
from .plan import Product, Replay, Stage, Window

__all__ = ["Candidate", "Memories", "Place", "candidates", "is_long", "memory_cells", "place_memories", "usual_places"]

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
    """Where a layer's memories are: weights, levels at which sums start, vector to replay, rows of the image."""

    weights: Place = Place.LUT
    levels: Place = Place.LUT
    replay: Place = Place.REGISTERS
    rows: Place = Place.REGISTERS


@dataclass(frozen=True)
class Candidate:
    """A memory of a layer that may be block RAM.

    Parameters
    ----------
    field : :class:`str`
        Which of the layer's :class:`Memories`.
    blocks : :class:`int`
        Block RAMs that it takes.
    banks : :class:`int`
        Parts of its depth, among which look-up tables choose.
    cells : :class:`int`
        Look-up tables or flip-flops that it takes otherwise.
    required : :class:`bool`
        It is block RAM in any case.
    """

    field: str
    blocks: int
    banks: int
    cells: int
    required: bool = False


def place_memories(layers: tuple[tuple[Stage, ...], ...], *, family: Family, brams: int | None) -> tuple[Memories, ...]:
    """Place the memories of each layer.

    What may be block RAM is, unless that takes more than ``brams`` blocks: then those that save the fewest cells for
    each block stay out, but never one that is required. None is no limit.
    """
    placed = [usual_places(stages, family) for stages in layers]
    wishes = [(index, wish) for index, stages in enumerate(layers) for wish in candidates(stages, family)]
    left = brams
    for index, wish in sorted(wishes, key=lambda item: (not item[1].required, item[1].blocks / item[1].cells)):
        if left is None or wish.required or wish.blocks <= left:
            placed[index] = replace(placed[index], **{wish.field: Place.BLOCK})
            left = None if left is None else left - wish.blocks
    return tuple(placed)


def usual_places(stages: tuple[Stage, ...], family: Family) -> Memories:
    """Where a layer's memories are when none of them is block RAM."""
    if not family.distributed:
        return Memories()
    from_memory = any(isinstance(stage, Replay) and is_long(stage) for stage in stages)
    return Memories(replay=Place.DISTRIBUTED if from_memory else Place.REGISTERS, rows=Place.DISTRIBUTED)


@functools.lru_cache(maxsize=1 << 16)
def candidates(stages: tuple[Stage, ...], family: Family) -> tuple[Candidate, ...]:
    """The memories of a layer that are worth block RAM."""
    return tuple(wish for stage in stages for wish in _candidates(stage, family))


def _candidates(stage: Stage, family: Family) -> Iterator[Candidate]:
    if isinstance(stage, Product):
        folding, layer = stage.folding, stage.layer
        runs = group_runs(folding, port=family.bram_width)
        width = stage.accumulator.width
        weights = [(MemorySize(size * folding.simd, folding.interval(layer)), count) for size, count in runs]
        levels = [(MemorySize(size * width, folding.neuron_fold(layer)), count) for size, count in runs]
        for field, roms in (("weights", weights), ("levels", levels)):
            if stage.reweightable or roms[0][0].depth > SHALLOW:
                blocks = sum(count * rom.blocks(family) for rom, count in roms)
                cells = sum(count * rom.lut4 for rom, count in roms)
                yield Candidate(field, blocks, max(rom.banks(family) for rom, _ in roms), cells, stage.reweightable)
    elif isinstance(stage, Replay) and not family.distributed and is_long(stage):
        vectors = MemorySize(stage.width_out * stage.bits, 2 * stage.words, written=True)
        yield Candidate("replay", vectors.blocks(family), vectors.banks(family), 2 * stage.count * stage.bits)
    elif isinstance(stage, Window):
        rows = MemorySize(stage.width * stage.bits, stage.depth, written=True)
        yield Candidate("rows", rows.blocks(family), rows.banks(family), memory_cells(rows, family))


def memory_cells(size: MemorySize, family: Family) -> int:
    """Cells of a memory that is not block RAM: distributed, 16 words of 4 bits in six, or flip-flops."""
    if family.distributed:
        return -(-size.depth // 16) * size.width * 6 // 4
    return 2 * size.depth * size.width


def is_long(stage: Replay) -> bool:
    """Whether the vector can be replayed from a memory, and is long enough for that to be the smaller."""
    return stage.divides and stage.words >= 4
