"""Contents of block RAM in a routed design: where the tools put each bit of a memory, and how it is replaced.

yosys cuts a memory of ``width`` bits into blocks that each read ``port`` bits of ``rows`` words. Where it is deeper,
its further words stand beside the first, so that word ``w`` has its bit ``b`` in column ``w // rows * width + b`` of
row ``w % rows``, and block ``n`` has the columns from ``n * port`` on. None of that is taken on trust: :func:`fill`
replaces contents only after it has found the old ones, bit for bit, where they should be.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from .families.family import Block, Indices, Layout
from .roms import Bits, BlockRom, ContentsError

__all__ = ["check_sections", "fill", "read_sections", "write_sections"]


def fill(
    layout: Layout,
    routed: str,
    blocks: Mapping[str, Block],
    *,
    old: Mapping[str, BlockRom],
    new: Mapping[str, BlockRom],
) -> str:
    """The routed design with the contents of the memories ``new`` in place of ``old``.

    Raises
    ------
    ContentsError
        When a memory's old contents are not where they should be.
    """
    sections = read_sections(layout, routed)
    for name, rom in old.items():
        for section, places, bits in _pieces(layout, blocks, rom):
            if section not in sections or not (sections[section][places] == rom.bits.ravel()[bits]).all():
                raise ContentsError(f"{rom.title}: is not where it should be in the routed design; build again")
            sections[section][places] = new[name].bits.ravel()[bits]
    return write_sections(layout, routed, sections)


def read_sections(layout: Layout, routed: str) -> dict[str, Bits]:
    """The bits of each block RAM of a routed design, by the names of their sections."""
    return {found[1]: layout.read(found[2]) for found in layout.section.finditer(routed)}


def write_sections(layout: Layout, routed: str, sections: Mapping[str, Bits]) -> str:
    """The routed design with these bits in its block RAMs."""
    return layout.section.sub(lambda found: found[0].removesuffix(found[2]) + layout.write(sections[found[1]]), routed)


def check_sections(layout: Layout, wanted: str, found: str) -> None:
    """Compare the contents of all block RAMs of two routed designs, the second unpacked from a bitstream.

    Raises
    ------
    ContentsError
        When they differ.
    """
    contents = dict(layout.section.findall(found))
    for section, text in layout.section.findall(wanted):
        if section not in contents or (layout.read(text) != layout.read(contents[section])).any():
            raise ContentsError(f"block RAM {section} unpacks from the bitstream with other contents than were packed")


def _pieces(layout: Layout, blocks: Mapping[str, Block], rom: BlockRom) -> Iterator[tuple[str, Indices, Indices]]:
    """Each of a memory's blocks: its section, places in it, and which of all bits of the memory are there."""
    first = blocks.get(f"{rom.name}.words.0.0")
    if first is None:
        raise ContentsError(f"{rom.title}: has no block RAM in the routed design; build again")
    depth, width = rom.bits.shape
    words, bits = np.divmod(np.arange(depth * width), width)
    groups, rows = np.divmod(words, layout.rows(first.port))
    columns = groups * width + bits
    for number in range(int(columns.max()) // first.port + 1):
        block = blocks.get(f"{rom.name}.words.0.{number}")
        if block is None or block.port != first.port:
            raise ContentsError(f"{rom.title}: has not the block RAMs that it should have; build again")
        (chosen,) = np.nonzero(columns // first.port == number)
        yield block.section, layout.places(first.port, rows[chosen], columns[chosen] % first.port), chosen
