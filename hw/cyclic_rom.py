"""Read-only memories whose words are needed one after the other, round and round: weights and levels."""

from collections.abc import Iterator, Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .memory import MemorySize

__all__ = ["LOADS", "CyclicRom", "cyclic_latency", "cyclic_width"]

LOADS = 256
"""Loads that a net of an address, or of a choice between banks, may have: more are slow, wherever they are placed."""


class CyclicRom(wiring.Component):
    """Memory that gives its words in their order, the next one for each step.

    The word of a step is there ``latency`` cycles after it, and stays until that of the next one is: the first word is
    that of the first step.

    Where the family's block RAM has registers at its outputs, these are used, as everywhere with two cycles: a memory
    that takes several blocks in depth has their words side by side, and the choice between them stands behind the
    registers. In look-up tables, addresses have copies instead, so that no net has more than :data:`LOADS` loads.

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
        if self.block:
            self._read_blocks(m)
        else:
            self._read_tables(m)
        return m

    def _read_blocks(self, m: Module) -> None:
        """Banks side by side behind one address, each registered, then chosen from."""
        registered = self.family.bram_register
        address, rows = self._count(m, "address"), self.size.rows(self.family)
        if not registered or len(self.words) <= rows:
            rows = 1 << (len(self.words) - 1).bit_length()
        banks = -(-len(self.words) // rows)
        row, bank = address[: (rows - 1).bit_length()], address[(rows - 1).bit_length() :]
        beside = [self.words[n::rows] for n in range(min(rows, len(self.words)))]
        wide = [sum(word << n * self.width for n, word in enumerate(words)) for words in beside]
        # A single word would be no memory, but constants.
        found = self._memory(m, "words", row, wide, banks * self.width, max(2, len(wide)))
        if not registered:
            m.d.comb += self.data.eq(found)
            return
        held = Signal.like(found, name="held", reset_less=True)
        m.d.sync += held.eq(found)
        m.d.comb += self.data.eq(self._chosen(m, held, bank, banks))

    def _chosen(self, m: Module, held: Signal, bank: Value, banks: int) -> Value:
        """The word of a bank, among words side by side; each bit of the choice has few loads, by copies."""
        if banks == 1:
            return held
        read = Signal.like(bank, name="bank_read", reset_less=True)
        m.d.sync += read.eq(bank)
        lanes = []
        for n, (start, stop) in enumerate(_parts(self.width, max(1, LOADS // (banks // 2)))):
            chosen = Signal.like(bank, name=f"bank{n}", reset_less=True, attrs={"keep": 1})
            m.d.sync += chosen.eq(read)
            options = [held[b * self.width + start : b * self.width + stop] for b in range(banks)]
            for bit in chosen:
                pairs = [options[k : k + 2] for k in range(0, len(options), 2)]
                options = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
            lanes.append(options[0])
        return Cat(lanes)

    def _read_tables(self, m: Module) -> None:
        """An address for each part of the width: a copy of one, or a counter where there is no cycle for copies."""
        depth = len(self.words)
        parts = list(_parts(self.width, max(1, LOADS // -(-depth // 16))))
        copies = self.family.bram_register and depth > 1
        counter = self._count(m, "address") if copies else None
        found = []
        for n, (start, stop) in enumerate(parts):
            if counter is not None:
                address: Signal = Signal.like(counter, name=f"address{n}", attrs={"keep": 1})
                m.d.sync += address.eq(counter)
            else:
                address = self._count(m, f"address{n}" if n else "address")
            words = [word >> start & (1 << stop - start) - 1 for word in self.words]
            found.append(self._memory(m, f"words{n}" if n else "words", address, words, stop - start, depth))
        m.d.comb += self.data.eq(Cat(found))

    def _memory(self, m: Module, name: str, address: Value, words: list[int], width: int, depth: int) -> Value:
        style = "block" if self.block else "logic"
        contents = memory.Memory(shape=width, depth=depth, init=words, attrs={"rom_style": style, "ram_style": style})
        m.submodules[name] = contents
        port = contents.read_port()
        m.d.comb += port.addr.eq(address)
        return port.data

    def _count(self, m: Module, name: str) -> Signal:
        """An address that goes on with each step, round and round."""
        depth = len(self.words)
        address = Signal(range(depth), name=name, attrs={"keep": 1} if name != "address" else {})
        with m.If(self.step):
            m.d.sync += address.eq(Mux(address == depth - 1, 0, address + 1))
        return address


def cyclic_width(size: MemorySize, *, block: bool, family: Family) -> int:
    """Bits of a word of the memory that such a size takes: those of all banks, where they are side by side."""
    return size.width * (size.banks(family) if block and family.bram_register else 1)


def cyclic_latency(family: Family) -> int:
    """Cycles from a step to its word: one more where block RAM has registers at its outputs."""
    return 2 if family.bram_register else 1


def _parts(width: int, most: int) -> Iterator[tuple[int, int]]:
    """Begin and end of parts of a word, as few and as even as may be."""
    count = -(-width // most)
    for n in range(count):
        yield n * width // count, (n + 1) * width // count
