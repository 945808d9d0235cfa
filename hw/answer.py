"""The beat that answers a frame: its class, and all scores where they are wanted."""

from amaranth.hdl import Cat, Module, Shape, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .argmax import Argmax

__all__ = ["Answer"]


class Answer(wiring.Component):
    """Collect the scores of a frame into one beat of whole bytes.

    Takes a beat of scores per cycle and gives an answer ``LATENCY`` cycles after the last of them.

    Parameters
    ----------
    score : :class:`~amaranth.hdl.Shape`
        Signed shape of a score.
    count : :class:`int`
        Classes.
    lanes : :class:`int`
        Scores of a beat.
    scores : :class:`bool`
        Append all scores to the class.
    patient : :class:`bool`
        As for :class:`Argmax`.

    Members
    -------
    i : stream of ``lanes`` scores, in
        Scores, that of class 0 first.
    o : stream of ``8 * output_bytes`` bits, out
        The class in ``class_bytes`` bytes, then each score in ``score_bytes``, sign extended; little endian.
    """

    LATENCY = Argmax.LATENCY

    def __init__(self, *, score: Shape, count: int, lanes: int, scores: bool, patient: bool = False) -> None:
        self.score = score
        self.count = count
        self.lanes = lanes
        self.scores = scores
        self.patient = patient
        self.class_bytes = max(1, -(-(count - 1).bit_length() // 8))
        self.score_bytes = -(-score.width // 8)
        self.output_bytes = self.class_bytes + (count * self.score_bytes if scores else 0)
        super().__init__(
            {"i": In(stream.Signature(score.width * lanes)), "o": Out(stream.Signature(8 * self.output_bytes))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.argmax = argmax = Argmax(
            score=self.score, count=self.count, lanes=self.lanes, patient=self.patient
        )
        wiring.connect(m, wiring.flipped(self.i), argmax.i)
        index = Signal(8 * self.class_bytes)
        m.d.comb += [
            self.o.valid.eq(argmax.o.valid),
            argmax.o.ready.eq(self.o.ready),
            index.eq(argmax.o.payload),
            self.o.payload.eq(Cat(index, self._collect(m, argmax.publish) if self.scores else [])),
        ]
        return m

    def _collect(self, m: Module, publish: Signal) -> Signal:
        """Shift the beats of a frame into one word, and hold it for as long as its class waits."""
        arrived = Signal(-(-self.count // self.lanes) * len(self.i.payload), reset_less=True)
        held = Signal.like(arrived)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += arrived.eq(Cat(arrived, self.i.payload)[len(self.i.payload) :])
        with m.If(publish):
            m.d.sync += held.eq(arrived)

        values = data.View(data.ArrayLayout(self.score, self.count), held[: self.count * self.score.width])
        extended = Signal(data.ArrayLayout(signed(8 * self.score_bytes), self.count))
        m.d.comb += [extended[n].eq(values[n]) for n in range(self.count)]
        return extended.as_value()
