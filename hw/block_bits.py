"""The memories of a row of groups: where they may be, and how many of their bits are in block RAM."""

from collections.abc import Sequence

from .cyclic_tables import table_cells
from .device import Family
from .memory import MemorySize
from .spram import spram_shares
from .stage import Candidate, Divided, Location, Place

__all__ = ["block_bits", "row_candidate"]


def row_candidate(
    name: str, memories: Sequence[tuple[MemorySize, int]], family: Family, *, required: bool, loadable: bool
) -> Candidate:
    """Weights or levels of all groups, each memory with how many there are of it; weights may be ``loadable``."""
    weights = name == "weights"
    return Candidate(
        name,
        blocks=sum(count * memory.blocks(family) for memory, count in memories),
        banks=max(memory.banks(family) for memory, _ in memories),
        cells=sum(count * table_cells(memory) for memory, count in memories),
        required=required,
        divisible=weights,
        shares=spram_shares(memories, family) if weights and loadable else (),
    )


def block_bits(memories: Sequence[MemorySize], place: Location, family: Family) -> list[int]:
    """For each memory the bits of a word that are in block RAM, where all of them together are in ``place``.

    Of split ones the first are, as far as the blocks go; then as many bits of the next as fill what is left.

    >>> block_bits([MemorySize(40, 256)] * 3, Divided(5), ICE40)
    [40, 32, 0]
    """
    left = place.blocks if isinstance(place, Divided) else None
    found = []
    for memory in memories:
        if left is None:
            found.append(memory.width if place in (Place.BLOCK, Place.SPLIT) else 0)
            continue
        bits = _widest(memory, left, family)
        left -= MemorySize(bits, memory.depth).blocks(family) if bits else 0
        found.append(bits)
    return found


def _widest(memory: MemorySize, blocks: int, family: Family) -> int:
    """Bits of a word, up to all, for which so many blocks do."""
    widths = range(memory.width, 0, -1)
    return next((width for width in widths if MemorySize(width, memory.depth).blocks(family) <= blocks), 0)
