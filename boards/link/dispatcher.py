"""From messages to tasks: images go into the core while they arrive, all else is decided at the message's end."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.axi import axi_stream
from .protocol import HEAD_BYTES, REQUEST, TAIL_BYTES, Kind
from .receiver import ITEM

__all__ = ["TASK", "Dispatcher"]

TASK = data.StructLayout({"kind": 3, "tag": 8, "asked": 1})
"""A reply to make; ``asked`` where an answer of the core belongs to it, be it to send or to drop."""


class Dispatcher(wiring.Component):
    """Give the core the images in messages, and a task for each message.

    An image is passed on before its check sum is known, since there is no room for it. For each image of which a beat
    went into the core, the core gives one answer, and this component one task with ``asked``, in the same order: an
    image that turns out to be damaged is ended, and its task says so. A message that comes while no task can wait
    any more is passed over as a whole.

    Parameters
    ----------
    beats, beat_bytes : :class:`int`
        Beats of a frame, and bytes of a beat.
    scores : :class:`bool`
        Whether the core answers with scores.
    loads : :class:`bool`
        Whether the core has weights to load, and refuses images meanwhile.

    Members
    -------
    i : stream of :data:`ITEM`, in
        Messages.
    frames : AXI4-Stream of ``8 * beat_bytes`` bits, out
        To the core; the byte that came first is in the lowest bits.
    tasks : stream of :data:`TASK`, out
        A task for each message; ready must not fall but by a task.
    whole, mismatch, broken : 1, out
        High for a cycle at the end of a message that is intact, has a wrong check sum, or has lost bytes.
    loaded : 1, in
        Whether its weights are right, where it has any to load.
    """

    def __init__(self, *, beats: int, beat_bytes: int, scores: bool, loads: bool = False) -> None:
        self.loads = loads
        self.beats = beats
        self.beat_bytes = beat_bytes
        self.scores = scores
        super().__init__(
            {
                "i": In(stream.Signature(ITEM)),
                "frames": Out(axi_stream(8 * beat_bytes)),
                "tasks": Out(stream.Signature(TASK)),
                "whole": Out(1),
                "mismatch": Out(1),
                "broken": Out(1),
                **({"loaded": In(1)} if loads else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        image = HEAD_BYTES + self.beats * self.beat_bytes
        # One more than the longest message that there is stands for all that are longer.
        place = Signal(range(image + TAIL_BYTES + 2))
        kind, tag, step = Signal(3), Signal(8), Signal(range(self.beat_bytes))
        known, ignored, inside, asked = Signal(), Signal(), Signal(), Signal()
        infer, free, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            infer.eq(known & ((kind == Kind.CLASS) | (kind == Kind.SCORES))),
            free.eq(~self.frames.tvalid | self.frames.tready),
            taken.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.frames.tready):
            m.d.sync += self.frames.tvalid.eq(0)

        with m.If(self.i.p.end):
            fits = place == Mux(infer, image + TAIL_BYTES, HEAD_BYTES + TAIL_BYTES)
            intact = self.i.p.match & self.i.p.whole
            m.d.comb += [
                self.tasks.valid.eq(self.i.valid & ~inside & ~ignored),
                self.tasks.p.kind.eq(Mux(intact, Mux(known & fits, kind, Kind.REFUSED), Kind.DAMAGED)),
                self.tasks.p.tag.eq(tag),
                self.tasks.p.asked.eq(asked),
                self.i.ready.eq(~inside & (self.tasks.ready | ignored)),
                self.whole.eq(taken & intact),
                self.mismatch.eq(taken & ~self.i.p.match & self.i.p.whole),
                self.broken.eq(taken & ~self.i.p.whole),
            ]
            with m.If(self.i.valid & inside & free):
                # The image broke off: the core fills it up.
                m.d.sync += [self.frames.tvalid.eq(1), self.frames.tlast.eq(1), inside.eq(0)]
            with m.If(taken):
                m.d.sync += [place.eq(0), step.eq(0), known.eq(0), asked.eq(0)]
        with m.Else():
            m.d.comb += self.i.ready.eq(free)
            with m.If(taken):
                with m.If(place != image + TAIL_BYTES + 1):
                    m.d.sync += place.eq(place + 1)
                with m.If(place == 0):
                    m.d.sync += [
                        kind.eq(self.i.p.data),
                        known.eq(self._knows(self.i.p.data)),
                        ignored.eq(~self.tasks.ready),
                    ]
                with m.Elif(place == 1):
                    m.d.sync += tag.eq(self.i.p.data)
                with m.Elif(infer & ~ignored & (place < image)):
                    full = step == self.beat_bytes - 1
                    m.d.sync += [
                        self.frames.tdata.eq(Cat(self.frames.tdata, self.i.p.data)[8:]),
                        step.eq(Mux(full, 0, step + 1)),
                    ]
                    with m.If(full):
                        last = place == image - 1
                        m.d.sync += [
                            self.frames.tvalid.eq(1),
                            self.frames.tlast.eq(last),
                            inside.eq(~last),
                            asked.eq(1),
                        ]
        return m

    def _knows(self, kind: Signal) -> Signal:
        """Whether a request of this type can be answered."""
        kinds = {Kind.HELLO, Kind.CLASS, Kind.ECHO, Kind.STATISTICS} | ({Kind.SCORES} if self.scores else set())
        return Cat(self._is(kind, known) for known in sorted(kinds)).any()

    def _is(self, kind: Signal, known: Kind) -> Value:
        """Whether it is this request; none for an image is known while weights are missing."""
        if self.loads and known in (Kind.CLASS, Kind.SCORES):
            return (kind == REQUEST | known) & self.loaded
        return kind == REQUEST | known
