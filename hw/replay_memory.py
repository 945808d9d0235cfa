"""Replay of a vector from memory: for wide vectors, where flip-flops would cost more than all the rest."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .memory import NO_COLLISIONS

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
        When a parameter is below 1, the widths do not divide, or a vector is a single word.
    """

    LATENCY = 2

    def __init__(self, *, count: int, width_in: int, width_out: int, passes: int, block: bool) -> None:
        for name, value in (("count", count), ("width_in", width_in), ("width_out", width_out), ("passes", passes)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        if width_out % width_in:
            raise ValueError(f"width_out must be a multiple of width_in, {width_in}, not {width_out!r}")
        if count <= width_out:
            raise ValueError(f"count must be more than width_out, {width_out}, not {count!r}")
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
            shape=self.width_out, depth=2 * self.words, init=[], attrs={"ram_style": style, **NO_COLLISIONS}
        )
        full = Signal(2)
        filled, freed = Signal(2), Signal(2)
        following = Signal(2)
        m.d.comb += following.eq((full | filled) & ~freed)
        m.d.sync += full.eq(following)
        self._write(m, banks, following, filled)
        self._read(m, banks, full | filled, freed)
        return m

    def _write(self, m: Module, banks: memory.Memory, following: Signal, filled: Signal) -> None:
        """Assemble words of the beats that come, and store each a cycle later in the bank that is free.

        Whether a bank is free, whether a beat is the last of its word, and a word that of its vector, come from
        registers; ``following`` is which banks are full in the next cycle.
        """
        port = banks.write_port()
        beats = self.width_out // self.width_in
        last_beat = -(-self.count // self.width_in) - 1 - (self.words - 1) * beats
        bank, word, beat = Signal(), Signal(range(self.words)), Signal(range(beats))
        parts = [Signal(self.width_in, name=f"part{n}", reset_less=True) for n in range(beats)]
        accept, complete, padded, free = Signal(), Signal(), Signal(), Signal(init=1)
        final, ends = Signal(), Signal(init=beats == 1)
        m.d.comb += [self.i.ready.eq(free), accept.eq(self.i.valid & free), complete.eq(accept & ends)]
        for n, part in enumerate(parts):
            with m.If(accept & (beat == n)):
                m.d.sync += part.eq(self.i.payload)

        # Places past the vector's end are zero.
        rest = self.count - (self.words - 1) * self.width_out
        inside = Mux(padded, (1 << rest) - 1, (1 << self.width_out) - 1)
        m.d.comb += port.data.eq(Cat(parts) & inside)
        m.d.sync += [port.en.eq(complete), port.addr.eq(word + Mux(bank, self.words, 0)), padded.eq(final)]
        final_next = ~final & (word == self.words - 2)
        with m.If(accept):
            m.d.sync += [beat.eq(beat + 1), ends.eq(beat + 1 == Mux(final, last_beat, beats - 1))]
        with m.If(complete):
            m.d.sync += [beat.eq(0), word.eq(word + 1), final.eq(final_next)]
            m.d.sync += ends.eq(Mux(final_next, last_beat == 0, beats == 1))
            with m.If(final):
                # The last word is stored while the first is read, at the earliest.
                m.d.comb += filled.bit_select(bank, 1).eq(1)
                m.d.sync += [word.eq(0), bank.eq(~bank)]
        m.d.sync += free.eq(~following.bit_select(bank ^ (complete & final), 1))

    def _read(self, m: Module, banks: memory.Memory, full: Value, freed: Signal) -> None:
        """Read one word ahead of the stream; a bank is free as soon as its last word is being read.

        Whether there is a bank to read, and whether a word or a turn is the last, come from registers.
        """
        port = banks.read_port()
        bank, word, turn = Signal(), Signal(range(self.words)), Signal(range(self.passes))
        fetch, ready, release = Signal(), Signal(), Signal()
        last_word, last_turn = Signal(), Signal(init=self.passes == 1)
        some = Signal()
        m.d.comb += [
            ready.eq(~self.o.valid | self.o.ready),
            fetch.eq(some & ready),
            release.eq(fetch & last_word & last_turn),
            freed.eq(Mux(release, 1 << bank, 0)),
            port.addr.eq(word + Mux(bank, self.words, 0)),
            port.en.eq(fetch),
            self.o.payload.eq(port.data),
        ]
        with m.If(ready):
            m.d.sync += self.o.valid.eq(fetch)
        with m.If(fetch):
            m.d.sync += [
                word.eq(Mux(last_word, 0, word + 1)),
                last_word.eq(~last_word & (word == self.words - 2)),
                bank.eq(bank ^ release),
            ]
            with m.If(last_word):
                m.d.sync += [
                    turn.eq(Mux(last_turn, 0, turn + 1)),
                    last_turn.eq((self.passes == 1) | (~last_turn & (turn == self.passes - 2))),
                ]
        m.d.sync += some.eq(full.bit_select(bank ^ release, 1))
