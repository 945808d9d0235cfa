"""Class with the highest score."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Argmax"]


class Argmax(wiring.Component):
    """Index of the highest of ``count`` signed scores; ties go to the lowest index.

    Takes a beat per cycle, or in every other one when it is patient; ``LATENCY`` cycles from the last beat of a frame
    to its index. The scores of a beat are compared one after the other within a cycle, so few fit a fast clock.

    Parameters
    ----------
    score : :class:`~amaranth.hdl.Shape`
        Signed shape of a score.
    count : :class:`int`
        Scores of a frame.
    lanes : :class:`int`
        Scores of a beat; those past ``count`` in the last beat are ignored.
    patient : :class:`bool`
        Compare in one cycle and take the beat in the next, for a faster clock.

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

    LATENCY = 2

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

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats = -(-self.count // self.lanes)
        beat, done = Signal(range(beats)), Signal()
        best = Signal(self.score, reset_less=True)
        index = Signal(range(self.count), reset_less=True)
        take, move, compared = Signal(), self.publish, Signal(init=not self.patient)
        m.d.comb += [
            move.eq(done & (~self.o.valid | self.o.ready)),
            self.i.ready.eq((~done | move) & compared),
            take.eq(self.i.valid & self.i.ready),
        ]
        if self.patient:
            m.d.sync += compared.eq(self.i.valid & ~take)

        better, winner, winner_index = self._compare(m, beat, best)
        with m.If(take & better):
            m.d.sync += [best.eq(winner), index.eq(winner_index)]
        with m.If(take):
            m.d.sync += beat.eq(Mux(beat == beats - 1, 0, beat + 1))
        with m.If(take | move):
            m.d.sync += done.eq(take & (beat == beats - 1))
        with m.If(move):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(index)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m

    def _compare(self, m: Module, beat: Signal, best: Signal) -> tuple[Signal, Value, Value]:
        """Whether a score of this beat is better than all before, which one it is, and its index."""
        scores = data.View(data.ArrayLayout(self.score, self.lanes), self.i.payload)
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
