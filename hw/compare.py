"""How many of its channel's levels each integer reaches."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .device import Family
from .stage import Candidate, Location, Place, Places, outside_cells
from .table import Table, TableReader, TableSize, has_register, table_latency

__all__ = ["Compare", "LevelCount", "step_levels"]


@dataclass(frozen=True)
class Compare:
    """Integers of ``bits`` bits, ``width`` of them in a beat, with the ``levels`` of their channels.

    All channels come by in units of ``unit`` elements, ``rounds`` times in a frame. A beat takes ``steps`` cycles, in
    each of which an equal share of the levels is compared: ``count`` of them, and more that none reaches. Where a
    ``chooser`` comes with each, an integer of that shape, it chooses the row of levels.
    """

    levels: Table
    count: int
    bits: int
    width: int
    unit: int
    rounds: int
    steps: int = 1
    chooser: Shape | None = None
    signed: bool = True

    noun: ClassVar[str] = "levels"

    @property
    def size(self) -> TableSize:
        """The levels as a memory."""
        return TableSize(self.levels, self.width, self.unit, self.steps, self.chooser is not None)

    @property
    def result(self) -> int:
        """Bits of a result."""
        return self.count.bit_length()

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.rounds * self.size.beats * self.steps

    def widest(self, places: Places, family: Family) -> int:
        """A beat, or a word of levels."""
        second = self.chooser.width if self.chooser else 0
        return max(self.width * max(self.bits, self.result, second), self.size.memory.width)

    def memory_words(self, places: Places, family: Family) -> int:
        """The levels."""
        return self.size.words

    @property
    def contents(self) -> int:
        """The levels."""
        return self.size.contents

    def usual_places(self, family: Family) -> dict[str, Place]:
        """Levels are in look-up tables."""
        return {"levels": Place.LUT}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """Levels, where they are deep."""
        return self.size.candidates("levels", family)

    def cells(self, places: Places, family: Family) -> int:
        """A register and comparators for each lane, what counts them, and the results."""
        comparators = self.size.share * (self.levels.shape.width + 1)
        counted = 2 * self.result if self.steps > 1 else 0
        held = family.ff_cell * (self.bits + (self.chooser.width if self.chooser and self.steps > 1 else 0))
        lanes: int = self.width * (comparators + counted + self.result + held)
        return lanes + 20 + self.size.cells + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """One beat is being compared, one waits."""
        return held + 2 + family.bram_register

    def component(self, places: Places, family: Family) -> "LevelCount":
        """The hardware."""
        place = places["levels"]
        return LevelCount(compare=self, place=place, registered=has_register(place, family))


class LevelCount(wiring.Component):
    """Count how many levels each integer reaches.

    Takes a beat every ``steps`` cycles; its result leaves ``latency`` cycles after it came.

    Parameters
    ----------
    compare : :class:`Compare`
        The levels, and sizes of everything.
    place : :data:`Location`
        Where the levels are.
    registered : :class:`bool`
        Read them through a register more.

    Members
    -------
    i : stream of ``width`` integers, in
        What is compared.
    second : stream of ``width`` choosers, in
        What chooses the rows, taken with the integers; only there where something does.
    o : stream of ``width`` counts, out
        How many levels each integer reaches.
    """

    def __init__(self, *, compare: Compare, place: Location, registered: bool = False) -> None:
        self.compare = compare
        self.place = place
        self.registered = registered
        width, chooser = compare.width, compare.chooser
        members = {"i": In(stream.Signature(width * compare.bits)), "o": Out(stream.Signature(width * compare.result))}
        if chooser is not None:
            members["second"] = In(stream.Signature(width * chooser.width))
        super().__init__(members)

    @property
    def latency(self) -> int:
        """Cycles from a beat to its result."""
        return table_latency(self.registered) + self.compare.steps

    def elaborate(self, platform: object) -> Module:
        m, compare = Module(), self.compare
        m.submodules.reader = reader = TableReader(
            size=compare.size,
            bits=len(self.i.payload),
            row=compare.chooser or unsigned(0),
            place=self.place,
            registered=self.registered,
        )
        m.d.comb += [
            reader.i.valid.eq(self.i.valid),
            self.i.ready.eq(reader.i.ready),
            reader.i.payload.value.eq(self.i.payload),
        ]
        if compare.chooser is not None:
            m.d.comb += [
                reader.i.valid.eq(self.i.valid & self.second.valid),
                self.i.ready.eq(reader.i.ready & self.second.valid),
                self.second.ready.eq(reader.i.ready & self.i.valid),
                reader.i.payload.rows.eq(self.second.payload),
            ]

        beat, last = reader.o.payload, reader.o.payload.last
        counts = Cat(self._count(m, lane, reader) for lane in range(compare.width))
        m.d.comb += reader.o.ready.eq(~last | ~self.o.valid | self.o.ready)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(reader.o.valid & reader.o.ready & beat.last):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(counts)]
        return m

    def _count(self, m: Module, lane: int, reader: TableReader) -> Value:
        """Levels that a lane has reached with this step."""
        compare, beat = self.compare, reader.o.payload
        value = beat.value.word_select(lane, compare.bits)
        integer = Signal(Shape(compare.bits, signed=compare.signed), name=f"integer{lane}")
        m.d.comb += integer.eq(value)
        # Levels do not fall, so that those which are reached come first.
        count = _count_first([integer >= beat.words[lane][n] for n in range(compare.size.share)])
        if compare.steps == 1:
            return count
        so_far, reached = (Signal(compare.result, name=f"{name}{lane}") for name in ("so_far", "reached"))
        m.d.comb += reached.eq(Mux(beat.first, 0, so_far) + count)
        with m.If(reader.o.valid & reader.o.ready):
            m.d.sync += so_far.eq(reached)
        return reached


def step_levels(levels: NDArray[np.int64], gap: int, highest: int) -> tuple[NDArray[np.int64], int]:
    """Levels for as many steps as there are cycles for a beat, and those steps: as few comparators as can be.

    Where the levels do not fill the last step, others do that are above the ``highest`` integer.
    """
    count = levels.shape[-1]
    share = -(-count // min(count, gap))
    steps = -(-count // share)
    missing = share * steps - count
    return np.pad(levels, ((0, 0), (0, 0), (0, missing)), constant_values=highest + 1), steps


def _count_first(bits: list[Value]) -> Value:
    """How many bits are 1, where no 1 comes after a 0: the middle one says in which half the rest are."""
    if len(bits) == 1:
        return bits[0]
    size = 1 << len(bits).bit_length()
    padded = [*bits, *[Const(0)] * (size - 1 - len(bits))]
    half = size // 2
    reached = padded[half - 1]
    rest = [Mux(reached, upper, lower) for lower, upper in zip(padded[: half - 1], padded[half:], strict=True)]
    return Cat(_count_first(rest), reached)
