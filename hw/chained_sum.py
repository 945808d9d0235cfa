"""Dot products with weights of ±1 in carry chains, for families in which each bit of an adder has a table before it."""

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .chains import Addition, add_in_chains, chain_cells

__all__ = ["ChainedSum", "Lanes"]


@dataclass(frozen=True)
class Lanes:
    """What is added in each cycle for an element.

    Each lane is turned over where its weight says so: a bit, or all bits of an integer, from which that makes
    ``-x - 1``. As adders take a carry for nothing, half of the bits are carries, and the 1 that is missing of each
    integer is one. The highest bit of an integer is inverted, so that it is never negative.

    Parameters
    ----------
    width : :class:`int`
        Lanes.
    element : :class:`~amaranth.hdl.Shape` or None
        Shape of an integer; None for bits.
    """

    width: int
    element: Shape | None

    @property
    def addends(self) -> int:
        """Numbers that are added: a carry is left for each, or for each but one."""
        return self.width if self.element else -(-self.width // 2)

    @property
    def bits(self) -> int:
        """Bits of such a number, which may have any value."""
        return self.element.width + (not self.element.signed) if self.element else 1

    @property
    def offset(self) -> int:
        """What is too much in a sum."""
        return self.width << self.bits - 1 if self.element else 0

    @property
    def latency(self) -> int:
        """Cycles to the sum and the carry that is left: a step for each level of the tree."""
        return max(1, (self.addends - 1).bit_length())

    def sum_bits(self, addends: int) -> int:
        """Bits of a sum of so many, with a carry for each addition."""
        return ((addends << self.bits) - 1).bit_length()

    def cells(self, elements: int) -> int:
        """Look-up tables for so many elements side by side."""
        cells, size = 0.0, 1
        # What is not added at once, but for the carries of integers, which are weights, comes from a table each.
        waiting = self.addends % 2 * self.bits
        if not self.element:
            waiting += self.width // 2 - self.addends // 2
        while size < self.addends:
            pairs, rest = divmod(self.addends, 2 * size)
            cells += chain_cells(elements * (pairs + (rest > size)), self.sum_bits(size))
            size *= 2
        return round(cells) + elements * waiting


class ChainedSum(wiring.Component):
    """Sums of lanes for several elements, :attr:`Lanes.latency` cycles behind, less a carry that is still to be added.

    A binary tree of adders, registered each, the additions of each level side by side in carry chains. The first level
    adds activations and weights as they come: the table before each bit of a chain turns them over.

    Parameters
    ----------
    lanes : :class:`Lanes`
        Of each element.
    elements : :class:`int`
        How many there are.
    apart : :class:`bool`
        Each element has activations of its own.

    Members
    -------
    a : activations, in
        A beat.
    b : ``elements * width``, in
        Which of them to turn over, for one element after the other.
    sums : array, out
        A sum for each element.
    carries : ``elements``, out
        What is to be added to each.
    """

    def __init__(self, *, lanes: Lanes, elements: int, apart: bool) -> None:
        self.lanes = lanes
        self.elements = elements
        self.apart = apart
        own = lanes.width * (lanes.element.width if lanes.element else 1)
        super().__init__(
            {
                "a": In(own * (elements if apart else 1)),
                "b": In(lanes.width * elements),
                "sums": Out(data.ArrayLayout(lanes.sum_bits(lanes.addends), elements)),
                "carries": Out(elements),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = [self._turned_over(m, n) for n in range(self.elements)]
        for level in range(self.lanes.latency):
            sums = iter(add_in_chains([addition for row in rows for addition in row.additions()]))
            rows = [row.following(m, sums, f"{level}_{n}") for n, row in enumerate(rows)]
        for n, row in enumerate(rows):
            m.d.comb += [self.sums[n].eq(row.parts[0].value), self.carries[n].eq(Cat(row.carries))]
        return m

    def _turned_over(self, m: Module, number: int) -> "_Row":
        """The lanes of an element, as numbers and carries."""
        lanes, weights = self.lanes, self.b.word_select(number, self.lanes.width)
        own = self.a.word_select(number if self.apart else 0, len(self.a) // (self.elements if self.apart else 1))
        if lanes.element is None:
            # A signal, not an expression, of which each of its bits would write all again.
            bits = Signal(lanes.width, name=f"turned{number}")
            m.d.comb += bits.eq(own ^ weights)
            return _Row([_Part(bits[n], 1) for n in range(lanes.addends)], list(bits[lanes.addends :]), lanes)
        parts = []
        for n, weight in enumerate(weights):
            turned = own.word_select(n, lanes.element.width) ^ weight.replicate(lanes.element.width)
            parts.append(Cat(turned[:-1], ~turned[-1]) if lanes.element.signed else Cat(turned, ~weight))
        return _Row([_Part(part, 1) for part in parts], list(weights), lanes)


@dataclass(frozen=True)
class _Part:
    """A sum of some addends."""

    value: Value
    addends: int


@dataclass(frozen=True)
class _Row:
    """What there still is to add for an element."""

    parts: list[_Part]
    carries: list[Value]
    lanes: Lanes

    def additions(self) -> list[Addition]:
        """Those of the next level, each with a carry."""
        pairs = zip(self.parts[::2], self.parts[1::2], strict=False)
        return [Addition(one.value, two.value, carry) for (one, two), carry in zip(pairs, self.carries, strict=False)]

    def following(self, m: Module, sums: Iterator[Value], name: str) -> "_Row":
        """What there is after them, registered."""
        parts = []
        for n in range(0, len(self.parts), 2):
            pair = self.parts[n : n + 2]
            addends = sum(part.addends for part in pair)
            total = Signal(self.lanes.sum_bits(addends), name=f"sum{name}_{n // 2}", reset_less=True)
            m.d.sync += total.eq(next(sums) if len(pair) == 2 else pair[0].value)
            parts.append(_Part(total, addends))
        used = len(self.parts) // 2
        waiting = Signal(max(0, len(self.carries) - used), name=f"carries{name}", reset_less=True)
        m.d.sync += waiting.eq(Cat(self.carries[used:]))
        return _Row(parts, list(waiting), self.lanes)
