"""Class with the highest score."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["PAUSE", "Argmax"]

PAUSE = 2
"""Cycles from the last score of a frame to the first of the next, beside those of each score, where it is patient."""


class Argmax(wiring.Component):
    """Index of the highest of ``count`` signed scores; ties go to the lowest index.

    Takes a beat per cycle; ``latency`` cycles from the last beat of a frame to its index. The scores of a beat are
    compared one after the other within a cycle, so few fit a fast clock. A patient one takes a score in every other
    cycle, ready from a register, and needs :data:`PAUSE` cycles more for a frame.

    Parameters
    ----------
    score : :class:`~amaranth.hdl.Shape`
        Signed shape of a score.
    count : :class:`int`
        Scores of a frame.
    lanes : :class:`int`
        Scores of a beat; those past ``count`` in the last beat are ignored.
    patient : :class:`bool`
        Take, compare and keep a score in a cycle each, for a faster clock.

    Members
    -------
    i : stream of ``lanes`` scores, in
        Scores, that of class 0 first.
    o : stream of ``range(count)``, out
        The class.
    publish : 1, out
        A class is there from the next cycle on.

    Raises
    ------
    ValueError
        When it is to be patient with more than one lane.
    """

    def __init__(self, *, score: Shape, count: int, lanes: int, patient: bool = False) -> None:
        self.score = score
        self.count = count
        self.lanes = lanes
        self.patient = patient
        if patient and lanes > 1:
            raise ValueError(f"lanes must be 1 for a patient comparison, not {lanes!r}")
        super().__init__(
            {
                "i": In(stream.Signature(score.width * lanes)),
                "o": Out(stream.Signature(range(count))),
                "publish": Out(1),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a frame to its index."""
        return 4 if self.patient else 2

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats = -(-self.count // self.lanes)
        beat, done = Signal(range(beats)), Signal()
        best = Signal(self.score, reset_less=True)
        index = Signal(range(self.count), reset_less=True)
        keep, last, move = Signal(), Signal(), self.publish
        m.d.comb += [move.eq(done & (~self.o.valid | self.o.ready)), last.eq(beat == beats - 1)]

        scores = self._take_slowly(m, keep, last, move) if self.patient else self._take(m, keep, done, move)
        better, winner, winner_index = self._compare(m, scores, beat, best)
        with m.If(keep & better):
            m.d.sync += [best.eq(winner), index.eq(winner_index)]
        with m.If(keep):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))
        with m.If(keep | move):
            m.d.sync += done.eq(keep & last)
        with m.If(move):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(index)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m

    def _take(self, m: Module, keep: Signal, done: Signal, move: Signal) -> Value:
        """Keep what is best of a beat in the cycle in which it comes."""
        m.d.comb += [self.i.ready.eq(~done | move), keep.eq(self.i.valid & self.i.ready)]
        return self.i.payload

    def _take_slowly(self, m: Module, keep: Signal, last: Signal, move: Signal) -> Value:
        """Take a score, compare it, keep it; nothing is taken from the last of a frame until its class has moved on."""
        ready, comparing = Signal(init=1), Signal()
        held = Signal.like(self.i.payload, reset_less=True)
        m.d.comb += self.i.ready.eq(ready)
        m.d.sync += [comparing.eq(self.i.valid & ready), keep.eq(comparing)]
        with m.If(self.i.valid & ready):
            m.d.sync += [held.eq(self.i.payload), ready.eq(0)]
        with m.Elif((comparing & ~last) | move):
            m.d.sync += ready.eq(1)
        return held

    def _compare(self, m: Module, beat_scores: Value, beat: Signal, best: Signal) -> tuple[Signal, Value, Value]:
        """Whether a score of this beat is better than all before, which one it is, and its index."""
        scores = data.View(data.ArrayLayout(self.score, self.lanes), beat_scores)
        # The first score of a frame has nothing to beat.
        winner, winner_index, better = scores[0], beat * self.lanes, (beat == 0) | (scores[0] > best)
        for lane in range(1, self.lanes):
            beaten = Mux(better, winner, best)
            counts = (beat * self.lanes + lane < self.count) if self.count % self.lanes else 1
            higher = Signal(name=f"higher{lane}")
            m.d.comb += higher.eq((scores[lane] > beaten) & counts)
            winner = Mux(higher, scores[lane], winner)
            winner_index = Mux(higher, beat * self.lanes + lane, winner_index)
            better = better | higher

        found = Signal()
        if self.patient:
            m.d.sync += found.eq(better)
        else:
            m.d.comb += found.eq(better)
        return found, winner, winner_index
