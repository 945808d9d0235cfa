"""From the bytes of the line to messages: flags and escapes are taken out, and the check sum is looked at."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.checksum import Checksum
from .protocol import ESCAPE, FLAG, FLIP

__all__ = ["ITEM", "MessageReceiver"]

ITEM = data.StructLayout({"data": 8, "end": 1, "match": 1, "whole": 1})
"""A byte of a message, or its end and whether the check sum matched and no byte was lost."""


class MessageReceiver(wiring.Component):
    """Take messages out of the bytes of a line.

    Whatever came before, a flag begins afresh: nothing is waited for, and nothing is counted.

    Members
    -------
    i : stream of 8 bits, in
        Bytes of the line.
    broken : 1, in
        High for a cycle when a byte was lost.
    o : stream of :data:`ITEM`, out
        The bytes of each message, its check sum included, and then its end. Empty messages are left out.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(8)), "broken": In(1), "o": Out(stream.Signature(ITEM))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.checksum = checksum = Checksum()
        escaped, bad, filled = Signal(), Signal(), Signal()
        flag, escape, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            flag.eq(self.i.payload == FLAG),
            escape.eq(self.i.payload == ESCAPE),
            taken.eq(self.i.valid & self.i.ready),
            self.o.p.data.eq(self.i.payload ^ escaped * FLIP),
            self.o.p.end.eq(flag),
            self.o.p.match.eq(checksum.match),
            self.o.p.whole.eq(~bad & ~escaped),
            self.o.valid.eq(self.i.valid & checksum.idle & ~escape & (filled | ~flag)),
            self.i.ready.eq(checksum.idle & (self.o.ready | escape | (flag & ~filled))),
            checksum.data.eq(self.o.p.data),
            checksum.load.eq(taken & ~flag & ~escape),
            checksum.start.eq(taken & flag),
        ]

        with m.If(taken):
            m.d.sync += [escaped.eq(escape), filled.eq((filled | ~escape) & ~flag)]
        with m.If(taken & flag):
            m.d.sync += bad.eq(0)
        # While an end waits, it is a byte of the next message that is lost; that one will be too short.
        with m.Elif((self.broken & ~(flag & self.i.valid)) | (taken & escaped & escape)):
            m.d.sync += bad.eq(1)
        return m
