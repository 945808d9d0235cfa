"""Two streams of integers, added."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.ir import Element, Tensor
from .device import Family
from .stage import NoMemory, Places

__all__ = ["Adder", "Addition"]


@dataclass(frozen=True)
class Addition(NoMemory):
    """Sums ``(left << shifts[0]) + (right << shifts[1])`` of elements of two tensors, ``width`` of them in a beat.

    There are ``beats`` of them in a frame; a sum has ``result`` bits.
    """

    left: Tensor
    right: Tensor
    shifts: tuple[int, int]
    result: int
    width: int
    beats: int

    noun: ClassVar[str] = "sums"

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.beats

    def widest(self, places: Places, family: Family) -> int:
        """A beat."""
        return self.width * max(self.left.width, self.right.width, self.result)

    def cells(self, places: Places, family: Family) -> int:
        """An adder for each lane."""
        return self.width * (self.result + 1) + 5

    def absorbs(self, held: int, family: Family) -> int:
        """A sum waits."""
        return held + 1

    def component(self, places: Places, family: Family) -> "Adder":
        """The hardware."""
        return Adder(addition=self)


class Adder(wiring.Component):
    """Add the elements of two streams.

    Takes a beat of both per cycle; their sums leave ``LATENCY`` cycle after they came.

    Parameters
    ----------
    addition : :class:`Addition`
        Types of the elements, and sizes of everything.

    Members
    -------
    i, second : streams of ``width`` elements, in
        What is added; beats are taken together.
    o : stream of ``width`` integers, out
        Sums.
    """

    LATENCY = 1

    def __init__(self, *, addition: Addition) -> None:
        self.addition = addition
        widths = addition.left.width, addition.right.width, addition.result
        left, right, result = (stream.Signature(addition.width * width) for width in widths)
        super().__init__({"i": In(left), "second": In(right), "o": Out(result)})

    def elaborate(self, platform: object) -> Module:
        m, addition = Module(), self.addition
        room, take = Signal(), Signal()
        m.d.comb += [
            room.eq(~self.o.valid | self.o.ready),
            take.eq(self.i.valid & self.second.valid & room),
            self.i.ready.eq(self.second.valid & room),
            self.second.ready.eq(self.i.valid & room),
        ]
        sums = []
        for lane in range(addition.width):
            total = Signal(signed(addition.result), name=f"sum{lane}")
            left = _value(self.i.payload, lane, addition.left) << addition.shifts[0]
            right = _value(self.second.payload, lane, addition.right) << addition.shifts[1]
            m.d.comb += total.eq(left + right)
            sums.append(total)
        with m.If(room):
            m.d.sync += self.o.valid.eq(take)
        with m.If(take):
            m.d.sync += self.o.payload.eq(Cat(sums))
        return m


def _value(payload: Value, lane: int, tensor: Tensor) -> Value:
    """What an element of a beat stands for."""
    element = payload.word_select(lane, tensor.width)
    if tensor.element is Element.BIT:
        return Mux(element, 1, -1)
    return element.as_signed() if tensor.element is Element.INT else element
