"""Contents of block RAM in a routed design: where the tools put each bit of a memory, and how it is replaced.

yosys cuts a memory of ``width`` bits into blocks that each read ``port`` bits of ``rows`` words. Where it is deeper,
its further words stand beside the first, so that word ``w`` has its bit ``b`` in column ``w // rows * width + b`` of
row ``w % rows``, and block ``n`` has the columns from ``n * port`` on. None of that is taken on trust: :func:`fill`
replaces contents only after it has found the old ones, bit for bit, where they should be.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .roms import Bits, BlockRom, ContentsError

__all__ = ["LAYOUTS", "Block", "Layout", "check_sections", "fill", "read_sections", "write_sections"]

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """A block RAM: the bits that it reads at once, and the name of its contents in the routed design."""

    port: int
    section: str


class Layout(ABC):
    """How a family's block RAM is named and filled, in nextpnr's netlist and in its routed design."""

    cell: str
    suffix: str
    section: re.Pattern[str]

    def blocks(self, netlist: Mapping[str, Any]) -> dict[str, Block]:
        """The block RAMs of a netlist with places, by name.

        Raises
        ------
        ContentsError
            When it is not such a netlist.
        """
        try:
            cells = netlist["modules"]["top"]["cells"].items()
            return {
                name.removesuffix(self.suffix): self.block(cell) for name, cell in cells if cell["type"] == self.cell
            }
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ContentsError(
                f"the routed netlist is not one of nextpnr's ({type(error).__name__}: {error})"
            ) from None

    @abstractmethod
    def block(self, cell: Mapping[str, Any]) -> Block:
        """A cell's port and section."""

    @abstractmethod
    def rows(self, port: int) -> int:
        """Words of a block whose port is so wide."""

    @abstractmethod
    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        """Which bits of a section a block's rows and columns are."""

    @abstractmethod
    def read(self, text: str) -> Bits:
        """The bits of a section."""

    @abstractmethod
    def write(self, bits: Bits) -> str:
        """The section with these bits."""


class _Ice40(Layout):
    """16 lines of 64 hexadecimal digits; the bits of a word are in reverse order of their number's bits."""

    cell = "ICESTORM_RAM"
    suffix = "_RAM"
    section = re.compile(r"^\.ram_data (\d+ \d+)\n((?:[0-9a-f]{64}\n){16})", re.MULTILINE)

    def block(self, cell: Mapping[str, Any]) -> Block:
        x, y = re.findall(r"\d+", cell["attributes"]["NEXTPNR_BEL"])
        return Block(16 >> int(cell["parameters"]["READ_MODE"], 2), f"{x} {y}")

    def rows(self, port: int) -> int:
        return 4096 // port

    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        bits = rows * port + columns
        reverse = np.array([int(f"{n:04b}"[::-1], 2) for n in range(16)])
        places: Indices = bits // 16 * 16 + reverse[bits % 16]
        return places

    def read(self, text: str) -> Bits:
        rows = np.array([list(bytes.fromhex(line)[::-1]) for line in text.split()], np.uint8)
        return np.unpackbits(rows.ravel(), bitorder="little")

    def write(self, bits: Bits) -> str:
        rows = np.packbits(bits, bitorder="little").reshape(16, 32)
        return "".join(f"{row.tobytes()[::-1].hex()}\n" for row in rows)


class _Ecp5(Layout):
    """2,048 words of nine bits; narrow ports leave the ninth out."""

    cell = "DP16KD"
    suffix = ""
    section = re.compile(r"^\.bram_init (\d+)\n((?:[0-9a-f ]+\n)+)", re.MULTILINE)

    def block(self, cell: Mapping[str, Any]) -> Block:
        return Block(int(cell["parameters"]["DATA_WIDTH_A"], 2), str(int(cell["attributes"]["WID"], 2)))

    def rows(self, port: int) -> int:
        return (2048 * 9 if port >= 9 else 2048 * 8) // port

    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        bits = rows * port + columns
        places: Indices = bits if port >= 9 else bits // 8 * 9 + bits % 8
        return places

    def read(self, text: str) -> Bits:
        words = np.array([int(word, 16) for word in text.split()])
        return (words[:, None] >> np.arange(9) & 1).astype(np.uint8).ravel()

    def write(self, bits: Bits) -> str:
        words = [f"{word:03x}" for word in bits.reshape(-1, 9) @ (1 << np.arange(9))]
        return "".join(f"{' '.join(words[n : n + 8])}\n" for n in range(0, len(words), 8))


LAYOUTS: dict[str, Layout] = {"ice40": _Ice40(), "ecp5": _Ecp5()}


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
