"""What lies between two streams of bytes and the core; ``docs/link.md`` specifies what passes on them.

The physical layer is handed in: whatever turns a line into bytes and bytes into a line, such as a UART.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.accelerator import Accelerator
from ...hw.axi import axi_stream
from ...hw.fifo import SmallFifo
from ...model.store import fingerprint
from ..families.catalogue import tools_of
from .dispatcher import TASK, Dispatcher
from .protocol import HEAD_BYTES, TAIL_BYTES, VERSION, Hello, Load
from .receiver import MessageReceiver
from .replier import LOAD_BITS, Replier
from .statistics import LinkStatistics

__all__ = ["LOAD_CELLS", "Link", "describe_link", "link_cells", "reply_bytes", "request_bytes"]

ANSWER_CELLS = 8
"""Logic cells for each further byte of an answer: they choose it."""

LOAD_CELLS = 120
"""Logic cells of what reads weights from a flash, and says so."""

MOST_IN_FLIGHT = 8
"""Tasks that wait at most: each costs a dozen flip-flops."""


def request_bytes(accelerator: Accelerator) -> int:
    """Bytes that a frame takes on the line, without escapes."""
    frame = accelerator.input_beats * accelerator.input_bytes
    return HEAD_BYTES + frame + TAIL_BYTES + 1


def reply_bytes(accelerator: Accelerator) -> int:
    """Bytes that an answer takes on the line, without escapes; each has both of its flags."""
    return 1 + HEAD_BYTES + accelerator.output_bytes + TAIL_BYTES + 1


def link_cells(accelerator: Accelerator) -> int:
    """Logic cells that the link of an accelerator takes; no folding changes them."""
    loading = LOAD_CELLS if accelerator.loads else 0
    return tools_of(accelerator.family).link_cells + ANSWER_CELLS * (accelerator.output_bytes - 1) + loading


def describe_link(accelerator: Accelerator, *, byte_cycles: int, clock_hz: int) -> Hello:
    """What a board with this core says of itself.

    While a frame is on the wire, at most those are inside whose computing began before: as many as can wait here.
    """
    latency = sum(stage.cycles for stages in accelerator.plan for stage in stages)
    return Hello(
        version=VERSION,
        in_flight=min(MOST_IN_FLIGHT, 2 + latency // (byte_cycles * request_bytes(accelerator))),
        beat_bytes=accelerator.input_bytes,
        frame_bytes=accelerator.input_beats * accelerator.input_bytes,
        classes=accelerator.network.classes,
        score_bytes=accelerator.answer.score_bytes if accelerator.scores else 0,
        clock_hz=clock_hz,
        interval=accelerator.interval,
        network=fingerprint(accelerator.network)[:8],
    )


class Link(wiring.Component):
    """The board's end of the link, behind whatever makes bytes of its lines.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        The core.
    byte_cycles : :class:`int`
        Clock cycles from one byte on the line to the next, at least.
    clock_hz : :class:`int`
        The clock, which the host is told.

    Members
    -------
    i, o : streams of 8 bits, in and out
        Bytes from and to the host. What is not taken from ``i`` at once may be lost, and then ``broken`` says so.
    broken : 1, in
        High for a cycle when a byte was lost.
    frames : AXI4-Stream of ``8 * input_bytes`` bits, out
        To the core.
    answers : AXI4-Stream of ``8 * output_bytes`` bits, in
        From the core, a beat for each frame.
    answered : 1, out
        High for a cycle when the answer at ``answers`` is sent, and is not merely dropped.
    error : 1, out
        High for a cycle when a message was not intact.
    load : :class:`Load <xnorflow.boards.link.protocol.Load>`, in
        What became of the weights of a core that loads them.
    """

    def __init__(self, accelerator: Accelerator, *, byte_cycles: int, clock_hz: int) -> None:
        self.accelerator = accelerator
        self.hello = describe_link(accelerator, byte_cycles=byte_cycles, clock_hz=clock_hz)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "broken": In(1),
                "frames": Out(axi_stream(8 * accelerator.input_bytes)),
                "answers": In(axi_stream(8 * accelerator.output_bytes)),
                "answered": Out(1),
                "error": Out(1),
                **({"load": In(LOAD_BITS)} if accelerator.loads else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, accelerator = Module(), self.accelerator
        m.submodules.messages = messages = MessageReceiver()
        m.submodules.dispatcher = dispatcher = Dispatcher(
            beats=accelerator.input_beats,
            beat_bytes=accelerator.input_bytes,
            scores=accelerator.scores,
            loads=accelerator.loads,
        )
        m.submodules.tasks = tasks = SmallFifo(shape=TASK, depth=self.hello.in_flight)
        m.submodules.replier = replier = Replier(
            hello=self.hello,
            class_bytes=accelerator.answer.class_bytes,
            answer_bytes=accelerator.output_bytes,
            block_hello=accelerator.reweightable,
            loads=accelerator.loads,
        )
        m.submodules.statistics = statistics = LinkStatistics()
        m.d.comb += messages.broken.eq(self.broken)
        wiring.connect(m, wiring.flipped(self.i), messages.i)
        wiring.connect(m, messages.o, dispatcher.i)
        wiring.connect(m, dispatcher.frames, wiring.flipped(self.frames))
        wiring.connect(m, dispatcher.tasks, tasks.i)
        wiring.connect(m, tasks.o, replier.tasks)
        wiring.connect(m, wiring.flipped(self.answers), replier.answers)
        wiring.connect(m, replier.o, wiring.flipped(self.o))
        m.d.comb += [
            statistics.whole.eq(dispatcher.whole),
            statistics.mismatch.eq(dispatcher.mismatch),
            statistics.broken.eq(dispatcher.broken),
            statistics.answered.eq(self.answers.tvalid & self.answers.tready),
            statistics.take.eq(replier.begun),
            replier.statistics.eq(statistics.o),
            self.answered.eq(replier.answered),
            self.error.eq(dispatcher.mismatch | dispatcher.broken),
        ]
        if accelerator.loads:
            m.d.comb += [dispatcher.loaded.eq(self.load == Load.LOADED), replier.load.eq(self.load)]
        return m
