"""Tables of integers for channels, and a memory of them that is read as the channels come by."""

from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .device import Family
from .levels import signed_for
from .memory import MemorySize, Rom
from .stage import SHALLOW, Candidate, Location, Place

__all__ = ["Table", "TableReader", "TableSize", "has_register", "table_latency"]


@dataclass(frozen=True, eq=False)
class Table:
    """Integers for channels: ``count`` of them in each of the ``rows`` that something chooses among.

    Parameters
    ----------
    values : array of shape ``(channels, rows, count)``
        The integers.
    lowest : :class:`int`
        What chooses the first row; the next integer chooses the next one.
    """

    values: NDArray[np.int64]
    lowest: int = 0
    shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", signed_for(int(self.values.min()), int(self.values.max())))

    @property
    def channels(self) -> int:
        """Channels."""
        return int(self.values.shape[0])

    @property
    def rows(self) -> int:
        """Rows of a channel."""
        return int(self.values.shape[1])

    @property
    def count(self) -> int:
        """Integers of a row."""
        return int(self.values.shape[2])


@dataclass(frozen=True)
class TableSize:
    """A table as a memory, for beats of ``width`` elements, the last of each ``unit`` of them filled up.

    Channels come by in units, or all of them again and again in each unit. Each beat is given in ``steps`` cycles, in
    each of which an equal share of a row is read. Lanes that are ``apart`` choose a row each, from a memory each; else
    one row is chosen for all, and one memory has a word for all lanes.
    """

    table: Table
    width: int
    unit: int
    steps: int = 1
    apart: bool = False

    @property
    def beats(self) -> int:
        """Beats in which all channels come by."""
        return self.rounds * -(-self.unit // self.width)

    @property
    def rounds(self) -> int:
        """Units in which all channels come by."""
        return max(1, self.table.channels // self.unit)

    @property
    def share(self) -> int:
        """Integers of a lane that are read in a cycle."""
        return self.table.count // self.steps

    @property
    def memory(self) -> MemorySize:
        """Each of the memories."""
        lanes = 1 if self.apart else self.width
        return MemorySize(lanes * self.share * self.table.shape.width, self.beats * self.steps * self.table.rows)

    @property
    def memories(self) -> int:
        """How many there are."""
        return self.width if self.apart else 1

    @property
    def contents(self) -> int:
        """Bits of all memories."""
        return self.memory.depth * self.memory.width * self.memories

    @property
    def words(self) -> int:
        """Words of all memories."""
        return self.memory.depth * self.memories

    def candidates(self, name: str, family: Family) -> tuple[Candidate, ...]:
        """The memories as one that may be block RAM, where they are deep."""
        size, count = self.memory, self.memories
        if size.depth <= SHALLOW:
            return ()
        return (Candidate(name, count * size.blocks(family), size.banks(family), count * size.lut4),)

    @property
    def cells(self) -> int:
        """Cells of what is no candidate, and of addresses."""
        shallow = self.memories * self.memory.width if self.memory.depth <= SHALLOW else 0
        return shallow + (2 if self.apart else 1) * 10 + 10

    def lanes(self) -> NDArray[np.int64]:
        """The integers of each lane, of shape ``(beats, steps, rows, width, share)``; 0 where a beat is filled up."""
        table = self.table
        places = np.arange(self.beats // self.rounds * self.width)
        channels = (self.unit * np.arange(self.rounds)[:, np.newaxis] + places) % table.channels
        inside = (places < self.unit)[:, np.newaxis, np.newaxis]
        spread = np.where(inside, table.values[channels], 0)
        split = spread.reshape(self.beats, self.width, table.rows, self.steps, self.share)
        return np.asarray(split.transpose(0, 3, 2, 1, 4))


class TableReader(wiring.Component):
    """Give each beat ``steps`` times, with what a table has for its channels.

    Takes a beat every ``steps`` cycles; it leaves ``latency`` cycles after it came.

    Parameters
    ----------
    size : :class:`TableSize`
        The table, and how it is read.
    bits : :class:`int`
        Bits of a beat.
    row : :class:`~amaranth.hdl.Shape`
        Shape of what chooses a row.
    place : :data:`Location`
        Block RAM or look-up tables.
    registered : :class:`bool`
        Read through a register more, which block RAM may have.

    Members
    -------
    i : stream of ``value`` and ``rows``, in
        A beat, and what chooses the row for all lanes or for each.
    o : stream of ``value``, ``words``, ``first`` and ``last``, out
        The beat, and an array of ``width`` by ``share`` integers; whether it is the first or the last step.
    """

    def __init__(self, *, size: TableSize, bits: int, row: Shape, place: Location, registered: bool) -> None:
        self.size = size
        self.bits = bits
        self.row = row
        self.place = place
        self.registered = registered
        words = data.ArrayLayout(data.ArrayLayout(size.table.shape, size.share), size.width)
        beat = data.StructLayout({"value": bits, "rows": data.ArrayLayout(row, size.memories)})
        given = data.StructLayout({"value": bits, "words": words, "first": 1, "last": 1})
        super().__init__({"i": In(stream.Signature(beat)), "o": Out(stream.Signature(given))})

    @property
    def latency(self) -> int:
        """Cycles from a beat to its first step."""
        return table_latency(self.registered)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps, held = self.size.steps, Signal.like(self.i.payload, reset_less=True)
        valid, step = Signal(), Signal(range(steps))
        take, again, last, free = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            last.eq(step == steps - 1),
            self.i.ready.eq(free & (~valid | last)),
            take.eq(self.i.valid & self.i.ready),
            again.eq(valid & free & ~last),
        ]
        with m.If(take):
            m.d.sync += [held.eq(self.i.payload), valid.eq(1), step.eq(0)]
        with m.Elif(again):
            m.d.sync += step.eq(step + 1)
        with m.Elif(free):
            m.d.sync += valid.eq(0)

        rows = [Mux(take, self.i.payload.rows[n], held.rows[n]) for n in range(self.size.memories)]
        # A block's register goes on with the block, so that both have the same enable.
        words = Cat(self._read(m, take | again, free if self.registered else take | again, rows))
        given = {"value": held.value, "words": words, "first": step == 0, "last": last}
        self._give(m, free, valid, given)
        return m

    def _give(self, m: Module, free: Signal, valid: Signal, given: dict[str, Value]) -> None:
        """What is read, as it is or through a register; ``free`` is whether it can go on."""
        if not self.registered:
            m.d.comb += [free.eq(~valid | self.o.ready), self.o.valid.eq(valid)]
            m.d.comb += [getattr(self.o.payload, name).eq(value) for name, value in given.items()]
            return
        m.d.comb += free.eq(~self.o.valid | self.o.ready)
        with m.If(free):
            m.d.sync += self.o.valid.eq(valid)
        for name, value in given.items():
            later = Signal(len(value), name=f"{name}_held", reset_less=True)
            with m.If(free):
                m.d.sync += later.eq(value)
            m.d.comb += getattr(self.o.payload, name).eq(later)

    def _read(self, m: Module, step: Value, enable: Value, rows: list[Value]) -> list[Value]:
        """The word of each memory in the chosen row, one cycle behind the step."""
        table, depth = self.size.table, self.size.memory.depth
        # Rows lie side by side, so that the address is a sum. It is right even if this one begins below 0.
        bits = (depth - 1).bit_length()
        base = Signal(bits, init=-table.lowest % (1 << bits))
        end = (depth - table.rows - table.lowest) % (1 << bits)
        with m.If(step):
            m.d.sync += base.eq(Mux(base == end, base.init, base + table.rows))
        found = []
        for n, (row, words) in enumerate(zip(rows, self._contents(), strict=True)):
            rom = Rom(width=self.size.memory.width, words=words, block=self.place is Place.BLOCK, enabled=True)
            m.submodules[f"table{n}" if self.size.apart else "table"] = rom
            m.d.comb += [rom.address.eq(base + row), rom.enable.eq(enable)]
            found.append(rom.data)
        return found

    def _contents(self) -> list[list[int]]:
        """Words of each memory: beat by beat, step by step, row by row."""
        lanes = self.size.lanes()
        parts = np.split(lanes, self.size.width, axis=3) if self.size.apart else [lanes]
        width = self.size.table.shape.width
        return [[_pack(word, width) for word in part.reshape(self.size.memory.depth, -1)] for part in parts]


def table_latency(registered: bool) -> int:
    """Cycles from a beat to its first step: one more through a register."""
    return 2 if registered else 1


def has_register(place: Location, family: Family) -> bool:
    """Whether a table is read through a register: one that block RAM has."""
    return family.bram_register and place is Place.BLOCK


def _pack(values: NDArray[np.int64], width: int) -> int:
    """One word of several signed numbers, in two's complement, the first in the lowest bits."""
    return sum((int(value) & (1 << width) - 1) << n * width for n, value in enumerate(values))
