"""Queues between layers, in a memory or in flip-flops."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .fifo import SmallFifo
from .memory import NO_COLLISIONS, MemorySize
from .stage import SHALLOW, Candidate, Location, Place, Places, memory_cells, outside_cells, ram_style

__all__ = ["Queue", "QueueMemory"]

TINY = 4
"""Beats up to which a queue is flip-flops in any case."""


@dataclass(frozen=True)
class Queue:
    """Up to ``depth`` beats of ``bits`` bits that wait for others; there are ``beats`` in a frame.

    Its memory has the name ``name`` among the layer's.
    """

    name: str
    depth: int
    bits: int
    beats: int

    noun: ClassVar[str] = "beats"
    contents: ClassVar[int] = 0

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.beats

    @property
    def _memory(self) -> MemorySize:
        return MemorySize(self.bits, self.depth, written=True)

    def widest(self, places: Places, family: Family) -> int:
        """A beat."""
        return self.bits

    def memory_words(self, places: Places, family: Family) -> int:
        """The beats."""
        return 0 if self.depth <= TINY else self.depth

    def usual_places(self, family: Family) -> dict[str, Place]:
        """A queue of more than a few beats is in distributed RAM where the family has it."""
        distributed = family.distributed and self.depth > TINY
        return {self.name: Place.DISTRIBUTED if distributed else Place.REGISTERS}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """The beats, where there are many."""
        if self.depth <= SHALLOW:
            return ()
        size = self._memory
        return (Candidate(self.name, size.blocks(family), size.banks(family), memory_cells(size, family)),)

    def cells(self, places: Places, family: Family) -> int:
        """Counters, and the beats where they are not in block RAM."""
        counters = 3 * self.depth.bit_length() + 10
        if self.depth <= SHALLOW:
            return counters + memory_cells(self._memory, family)
        return counters + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """As many as it has places, and one that is on its way out."""
        return held + self.depth + 1

    def component(self, places: Places, family: Family) -> "QueueMemory | SmallFifo":
        """The hardware."""
        if self.depth <= TINY:
            return SmallFifo(shape=self.bits, depth=self.depth)
        return QueueMemory(bits=self.bits, depth=self.depth, place=places[self.name])


class QueueMemory(wiring.Component):
    """Queue of beats in a memory.

    Takes and gives a beat per cycle; one can leave ``LATENCY`` cycles after it came. Whether it can take one comes from
    a register.

    Parameters
    ----------
    bits : :class:`int`
        Bits of a beat.
    depth : :class:`int`
        Beats that it holds, at least 2; one more is on its way out.
    place : :data:`Location`
        Block RAM, distributed RAM, or flip-flops.

    Members
    -------
    i, o : streams of ``bits`` bits, in and out
        Beats.
    """

    LATENCY = 2

    def __init__(self, *, bits: int, depth: int, place: Location) -> None:
        self.bits = bits
        self.depth = depth
        self.place = place
        super().__init__({"i": In(stream.Signature(bits)), "o": Out(stream.Signature(bits))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        style = ram_style(self.place)
        m.submodules.beats = beats = memory.Memory(
            shape=self.bits, depth=self.depth, init=[], attrs={"ram_style": style, **NO_COLLISIONS}
        )
        write, read = beats.write_port(), beats.read_port()
        held, following = Signal(range(self.depth + 1)), Signal(range(self.depth + 1))
        put, get, some, room = Signal(), Signal(), Signal(), Signal(init=1)
        m.d.comb += [
            self.i.ready.eq(room),
            put.eq(self.i.valid & room),
            get.eq(some & (~self.o.valid | self.o.ready)),
            following.eq(held + put - get),
            write.addr.eq(self._turn(m, put, "tail")),
            write.data.eq(self.i.payload),
            write.en.eq(put),
            read.addr.eq(self._turn(m, get, "head")),
            read.en.eq(get),
            self.o.payload.eq(read.data),
        ]
        m.d.sync += [held.eq(following), some.eq(following != 0), room.eq(following != self.depth)]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(some)
        return m

    def _turn(self, m: Module, step: Signal, name: str) -> Signal:
        """A place that goes round with each step."""
        place = Signal(range(self.depth), name=name)
        with m.If(step):
            m.d.sync += place.eq(Mux(place == self.depth - 1, 0, place + 1))
        return place
