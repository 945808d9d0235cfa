"""Depthwise unit: processing groups side by side, each element of which has activations of its own."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .admission import admit
from .fifo import SmallFifo
from .pe import ProcessingGroup

__all__ = ["DepthwiseUnit"]


class DepthwiseUnit(wiring.Component):
    """Products of each neuron's weights with vectors of its own.

    Takes a beat per cycle, ``simd`` activations for each element, and gives the results of a group of neurons as soon
    as :class:`~.mvu.MatrixVectorUnit` would in a row of one group: there is nothing to hop, for no activation is
    shared. It never stops either, and has the same queue.

    Parameters
    ----------
    groups : list of :class:`ProcessingGroup`
        The elements, apart.
    binary : :class:`bool`
        Whether results are bits, the signs of the sums.
    beats : :class:`int`
        Beats of a group of neurons.
    depth : :class:`int`
        Results that can be under way.

    Members
    -------
    i : stream of activations, in
        Those of the first element in the lowest bits.
    o : stream of results, out
        Bits or sums, in the same order.
    """

    def __init__(self, *, groups: list[ProcessingGroup], binary: bool, beats: int, depth: int) -> None:
        self.groups = groups
        self.binary = binary
        self.beats = beats
        self.depth = depth
        result = sum(group.elements * (1 if binary else group.accumulator.width) for group in groups)
        super().__init__(
            {
                "i": In(stream.Signature(sum(len(group.i.bits) for group in groups))),
                "o": Out(stream.Signature(result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = SmallFifo(shape=len(self.o.payload), depth=self.depth)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        layout = data.StructLayout({"bits": len(self.i.payload), "valid": 1, "last": 1})
        beat = admit(m, self.i, self.o, layout=layout, beats=self.beats, depth=self.depth)

        results, start = [], 0
        for n, group in enumerate(self.groups):
            m.submodules[f"group{n}"] = group
            lanes = len(group.i.bits)
            m.d.comb += [
                group.i.bits.eq(beat.bits[start : start + lanes]),
                group.i.valid.eq(beat.valid),
                group.i.last.eq(beat.last),
            ]
            start += lanes
            signs = Cat(~group.sums[e][-1] for e in range(group.elements))
            results.append(signs if self.binary else group.sums.as_value())
        m.d.comb += [queue.i.payload.eq(Cat(results)), queue.i.valid.eq(self.groups[0].done)]
        return m
