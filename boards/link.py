"""What lies between the UART's two wires and the core: bytes to frames, answers to bytes."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hw.axi import axi_stream
from .uart import UartReceiver, UartTransmitter

__all__ = ["Link"]


class Link(wiring.Component):
    """Frames of a fixed number of bytes from a UART, and answers to it.

    There is nothing on the line but the bytes of frames and of answers. A frame that breaks off is ended after
    ``silence`` cycles without a byte, so that the next one starts afresh; like every frame it is answered.

    Parameters
    ----------
    beats, beat_bytes : :class:`int`
        Beats of a frame, and bytes of a beat.
    answer_bytes : :class:`int`
        Bytes of an answer.
    divisor : :class:`int`
        Clock cycles of a bit.
    silence : :class:`int`
        Clock cycles after which a frame is taken to have broken off; more than a byte takes.

    Members
    -------
    rx, tx : 1, in and out
        The lines from and to the host.
    frames : AXI4-Stream of ``8 * beat_bytes`` bits, out
        To the core; the byte that came first is in the lowest bits.
    answers : AXI4-Stream of ``8 * answer_bytes`` bits, in
        From the core, a beat for each answer.
    error : 1, out
        High for a cycle when a byte was lost.

    Raises
    ------
    ValueError
        When the divisor is too small, or the silence is not longer than a byte.
    """

    def __init__(self, *, beats: int, beat_bytes: int, answer_bytes: int, divisor: int, silence: int) -> None:
        if silence <= 10 * divisor:
            raise ValueError(f"silence must be more than the {10 * divisor} cycles of a byte, not {silence!r}")
        self.beats = beats
        self.beat_bytes = beat_bytes
        self.answer_bytes = answer_bytes
        self.divisor = divisor
        self.silence = silence
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "frames": Out(axi_stream(8 * beat_bytes)),
                "answers": In(axi_stream(8 * answer_bytes)),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self.divisor)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            self.error.eq(receiver.error),
        ]
        self._gather(m, receiver)
        self._scatter(m, transmitter)
        return m

    def _gather(self, m: Module, receiver: UartReceiver) -> None:
        """Bytes into beats, the last of each frame marked."""
        beat, place = Signal(range(self.beats)), Signal(range(self.beat_bytes))
        quiet = Signal(range(self.silence))
        inside, broken = Signal(), Signal()
        m.d.comb += [
            receiver.o.ready.eq(~self.frames.tvalid | self.frames.tready),
            inside.eq((beat != 0) | (place != 0)),
            broken.eq((quiet == self.silence - 1) & receiver.o.ready),
        ]

        with m.If(self.frames.tready):
            m.d.sync += self.frames.tvalid.eq(0)
        with m.If(receiver.o.valid & receiver.o.ready):
            m.d.sync += [
                self.frames.tdata.eq(Cat(self.frames.tdata, receiver.o.payload)[8:]),
                place.eq(place + 1),
                quiet.eq(0),
            ]
            with m.If(place == self.beat_bytes - 1):
                m.d.sync += [place.eq(0), beat.eq(beat + 1), self.frames.tvalid.eq(1), self.frames.tlast.eq(0)]
                with m.If(beat == self.beats - 1):
                    m.d.sync += [beat.eq(0), self.frames.tlast.eq(1)]
        with m.Elif(~inside):
            m.d.sync += quiet.eq(0)
        with m.Elif(broken):
            m.d.sync += [beat.eq(0), place.eq(0), self.frames.tvalid.eq(1), self.frames.tlast.eq(1)]
        with m.Elif(quiet != self.silence - 1):
            m.d.sync += quiet.eq(quiet + 1)

    def _scatter(self, m: Module, transmitter: UartTransmitter) -> None:
        """Answers into bytes."""
        word = Signal(8 * self.answer_bytes, reset_less=True)
        left = Signal(range(self.answer_bytes + 1))
        m.d.comb += [
            self.answers.tready.eq(left == 0),
            transmitter.i.payload.eq(word[:8]),
            transmitter.i.valid.eq(left != 0),
        ]
        with m.If(self.answers.tvalid & self.answers.tready):
            m.d.sync += [word.eq(self.answers.tdata), left.eq(self.answer_bytes)]
        with m.If(transmitter.i.valid & transmitter.i.ready):
            m.d.sync += [word.eq(word[8:]), left.eq(left - 1)]
