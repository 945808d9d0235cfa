"""Pipelined population count."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Popcount", "popcount_latency"]

GROUP = 7
"""Bits of a first-level count: as many as three bits can tell."""


def popcount_latency(width: int) -> int:
    """Cycles from a word of ``width`` bits to its count."""
    groups = -(-width // GROUP)
    return 1 + (groups - 1).bit_length()


class Popcount(wiring.Component):
    """Count the ones of a word: groups of :data:`GROUP` bits first, then a binary tree of adders, registered each.

    Takes a word and gives a count each cycle, :func:`popcount_latency` cycles behind.

    Parameters
    ----------
    width : :class:`int`
        Bits of the word.

    Members
    -------
    bits : ``width``, in
        The word.
    count : ``range(width + 1)``, out
        Number of its ones.
    """

    def __init__(self, *, width: int) -> None:
        self.width = width
        super().__init__({"bits": In(width), "count": Out(range(width + 1))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums, limits = [], []
        for start in range(0, self.width, GROUP):
            group = self.bits[start : start + GROUP]
            sums.append(Signal(range(len(group) + 1), name=f"group{start}", reset_less=True))
            limits.append(len(group))
            m.d.sync += sums[-1].eq(sum(group, start=0))

        while len(sums) > 1:
            limits = [sum(limits[n : n + 2]) for n in range(0, len(limits), 2)]
            totals = [Signal(range(limit + 1), name=f"sum{n}", reset_less=True) for n, limit in enumerate(limits)]
            for n, total in enumerate(totals):
                m.d.sync += total.eq(sum(sums[2 * n : 2 * n + 2], start=0))
            sums = totals
        m.d.comb += self.count.eq(sums[0])
        return m
