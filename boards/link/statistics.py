"""What a board counts about its link."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LinkStatistics"]


class LinkStatistics(wiring.Component):
    """Counters of messages, and of the cycles between answers.

    Members
    -------
    whole, mismatch, broken : 1, in
        High for a cycle for a message that is intact, has a wrong check sum, or has lost bytes.
    answered : 1, in
        High for a cycle when the core gave an answer.
    take : 1, in
        High for a cycle to take the counts over to the output, where they hold still while they are sent.
    o : 56, out
        The counts, as :class:`~xnorflow.boards.link.protocol.Statistics` has them in its bytes.
    """

    def __init__(self) -> None:
        events = ("whole", "mismatch", "broken", "answered", "take")
        super().__init__({**{name: In(1) for name in events}, "o": Out(56)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frames, mismatches, breaks = Signal(16), Signal(8), Signal(8)
        cycles, interval = Signal(24), Signal(24)
        with m.If(self.take):
            m.d.sync += self.o.eq(Cat(frames, mismatches, breaks, interval))
        for count, event in ((frames, self.whole), (mismatches, self.mismatch), (breaks, self.broken)):
            with m.If(event):
                m.d.sync += count.eq(count + 1)
        with m.If(self.answered):
            m.d.sync += [interval.eq(cycles), cycles.eq(1)]
        with m.Elif(~cycles.all()):
            m.d.sync += cycles.eq(cycles + 1)
        return m
