"""Collect a vector in beats of one width, give it again and again in beats of another."""

from amaranth.hdl import Cat, Const, Module, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ReplayBuffer"]


class ReplayBuffer(wiring.Component):
    """Double-buffered vector: one is replayed while the next is taken in.

    Takes and gives one beat per cycle, without a bubble between vectors as long as the next one has come in by the
    time that this one has been given ``passes`` times. The first beat leaves ``LATENCY`` cycles after the last came.
    With one pass this is a converter between two widths that need not divide each other.

    The vector that comes in is a shift register without logic; the one that goes out rotates by a beat, and takes the
    other over in one cycle: two flip-flops and one look-up table for each bit.

    Parameters
    ----------
    element : :class:`~amaranth.hdl.Shape`
        Shape of one element.
    count : :class:`int`
        Elements of a vector.
    width_in, width_out : :class:`int`
        Elements of a beat. The last beat in may hold more than the vector needs, which is dropped; the last beat out
        is filled up with zeros.
    passes : :class:`int`
        How often each vector is given.

    Members
    -------
    i : stream of ``width_in`` elements, in
        Vectors, element 0 in the lowest bits of the first beat.
    o : stream of ``width_out`` elements, out
        The same elements in the same order, each vector ``passes`` times.

    Raises
    ------
    ValueError
        When a parameter is below 1.
    """

    LATENCY = 2

    def __init__(self, *, element: Shape, count: int, width_in: int, width_out: int, passes: int = 1) -> None:
        for name, value in (("count", count), ("width_in", width_in), ("width_out", width_out), ("passes", passes)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        self.element = element
        self.count = count
        self.width_in = width_in
        self.width_out = width_out
        self.passes = passes
        super().__init__(
            {
                "i": In(stream.Signature(element.width * width_in)),
                "o": Out(stream.Signature(element.width * width_out)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.element.width
        beats_in = -(-self.count // self.width_in)
        beats_out = -(-self.count // self.width_out)
        filled, full = Signal(range(beats_in)), Signal()
        loaded, load, final = Signal(), Signal(), Signal()
        coming = Signal(beats_in * self.width_in * width, reset_less=True)
        going = Signal(beats_out * self.width_out * width, reset_less=True)
        accept, step = Signal(), Signal()

        # Where there are cycles to spare, the way back from output to input is cut: it would go through all layers.
        busy = beats_in >= beats_out * self.passes
        m.d.comb += [
            self.i.ready.eq(~full | load if busy else ~full),
            accept.eq(self.i.valid & self.i.ready),
            self.o.valid.eq(loaded),
            self.o.payload.eq(going),
            step.eq(loaded & self.o.ready),
            load.eq(full & (~loaded | (step & final))),
        ]

        with m.If(load):
            m.d.sync += full.eq(0)
        with m.If(accept):
            m.d.sync += coming.eq(Cat(coming, self.i.payload)[len(self.i.payload) :])
            with m.If(filled == beats_in - 1):
                m.d.sync += [filled.eq(0), full.eq(1)]
            with m.Else():
                m.d.sync += filled.eq(filled + 1)

        padding = Const(0, len(going) - self.count * width)
        with m.If(load):
            m.d.sync += [loaded.eq(1), going.eq(Cat(coming[: self.count * width], padding))]
        with m.Elif(step):
            m.d.sync += going.eq(going.rotate_right(len(self.o.payload)))
            with m.If(final):
                m.d.sync += loaded.eq(0)

        self._count_beats(m, step, final, beats_out * self.passes)
        return m

    @staticmethod
    def _count_beats(m: Module, step: Signal, final: Signal, beats: int) -> None:
        """Raise ``final`` in the last of each ``beats`` steps, from a register: it decides over the whole vector."""
        if beats == 1:
            m.d.comb += final.eq(1)
            return
        given, last = Signal(range(beats)), Signal()
        m.d.comb += final.eq(last)
        with m.If(step):
            m.d.sync += [last.eq(given == beats - 2), given.eq(given + 1)]
            with m.If(last):
                m.d.sync += given.eq(0)
