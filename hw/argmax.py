"""Class with the highest score."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Argmax"]


class Argmax(wiring.Component):
    """Index of the highest of ``count`` signed scores; ties go to the lowest index.

    Takes a beat per cycle, ``LATENCY`` cycles from the last beat of a frame to its index. The scores of a beat are
    compared one after the other within a cycle, so few of them fit a fast clock.

    Parameters
    ----------
    score : :class:`~amaranth.hdl.Shape`
        Signed shape of a score.
    count : :class:`int`
        Scores of a frame.
    lanes : :class:`int`
        Scores of a beat; those past ``count`` in the last beat are ignored.

    Members
    -------
    i : stream of ``lanes`` scores, in
        Scores, that of class 0 first.
    o : stream of ``range(count)``, out
        The class.
    """

    LATENCY = 1

    def __init__(self, *, score: Shape, count: int, lanes: int) -> None:
        self.score = score
        self.count = count
        self.lanes = lanes
        super().__init__({"i": In(stream.Signature(score.width * lanes)), "o": Out(stream.Signature(range(count)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats = -(-self.count // self.lanes)
        beat = Signal(range(beats))
        # One value below every score, so that the first one always wins.
        worst = -(1 << self.score.width)
        best = Signal(signed(self.score.width + 1), init=worst)
        index = Signal(range(self.count))
        take, last = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            take.eq(self.i.valid & self.i.ready),
            last.eq(beat == beats - 1),
        ]

        scores = data.View(data.ArrayLayout(self.score, self.lanes), self.i.payload)
        winner, winner_index = best, index
        for lane in range(self.lanes):
            counts = (beat * self.lanes + lane < self.count) if self.count % self.lanes else 1
            better = Signal(name=f"better{lane}")
            m.d.comb += better.eq((scores[lane] > winner) & counts)
            winner = Mux(better, scores[lane], winner)
            winner_index = Mux(better, beat * self.lanes + lane, winner_index)

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(take):
            m.d.sync += [best.eq(winner), index.eq(winner_index), beat.eq(beat + 1)]
            with m.If(last):
                m.d.sync += [beat.eq(0), best.eq(worst), self.o.valid.eq(1), self.o.payload.eq(winner_index)]
        return m
