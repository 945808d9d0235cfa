"""Processing elements that share their activations and a weight memory."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .memory import Rom
from .popcount import Popcount, popcount_latency

__all__ = ["ProcessingGroup"]


class ProcessingGroup(wiring.Component):
    """One hop of the systolic row: processing elements side by side, with their weights and levels.

    Each neuron starts from its level, a signed integer, and adds ``gain`` for each match of an activation with a
    weight. Works without ever stopping: a sum comes out ``latency`` cycles behind the last beat of its neurons, and
    the beat itself goes to the next group one cycle later.

    Parameters
    ----------
    weights : sequence of :class:`int`
        A word for each beat, neurons outer and synapses inner; element ``e`` in bits ``e * simd`` and up.
    levels : sequence of sequences of :class:`int`
        A level for each element, for each group of neurons.
    simd : :class:`int`
        Activations per beat.
    gain : :class:`int`
        1 to count matches, 2 for dot products.
    accumulator : :class:`~amaranth.hdl.Shape`
        Signed shape that holds every sum.
    block_weights, block_levels : :class:`bool`
        Which of the memories are block RAM.

    Members
    -------
    i : ``bits`` (``simd``), ``valid``, ``last``, in
        One beat; ``last`` ends a group of neurons.
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
        simd: int,
        gain: int,
        accumulator: Shape,
        block_weights: bool,
        block_levels: bool,
    ) -> None:
        self.elements = len(levels[0])
        self.levels = levels
        self.simd = simd
        self.gain = gain
        self.accumulator = accumulator
        self.weight_rom = Rom(width=self.elements * simd, words=weights, block=block_weights)
        mask = (1 << accumulator.width) - 1
        words = [sum((level & mask) << n * accumulator.width for n, level in enumerate(neurons)) for neurons in levels]
        self.level_rom = Rom(width=self.elements * accumulator.width, words=words, block=block_levels)
        beat = data.StructLayout({"bits": simd, "valid": 1, "last": 1})
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
        """Cycles from the last beat of a neuron to its sum: memory, agreement, popcount, accumulator."""
        return 3 + popcount_latency(self.simd)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights = self.weight_rom
        m.submodules.levels = self.level_rom
        m.d.sync += [self.o.bits.eq(self.i.bits), self.o.last.eq(self.i.last), self.o.valid.eq(self.i.valid)]
        self._count(m, self.weight_rom, self.i.valid)

        valid, last = self.o.valid, self.o.last
        for stage in range(self.latency - 2):
            valid_next, last_next = Signal(name=f"valid{stage}"), Signal(name=f"last{stage}")
            m.d.sync += [valid_next.eq(valid), last_next.eq(last)]
            valid, last = valid_next, last_next

        first = Signal(init=1)
        with m.If(valid):
            m.d.sync += first.eq(last)
        m.d.sync += self.done.eq(valid & last)
        self._look_ahead(m, valid & last)

        starts = data.View(data.ArrayLayout(self.accumulator, self.elements), self.level_rom.data)
        for n in range(self.elements):
            agree = Signal(self.simd, name=f"agree{n}", reset_less=True)
            m.d.sync += agree.eq(~(self.o.bits ^ self.weight_rom.data.word_select(n, self.simd)))
            m.submodules[f"popcount{n}"] = popcount = Popcount(width=self.simd)
            total = Signal(self.accumulator, name=f"total{n}", reset_less=True)
            m.d.comb += [popcount.bits.eq(agree), self.sums[n].eq(total)]
            with m.If(valid):
                m.d.sync += total.eq(Mux(first, starts[n], total) + self.gain * popcount.count)
        return m

    @staticmethod
    def _count(m: Module, rom: Rom, step: Signal) -> None:
        """Go to the next word with each step, round and round."""
        address = Signal(range(len(rom.words)), name="address")
        m.d.comb += rom.address.eq(address)
        with m.If(step):
            m.d.sync += address.eq(Mux(address == len(rom.words) - 1, 0, address + 1))

    def _look_ahead(self, m: Module, step: Signal) -> None:
        """Read the levels of the next neurons while this beat is added: they may be needed in the next cycle."""
        neurons = len(self.level_rom.words)
        neuron = Signal(range(neurons))
        following = Signal.like(neuron)
        m.d.comb += [
            following.eq(Mux(step, Mux(neuron == neurons - 1, 0, neuron + 1), neuron)),
            self.level_rom.address.eq(following),
        ]
        m.d.sync += neuron.eq(following)
