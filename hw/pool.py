"""Largest elements or sums of the beats of windows."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .reductions import Reduction
from .stage import NoMemory, Places

__all__ = ["Pool", "WindowPool"]


@dataclass(frozen=True)
class Pool(NoMemory):
    """One result of each ``beats`` beats of ``width`` elements, ``vectors`` times."""

    width: int
    beats: int
    vectors: int
    reduction: Reduction

    noun: ClassVar[str] = "pools"

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * self.beats

    def widest(self, places: Places, family: Family) -> int:
        """A beat."""
        return self.width * max(self.reduction.taken, self.reduction.given)

    def cells(self, places: Places, family: Family) -> int:
        """A result and what it is so far, and a counter."""
        return self.width * (self.reduction.given + self.reduction.cells) + 10

    def absorbs(self, held: int, family: Family) -> int:
        """One result waits, another one is being made."""
        return self.beats * (held + 2)

    def component(self, places: Places, family: Family) -> "WindowPool":
        """The hardware."""
        return WindowPool(width=self.width, beats=self.beats, reduction=self.reduction)


class WindowPool(wiring.Component):
    """Reduce each ``beats`` beats to one, element by element: of bits that stand for -1 and +1 by OR, for example.

    Takes a beat per cycle; a result leaves ``LATENCY`` cycle after its last beat came.

    Parameters
    ----------
    width : :class:`int`
        Elements of a beat.
    beats : :class:`int`
        Beats of a result, at least 1.
    reduction : reduction
        What elements become.

    Members
    -------
    i, o : streams of ``width`` elements, in and out
        Words of windows; results.
    """

    LATENCY = 1

    def __init__(self, *, width: int, beats: int, reduction: Reduction) -> None:
        self.width = width
        self.beats = beats
        self.reduction = reduction
        super().__init__(
            {
                "i": In(stream.Signature(width * reduction.taken)),
                "o": Out(stream.Signature(width * reduction.given)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = Signal(range(self.beats))
        so_far, result = Signal(len(self.o.payload), reset_less=True), Signal(len(self.o.payload))
        take, last = Signal(), Signal()
        m.d.comb += [
            last.eq(beat == self.beats - 1),
            self.i.ready.eq(~last | ~self.o.valid | self.o.ready),
            take.eq(self.i.valid & self.i.ready),
            result.eq(self.reduction.step(beat == 0, so_far, self.i.payload)),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(take):
            m.d.sync += [so_far.eq(result), beat.eq(Mux(last, 0, beat + 1))]
            with m.If(last):
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(result)]
        return m
