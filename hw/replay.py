"""Collect a vector in beats of one width, give it again and again in beats of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .memory import MemorySize
from .replay_memory import ReplayMemory
from .stage import Candidate, NoMemory, Place, Places, memory_cells, whole_beats

__all__ = ["Convert", "Replay", "ReplayBuffer"]


@dataclass(frozen=True)
class Convert(NoMemory):
    """Elements of ``bits`` bits, ``count`` after ``count`` of them, from one width to another, ``vectors`` times."""

    count: int
    bits: int
    width_in: int
    width_out: int
    vectors: int

    noun: ClassVar[str] = "beats"

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * max(-(-self.count // self.width_in), -(-self.count // self.width_out))

    def widest(self, places: Places, family: Family) -> int:
        """The registers of either side."""
        return max(whole_beats(self.count, width) for width in (self.width_in, self.width_out)) * self.bits

    def cells(self, places: Places, family: Family) -> int:
        """Two flip-flops and a look-up table for each bit."""
        return (1 + family.ff_cell) * self.count * self.bits + 20

    def absorbs(self, held: int, family: Family) -> int:
        """One vector is given while the next comes in."""
        beats_in, beats_out = -(-self.count // self.width_in), -(-self.count // self.width_out)
        return -(-held * beats_in // beats_out) + 2 * beats_in

    def component(self, places: Places, family: Family) -> "ReplayBuffer":
        """The hardware."""
        return ReplayBuffer(
            element=unsigned(self.bits), count=self.count, width_in=self.width_in, width_out=self.width_out
        )


@dataclass(frozen=True)
class Replay:
    """Vectors of ``count`` elements of ``bits`` bits, each given ``passes`` times in another width."""

    count: int
    bits: int
    width_in: int
    width_out: int
    passes: int
    vectors: int

    noun: ClassVar[str] = "vectors"
    contents: ClassVar[int] = 0

    @property
    def words(self) -> int:
        """Beats of one pass."""
        return -(-self.count // self.width_out)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * max(-(-self.count // self.width_in), self.words * self.passes)

    @property
    def divides(self) -> bool:
        """Whether it can be a memory whose words are filled by whole beats."""
        return self.width_out % self.width_in == 0

    @property
    def is_long(self) -> bool:
        """Whether whole beats fill the words of a memory, and it is long enough for one to be the smaller."""
        return self.width_out % self.width_in == 0 and self.words >= 4

    @property
    def _memory(self) -> MemorySize:
        """Two vectors, a beat a word."""
        return MemorySize(self.width_out * self.bits, 2 * self.words, written=True)

    def widest(self, places: Places, family: Family) -> int:
        """The registers of either side, or a beat where the vector is in a memory."""
        widths = (self.width_in, self.width_out)
        if places["replay"] is Place.REGISTERS:
            widths = (whole_beats(self.count, self.width_in), whole_beats(self.count, self.width_out))
        return max(widths) * self.bits

    def memory_words(self, places: Places, family: Family) -> int:
        """Two vectors, a beat a word."""
        return 0 if places["replay"] is Place.REGISTERS else 2 * self.words

    def usual_places(self, family: Family) -> dict[str, Place]:
        """A long vector is in distributed RAM where the family has it."""
        return {"replay": Place.DISTRIBUTED if family.distributed and self.is_long else Place.REGISTERS}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """The two vectors, where they are long and there is no smaller memory."""
        if family.distributed or not self.is_long:
            return ()
        vectors = self._memory
        return (Candidate("replay", vectors.blocks(family), vectors.banks(family), 2 * self.count * self.bits),)

    def cells(self, places: Places, family: Family) -> int:
        """Two flip-flops a bit, or a word's assembly and the memory with its addresses."""
        if places["replay"] is Place.REGISTERS:
            return (1 + family.ff_cell) * self.words * self.width_out * self.bits + 30
        assembly = ((1 + family.ff_cell) * self.width_out + self.width_in) * self.bits + 50
        distributed = places["replay"] is Place.DISTRIBUTED
        return assembly + (memory_cells(self._memory, family) if distributed else 0)

    def absorbs(self, held: int, family: Family) -> int:
        """One vector is given while the next comes in."""
        beats_in = -(-self.count // self.width_in)
        return -(-(held + 1) * beats_in // (self.words * self.passes)) + 2 * beats_in

    def component(self, places: Places, family: Family) -> "ReplayBuffer | ReplayMemory":
        """The hardware."""
        if places["replay"] is Place.REGISTERS:
            return ReplayBuffer(
                element=unsigned(self.bits),
                count=self.count,
                width_in=self.width_in,
                width_out=self.width_out,
                passes=self.passes,
            )
        return ReplayMemory(
            count=self.count * self.bits,
            width_in=self.width_in * self.bits,
            width_out=self.width_out * self.bits,
            passes=self.passes,
            block=places["replay"] is Place.BLOCK,
        )


class ReplayBuffer(wiring.Component):
    """Double-buffered vector: one is replayed while the next is taken in.

    Takes and gives one beat per cycle, without a bubble between vectors as long as the next one has come in by the
    time that this one has been given ``passes`` times. The first beat leaves ``LATENCY`` cycles after the last came.
    With one pass this is a converter between two widths that need not divide each other.

    The vector that comes in is a shift register without logic; the one that goes out rotates by a beat, and takes the
    other over in one cycle: two flip-flops and one look-up table for each bit.

    Parameters
    ----------
    element : :class:`~amaranth.hdl.Shape`
        Shape of one element.
    count : :class:`int`
        Elements of a vector.
    width_in, width_out : :class:`int`
        Elements of a beat. The last beat in may hold more than the vector needs, which is dropped; the last beat out
        is filled up with zeros.
    passes : :class:`int`
        How often each vector is given.
    order : sequence of :class:`int` or None, or None
        Which of the vector's elements each is that goes out, None for a zero; without it all of them in their order.

    Members
    -------
    i : stream of ``width_in`` elements, in
        Vectors, element 0 in the lowest bits of the first beat.
    o : stream of ``width_out`` elements, out
        The same elements in the same order, each vector ``passes`` times.

    Raises
    ------
    ValueError
        When a parameter is below 1.
    """

    LATENCY = 2

    def __init__(
        self,
        *,
        element: Shape,
        count: int,
        width_in: int,
        width_out: int,
        passes: int = 1,
        order: Sequence[int | None] | None = None,
    ) -> None:
        for name, value in (("count", count), ("width_in", width_in), ("width_out", width_out), ("passes", passes)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        self.element = element
        self.count = count
        self.width_in = width_in
        self.width_out = width_out
        self.passes = passes
        self.order = order
        super().__init__(
            {
                "i": In(stream.Signature(element.width * width_in)),
                "o": Out(stream.Signature(element.width * width_out)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.element.width
        beats_in = -(-self.count // self.width_in)
        beats_out = -(-(self.count if self.order is None else len(self.order)) // self.width_out)
        filled, full = Signal(range(beats_in)), Signal()
        loaded, load, final = Signal(), Signal(), Signal()
        coming = Signal(beats_in * self.width_in * width, reset_less=True)
        going = Signal(beats_out * self.width_out * width, reset_less=True)
        accept, step, move, last = Signal(), Signal(), Signal(), Signal()

        # Where there are cycles to spare, the way back from output to input is cut: it would go through all layers.
        busy = beats_in >= beats_out * self.passes
        m.d.comb += [
            self.i.ready.eq(~full | load if busy else ~full),
            accept.eq(self.i.valid & self.i.ready),
            self.o.valid.eq(loaded),
            self.o.payload.eq(going),
            step.eq(loaded & self.o.ready),
            # One table from registers decides over the whole vector, and another one what becomes of it.
            move.eq(Mux(loaded, self.o.ready, full)),
            last.eq(full & (~loaded | final)),
            load.eq(move & last),
        ]

        with m.If(load):
            m.d.sync += full.eq(0)
        with m.If(accept):
            m.d.sync += coming.eq(Cat(coming, self.i.payload)[len(self.i.payload) :])
            with m.If(filled == beats_in - 1):
                m.d.sync += [filled.eq(0), full.eq(1)]
            with m.Else():
                m.d.sync += filled.eq(filled + 1)

        elements: Value = coming[: self.count * width]
        if self.order is not None:
            zero = Const(0, width)
            elements = Cat(zero if n is None else coming.word_select(n, width) for n in self.order)
        padding = Const(0, len(going) - len(elements))
        with m.If(move):
            m.d.sync += [
                going.eq(Mux(last, Cat(elements, padding), going.rotate_right(len(self.o.payload)))),
                loaded.eq(last | ~final),
            ]

        self._count_beats(m, step, final, beats_out * self.passes)
        return m

    @staticmethod
    def _count_beats(m: Module, step: Signal, final: Signal, beats: int) -> None:
        """Raise ``final`` in the last of each ``beats`` steps, from a register: it decides over the whole vector."""
        if beats == 1:
            m.d.comb += final.eq(1)
            return
        given, last = Signal(range(beats)), Signal()
        m.d.comb += final.eq(last)
        with m.If(step):
            m.d.sync += [last.eq(given == beats - 2), given.eq(given + 1)]
            with m.If(last):
                m.d.sync += given.eq(0)
