"""Processing elements that share their activations and a weight memory."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .chained_sum import ChainedSum, Lanes
from .chains import Addition, add_in_chains, chain_cells
from .cyclic_rom import CyclicRom
from .device import Family
from .match_groups import count_cells
from .matches import MatchCount, count_latency, count_offset
from .spram import SpramMemory, load_port
from .sum import SignedSum, sum_latency

__all__ = ["ProcessingGroup", "group_cells", "group_latency"]

Passed = list[tuple[Signal, Signal]]
"""``valid`` and ``last`` of a beat, cycle by cycle."""


class ProcessingGroup(wiring.Component):
    """One hop of the systolic row: processing elements side by side, with their weights and levels.

    Each neuron's sum is its level, a signed integer, and ``gain`` for each match of an activation with a weight; where
    it is raw, it is what the counts come to, without what :func:`~.matches.count_offset` says is missing from each.
    Works without ever stopping: a sum comes out ``latency`` cycles behind the last beat of its neurons, and the beat
    itself goes to the next group one cycle later. The bits of a beat come a cycle after the rest,
    for weights take two to read.

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
    block_weights, block_levels : :class:`int`
        Bits of a word of weights, and of levels, that are in block RAM.
    family : :class:`Family`
        Whose block RAM.
    raw : :class:`bool`
        Start from nothing, and have no memory of levels.
    apart : :class:`bool`
        Each element has activations of its own, element ``e`` the ``simd`` from ``e * simd`` on.
    sprams : :class:`int`
        SPRAMs that hold the lowest bits of the weights, or all of them; then the rest is in block RAM.

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
    load : as :func:`~.spram.load_port` has it, in
        Weights to be, where there are SPRAMs.
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
        block_weights: int,
        block_levels: int,
        family: Family,
        raw: bool = False,
        apart: bool = False,
        sprams: int = 0,
    ) -> None:
        self.elements = len(levels[0])
        self.levels = levels
        self.element = element
        self.simd = simd
        self.apart = apart
        self.gain = gain
        self.accumulator = accumulator
        self.family = family
        self.sprams = sprams
        self.beats = len(weights) // len(levels)
        self.lanes = Lanes(simd, element) if family.table_adders else None
        # Lanes are turned over where a weight is -1.
        turned = (1 << self.elements * simd) - 1 if self.lanes else 0
        words = [word ^ turned for word in weights]
        self.weight_rom: CyclicRom | SpramMemory = (
            SpramMemory(width=self.elements * simd, words=words, sprams=sprams)
            if sprams
            else CyclicRom(width=self.elements * simd, words=words, block=block_weights, family=family)
        )
        starts = np.asarray(levels) + self._missing + self._turned(weights)
        words = [_pack(neurons, accumulator.width) for neurons in starts]
        bits = self.elements * accumulator.width
        self.level_rom = None if raw else CyclicRom(width=bits, words=words, block=block_levels, family=family)
        beat = data.StructLayout({"bits": self._lanes * (self.elements if apart else 1), "valid": 1, "last": 1})
        super().__init__(
            {
                "i": In(beat),
                "o": Out(beat),
                "sums": Out(data.ArrayLayout(accumulator, self.elements)),
                "done": Out(1),
                **({"load": In(load_port(sprams))} if sprams else {}),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a neuron to its sum."""
        return group_latency(self.simd, self.element, self.family)

    @property
    def _lanes(self) -> int:
        """Bits of the activations of an element."""
        return self.simd * (self.element.width if self.element else 1)

    @property
    def _missing(self) -> int:
        """What is missing from the sum of a neuron whose counts are added to nothing."""
        if self.lanes:
            return -self.lanes.offset * self.beats
        return 0 if self.element else self.gain * count_offset(self.simd) * self.beats

    def _turned(self, weights: Sequence[int]) -> NDArray[np.int64]:
        """How many integers are turned over for each neuron, from each of which that takes 1."""
        counts = np.zeros((len(self.levels), self.elements), np.int64)
        if self.element and not self.lanes:
            for beat, word in enumerate(weights):
                for n in range(self.elements):
                    ones = (word >> n * self.simd & (1 << self.simd) - 1).bit_count()
                    counts[beat // self.beats, n] += self.simd - ones
        return counts

    @property
    def _total(self) -> Shape:
        """Shape of the sum of all counts of a neuron, as they come."""
        offset = 0 if self.element else count_offset(self.simd)
        most = self.simd << self.element.width if self.element else max(offset, self.simd - offset)
        return signed((self.beats * most).bit_length() + 1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights = self.weight_rom
        if self.level_rom:
            m.submodules.levels = self.level_rom
        m.d.sync += [self.o.bits.eq(self.i.bits), self.o.last.eq(self.i.last), self.o.valid.eq(self.i.valid)]
        m.d.comb += self.weight_rom.step.eq(self.i.valid)
        if isinstance(self.weight_rom, SpramMemory):
            wiring.connect(m, wiring.flipped(self.load), self.weight_rom.load)

        passed = [(self.o.valid, self.o.last)]
        for stage in range(1 + _count_latency(self.simd, self.element, self.family)):
            valid_next, last_next = Signal(name=f"valid{stage}"), Signal(name=f"last{stage}")
            m.d.sync += [valid_next.eq(passed[-1][0]), last_next.eq(passed[-1][1])]
            passed.append((valid_next, last_next))
        valid, last = passed[-1]
        first = self._begins(m, passed[-1], "first")

        if self.lanes:
            self._add_in_chains(m, passed, first, self.lanes)
            m.d.sync += self.done.eq(valid & last)
        else:
            complete = Signal()
            m.d.sync += [complete.eq(valid & last), self.done.eq(complete)]
            self._add_counts(m, passed, first)
        return m

    def _add_counts(self, m: Module, passed: Passed, first: Signal) -> None:
        """A total of counts for each element, then its level."""
        levels = None
        if self.level_rom:
            # Read early enough to be there with the total; the next ones after the last beat of each neuron.
            valid, last = passed[-CyclicRom.LATENCY]
            m.d.comb += self.level_rom.step.eq(valid & last)
            levels = data.View(data.ArrayLayout(self.accumulator, self.elements), self.level_rom.data)
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
            with m.If(passed[-1][0]):
                m.d.sync += total.eq(Mux(first, matches.count, total + matches.count))
            m.d.sync += result.eq(self.gain * total + levels[n] if levels is not None else total)

    def _add_in_chains(self, m: Module, passed: Passed, first: Signal, lanes: Lanes) -> None:
        """A total for each element that begins with its level: the choice stands before the adder, in its tables."""
        m.submodules.lanes = counts = ChainedSum(lanes=lanes, elements=self.elements, apart=self.apart)
        m.d.comb += [counts.a.eq(self.o.bits), counts.b.eq(self.weight_rom.data)]
        width: int = self.accumulator.width
        if self.level_rom:
            # Read early enough to be there with the first beat of each neuron.
            ahead = passed[-1 - CyclicRom.LATENCY]
            m.d.comb += self.level_rom.step.eq(ahead[0] & self._begins(m, ahead, "ahead"))
            levels = [self.level_rom.data.word_select(n, width) for n in range(self.elements)]
        else:
            # As little as if counts had been added, so that a raw sum is the same for each family.
            offset = 0 if self.element else count_offset(self.simd)
            levels = [Const(self._missing - offset * self.beats, signed(width)).as_unsigned()] * self.elements

        totals = [Signal(width, name=f"total{n}", reset_less=True) for n in range(self.elements)]
        starts = [Mux(first, level, total) for level, total in zip(levels, totals, strict=True)]
        # A gain of 2 leaves the lowest bit as it is.
        low = self.gain.bit_length() - 1
        sums = add_in_chains(
            [Addition(counts.sums[n], start[low:], counts.carries[n]) for n, start in enumerate(starts)]
        )
        with m.If(passed[-1][0]):
            m.d.sync += [
                total.eq(Cat(start[:low], result)) for total, start, result in zip(totals, starts, sums, strict=True)
            ]
        m.d.comb += [self.sums[n].eq(total) for n, total in enumerate(totals)]

    @staticmethod
    def _begins(m: Module, passed: tuple[Signal, Signal], name: str) -> Signal:
        """Whether the next beat to pass here is the first of a neuron."""
        valid, last = passed
        begins = Signal(init=1, name=name)
        with m.If(valid):
            m.d.sync += begins.eq(last)
        return begins

    def _counter(self) -> MatchCount | SignedSum:
        if self.element:
            # Without levels there is nothing that makes up for what turning over takes.
            return SignedSum(element=self.element, width=self.simd, ones_complement=self.level_rom is not None)
        return MatchCount(width=self.simd)


def group_latency(simd: int, element: Shape | None, family: Family) -> int:
    """Cycles from the last beat of a neuron to its sum: memory, count of matches, total, and a level behind it."""
    return CyclicRom.LATENCY + (1 if family.table_adders else 2) + _count_latency(simd, element, family)


def group_cells(
    elements: int, simd: int, element: Shape | None, accumulator: Shape, family: Family, *, raw: bool
) -> int:
    """Logic cells of so many elements: counts, totals and levels."""
    width: int = accumulator.width
    if family.table_adders:
        return Lanes(simd, element).cells(elements) + round(chain_cells(elements, width))
    # A sum of integers takes a sign and an adder for each lane; a sign that negates is an adder, too.
    integers = element and simd * (4 * element.width if raw else 2 * element.width + 3)
    count = count_cells(simd) if integers is None else integers
    return elements * (count + 2 * width)


def _count_latency(simd: int, element: Shape | None, family: Family) -> int:
    if family.table_adders:
        return Lanes(simd, element).latency
    return sum_latency(simd) if element else count_latency(simd)


def _pack(values: NDArray[np.int64], width: int) -> int:
    """One word of several signed numbers, in two's complement, the first in the lowest bits."""
    return sum((int(value) & (1 << width) - 1) << n * width for n, value in enumerate(values))
