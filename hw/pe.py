"""Processing elements that share their activations and a weight memory."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from .matches import MatchCount, count_latency, count_offset
from .memory import Rom
from .spram import SpramMemory, load_port
from .sum import SignedSum, sum_latency

__all__ = ["ProcessingGroup", "group_latency"]


class ProcessingGroup(wiring.Component):
    """One hop of the systolic row: processing elements side by side, with their weights and levels.

    Each neuron's sum is its level, a signed integer, and ``gain`` for each match of an activation with a weight; where
    it is raw, it is what the counts come to, without what :func:`~.matches.count_offset` says is missing from each.
    Works without ever stopping: a sum comes out ``latency`` cycles behind the last beat of its neurons, and the beat
    itself goes to the next group one cycle later.

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
    raw : :class:`bool`
        Start from nothing, and have no memory of levels.
    apart : :class:`bool`
        Each element has activations of its own, element ``e`` the ``simd`` from ``e * simd`` on.
    sprams : :class:`int`
        SPRAMs that hold the lowest bits of the weights, or all of them; then the rest is in block RAM.

    Members
    -------
    i : ``bits``, ``valid``, ``last``, in
        One beat; ``last`` ends a group of neurons.
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
        block_weights: bool,
        block_levels: bool,
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
        self.sprams = sprams
        self.weight_rom: Rom | SpramMemory = (
            SpramMemory(width=self.elements * simd, words=weights, sprams=sprams)
            if sprams
            else Rom(width=self.elements * simd, words=weights, block=block_weights)
        )
        missing = gain * self._offset * (len(weights) // len(levels))
        words = [_pack(neurons + missing, accumulator.width) for neurons in np.asarray(levels)]
        self.beats = len(weights) // len(levels)
        self.level_rom = None if raw else Rom(width=self.elements * accumulator.width, words=words, block=block_levels)
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
        return group_latency(self.simd, integers=self.element is not None)

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
        if isinstance(self.weight_rom, SpramMemory):
            m.d.comb += self.weight_rom.step.eq(self.i.valid)
            wiring.connect(m, wiring.flipped(self.load), self.weight_rom.load)
        else:
            self._go_round(m, self.weight_rom, self.i.valid, "address")

        valid, last = self.o.valid, self.o.last
        for stage in range(_count_latency(self.simd, integers=self.element is not None)):
            valid_next, last_next = Signal(name=f"valid{stage}"), Signal(name=f"last{stage}")
            m.d.sync += [valid_next.eq(valid), last_next.eq(last)]
            valid, last = valid_next, last_next

        first, complete = Signal(init=1), Signal()
        m.d.sync += [complete.eq(valid & last), self.done.eq(complete)]
        with m.If(valid):
            m.d.sync += first.eq(last)
        levels = self._read_levels(m, valid & last)
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

    def _read_levels(self, m: Module, step: Value) -> data.View | None:
        """The level of each element of this group of neurons; the next one's after each step."""
        if self.level_rom is None:
            return None
        self._go_round(m, self.level_rom, step, "neuron")
        return data.View(data.ArrayLayout(self.accumulator, self.elements), self.level_rom.data)

    def _counter(self) -> MatchCount | SignedSum:
        if self.element:
            return SignedSum(element=self.element, width=self.simd)
        return MatchCount(width=self.simd)

    @staticmethod
    def _go_round(m: Module, rom: Rom, step: Value, name: str) -> None:
        """Go to the next word with each step, round and round."""
        address = Signal(range(len(rom.words)), name=name)
        m.d.comb += rom.address.eq(address)
        with m.If(step):
            m.d.sync += address.eq(Mux(address == len(rom.words) - 1, 0, address + 1))


def group_latency(simd: int, *, integers: bool) -> int:
    """Cycles from the last beat of a neuron to its sum: memory, count of matches, total, level."""
    return 3 + _count_latency(simd, integers=integers)


def _count_latency(simd: int, *, integers: bool) -> int:
    return sum_latency(simd) if integers else count_latency(simd)


def _pack(values: NDArray[np.int64], width: int) -> int:
    """One word of several signed numbers, in two's complement, the first in the lowest bits."""
    return sum((int(value) & (1 << width) - 1) << n * width for n, value in enumerate(values))
