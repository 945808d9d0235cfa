"""Weights in SPRAM of an UltraPlus, which no bitstream fills: they come word by word before the first frame."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .memory import MemorySize, Rom
from .stage import Location, Place, Share

__all__ = ["SPRAM_DEPTH", "SPRAM_WIDTH", "SpramMemory", "connect_loads", "load_port", "spram_shares", "spram_words"]
__all__ += ["sprams_of"]

SPRAM_WIDTH, SPRAM_DEPTH = 16, 1 << 14


def sprams_of(place: Location, width: int) -> int:
    """SPRAMs that a memory whose words have ``width`` bits takes at a place."""
    if place is Place.SPRAM:
        return -(-width // SPRAM_WIDTH)
    return width // SPRAM_WIDTH if place is Place.SPLIT else 0


def spram_shares(memories: Sequence[tuple[MemorySize, int]], family: Family) -> tuple[Share, ...]:
    """How memories, each with how many there are of it, could be in SPRAM, all of them in the same way."""
    if not family.spram or memories[0][0].depth > SPRAM_DEPTH:
        return ()
    shares = []
    for place in (Place.SPRAM, Place.SPLIT):
        counts = [(sprams_of(place, size.width), size, count) for size, count in memories]
        rest = [
            (MemorySize(size.width - sprams * SPRAM_WIDTH, size.depth), count)
            for sprams, size, count in counts
            if size.width > sprams * SPRAM_WIDTH
        ]
        sprams = sum(each * count for each, _, count in counts)
        blocks = sum(size.blocks(family) * count for size, count in rest)
        if sprams and (blocks or place is Place.SPRAM):
            shares.append(Share(place, sprams, blocks))
    return tuple(shares)


def load_port(count: int) -> wiring.Signature:
    """How ``count`` SPRAMs get their words, one SPRAM after the other, from the loader's side.

    ``write`` has a bit for each of them, high for a cycle in which it takes ``word``, at the place behind the last one;
    ``final`` is high while that place is its last one.
    """
    return wiring.Signature({"word": Out(SPRAM_WIDTH), "write": Out(count), "final": In(count)})


def connect_loads(m: Module, load: Any, parts: Sequence[Any]) -> None:
    """Give components with ports ``load`` what comes at one, each its own SPRAMs, in their order."""
    start = 0
    for part in parts:
        count = len(part.load.write)
        m.d.comb += [
            part.load.word.eq(load.word),
            part.load.write.eq(load.write[start : start + count]),
            load.final[start : start + count].eq(part.load.final),
        ]
        start += count


def spram_words(words: Sequence[int], *, width: int, sprams: int) -> list[int]:
    """What is to be loaded into the SPRAMs of a memory with these contents, one SPRAM after the other."""
    inside, mask = (1 << min(width, sprams * SPRAM_WIDTH)) - 1, (1 << SPRAM_WIDTH) - 1
    return [(word & inside) >> n * SPRAM_WIDTH & mask for n in range(sprams) for word in words]


class SpramMemory(wiring.Component):
    """A memory that is read round and round, in SPRAMs side by side; the bits beyond those may be in block RAM.

    ``step`` goes to the next word, and behind the last to the first. The same counter goes round while words are
    written, so that there is no multiplexer in the way of addresses, and it is at the first word again when each SPRAM
    has got its own. Steps are registered, so that a word is as late as that of a :class:`~.cyclic_rom.CyclicRom`.

    Parameters
    ----------
    width : :class:`int`
        Bits of a word.
    words : sequence of :class:`int`
        The contents: at most :data:`SPRAM_DEPTH` words.
    sprams : :class:`int`
        SPRAMs: the lowest 16 bits of each word are in the first.

    Members
    -------
    step : 1, in
        Go to the next word.
    data : ``width``, out
        The word, two cycles later.
    load : as :func:`load_port` has it, in
        Words to write; nothing must be read meanwhile.
    """

    LATENCY = 2
    """Cycles from a step to its word."""

    def __init__(self, *, width: int, words: Sequence[int], sprams: int) -> None:
        self.width = width
        self.words = list(words)
        self.sprams = sprams
        self.inside = min(width, sprams * SPRAM_WIDTH)
        super().__init__({"step": In(1), "data": Out(width), "load": In(load_port(sprams))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        address, last, later = Signal(range(len(self.words))), len(self.words) - 1, Signal()
        m.d.sync += later.eq(self.step | self.load.write.any())
        with m.If(later):
            m.d.sync += address.eq(Mux(address == last, 0, address + 1))
        m.d.comb += self.load.final.eq((address == last).replicate(self.sprams))
        columns = []
        for n in range(self.sprams):
            column = Signal(SPRAM_WIDTH, name=f"column{n}")
            m.submodules[f"spram{n}"] = self._spram(address, column, self.load.word, self.load.write[n])
            columns.append(column)
        inside = Cat(columns)[: self.inside]
        if self.inside < self.width:
            rest = [word >> self.inside for word in self.words]
            m.submodules.rest = beside = Rom(width=self.width - self.inside, words=rest, block=True)
            m.d.comb += [beside.address.eq(address), self.data.eq(Cat(inside, beside.data))]
        else:
            m.d.comb += self.data.eq(inside)
        return m

    @staticmethod
    def _spram(address: Signal, data: Signal, word: Signal, write: Signal) -> Instance:
        return Instance(
            "SB_SPRAM256KA",
            i_ADDRESS=Cat(address, Const(0, SPRAM_DEPTH.bit_length() - 1 - len(address))),
            i_DATAIN=word,
            i_MASKWREN=0b1111,
            i_WREN=write,
            i_CHIPSELECT=1,
            i_CLOCK=ClockSignal(),
            i_STANDBY=0,
            i_SLEEP=0,
            i_POWEROFF=1,
            o_DATAOUT=data,
        )
