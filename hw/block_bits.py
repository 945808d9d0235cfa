"""How many bits of the memories of a row are in block RAM."""

from collections.abc import Sequence

from .device import Family
from .memory import MemorySize
from .stage import Divided, Location, Place

__all__ = ["block_bits"]


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
            found.append(memory.width if place is Place.BLOCK else 0)
            continue
        bits = _widest(memory, left, family)
        left -= MemorySize(bits, memory.depth).blocks(family) if bits else 0
        found.append(bits)
    return found


def _widest(memory: MemorySize, blocks: int, family: Family) -> int:
    """Bits of a word, up to all, for which so many blocks do."""
    widths = range(memory.width, 0, -1)
    return next((width for width in widths if MemorySize(width, memory.depth).blocks(family) <= blocks), 0)
