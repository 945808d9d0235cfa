"""Maximum of bits."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .device import Family
from .stage import Candidate, Place, Places

__all__ = ["BitPool", "Pool"]


@dataclass(frozen=True)
class Pool:
    """Maximum of each ``beats`` beats of ``width`` bits, ``vectors`` times."""

    width: int
    beats: int
    vectors: int

    noun: ClassVar[str] = "pools"

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * self.beats

    def widest(self, places: Places, family: Family) -> int:
        """A beat."""
        return self.width

    def memory_words(self, places: Places, family: Family) -> int:
        """It has no memory."""
        return 0

    def usual_places(self, family: Family) -> dict[str, Place]:
        """It has no memory."""
        return {}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """It has no memory."""
        return ()

    def cells(self, places: Places, family: Family) -> int:
        """A result and what it is so far, and a counter."""
        return 2 * self.width + 10

    def absorbs(self, held: int, family: Family) -> int:
        """One result waits, another one is being made."""
        return self.beats * (held + 2)

    def component(self, places: Places, family: Family) -> "BitPool":
        """The hardware."""
        return BitPool(width=self.width, beats=self.beats)


class BitPool(wiring.Component):
    """OR of each ``beats`` beats, bit by bit: the maximum of bits that stand for -1 and +1.

    Takes a beat per cycle; a result leaves ``LATENCY`` cycle after its last beat came.

    Parameters
    ----------
    width : :class:`int`
        Bits of a beat.
    beats : :class:`int`
        Beats of a result, at least 1.

    Members
    -------
    i, o : streams of ``width`` bits, in and out
        Words of windows; results.
    """

    LATENCY = 1

    def __init__(self, *, width: int, beats: int) -> None:
        self.width = width
        self.beats = beats
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = Signal(range(self.beats))
        so_far, result = Signal(self.width, reset_less=True), Signal(self.width)
        take, last = Signal(), Signal()
        m.d.comb += [
            last.eq(beat == self.beats - 1),
            self.i.ready.eq(~last | ~self.o.valid | self.o.ready),
            take.eq(self.i.valid & self.i.ready),
            result.eq(Mux(beat == 0, 0, so_far) | self.i.payload),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(take):
            m.d.sync += [so_far.eq(result), beat.eq(Mux(last, 0, beat + 1))]
            with m.If(last):
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(result)]
        return m
