"""A first-in first-out queue of a few entries in flip-flops."""

from amaranth.hdl import Array, Module, Mux, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SmallFifo"]


class SmallFifo(wiring.Component):
    """Hold a few entries in a ring of flip-flops.

    Takes and gives one entry per cycle; an entry can leave ``LATENCY`` cycle after it came. Both ready and valid come
    from registers. Meant for depths up to about 16: iCE40 has no memory that is smaller than a whole block RAM.

    Parameters
    ----------
    shape : shape
        Shape of an entry.
    depth : :class:`int`
        Number of entries, at least 1. With 1, an entry is taken only when the queue is empty.

    Members
    -------
    i : stream of ``shape``, in
        Entries to store; ready while there is room.
    o : stream of ``shape``, out
        The oldest entry.

    Raises
    ------
    ValueError
        When the depth is below 1.
    """

    LATENCY = 1

    def __init__(self, *, shape: ShapeLike, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth!r}")
        self.shape = shape
        self.depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        entries = Array(Signal(self.shape, name=f"entry{n}", reset_less=True) for n in range(self.depth))
        level, following = Signal(range(self.depth + 1)), Signal(range(self.depth + 1))
        put, get, some, room = Signal(), Signal(), Signal(), Signal(init=1)
        m.d.comb += [
            self.i.ready.eq(room),
            self.o.valid.eq(some),
            put.eq(self.i.valid & room),
            get.eq(some & self.o.ready),
            following.eq(level + put - get),
        ]

        head, tail = self._turn(m, get, "head"), self._turn(m, put, "tail")
        m.d.comb += self.o.payload.eq(entries[head])
        m.d.sync += [level.eq(following), some.eq(following != 0), room.eq(following != self.depth)]
        for n, entry in enumerate(entries):
            with m.If(put & (tail == n)):
                m.d.sync += entry.eq(self.i.payload)
        return m

    def _turn(self, m: Module, step: Signal, name: str) -> Signal:
        """Index of an entry that goes round with each step."""
        index = Signal(range(self.depth), name=name)
        with m.If(step):
            m.d.sync += index.eq(Mux(index == self.depth - 1, 0, index + 1))
        return index
