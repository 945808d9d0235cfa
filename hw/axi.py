"""AXI4-Stream at the edges of the core (Arm IHI 0051): frames that ``tlast`` delimits."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from .fifo import SmallFifo

__all__ = ["FrameGuard", "axi_stream"]


def axi_stream(width: int) -> wiring.Signature:
    """Signature of an AXI4-Stream of ``width`` data bits, from the sender's side."""
    return wiring.Signature({"tdata": Out(width), "tvalid": Out(1), "tready": In(1), "tlast": Out(1)})


class State(enum.Enum):
    """What the guard does with the beat at its input."""

    PASS = 0
    FILL = 1
    DROP = 2


class FrameGuard(wiring.Component):
    """Make each frame exactly ``beats`` long, whatever ``tlast`` says.

    A frame whose ``tlast`` comes early is filled up with zeros; one that goes on past its end is cut there, and the
    rest dropped up to its ``tlast``. Either is reported. Beats pass ``LATENCY`` cycle after they came: a short queue
    keeps the pins, which are far away, off every path of the guard.

    Parameters
    ----------
    width : :class:`int`
        Bits of a beat.
    beats : :class:`int`
        Beats of a frame.
    startup_cycles : :class:`int`
        Cycles after configuration in which nothing is taken, because block RAM cannot be read yet.

    Members
    -------
    s : AXI4-Stream of ``width`` bits, in
        Frames from outside.
    o : stream of ``width`` bits, out
        Beats of whole frames.
    error : 1, out
        High for a cycle, two cycles after a misplaced ``tlast`` was taken, or later when the beat had to wait.
    """

    LATENCY = SmallFifo.LATENCY

    def __init__(self, *, width: int, beats: int, startup_cycles: int = 0) -> None:
        self.width = width
        self.beats = beats
        self.startup_cycles = startup_cycles
        super().__init__({"s": In(axi_stream(width)), "o": Out(stream.Signature(width)), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state = Signal(State)
        beat = Signal(range(self.beats))
        final = beat == self.beats - 1
        awake = self._wake_up(m)
        came = data.StructLayout({"data": self.width, "last": 1})
        m.submodules.queue = queue = SmallFifo(shape=came, depth=2)
        m.d.comb += [
            queue.i.payload.data.eq(self.s.tdata),
            queue.i.payload.last.eq(self.s.tlast),
            queue.i.valid.eq(self.s.tvalid & awake),
            self.s.tready.eq(queue.i.ready & awake),
        ]

        with m.Switch(state):
            with m.Case(State.PASS):
                m.d.comb += [
                    self.o.payload.eq(queue.o.payload.data),
                    self.o.valid.eq(queue.o.valid),
                    queue.o.ready.eq(self.o.ready),
                ]
            with m.Case(State.FILL):
                m.d.comb += self.o.valid.eq(1)
            with m.Case(State.DROP):
                m.d.comb += queue.o.ready.eq(1)

        taken, last = queue.o.valid & queue.o.ready, queue.o.payload.last
        m.d.sync += self.error.eq((state == State.PASS) & taken & (last != final))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(beat + 1)
            with m.If(final):
                m.d.sync += [beat.eq(0), state.eq(State.PASS)]
        with m.If((state == State.PASS) & taken & (last != final)):
            with m.If(final):
                m.d.sync += state.eq(State.DROP)
            with m.Else():
                m.d.sync += state.eq(State.FILL)
        with m.If((state == State.DROP) & taken & last):
            m.d.sync += state.eq(State.PASS)
        return m

    def _wake_up(self, m: Module) -> Signal:
        """High once the startup cycles are over; a reset does not start them again, only configuration does."""
        awake = Signal(init=self.startup_cycles == 0, reset_less=True)
        if self.startup_cycles:
            cycles = Signal(range(self.startup_cycles), reset_less=True)
            with m.If(~awake):
                m.d.sync += [cycles.eq(cycles + 1), awake.eq(cycles == self.startup_cycles - 1)]
        return awake
