"""Read-only memories whose words are needed one after the other, round and round: weights and levels."""

from collections.abc import Iterator, Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .memory import MemorySize, read_only

__all__ = ["LOADS", "CyclicRom", "cyclic_latency", "cyclic_width"]

LOADS = 256
"""Loads that a net of an address, or of a choice between banks, may have: more are slow, wherever they are placed."""


class CyclicRom(wiring.Component):
    """Memory that gives its words in their order, the next one for each step.

    The word of a step is there ``latency`` cycles after it, and stays until that of the next one is: the first word is
    that of the first step.

    Where the family's block RAM has registers at its outputs, these are used, as everywhere with two cycles: a memory
    that takes several blocks in depth has their words side by side, and the choice between them stands behind the
    registers. In look-up tables, each part of a wide word has a counter of its own for an address, so that no net has
    more than about :data:`LOADS` loads. Counters are not found to be equal, as copies would be, and are not merged.

    Parameters
    ----------
    width : :class:`int`
        Bits of a word.
    words : sequence of :class:`int`
        The contents, at least one word.
    block : :class:`bool`
        In block RAM, or in look-up tables.
    family : :class:`Family`
        Whose block RAM.

    Members
    -------
    step : 1, in
        Go on to the next word.
    data : ``width``, out
        The word.
    """

    def __init__(self, *, width: int, words: Sequence[int], block: bool, family: Family) -> None:
        self.width = width
        self.words = list(words)
        self.block = block
        self.family = family
        super().__init__({"step": In(1), "data": Out(width)})

    @property
    def latency(self) -> int:
        """Cycles from a step to its word."""
        return cyclic_latency(self.family)

    @property
    def size(self) -> MemorySize:
        """Width and depth."""
        return MemorySize(self.width, len(self.words))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if not self.block:
            self._read_tables(m)
        elif self.family.bram_register:
            self._read_banks(m)
        else:
            m.d.comb += self.data.eq(self._memory(m, "words", self._count(m, self.step, "address"), self.words))
        return m

    def _read_tables(self, m: Module) -> None:
        """Parts of the width in look-up tables, in a second cycle where there is one."""
        step: Value = self.step
        if self.latency == 2:
            step = Signal(name="later_step")
            m.d.sync += step.eq(self.step)
        found = []
        for n, (start, stop) in enumerate(_parts(self.width, max(1, LOADS // _loads(len(self.words))))):
            words = [word >> start & (1 << stop - start) - 1 for word in self.words]
            address = self._count(m, step, f"address{n}")
            found.append(self._memory(m, f"words{n}" if n else "words", address, words, width=stop - start))
        m.d.comb += self.data.eq(Cat(found))

    def _read_banks(self, m: Module) -> None:
        """Banks side by side behind one address, each registered, then chosen from."""
        address = self._count(m, self.step, "address")
        banks = self.size.banks(self.family)
        rows = self.size.rows(self.family) if banks > 1 else len(self.words)
        beside = [self.words[n::rows] for n in range(rows)]
        wide = [sum(word << n * self.width for n, word in enumerate(words)) for words in beside]
        # Rows of a bank are a power of two: the lower bits of an address.
        row = address[: (rows - 1).bit_length()]
        found = self._memory(m, "words", row, wide, width=banks * self.width)
        held = Signal(banks * self.width, name="held", reset_less=True)
        m.d.sync += held.eq(found)
        if banks == 1:
            m.d.comb += self.data.eq(held)
            return
        # In the cycle in which the last word of a bank is at the output.
        ends, read_ends, held_ends = Signal(), Signal(), Signal()
        m.d.comb += ends.eq(self.step & (row.all() | (address == len(self.words) - 1)))
        m.d.sync += [read_ends.eq(ends), held_ends.eq(read_ends)]
        m.d.comb += self.data.eq(self._choose(m, held, held_ends, banks))

    def _choose(self, m: Module, held: Signal, step: Signal, banks: int) -> Value:
        """The word of a bank, among words side by side; a part of the width has a counter of banks of its own."""
        lanes = []
        for n, (start, stop) in enumerate(_parts(self.width, max(1, LOADS // -(-banks // 2)))):
            bank = Signal(range(banks), name=f"bank{n}")
            with m.If(step):
                m.d.sync += bank.eq(Mux(bank == banks - 1, 0, bank + 1))
            options = [held[b * self.width + start : b * self.width + stop] for b in range(banks)]
            for bit in bank:
                pairs = [options[k : k + 2] for k in range(0, len(options), 2)]
                options = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
            lanes.append(options[0])
        return Cat(lanes)

    def _memory(self, m: Module, name: str, address: Value, words: list[int], width: int | None = None) -> Value:
        """What is at an address, one cycle later."""
        contents = read_only(words, width=width or self.width, block=self.block)
        m.submodules[name] = contents
        port = contents.read_port()
        m.d.comb += port.addr.eq(address)
        return port.data

    def _count(self, m: Module, step: Value, name: str) -> Signal:
        """An address that goes on with each step, round and round."""
        depth = len(self.words)
        address = Signal(range(depth), name=name)
        with m.If(step):
            m.d.sync += address.eq(Mux(address == depth - 1, 0, address + 1))
        return address


def cyclic_width(size: MemorySize, *, block: bool, family: Family) -> int:
    """Bits of a word of the memory that such a size takes: those of all banks, where they are side by side."""
    return size.width * (size.banks(family) if block and family.bram_register else 1)


def cyclic_latency(family: Family) -> int:
    """Cycles from a step to its word: one more where block RAM has registers at its outputs."""
    return 2 if family.bram_register else 1


def _loads(depth: int) -> int:
    """Look-up tables behind an address, for each bit of so many words: about three for each 16 of them."""
    return -(-3 * depth // 16) if depth > 16 else 1


def _parts(width: int, most: int) -> Iterator[tuple[int, int]]:
    """Begin and end of parts of a word, as few and as even as may be."""
    count = -(-width // most)
    for n in range(count):
        yield n * width // count, (n + 1) * width // count
