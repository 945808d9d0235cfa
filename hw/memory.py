"""Read-only memories, in block RAM or in look-up tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from .device import Family

__all__ = ["NO_COLLISIONS", "MemorySize", "Rom", "read_only"]

NO_COLLISIONS = {"no_rw_check": 1}
"""Attribute for yosys of a memory of which no word matters that is read in the cycle in which it is written. Without it
blocks that do not say what they read then get logic around them that does."""


@dataclass(frozen=True)
class MemorySize:
    """Width in bits and depth in words of one memory.

    ``written`` is whether it has a port to write, too.
    """

    width: int
    depth: int
    written: bool = False

    def blocks(self, family: Family) -> int:
        """Block RAMs that yosys makes of it.

        That is not always the fewest: look-up tables choose among the parts of a deep memory, and its pass
        ``memory_libmap`` takes what costs the least in all.
        """
        return min(self._costs(family))[-1]

    def banks(self, family: Family) -> int:
        """Parts of its depth in those blocks, among which look-up tables choose."""
        return min(self._costs(family))[-2]

    def rows(self, family: Family) -> int:
        """Words of each of those parts, a power of two."""
        _, width, _, _ = min(self._costs(family))
        return family.bram_depth << (family.bram_width // width).bit_length() - 1

    def _costs(self, family: Family) -> Iterator[tuple[float, int, int, int]]:
        """Cost in look-up tables, width, banks and number of blocks, for each shape of a block."""
        for ratio in range(family.bram_ratios):
            width = family.bram_width >> ratio
            banks = -(-self.depth // (family.bram_depth << ratio))
            byte = min(family.bram_byte, width) if self.written else 1
            blocks = -(-banks * -(-self.width // byte) * byte // width)
            selects = (banks - 1) * self.width + (banks if self.written and banks > 1 else 0)
            yield family.bram_cost * blocks + selects / 2, width, banks, blocks

    @property
    def lut4(self) -> int:
        """Look-up tables that synthesis takes instead: one for 16 words; of deeper memories, about three each."""
        return self.width * (-(-3 * self.depth // 16) if self.depth > 16 else 1)


def read_only(words: Sequence[int], *, width: int, block: bool) -> memory.Memory:
    """Words of so many bits, in block RAM or in look-up tables; its read ports are the caller's."""
    style = "block" if block else "logic"
    # A single word would be no memory, but constants.
    depth = max(2, len(words)) if block else len(words)
    return memory.Memory(shape=width, depth=depth, init=words, attrs={"rom_style": style, "ram_style": style})


class Rom(wiring.Component):
    """Memory with fixed contents.

    The word of the address given in one cycle is there in the next: ``LATENCY`` = 1.

    Parameters
    ----------
    width : :class:`int`
        Bits of a word.
    words : sequence of :class:`int`
        The contents, at least one word.
    block : :class:`bool`
        In block RAM, or in look-up tables.
    enabled : :class:`bool`
        Whether it reads only when it is told to.

    Members
    -------
    address : ``range(len(words))``, in
        Which word.
    enable : 1, in
        Read it; only there where it is enabled.
    data : ``width``, out
        That word.
    """

    LATENCY = 1

    def __init__(self, *, width: int, words: Sequence[int], block: bool, enabled: bool = False) -> None:
        self.width = width
        self.words = list(words)
        self.block = block
        self.enabled = enabled
        enable = {"enable": In(1)} if enabled else {}
        super().__init__({"address": In(range(len(self.words))), **enable, "data": Out(width)})

    @property
    def size(self) -> MemorySize:
        """Width and depth."""
        return MemorySize(self.width, len(self.words))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = read_only(self.words, width=self.width, block=self.block)
        port = words.read_port()
        m.d.comb += [port.addr.eq(self.address), self.data.eq(port.data)]
        if self.enabled:
            m.d.comb += port.en.eq(self.enable)
        return m
