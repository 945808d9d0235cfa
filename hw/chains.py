"""Several additions in one carry chain.

A carry chain costs something at each end, a carry into it and a carry out of it again. So additions stand one behind
the other in a single long one, with a place of their own between them: there the next one's carry is added to itself,
which makes just that carry, whatever comes from below, and what comes from below is the place's sum: the highest bit of
the addition before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Value

__all__ = ["CHAIN", "Addition", "add_in_chains", "chain_cells"]

CHAIN = 32
"""Places of a chain at most, so that it is not what limits the clock: tools do not see that carries end in it."""


@dataclass(frozen=True)
class Addition:
    """An addition of unsigned numbers and of a bit.

    Parameters
    ----------
    a, b : :class:`~amaranth.hdl.Value`
        The numbers.
    carry : :class:`~amaranth.hdl.Value`
        The bit.
    """

    a: Value
    b: Value
    carry: Value

    @property
    def bits(self) -> int:
        """Bits of the wider number; the sum has one more."""
        return max(len(self.a), len(self.b))


def add_in_chains(additions: Sequence[Addition]) -> list[Value]:
    """Their sums, with all bits that they can have."""
    return [total for chain in _chains(additions) for total in _chain(chain)]


def chain_cells(count: int, bits: int) -> float:
    """Look-up tables for so many additions of numbers of so many bits, where a chain's places come in pairs.

    A chain has a place more at its end, and is filled up to pairs.
    """
    places = count * (bits + 1)
    return places + 1.5 * -(-places // CHAIN)


def _chains(additions: Sequence[Addition]) -> Iterator[list[Addition]]:
    chain: list[Addition] = []
    for addition in additions:
        if chain and sum(other.bits + 1 for other in chain) + addition.bits + 1 > CHAIN:
            yield chain
            chain = []
        chain.append(addition)
    if chain:
        yield chain


def _chain(additions: Sequence[Addition]) -> Iterator[Value]:
    a, b, ends = [], [], []
    for addition in additions:
        width = addition.bits
        a += [addition.carry, addition.a, Const(0, width - len(addition.a))]
        b += [addition.carry, addition.b, Const(0, width - len(addition.b))]
        ends.append(width + 1)
    # The place behind the last one only gives its highest bit.
    total, start = (Cat(*a, Const(0, 1)) + Cat(*b, Const(0, 1))), 1
    for places in ends:
        yield total[start : start + places]
        start += places
