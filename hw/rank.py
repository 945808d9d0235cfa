"""Integers by which something of its channel is looked up."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .stage import Candidate, Location, Place, Places, outside_cells
from .table import Table, TableReader, TableSize, has_register, table_latency

__all__ = ["Rank", "RankMemory"]


@dataclass(frozen=True)
class Rank:
    """What ``ranks`` have for signed integers of ``bits`` bits, ``width`` of them in a beat: each chooses its row.

    A rank is given in ``result`` bits. All channels come by in units of ``unit`` elements, ``rounds`` times in a frame.
    """

    ranks: Table
    bits: int
    result: int
    width: int
    unit: int
    rounds: int

    noun: ClassVar[str] = "ranks"

    @property
    def size(self) -> TableSize:
        """The ranks as memories, one for each lane."""
        return TableSize(self.ranks, self.width, self.unit, apart=True)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.rounds * self.size.beats

    def widest(self, places: Places, family: Family) -> int:
        """A beat."""
        return self.width * max(self.bits, self.result)

    def memory_words(self, places: Places, family: Family) -> int:
        """The ranks."""
        return self.size.words

    @property
    def contents(self) -> int:
        """The ranks."""
        return self.size.contents

    def usual_places(self, family: Family) -> dict[str, Place]:
        """Ranks are in look-up tables."""
        return {"ranks": Place.LUT}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """Ranks, where they are deep."""
        return self.size.candidates("ranks", family)

    def cells(self, places: Places, family: Family) -> int:
        """An address for each lane."""
        return self.width * self.size.memory.depth.bit_length() + self.size.cells + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """One beat is being looked up."""
        return held + 1 + family.bram_register

    def component(self, places: Places, family: Family) -> "RankMemory":
        """The hardware."""
        place = places["ranks"]
        return RankMemory(rank=self, place=place, registered=has_register(place, family))


class RankMemory(wiring.Component):
    """Look up an integer for each channel's integer.

    Takes and gives a beat per cycle, ``latency`` cycles behind.

    Parameters
    ----------
    rank : :class:`Rank`
        The ranks, and sizes of everything.
    place : :data:`Location`
        Where the ranks are.
    registered : :class:`bool`
        Read them through a register more.

    Members
    -------
    i, o : streams of ``width`` integers, in and out
        Integers; their ranks.
    """

    def __init__(self, *, rank: Rank, place: Location, registered: bool = False) -> None:
        self.rank = rank
        self.place = place
        self.registered = registered
        super().__init__(
            {
                "i": In(stream.Signature(rank.width * rank.bits)),
                "o": Out(stream.Signature(rank.width * rank.result)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from a beat to its ranks."""
        return table_latency(self.registered)

    def elaborate(self, platform: object) -> Module:
        m, rank = Module(), self.rank
        m.submodules.reader = reader = TableReader(
            size=rank.size, bits=0, row=signed(rank.bits), place=self.place, registered=self.registered
        )
        m.d.comb += [
            reader.i.valid.eq(self.i.valid),
            self.i.ready.eq(reader.i.ready),
            reader.i.payload.rows.eq(self.i.payload),
            self.o.valid.eq(reader.o.valid),
            reader.o.ready.eq(self.o.ready),
        ]
        for lane in range(rank.width):
            given = Signal(signed(rank.result), name=f"rank{lane}")
            m.d.comb += [
                given.eq(reader.o.payload.words[lane][0]),
                self.o.payload.word_select(lane, rank.result).eq(given),
            ]
        return m
