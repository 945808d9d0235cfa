"""A stream for several readers."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Fork"]


class Fork(wiring.Component):
    """Give each beat of a stream to several readers.

    A reader takes a beat when it likes, once; the next beat comes when all have taken it. No cycle is lost as long as
    they take it at once.

    Parameters
    ----------
    width : :class:`int`
        Bits of a beat.
    readers : :class:`int`
        How many there are.

    Members
    -------
    i : stream of ``width`` bits, in
        Beats.
    o : array of streams of ``width`` bits, out
        The same beats for each reader.
    """

    def __init__(self, *, width: int, readers: int) -> None:
        self.width = width
        self.readers = readers
        payload = stream.Signature(width)
        super().__init__({"i": In(payload), "o": Out(payload).array(readers)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        taken, done = Signal(self.readers), Signal(self.readers)
        m.d.comb += [done.eq(taken | Cat(o.ready for o in self.o)), self.i.ready.eq(done.all())]
        for n, o in enumerate(self.o):
            m.d.comb += [o.valid.eq(self.i.valid & ~taken[n]), o.payload.eq(self.i.payload)]
        with m.If(self.i.valid):
            m.d.sync += taken.eq(Mux(self.i.ready, 0, done))
        return m
