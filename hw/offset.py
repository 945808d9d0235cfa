"""Something of its own for each channel, added to integers."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Cat, Module, Shape, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .stage import Candidate, Location, Place, Places, outside_cells
from .table import Table, TableReader, TableSize, has_register, table_latency
from .zones import Zones, count_zones

__all__ = ["ChannelOffset", "Offset"]


@dataclass(frozen=True)
class Offset:
    """Sums ``(integer << shift) + offset`` of signed integers of ``bits`` bits, ``width`` of them in a beat.

    All channels come by in units of ``unit`` elements, ``rounds`` times in a frame. Where units are windows of several
    ``zones``, each zone has a row of offsets. Results have so many bits; a ``binary`` one says whether the sum is at
    least 0.
    """

    offsets: Table
    shift: int
    bits: int
    result: int
    width: int
    unit: int
    rounds: int
    zones: Zones | None = None
    binary: bool = False

    noun: ClassVar[str] = "offsets"

    @property
    def size(self) -> TableSize:
        """The offsets as a memory."""
        return TableSize(self.offsets, self.width, self.unit)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.rounds * self.size.beats

    def widest(self, places: Places, family: Family) -> int:
        """A beat, or a word of offsets."""
        return max(self.width * max(self.bits, self.result), self.size.memory.width)

    def memory_words(self, places: Places, family: Family) -> int:
        """The offsets."""
        return self.size.words

    @property
    def contents(self) -> int:
        """The offsets."""
        return self.size.contents

    def usual_places(self, family: Family) -> dict[str, Place]:
        """Offsets are in look-up tables."""
        return {"offsets": Place.LUT}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """Offsets, where they are deep."""
        return self.size.candidates("offsets", family)

    def cells(self, places: Places, family: Family) -> int:
        """A register and an adder for each lane, and counters of windows."""
        adder = max(self.bits + self.shift, self.offsets.shape.width) if self.binary else self.result
        counters = 30 if self.zones else 0
        lanes = self.width * (adder + family.ff_cell * self.bits)
        return lanes + 10 + counters + self.size.cells + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """One beat is being added to, one waits."""
        return held + 2 + family.bram_register

    def component(self, places: Places, family: Family) -> "ChannelOffset":
        """The hardware."""
        place = places["offsets"]
        return ChannelOffset(offset=self, place=place, registered=has_register(place, family))


class ChannelOffset(wiring.Component):
    """Add something to each integer that is its channel's own, and its window's zone's.

    Takes a beat per cycle; its result leaves ``latency`` cycles after it came.

    Parameters
    ----------
    offset : :class:`Offset`
        The offsets, and sizes of everything.
    place : :data:`Location`
        Where the offsets are.
    registered : :class:`bool`
        Read them through a register more.

    Members
    -------
    i, o : streams of ``width`` integers, in and out
        Integers; sums, or whether they are at least 0.
    """

    def __init__(self, *, offset: Offset, place: Location, registered: bool = False) -> None:
        self.offset = offset
        self.place = place
        self.registered = registered
        super().__init__(
            {
                "i": In(stream.Signature(offset.width * offset.bits)),
                "o": Out(stream.Signature(offset.width * offset.result)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from a beat to its result."""
        return table_latency(self.registered) + 1

    def elaborate(self, platform: object) -> Module:
        m, offset = Module(), self.offset
        m.submodules.reader = reader = TableReader(
            size=offset.size,
            bits=len(self.i.payload),
            row=unsigned((offset.offsets.rows - 1).bit_length()),
            place=self.place,
            registered=self.registered,
        )
        m.d.comb += [
            reader.i.valid.eq(self.i.valid),
            self.i.ready.eq(reader.i.ready),
            reader.i.payload.value.eq(self.i.payload),
        ]
        if offset.zones:
            m.d.comb += reader.i.payload.rows[0].eq(count_zones(m, offset.zones, self._ends_unit(m)))

        sums = Cat(self._sum(m, lane, reader) for lane in range(offset.width))
        m.d.comb += reader.o.ready.eq(~self.o.valid | self.o.ready)
        with m.If(reader.o.ready):
            m.d.sync += [self.o.valid.eq(reader.o.valid), self.o.payload.eq(sums)]
        return m

    def _ends_unit(self, m: Module) -> Value:
        """Whether the last beat of a unit is taken."""
        beats, take = self.offset.size.beats, self.i.valid & self.i.ready
        if beats == 1:
            return take
        beat = Signal(range(beats))
        with m.If(take):
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == beats - 1):
                m.d.sync += beat.eq(0)
        return take & (beat == beats - 1)

    def _sum(self, m: Module, lane: int, reader: TableReader) -> Value:
        offset = self.offset
        value = reader.o.payload.value.word_select(lane, offset.bits).as_signed()
        exact = (value << offset.shift) + reader.o.payload.words[lane][0]
        total = Signal(Shape(max(len(exact), offset.result), signed=True), name=f"sum{lane}")
        m.d.comb += total.eq(exact)
        return ~total[-1] if offset.binary else total[: offset.result]
