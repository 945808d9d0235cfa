"""What lies between the UART's two wires and the core; ``docs/link.md`` specifies what passes on the wires."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hw.accelerator import Accelerator
from ..hw.axi import axi_stream
from ..hw.fifo import SmallFifo
from ..model.store import fingerprint
from .dispatcher import TASK, Dispatcher
from .protocol import HEAD_BYTES, TAIL_BYTES, VERSION, Hello
from .receiver import MessageReceiver
from .replier import Replier
from .statistics import LinkStatistics
from .uart import UartReceiver, UartTransmitter

__all__ = ["Link", "describe_link", "link_cells", "link_cycles", "reply_cycles"]

CELLS = {"ice40": 680, "ecp5": 530}
"""Logic cells of a link whose answer is a byte: what nextpnr counts on iCE40; LUT4 and carries on ECP5."""

ANSWER_CELLS = 8
"""Logic cells for each further byte of an answer: they choose it."""

MOST_IN_FLIGHT = 8
"""Tasks that wait at most: each costs a dozen flip-flops."""


def link_cycles(accelerator: Accelerator, divisor: int) -> int:
    """Clock cycles that a frame takes on the wire, without pauses or escapes: no frames come faster."""
    frame = accelerator.input_beats * accelerator.input_bytes
    return 10 * divisor * (HEAD_BYTES + frame + TAIL_BYTES + 1)


def reply_cycles(accelerator: Accelerator, divisor: int) -> int:
    """Clock cycles that an answer takes on the other wire, without escapes; each has both of its flags."""
    return 10 * divisor * (1 + HEAD_BYTES + accelerator.output_bytes + TAIL_BYTES + 1)


def link_cells(accelerator: Accelerator) -> int:
    """Logic cells that the link of an accelerator takes; no folding changes them."""
    return CELLS[accelerator.family.name] + ANSWER_CELLS * (accelerator.output_bytes - 1)


def describe_link(accelerator: Accelerator, *, divisor: int, clock_hz: int) -> Hello:
    """What a board with this core says of itself.

    While a frame is on the wire, at most those are inside whose computing began before: as many as can wait here.
    """
    latency = sum(stage.cycles for stages in accelerator.plan for stage in stages)
    return Hello(
        version=VERSION,
        in_flight=min(MOST_IN_FLIGHT, 2 + latency // link_cycles(accelerator, divisor)),
        beat_bytes=accelerator.input_bytes,
        frame_bytes=accelerator.input_beats * accelerator.input_bytes,
        classes=accelerator.network.classes,
        score_bytes=accelerator.answer.score_bytes if accelerator.scores else 0,
        clock_hz=clock_hz,
        interval=accelerator.interval,
        network=fingerprint(accelerator.network)[:8],
    )


class Link(wiring.Component):
    """The board's end of the link.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        The core.
    divisor : :class:`int`
        Clock cycles of a bit.
    clock_hz : :class:`int`
        The clock, which the host is told.

    Members
    -------
    rx, tx : 1, in and out
        The lines from and to the host.
    frames : AXI4-Stream of ``8 * input_bytes`` bits, out
        To the core.
    answers : AXI4-Stream of ``8 * output_bytes`` bits, in
        From the core, a beat for each frame.
    answered : 1, out
        High for a cycle when the answer at ``answers`` is sent, and is not merely dropped.
    error : 1, out
        High for a cycle when a message was not intact.

    Raises
    ------
    ValueError
        When the divisor is too small.
    """

    def __init__(self, accelerator: Accelerator, *, divisor: int, clock_hz: int) -> None:
        self.accelerator = accelerator
        self.divisor = divisor
        self.hello = describe_link(accelerator, divisor=divisor, clock_hz=clock_hz)
        self.receiver = UartReceiver(divisor=divisor)
        self.transmitter = UartTransmitter(divisor=divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "frames": Out(axi_stream(8 * accelerator.input_bytes)),
                "answers": In(axi_stream(8 * accelerator.output_bytes)),
                "answered": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, accelerator = Module(), self.accelerator
        m.submodules.receiver = receiver = self.receiver
        m.submodules.messages = messages = MessageReceiver()
        m.submodules.dispatcher = dispatcher = Dispatcher(
            beats=accelerator.input_beats, beat_bytes=accelerator.input_bytes, scores=accelerator.scores
        )
        m.submodules.tasks = tasks = SmallFifo(shape=TASK, depth=self.hello.in_flight)
        m.submodules.replier = replier = Replier(
            hello=self.hello,
            class_bytes=accelerator.answer.class_bytes,
            answer_bytes=accelerator.output_bytes,
            block_hello=accelerator.reweightable,
        )
        m.submodules.statistics = statistics = LinkStatistics()
        m.submodules.transmitter = transmitter = self.transmitter
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx), messages.broken.eq(receiver.error)]
        wiring.connect(m, receiver.o, messages.i)
        wiring.connect(m, messages.o, dispatcher.i)
        wiring.connect(m, dispatcher.frames, wiring.flipped(self.frames))
        wiring.connect(m, dispatcher.tasks, tasks.i)
        wiring.connect(m, tasks.o, replier.tasks)
        wiring.connect(m, wiring.flipped(self.answers), replier.answers)
        wiring.connect(m, replier.o, transmitter.i)
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
        return m
