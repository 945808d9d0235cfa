"""Read-only memories, in block RAM or in look-up tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from .device import Family

__all__ = ["Rom", "RomSize"]


@dataclass(frozen=True)
class RomSize:
    """Width in bits and depth in words of one memory."""

    width: int
    depth: int

    def blocks(self, family: Family) -> int:
        """Block RAMs that it takes, at the best of the family's aspect ratios."""
        ratios = (1 << n for n in range(5) if family.bram_width >> n)
        return min(
            -(-self.width // (family.bram_width // ratio)) * -(-self.depth // (family.bram_depth * ratio))
            for ratio in ratios
        )

    @property
    def lut4(self) -> int:
        """Look-up tables that it takes instead: 16 words each, and a tree of multiplexers of two inputs."""
        leaves = -(-self.depth // 16)
        return self.width * (2 * leaves - 1)


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

    Members
    -------
    address : ``range(len(words))``, in
        Which word.
    data : ``width``, out
        That word.
    """

    LATENCY = 1

    def __init__(self, *, width: int, words: Sequence[int], block: bool) -> None:
        self.width = width
        self.words = list(words)
        self.block = block
        super().__init__({"address": In(range(len(self.words))), "data": Out(width)})

    @property
    def size(self) -> RomSize:
        """Width and depth."""
        return RomSize(self.width, len(self.words))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        style = "block" if self.block else "logic"
        attrs = {"rom_style": style, "ram_style": style}
        # A single word would be no memory, but constants.
        depth = max(2, len(self.words)) if self.block else len(self.words)
        m.submodules.words = words = memory.Memory(shape=self.width, depth=depth, init=self.words, attrs=attrs)
        port = words.read_port()
        m.d.comb += [port.addr.eq(self.address), self.data.eq(port.data)]
        return m
