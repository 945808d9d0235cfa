"""Pipelined sum of integers, each with the sign that its weight gives it."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SignedSum", "sum_latency"]


class SignedSum(wiring.Component):
    """Add each integer, or subtract it where its weight is 0: the dot product with weights of ±1.

    Takes two words and gives a sum each cycle, :func:`sum_latency` cycles behind: signs first, then a binary tree of
    adders, registered each. In one's complement, an integer is turned over instead of subtracted, which makes it
    ``-x - 1``: then each weight of 0 takes one too much from the sum.

    Parameters
    ----------
    element : :class:`~amaranth.hdl.Shape`
        Shape of an integer.
    width : :class:`int`
        Integers of a word.
    ones_complement : :class:`bool`
        Whether integers are turned over.

    Members
    -------
    a : ``width`` integers, in
        The integers.
    b : ``width``, in
        Their weights.
    count : signed, out
        The sum.
    """

    def __init__(self, *, element: Shape, width: int, ones_complement: bool) -> None:
        self.element = element
        self.width = width
        self.ones_complement = ones_complement
        bits = element.width + (0 if element.signed else 1) + 1 + (width - 1).bit_length()
        super().__init__({"a": In(element.width * width), "b": In(width), "count": Out(signed(bits))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums = []
        for n, weight in enumerate(self.b):
            term = self._term(self.a.word_select(n, self.element.width), weight)
            sums.append(Signal(term.shape(), name=f"term{n}", reset_less=True))
            m.d.sync += sums[-1].eq(term)
        level = 0
        while len(sums) > 1:
            pairs = [sums[n : n + 2] for n in range(0, len(sums), 2)]
            totals = [sum(pair[1:], start=pair[0]) for pair in pairs]
            sums = [Signal(total.shape(), name=f"sum{level}_{n}", reset_less=True) for n, total in enumerate(totals)]
            m.d.sync += [register.eq(total) for register, total in zip(sums, totals, strict=True)]
            level += 1
        m.d.comb += self.count.eq(sums[0])
        return m

    def _term(self, value: Value, weight: Value) -> Value:
        """An integer with its sign."""
        if not self.ones_complement:
            integer = value.as_signed() if self.element.signed else value
            return Mux(weight, integer, -integer)
        turned = value ^ (~weight).replicate(len(value))
        return (turned if self.element.signed else Cat(turned, ~weight)).as_signed()


def sum_latency(width: int) -> int:
    """Cycles from ``width`` integers to their sum."""
    return 1 + (width - 1).bit_length()
