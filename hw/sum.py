"""Pipelined sum of integers, each with the sign that its weight gives it."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SignedSum", "sum_latency"]


class SignedSum(wiring.Component):
    """Add each integer, or subtract it where its weight is 0: the dot product with weights of ±1.

    Takes two words and gives a sum each cycle, :func:`sum_latency` cycles behind: signs first, then a binary tree of
    adders, registered each.

    Parameters
    ----------
    element : :class:`~amaranth.hdl.Shape`
        Shape of an integer.
    width : :class:`int`
        Integers of a word.

    Members
    -------
    a : ``width`` integers, in
        The integers.
    b : ``width``, in
        Their weights.
    count : signed, out
        The sum.
    """

    def __init__(self, *, element: Shape, width: int) -> None:
        self.element = element
        self.width = width
        bits = element.width + (0 if element.signed else 1) + 1 + (width - 1).bit_length()
        super().__init__({"a": In(element.width * width), "b": In(width), "count": Out(signed(bits))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums = []
        for n in range(self.width):
            value = self.a.word_select(n, self.element.width)
            integer = value.as_signed() if self.element.signed else value
            sums.append(Signal((-integer).shape(), name=f"term{n}", reset_less=True))
            m.d.sync += sums[-1].eq(Mux(self.b[n], integer, -integer))
        level = 0
        while len(sums) > 1:
            pairs = [sums[n : n + 2] for n in range(0, len(sums), 2)]
            totals = [sum(pair[1:], start=pair[0]) for pair in pairs]
            sums = [Signal(total.shape(), name=f"sum{level}_{n}", reset_less=True) for n, total in enumerate(totals)]
            m.d.sync += [register.eq(total) for register, total in zip(sums, totals, strict=True)]
            level += 1
        m.d.comb += self.count.eq(sums[0])
        return m


def sum_latency(width: int) -> int:
    """Cycles from ``width`` integers to their sum."""
    return 1 + (width - 1).bit_length()
