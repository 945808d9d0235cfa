"""Replay of a vector from memory: for wide vectors, where flip-flops would cost more than all the rest."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReplayMemory"]


class ReplayMemory(wiring.Component):
    """Double-buffered vector of bits in a memory of two banks: one is replayed while the next is taken in.

    Does what :class:`ReplayBuffer` does for bits, at the same rate: takes and gives one beat per cycle, without a
    bubble between vectors. The first beat leaves ``LATENCY`` cycles after the last came.

    Parameters
    ----------
    count : :class:`int`
        Bits of a vector.
    width_in, width_out : :class:`int`
        Bits of a beat; ``width_out`` is a multiple of ``width_in``. The last beat out is filled up with zeros.
    passes : :class:`int`
        How often each vector is given.
    block : :class:`bool`
        In block RAM, or in the family's distributed RAM.

    Members
    -------
    i : stream of ``width_in`` bits, in
        Vectors, element 0 in the lowest bit of the first beat; the last beat may hold more than the vector needs.
    o : stream of ``width_out`` bits, out
        The same bits in the same order, each vector ``passes`` times.

    Raises
    ------
    ValueError
        When a parameter is below 1, or the widths do not divide.
    """

    LATENCY = 2

    def __init__(self, *, count: int, width_in: int, width_out: int, passes: int, block: bool) -> None:
        for name, value in (("count", count), ("width_in", width_in), ("width_out", width_out), ("passes", passes)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        if width_out % width_in:
            raise ValueError(f"width_out must be a multiple of width_in, {width_in}, not {width_out!r}")
        self.count = count
        self.width_in = width_in
        self.width_out = width_out
        self.passes = passes
        self.block = block
        super().__init__({"i": In(stream.Signature(width_in)), "o": Out(stream.Signature(width_out))})

    @property
    def words(self) -> int:
        """Words of a bank."""
        return -(-self.count // self.width_out)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        style = "block" if self.block else "distributed"
        m.submodules.banks = banks = memory.Memory(
            shape=self.width_out, depth=2 * self.words, init=[], attrs={"ram_style": style}
        )
        full = Signal(2)
        filled, freed = Signal(2), Signal(2)
        m.d.sync += full.eq((full | filled) & ~freed)
        self._write(m, banks, full, filled)
        self._read(m, banks, full, freed)
        return m

    def _write(self, m: Module, banks: memory.Memory, full: Signal, filled: Signal) -> None:
        """Assemble words of the beats that come and store them in the bank that is free."""
        port = banks.write_port()
        beats = self.width_out // self.width_in
        last_beat = -(-self.count // self.width_in) - 1 - (self.words - 1) * beats
        bank, word, beat = Signal(), Signal(range(self.words)), Signal(range(beats))
        parts = [Signal(self.width_in, name=f"part{n}", reset_less=True) for n in range(beats - 1)]
        accept, complete = Signal(), Signal()
        final = word == self.words - 1
        m.d.comb += [
            self.i.ready.eq(~full.bit_select(bank, 1)),
            accept.eq(self.i.valid & self.i.ready),
            complete.eq(accept & Mux(final, beat == last_beat, beat == beats - 1)),
            port.addr.eq(word + Mux(bank, self.words, 0)),
            port.en.eq(complete),
        ]
        for n, part in enumerate(parts):
            with m.If(accept & (beat == n)):
                m.d.sync += part.eq(self.i.payload)

        # The beat that completes a word goes straight to its place; places past the vector's end are zero.
        whole = Cat(Mux(beat == n, self.i.payload, part) for n, part in enumerate([*parts, self.i.payload]))
        rest = self.count - (self.words - 1) * self.width_out
        inside = Mux(final, (1 << rest) - 1, (1 << self.width_out) - 1)
        m.d.comb += port.data.eq(whole & inside)
        with m.If(accept):
            m.d.sync += beat.eq(beat + 1)
        with m.If(complete):
            m.d.sync += [beat.eq(0), word.eq(word + 1)]
            with m.If(final):
                m.d.comb += filled.bit_select(bank, 1).eq(1)
                m.d.sync += [word.eq(0), bank.eq(~bank)]

    def _read(self, m: Module, banks: memory.Memory, full: Signal, freed: Signal) -> None:
        """Read one word ahead of the stream; a bank is free as soon as its last word is being read."""
        port = banks.read_port()
        bank, word, turn = Signal(), Signal(range(self.words)), Signal(range(self.passes))
        fetch, ready = Signal(), Signal()
        m.d.comb += [
            ready.eq(~self.o.valid | self.o.ready),
            fetch.eq(full.bit_select(bank, 1) & ready),
            port.addr.eq(word + Mux(bank, self.words, 0)),
            port.en.eq(fetch),
            self.o.payload.eq(port.data),
        ]
        with m.If(ready):
            m.d.sync += self.o.valid.eq(fetch)
        with m.If(fetch):
            m.d.sync += word.eq(word + 1)
            with m.If(word == self.words - 1):
                m.d.sync += [word.eq(0), turn.eq(turn + 1)]
                with m.If(turn == self.passes - 1):
                    m.d.comb += freed.bit_select(bank, 1).eq(1)
                    m.d.sync += [turn.eq(0), bank.eq(~bank)]
