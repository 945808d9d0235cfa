"""From tasks to replies, byte by byte."""

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.axi import axi_stream
from ...hw.checksum import Checksum
from ...hw.memory import Rom
from .dispatcher import TASK
from .protocol import ESCAPE, FLAG, FLIP, REPLY, Hello, Kind, Statistics

__all__ = ["LOAD_BITS", "Replier"]

LOAD_BITS = 2
"""Of :class:`~xnorflow.boards.link.protocol.Load`."""


class Part(enum.Enum):
    """The part of a reply that is being sent."""

    OPEN = 0
    TYPE = 1
    TAG = 2
    BODY = 3
    CHECK = 4
    CLOSE = 5


class Replier(wiring.Component):
    """Make the reply to each task; a task that an answer of the core belongs to waits for it.

    Parameters
    ----------
    hello : :class:`Hello`
        What the board says of itself.
    class_bytes, answer_bytes : :class:`int`
        Bytes of the class, and of a whole answer of the core.
    block_hello : :class:`bool`
        What the board says of itself is in block RAM, or else in logic.
    loads : :class:`bool`
        Whether it says what became of its weights, too.

    Members
    -------
    tasks : stream of :data:`TASK`, in
        Replies to make.
    answers : AXI4-Stream of ``8 * answer_bytes`` bits, in
        From the core.
    statistics : ``8 * Statistics.BYTES``, in
        The body of the reply of that kind.
    begun : 1, out
        High for a cycle when a reply has begun; the statistics must hold still from then on.
    o : stream of 8 bits, out
        Bytes of the line.
    answered : 1, out
        High for a cycle when an answer was sent, and is not merely dropped.
    load : :class:`Load <xnorflow.boards.link.protocol.Load>`, in
        What became of the weights.
    """

    def __init__(
        self, *, hello: Hello, class_bytes: int, answer_bytes: int, block_hello: bool = False, loads: bool = False
    ) -> None:
        self.loads = loads
        self.hello = hello
        self.block_hello = block_hello
        self.class_bytes = class_bytes
        self.answer_bytes = answer_bytes
        super().__init__(
            {
                "tasks": In(stream.Signature(TASK)),
                "answers": In(axi_stream(8 * answer_bytes)),
                "statistics": In(8 * Statistics.BYTES),
                "begun": Out(1),
                "o": Out(stream.Signature(8)),
                "answered": Out(1),
                **({"load": In(LOAD_BITS)} if loads else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.checksum = checksum = Checksum()
        lengths = self._lengths()
        part, place, escaped = Signal(Part), Signal(range(max(4, *lengths.values()))), Signal()
        length, kind = Signal(range(max(4, *lengths.values()) + 1)), self.tasks.p.kind
        with m.Switch(kind):
            for one, bytes_ in lengths.items():
                with m.Case(one):
                    m.d.comb += length.eq(bytes_)

        chosen, byte, plain, moved, last = Signal(8), Signal(8), Signal(), Signal(), Signal()
        loaded, done = Signal(), Signal()
        special = (byte == FLAG) | (byte == ESCAPE)
        m.d.comb += [
            plain.eq((part == Part.OPEN) | (part == Part.CLOSE)),
            self.o.payload.eq(Mux(plain, FLAG, Mux(special & ~escaped, ESCAPE, byte ^ escaped * FLIP))),
            self.o.valid.eq(loaded),
            # A byte that is sent as two has moved on with the second.
            moved.eq(self.o.valid & self.o.ready & (plain | ~special | escaped)),
            checksum.data.eq(byte),
            checksum.load.eq(moved & ~plain & (part != Part.CHECK)),
            checksum.start.eq(moved & plain),
            self.begun.eq(moved & (part == Part.OPEN)),
            self.tasks.ready.eq(done),
            self.answers.tready.eq(self.tasks.ready & self.tasks.p.asked),
            self.answered.eq(self.answers.tready & ((kind == Kind.CLASS) | (kind == Kind.SCORES))),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += escaped.eq(~moved)
        self._bytes(m, chosen, part, place, checksum)

        # The next byte is put into a register first: to choose it is a long path.
        due = self.tasks.valid & (~self.tasks.p.asked | self.answers.tvalid)
        with m.If(~loaded & ~done & checksum.idle & due):
            m.d.sync += [byte.eq(chosen), loaded.eq(1), last.eq(place + 1 == Mux(part == Part.CHECK, 4, length))]
        # As is the end, which goes all through the core.
        m.d.sync += done.eq(moved & (part == Part.CLOSE))
        with m.If(moved):
            m.d.sync += loaded.eq(0)
            with m.If(((part == Part.BODY) | (part == Part.CHECK)) & ~last):
                m.d.sync += place.eq(place + 1)
            with m.Else():
                m.d.sync += place.eq(0)
                self._follow(m, part, length)
        return m

    def _lengths(self) -> dict[Kind, int]:
        """Bytes of each reply's body; those of other kinds have none."""
        return {
            Kind.HELLO: len(self.hello.pack()) + self.loads,
            Kind.CLASS: self.class_bytes,
            Kind.SCORES: self.answer_bytes,
            Kind.STATISTICS: Statistics.BYTES,
        }

    def _follow(self, m: Module, part: Signal, length: Signal) -> None:
        """The next part of the reply."""
        following = {
            Part.OPEN: Part.TYPE,
            Part.TYPE: Part.TAG,
            Part.TAG: Mux(length == 0, Part.CHECK, Part.BODY),
            Part.BODY: Part.CHECK,
            Part.CHECK: Part.CLOSE,
            Part.CLOSE: Part.OPEN,
        }
        with m.Switch(part):
            for now, then in following.items():
                with m.Case(now):
                    m.d.sync += part.eq(then)

    def _bytes(self, m: Module, byte: Signal, part: Signal, place: Signal, checksum: Checksum) -> None:
        """The byte at this place, not escaped yet."""
        with m.Switch(part):
            with m.Case(Part.TYPE):
                m.d.comb += byte.eq(Cat(self.tasks.p.kind, C(REPLY >> 3, 5)))
            with m.Case(Part.TAG):
                m.d.comb += byte.eq(self.tasks.p.tag)
            with m.Case(Part.CHECK):
                m.d.comb += byte.eq(checksum.crc.word_select(place[:2], 8))
            with m.Default(), m.Switch(self.tasks.p.kind):
                with m.Case(Kind.HELLO):
                    self._hello(m, byte, place)
                with m.Case(Kind.STATISTICS):
                    m.d.comb += byte.eq(self.statistics.word_select(place[:3], 8))
                with m.Default():
                    m.d.comb += byte.eq(self.answers.tdata.word_select(place, 8))

    def _hello(self, m: Module, byte: Signal, place: Signal) -> None:
        """What the board says of itself; a memory is read while the check sum of the byte before is worked out."""
        if self.loads:
            with m.If(place == len(self.hello.pack())):
                m.d.comb += byte.eq(self.load)
            with m.Else():
                self._constants(m, byte, place)
        else:
            self._constants(m, byte, place)

    def _constants(self, m: Module, byte: Signal, place: Signal) -> None:
        if self.block_hello:
            m.submodules.hello = hello = Rom(width=8, words=self.hello.pack(), block=True)
            m.d.comb += [hello.address.eq(place), byte.eq(hello.data)]
            return
        with m.Switch(place):
            for n, value in enumerate(self.hello.pack()):
                with m.Case(n):
                    m.d.comb += byte.eq(value)
