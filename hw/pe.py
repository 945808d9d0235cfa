"""Processing elements that share their activations and a weight memory."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .cyclic_rom import CyclicRom, cyclic_latency
from .device import Family
from .matches import MatchCount, count_latency, count_offset
from .sum import SignedSum, sum_latency

__all__ = ["ProcessingGroup", "bits_behind", "group_latency"]


class ProcessingGroup(wiring.Component):
    """One hop of the systolic row: processing elements side by side, with their weights and levels.

    Each neuron's sum is its level, a signed integer, and ``gain`` for each match of an activation with a weight; where
    it is raw, it is what the counts come to, without what :func:`~.matches.count_offset` says is missing from each.
    Works without ever stopping: a sum comes out ``latency`` cycles behind the last beat of its neurons, and the beat
    itself goes to the next group one cycle later. The bits of a beat come :func:`bits_behind` cycles after the rest,
    for weights that take longer to read.

    Parameters
    ----------
    weights : sequence of :class:`int`
        A word for each beat, neurons outer and synapses inner; element ``e`` in bits ``e * simd`` and up.
    levels : sequence of sequences of :class:`int`
        A level for each element, for each group of neurons; a raw one only tells how many there are.
    element : :class:`~amaranth.hdl.Shape` or None
        Shape of an activation that is an integer; None for bits.
    simd : :class:`int`
        Activations per beat.
    gain : :class:`int`
        What a match, or a unit of the dot product, adds.
    accumulator : :class:`~amaranth.hdl.Shape`
        Signed shape that holds every sum.
    block_weights, block_levels : :class:`bool`
        Which of the memories are block RAM.
    family : :class:`Family`
        Whose block RAM.
    raw : :class:`bool`
        Start from nothing, and have no memory of levels.
    apart : :class:`bool`
        Each element has activations of its own, element ``e`` the ``simd`` from ``e * simd`` on.

    Members
    -------
    i : ``bits``, ``valid``, ``last``, in
        One beat, its bits later; ``last`` ends a group of neurons.
    o : the same, out
        The beat for the next processing group.
    sums : array of ``accumulator``, out
        The result of each element.
    done : 1, out
        The sums are complete in this cycle, and only in this one.
    """

    def __init__(
        self,
        *,
        weights: Sequence[int],
        levels: Sequence[Sequence[int]],
        element: Shape | None,
        simd: int,
        gain: int,
        accumulator: Shape,
        block_weights: bool,
        block_levels: bool,
        family: Family,
        raw: bool = False,
        apart: bool = False,
    ) -> None:
        self.elements = len(levels[0])
        self.levels = levels
        self.element = element
        self.simd = simd
        self.apart = apart
        self.gain = gain
        self.accumulator = accumulator
        self.family = family
        self.weight_rom = CyclicRom(width=self.elements * simd, words=weights, block=block_weights, family=family)
        missing = gain * self._offset * (len(weights) // len(levels))
        words = [_pack(neurons + missing, accumulator.width) for neurons in np.asarray(levels)]
        self.beats = len(weights) // len(levels)
        bits = self.elements * accumulator.width
        self.level_rom = None if raw else CyclicRom(width=bits, words=words, block=block_levels, family=family)
        beat = data.StructLayout({"bits": self._lanes * (self.elements if apart else 1), "valid": 1, "last": 1})
        super().__init__(
            {
                "i": In(beat),
                "o": Out(beat),
                "sums": Out(data.ArrayLayout(accumulator, self.elements)),
                "done": Out(1),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a neuron to its sum."""
        return group_latency(self.simd, self.family, integers=self.element is not None)

    @property
    def _lanes(self) -> int:
        """Bits of the activations of an element."""
        return self.simd * (self.element.width if self.element else 1)

    @property
    def _offset(self) -> int:
        """What is missing from each count."""
        return 0 if self.element else count_offset(self.simd)

    @property
    def _total(self) -> Shape:
        """Shape of the sum of all counts of a neuron, as they come."""
        most = max(self._offset, self.simd - self._offset)
        if self.element:
            most = self.simd << self.element.width
        return signed((self.beats * most).bit_length() + 1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights = self.weight_rom
        if self.level_rom:
            m.submodules.levels = self.level_rom
        m.d.sync += [self.o.bits.eq(self.i.bits), self.o.last.eq(self.i.last), self.o.valid.eq(self.i.valid)]
        m.d.comb += self.weight_rom.step.eq(self.i.valid)

        passed = [(self.o.valid, self.o.last)]
        behind = bits_behind(self.family)
        for stage in range(behind + _count_latency(self.simd, integers=self.element is not None)):
            valid_next, last_next = Signal(name=f"valid{stage}"), Signal(name=f"last{stage}")
            m.d.sync += [valid_next.eq(passed[-1][0]), last_next.eq(passed[-1][1])]
            passed.append((valid_next, last_next))
        valid, last = passed[-1]

        first, complete = Signal(init=1), Signal()
        m.d.sync += [complete.eq(valid & last), self.done.eq(complete)]
        with m.If(valid):
            m.d.sync += first.eq(last)
        # Levels are read early enough to be there with the total.
        levels = self._read_levels(m, passed[-cyclic_latency(self.family)])
        for n in range(self.elements):
            m.submodules[f"matches{n}"] = matches = self._counter()
            total = Signal(self._total, name=f"total{n}", reset_less=True)
            result = Signal(self.accumulator, name=f"result{n}", reset_less=True)
            m.d.comb += [
                matches.a.eq(self.o.bits.word_select(n, self._lanes) if self.apart else self.o.bits),
                matches.b.eq(self.weight_rom.data.word_select(n, self.simd)),
                self.sums[n].eq(result),
            ]
            # The choice stands behind the adder, where it fits the adder's own look-up tables.
            with m.If(valid):
                m.d.sync += total.eq(Mux(first, matches.count, total + matches.count))
            m.d.sync += result.eq(self.gain * total + levels[n] if levels is not None else total)
        return m

    def _read_levels(self, m: Module, passed: tuple[Signal, Signal]) -> data.View | None:
        """The level of each element of this group of neurons; the next one's after the last beat of each."""
        if self.level_rom is None:
            return None
        m.d.comb += self.level_rom.step.eq(passed[0] & passed[1])
        return data.View(data.ArrayLayout(self.accumulator, self.elements), self.level_rom.data)

    def _counter(self) -> MatchCount | SignedSum:
        if self.element:
            return SignedSum(element=self.element, width=self.simd)
        return MatchCount(width=self.simd)


def bits_behind(family: Family) -> int:
    """Cycles by which the bits of a beat come after the rest of it."""
    return cyclic_latency(family) - 1


def group_latency(simd: int, family: Family, *, integers: bool) -> int:
    """Cycles from the last beat of a neuron to its sum: memory, count of matches, total, level."""
    return cyclic_latency(family) + 2 + _count_latency(simd, integers=integers)


def _count_latency(simd: int, *, integers: bool) -> int:
    return sum_latency(simd) if integers else count_latency(simd)


def _pack(values: NDArray[np.int64], width: int) -> int:
    """One word of several signed numbers, in two's complement, the first in the lowest bits."""
    return sum((int(value) & (1 << width) - 1) << n * width for n, value in enumerate(values))
