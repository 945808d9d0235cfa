"""What the elements of a window become, one after the other, channel by channel: the largest, or their sum."""

from dataclasses import dataclass
from typing import Protocol

from amaranth.hdl import Cat, Const, Mux, Value, ValueLike

from ..model.ir import Element, Tensor

__all__ = ["AnyBit", "Largest", "Reduction", "Total", "largest_of", "total_of"]


class Reduction(Protocol):
    """A frozen record of what elements are, and of what comes of them."""

    @property
    def taken(self) -> int:
        """Bits of an element."""

    @property
    def given(self) -> int:
        """Bits of a result."""

    @property
    def cells(self) -> int:
        """Logic cells of a step, for an element."""

    def step(self, first: ValueLike, so_far: Value, word: Value) -> ValueLike:
        """The results after the elements of a word, side by side; before the ``first`` one there are none."""


@dataclass(frozen=True)
class AnyBit:
    """The largest of bits: whether one of them is 1."""

    taken: int = 1
    given: int = 1
    cells: int = 1

    def step(self, first: ValueLike, so_far: Value, word: Value) -> Value:
        """OR of a word with all before it."""
        return Mux(first, 0, so_far) | word


@dataclass(frozen=True)
class Largest:
    """The largest of integers of ``taken`` bits."""

    taken: int
    signed: bool

    @property
    def given(self) -> int:
        """Bits of a result."""
        return self.taken

    @property
    def cells(self) -> int:
        """A comparison and a choice."""
        return 2 * self.taken + 1

    def step(self, first: ValueLike, so_far: Value, word: Value) -> Value:
        """Those that are larger stay."""
        pairs = zip(_integers(so_far, self.taken, self.signed), _integers(word, self.taken, self.signed), strict=True)
        return Cat(Mux(first | (new > old), new, old) for old, new in pairs)


@dataclass(frozen=True)
class Total:
    """The sum of integers of ``taken`` bits, or of bits that stand for -1 and +1, in ``given`` bits."""

    taken: int
    element: Element
    given: int

    @property
    def cells(self) -> int:
        """An adder, and a choice before it."""
        return 2 * self.given

    def step(self, first: ValueLike, so_far: Value, word: Value) -> Value:
        """Each is added to those before it."""
        return Cat(
            (Mux(first, 0, old) + new)[: self.given]
            for old, new in zip(_integers(so_far, self.given, signed=True), self._values(word), strict=True)
        )

    def _values(self, word: Value) -> list[Value]:
        if self.element is not Element.BIT:
            return _integers(word, self.taken, signed=self.element is Element.INT)
        # Bits 01 are 1, bits 11 are -1.
        return [Cat(Const(1, 1), ~bit).as_signed() for bit in _integers(word, 1, signed=False)]


def largest_of(tensor: Tensor) -> "AnyBit | Largest":
    """The largest of elements as a tensor has them."""
    return AnyBit() if tensor.element is Element.BIT else Largest(tensor.width, tensor.element is Element.INT)


def total_of(tensor: Tensor, output: Tensor) -> Total:
    """The sum of elements as a tensor has them, in as many bits as ``output`` has."""
    return Total(tensor.width, tensor.element, output.width)


def _integers(word: Value, bits: int, signed: bool) -> list[Value]:
    parts = [word.word_select(n, bits) for n in range(len(word) // bits)]
    return [part.as_signed() for part in parts] if signed else parts
