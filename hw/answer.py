"""The beat that answers a frame: its class, and all scores where they are wanted."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .argmax import Argmax

__all__ = ["Answer", "AnswerFormat"]


@dataclass(frozen=True)
class AnswerFormat:
    """Bytes of an answer: the class, then each score, sign extended where they are wanted; all little endian.

    Parameters
    ----------
    count : :class:`int`
        Classes.
    score_width : :class:`int`
        Bits of a score.
    scores : :class:`bool`
        Whether all scores follow the class.
    """

    count: int
    score_width: int
    scores: bool

    @property
    def class_bytes(self) -> int:
        """Bytes of the class."""
        return max(1, -(-(self.count - 1).bit_length() // 8))

    @property
    def score_bytes(self) -> int:
        """Bytes of a score."""
        return -(-self.score_width // 8)

    @property
    def output_bytes(self) -> int:
        """Bytes of the answer."""
        return self.class_bytes + (self.count * self.score_bytes if self.scores else 0)

    def decode(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Classes, of shape ``(answers,)``, and scores, of shape ``(answers, count)`` or None, of many answers."""
        answers = np.frombuffer(data, np.uint8).reshape(-1, self.output_bytes).astype(np.int64)
        head, tail = answers[:, : self.class_bytes], answers[:, self.class_bytes :]
        classes = head @ (256 ** np.arange(self.class_bytes))
        if not self.scores:
            return classes, None
        values = tail.reshape(len(tail), -1, self.score_bytes) @ (256 ** np.arange(self.score_bytes))
        bits = 8 * self.score_bytes
        return classes, values - ((values >> bits - 1) << bits)


class Answer(wiring.Component):
    """Collect the scores of a frame into one beat of whole bytes.

    Takes a beat of scores per cycle, or as a patient :class:`Argmax` does, and gives an answer when that does.

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
    o : stream of ``8 * format.output_bytes`` bits, out
        Answers, as :class:`AnswerFormat` has them.
    """

    def __init__(self, *, score: Shape, count: int, lanes: int, scores: bool, patient: bool = False) -> None:
        self.score = score
        self.count = count
        self.lanes = lanes
        self.scores = scores
        self.patient = patient
        self.format = AnswerFormat(count, score.width, scores)
        super().__init__(
            {"i": In(stream.Signature(score.width * lanes)), "o": Out(stream.Signature(8 * self.format.output_bytes))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.argmax = argmax = Argmax(
            score=self.score, count=self.count, lanes=self.lanes, patient=self.patient
        )
        wiring.connect(m, wiring.flipped(self.i), argmax.i)
        index = Signal(8 * self.format.class_bytes)
        m.d.comb += [
            self.o.valid.eq(argmax.o.valid),
            argmax.o.ready.eq(self.o.ready),
            index.eq(argmax.o.payload),
            self.o.payload.eq(Cat(index, self._collect(m, argmax.publish) if self.scores else [])),
        ]
        return m

    def _collect(self, m: Module, publish: Signal) -> Value:
        """Shift the beats of a frame into one word, and hold it for as long as its class waits."""
        arrived = Signal(-(-self.count // self.lanes) * len(self.i.payload), reset_less=True)
        held = Signal.like(arrived)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += arrived.eq(Cat(arrived, self.i.payload)[len(self.i.payload) :])
        with m.If(publish):
            m.d.sync += held.eq(arrived)

        # Slices side by side: an assignment for each would take time with the square of the classes.
        width, missing = self.score.width, 8 * self.format.score_bytes - self.score.width
        values = [held[n * width : (n + 1) * width] for n in range(self.count)]
        return Cat(Cat(value, value[-1].replicate(missing)) for value in values)
