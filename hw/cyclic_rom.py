"""Read-only memories whose words are needed one after the other, round and round: weights and levels."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .cyclic_tables import LOADS, TableWords, count_round, parts, read_tables
from .device import Family
from .memory import MemorySize, read_only

__all__ = ["CyclicRom", "cyclic_width"]


class CyclicRom(wiring.Component):
    """Memory that gives its words in their order, the next one for each step.

    The word of a step is there ``LATENCY`` = 2 cycles after it, and stays until that of the next one is: the first word
    is that of the first step.

    Where the family's block RAM has registers at its outputs, these are the second cycle: a memory that takes several
    blocks in depth has their words side by side, and the choice between them stands behind the registers. Elsewhere
    steps are registered, so that addresses do not wait for what decides upon a step. Bits in look-up tables are
    those of :mod:`.cyclic_tables`.

    Parameters
    ----------
    width : :class:`int`
        Bits of a word.
    words : sequence of :class:`int`
        The contents, at least one word.
    block : :class:`int`
        Bits of a word that are in block RAM, its lowest; the others are in look-up tables.
    family : :class:`Family`
        Whose block RAM.

    Members
    -------
    step : 1, in
        Go on to the next word.
    data : ``width``, out
        The word.
    """

    LATENCY = 2

    def __init__(self, *, width: int, words: Sequence[int], block: int, family: Family) -> None:
        self.width = width
        self.words = list(words)
        self.block = block
        self.family = family
        super().__init__({"step": In(1), "data": Out(width)})

    @property
    def size(self) -> MemorySize:
        """Width and depth."""
        return MemorySize(self.width, len(self.words))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inside, outside = (
            [word & (1 << self.block) - 1 for word in self.words],
            [word >> self.block for word in self.words],
        )
        found = []
        if self.block and self.family.bram_register:
            found.append(self._read_banks(m, inside))
        elif self.block:
            later = Signal(name="later")
            m.d.sync += later.eq(self.step)
            found.append(self._memory(m, inside, count_round(m, later, "address", len(self.words)), self.block))
        if self.block < self.width:
            tables = TableWords(outside, width=self.width - self.block, name="tables" if self.block else "words")
            found.append(read_tables(m, self.step, tables, held=self.family.ff_cell == 0))
        m.d.comb += self.data.eq(Cat(found))
        return m

    def _read_banks(self, m: Module, inside: list[int]) -> Value:
        """Banks side by side behind one address, each registered, then chosen from."""
        size = MemorySize(self.block, len(inside))
        address = count_round(m, self.step, "address", len(inside))
        banks = size.banks(self.family)
        rows = size.rows(self.family) if banks > 1 else len(inside)
        beside = [inside[n::rows] for n in range(rows)]
        wide = [sum(word << n * self.block for n, word in enumerate(words)) for words in beside]
        # Rows of a bank are a power of two: the lower bits of an address.
        row = address[: (rows - 1).bit_length()]
        found = self._memory(m, wide, row, banks * self.block)
        held = Signal(banks * self.block, name="held", reset_less=True)
        m.d.sync += held.eq(found)
        if banks == 1:
            return held
        # In the cycle in which the last word of a bank is at the output.
        ends, read_ends, held_ends = Signal(), Signal(), Signal()
        m.d.comb += ends.eq(self.step & (row.all() | (address == len(inside) - 1)))
        m.d.sync += [read_ends.eq(ends), held_ends.eq(read_ends)]
        return self._choose(m, held, held_ends, banks)

    def _choose(self, m: Module, held: Signal, step: Signal, banks: int) -> Value:
        """The word of a bank, among words side by side; a part of the width has a counter of banks of its own."""
        lanes = []
        for n, (start, stop) in enumerate(parts(self.block, max(1, LOADS // -(-banks // 2)))):
            bank = Signal(range(banks), name=f"bank{n}")
            with m.If(step):
                m.d.sync += bank.eq(Mux(bank == banks - 1, 0, bank + 1))
            options = [held[b * self.block + start : b * self.block + stop] for b in range(banks)]
            for bit in bank:
                pairs = [options[k : k + 2] for k in range(0, len(options), 2)]
                options = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
            lanes.append(options[0])
        return Cat(lanes)

    @staticmethod
    def _memory(m: Module, words: list[int], address: Value, width: int) -> Value:
        """What is at an address of block RAM, one cycle later."""
        m.submodules.words = contents = read_only(words, width=width, block=True)
        port = contents.read_port()
        m.d.comb += port.addr.eq(address)
        return port.data


def cyclic_width(size: MemorySize, *, block: bool, family: Family) -> int:
    """Bits of a word of the memory that such a size takes: those of all banks, where they are side by side."""
    return size.width * (size.banks(family) if block and family.bram_register else 1)
