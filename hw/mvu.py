"""Matrix-vector unit: a systolic row of processing groups."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ..model.bits import pack_rows
from ..model.ir import Element, Matrix, Scores, Tensor
from .fifo import SmallFifo
from .folding import Folding
from .grouping import group_sizes
from .levels import accumulator, element_shape, gain, levels
from .pe import ProcessingGroup
from .placement import Memories, Place

__all__ = ["MatrixVectorUnit"]


class MatrixVectorUnit(wiring.Component):
    """Products of a layer's weights with vectors, then thresholds or scores.

    Takes a beat of ``simd`` activations per cycle, each vector as often as there are groups of ``pe`` neurons, and
    gives the results of a group ``latency`` cycles after its last beat. Processing groups stand in a row: a beat hops
    from one to the next in a cycle each, results wait for the last group. The row itself never stops: a group of
    neurons is begun only when its results have a place in the queue behind the row, which is deep enough to
    never slow the row down.

    The comparison with a threshold costs nothing: sums start at the threshold's negative, so that the sign is the bit.

    Parameters
    ----------
    layer : :class:`Dense`, :class:`Conv2d` or :class:`Scores`
        The layer; its weights and thresholds become the contents of the memories.
    tensor : :class:`Tensor`
        Type of its input.
    folding : :class:`Folding`
        ``pe`` and ``simd``; they need not divide the layer's size. Padded synapses never match, for they weigh 1 where
        the beat is filled up with 0; the results of padded neurons are without meaning.
    memories : :class:`Memories`
        Where weights and levels are.
    port : :class:`int`
        Bits that a block RAM reads at once; processing elements are grouped so that few of them are lost.
    any_levels : :class:`bool`
        Sums are so wide that any thresholds or biases can take the layer's place.

    Members
    -------
    i : stream of ``simd`` elements, in
        Activations.
    o : stream of ``pe`` results, out
        Bits, or scores in two's complement of ``result.width`` bits.
    """

    def __init__(
        self,
        *,
        layer: Matrix,
        tensor: Tensor,
        folding: Folding,
        memories: Memories,
        port: int,
        any_levels: bool = False,
    ) -> None:
        self.layer = layer
        self.tensor = tensor
        self.folding = folding
        self.memories = memories
        self.port = port
        self.binary = not isinstance(layer, Scores)
        self.accumulator = accumulator(layer, tensor, any_levels=any_levels)
        self.result = unsigned(1) if self.binary else self.accumulator
        self.groups = self._groups()
        super().__init__(
            {
                "i": In(stream.Signature(folding.simd * tensor.width)),
                "o": Out(stream.Signature(folding.pe * self.result.width)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a group of neurons to its results."""
        return len(self.groups) - 1 + self.groups[0].latency + SmallFifo.LATENCY

    @property
    def queue_depth(self) -> int:
        """Results that can be under way: from when a group of neurons is begun until its results have left."""
        return -(-(self.latency + 2) // self.folding.synapse_fold(self.layer)) + 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = SmallFifo(shape=len(self.o.payload), depth=self.queue_depth)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        first = self._admit(m)

        results, beat = [], first
        for n, group in enumerate(self.groups):
            m.submodules[f"group{n}"] = group
            m.d.comb += group.i.eq(beat)
            beat = group.o
            bits = Cat(~group.sums[e][-1] for e in range(group.elements)) if self.binary else group.sums.as_value()
            for hop in range(len(self.groups) - 1 - n):
                waiting = Signal.like(bits, name=f"drain{n}_{hop}", reset_less=True)
                m.d.sync += waiting.eq(bits)
                bits = waiting
            results.append(bits)
        m.d.comb += [queue.i.payload.eq(Cat(results)), queue.i.valid.eq(self.groups[-1].done)]
        return m

    def _admit(self, m: Module) -> Signal:
        """Take beats as long as results have a place in the queue; give the first group's input.

        Whether the next beat can be taken is worked out one cycle ahead, so that ready comes from a register.
        """
        beats = self.folding.synapse_fold(self.layer)
        places, left = Signal(range(self.queue_depth + 1), init=self.queue_depth), Signal()
        synapses, ready, first, last = Signal(range(beats)), Signal(init=1), Signal(init=1), Signal(init=beats == 1)
        beat = Signal.like(self.groups[0].i)
        take, following = Signal(), Signal.like(places)
        m.d.comb += [
            self.i.ready.eq(ready),
            take.eq(self.i.valid & ready),
            following.eq(places - (take & first) + left),
            beat.bits.eq(self.i.payload),
            beat.valid.eq(take),
            beat.last.eq(last),
        ]
        m.d.sync += [
            left.eq(self.o.valid & self.o.ready),
            places.eq(following),
            ready.eq((following != 0) | ~Mux(take, last, first)),
        ]
        with m.If(take):
            m.d.sync += [
                first.eq(last),
                last.eq(synapses == (beats - 2) % beats),
                synapses.eq(Mux(last, 0, synapses + 1)),
            ]
        return beat

    def _groups(self) -> list[ProcessingGroup]:
        weights = _weights_by_neuron(self.layer, self.folding)
        starts = _levels_by_neuron(self.layer, self.tensor, self.folding)
        groups, start = [], 0
        for size in group_sizes(self.folding, port=self.port):
            words = np.moveaxis(weights[:, start : start + size], 1, 2).reshape(-1, size * self.folding.simd)
            groups.append(
                ProcessingGroup(
                    weights=pack_rows(words),
                    levels=starts[:, start : start + size].tolist(),
                    element=None if self.tensor.element is Element.BIT else element_shape(self.tensor),
                    simd=self.folding.simd,
                    gain=gain(self.layer, self.tensor),
                    accumulator=self.accumulator,
                    block_weights=self.memories.weights is Place.BLOCK,
                    block_levels=self.memories.levels is Place.BLOCK,
                )
            )
            start += size
        return groups


def _weights_by_neuron(layer: Matrix, folding: Folding) -> NDArray[np.uint8]:
    """Weights of shape ``(neuron_fold, pe, synapse_fold, simd)``, filled up with 1."""
    rows, columns = folding.neuron_fold(layer) * folding.pe, folding.synapse_fold(layer) * folding.simd
    padded = np.ones((rows, columns), np.uint8)
    padded[: layer.mh, : layer.mw] = layer.matrix
    return padded.reshape(-1, folding.pe, columns // folding.simd, folding.simd)


def _levels_by_neuron(layer: Matrix, tensor: Tensor, folding: Folding) -> NDArray[np.int64]:
    """Where each neuron's sum starts, of shape ``(neuron_fold, pe)``."""
    padded = np.zeros(folding.neuron_fold(layer) * folding.pe, np.int64)
    padded[: layer.mh] = levels(layer, tensor)
    return padded.reshape(-1, folding.pe)
