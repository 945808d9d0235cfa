"""Matrix-vector unit: a systolic row of processing groups."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from amaranth.hdl import Cat, Module, Shape, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.ir import Element, Matrix, Tensor
from .admission import admit
from .block_bits import block_bits, row_candidate
from .cyclic_rom import cyclic_width
from .depthwise import DepthwiseUnit
from .device import Family
from .fifo import SmallFifo
from .folding import Folding, is_depthwise, neurons_in_beats
from .grouping import group_runs, group_weights
from .levels import RawSums, accumulator, element_shape, gain, levels, raw_sums
from .memory import MemorySize
from .pe import ProcessingGroup, group_cells, group_latency
from .spram import connect_loads, load_port, sprams_of
from .stage import SHALLOW, Candidate, Place, Places, outside_cells

__all__ = ["MatrixVectorUnit", "Product"]


@dataclass(frozen=True)
class Product:
    """Products of a layer's weights with ``vectors`` vectors of elements as ``tensor`` has them.

    In a ``reweightable`` one nothing but the contents of block RAM depends on weights and levels. A ``raw`` one leaves
    what ends its products to the stages behind it, and has no levels.
    """

    layer: Matrix
    folding: Folding
    tensor: Tensor
    vectors: int
    reweightable: bool = False
    raw: bool = False

    noun: ClassVar[str] = "products"

    @property
    def accumulator(self) -> Shape:
        """Signed shape of the sums."""
        if self.raw:
            return self.raw_sums.shape
        return accumulator(self.layer, self.tensor, any_levels=self.reweightable)

    @property
    def raw_sums(self) -> RawSums:
        """What its sums stand for where it is raw."""
        return raw_sums(self.tensor, self.layer.mw, self.folding.simd)

    @property
    def binary(self) -> bool:
        """Whether its results are bits: the signs of its sums."""
        return not self.raw and self.layer.output(self.tensor).element is Element.BIT

    @property
    def result(self) -> Shape:
        """Shape of a result."""
        return unsigned(1) if self.binary else self.accumulator

    @property
    def integer(self) -> Shape | None:
        """Shape of an activation that is an integer."""
        return None if self.tensor.element is Element.BIT else element_shape(self.tensor)

    @property
    def apart(self) -> bool:
        """Whether each neuron has activations of its own."""
        return is_depthwise(self.layer)

    @property
    def lanes(self) -> int:
        """Elements of a beat."""
        return self.folding.simd * (self.folding.pe if self.apart else 1)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * self.folding.interval(self.layer)

    def group_runs(self, family: Family) -> tuple[tuple[int, int], ...]:
        """Processing elements of the groups of the row, and how many groups have so many."""
        return group_runs(self.folding, port=family.bram_width)

    def groups(self, family: Family) -> int:
        """Groups of the row."""
        return sum(count for _, count in self.group_runs(family))

    def latency(self, family: Family) -> int:
        """Cycles from the last beat of a group of neurons to its results: hops, a group, the queue."""
        group = group_latency(self.folding.simd, self.integer, family)
        return (0 if self.apart else self.groups(family) - 1) + group + SmallFifo.LATENCY

    def queue_depth(self, family: Family) -> int:
        """Results that can be under way: from when a group of neurons is begun until its results have left."""
        return -(-(self.latency(family) + 2) // self.folding.synapse_fold(self.layer)) + 1

    def widest(self, places: Places, family: Family) -> int:
        """A beat of activations, a group's words of weights and levels, a beat of results."""
        folding = self.folding
        total: int = self.accumulator.width
        largest = self.group_runs(family)[0][0]
        weights = MemorySize(largest * folding.simd, folding.interval(self.layer))
        levels = MemorySize(largest * total, folding.neuron_fold(self.layer))
        words = [
            cyclic_width(size, block=places.get(name) is not Place.LUT, family=family)
            for name, size in (("weights", weights), ("levels", levels))
        ]
        return max(self.lanes * self.tensor.width, *words, folding.pe * (1 if self.binary else total))

    def memory_words(self, places: Places, family: Family) -> int:
        """Weights and levels of each group."""
        depth = self.folding.interval(self.layer) + (0 if self.raw else self.folding.neuron_fold(self.layer))
        return depth * self.groups(family)

    @property
    def contents(self) -> int:
        """Weights and levels, filled up to whole beats."""
        folding, layer = self.folding, self.layer
        level: int = 0 if self.raw else self.accumulator.width
        return folding.pe * (folding.interval(layer) * folding.simd + folding.neuron_fold(layer) * level)

    def usual_places(self, family: Family) -> dict[str, Place]:
        """Weights and levels are in look-up tables."""
        return {"weights": Place.LUT, **({} if self.raw else {"levels": Place.LUT})}

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """Weights and levels, where they are deep, or must be replaceable."""
        folding, width = self.folding, self.accumulator.width
        sizes = {"weights": (folding.simd, folding.interval(self.layer))}
        if not self.raw:
            sizes["levels"] = (width, folding.neuron_fold(self.layer))
        memories = {
            name: [(MemorySize(elements * bits, depth), count) for elements, count in self.group_runs(family)]
            for name, (bits, depth) in sizes.items()
        }
        return tuple(
            row_candidate(name, roms, family, required=self.reweightable, loadable=not self.apart)
            for name, roms in memories.items()
            if self.reweightable or roms[0][0].depth > SHALLOW
        )

    def cells(self, places: Places, family: Family) -> int:
        """The systolic row: agreement, popcount, accumulators, hops, queue; and its memories in look-up tables."""
        folding, bits = self.folding, self.tensor.width
        result: int = self.result.width
        elements = sum(
            count * group_cells(size, folding.simd, self.integer, self.accumulator, family, raw=self.raw)
            for size, count in self.group_runs(family)
        )
        shallow_levels = 0 if self.reweightable or self.raw else folding.pe * self.accumulator.width
        copies = 1 if self.apart else self.groups(family)
        hops = copies * family.ff_cell * self.lanes * bits + 20 * self.groups(family)
        queue = (family.ff_cell * self.queue_depth(family) + 1) * folding.pe * result
        return elements + shallow_levels + hops + queue + 30 + outside_cells(self, places, family)

    def absorbs(self, held: int, family: Family) -> int:
        """A group of neurons is begun only when its results have a place in the queue."""
        return self.folding.synapse_fold(self.layer) * (held + self.queue_depth(family))

    def component(self, places: Places, family: Family) -> "MatrixVectorUnit | DepthwiseUnit":
        """The hardware."""
        if not self.apart:
            return MatrixVectorUnit(product=self, places=places, family=family)
        return DepthwiseUnit(
            groups=processing_groups(self, places, family),
            binary=self.binary,
            beats=self.folding.synapse_fold(self.layer),
            depth=self.queue_depth(family),
        )


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
    product : :class:`Product`
        The layer, whose weights and thresholds become the contents of the memories, and its folding, which need not
        divide the layer's size. Padded synapses never match, for they weigh 1 where the beat is filled up with 0; the
        results of padded neurons are without meaning.
    places : mapping of :class:`Place`
        Where ``weights`` and ``levels`` are.
    family : :class:`Family`
        Whose block RAM to use; processing elements are grouped so that few bits of its ports are lost.

    Members
    -------
    i : stream of ``simd`` elements, in
        Activations.
    o : stream of ``pe`` results, out
        Bits, or integers in two's complement of ``result.width`` bits.
    load : as :func:`~.spram.load_port` has it, in
        Weights to be, where some are in SPRAM: the first group's first.
    """

    def __init__(self, *, product: Product, places: Places, family: Family) -> None:
        self.product = product
        self.places = places
        self.family = family
        self.layer, self.tensor, self.folding = product.layer, product.tensor, product.folding
        self.accumulator = product.accumulator
        self.result = product.result
        self.groups = processing_groups(product, places, family)
        self.sprams = sum(group.sprams for group in self.groups)
        super().__init__(
            {
                "i": In(stream.Signature(self.folding.simd * self.tensor.width)),
                "o": Out(stream.Signature(self.folding.pe * self.result.width)),
                **({"load": In(load_port(self.sprams))} if self.sprams else {}),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a group of neurons to its results."""
        return self.product.latency(self.family)

    @property
    def queue_depth(self) -> int:
        """Results that can be under way."""
        return self.product.queue_depth(self.family)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = SmallFifo(shape=len(self.o.payload), depth=self.queue_depth)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        first = admit(
            m,
            self.i,
            self.o,
            layout=self.groups[0].i.shape(),
            beats=self.folding.synapse_fold(self.layer),
            depth=self.queue_depth,
        )

        binary = self.product.binary
        results, beat = [], first
        for n, group in enumerate(self.groups):
            m.submodules[f"group{n}"] = group
            m.d.comb += group.i.eq(beat)
            beat = group.o
            bits = Cat(~group.sums[e][-1] for e in range(group.elements)) if binary else group.sums.as_value()
            for hop in range(len(self.groups) - 1 - n):
                waiting = Signal.like(bits, name=f"drain{n}_{hop}", reset_less=True)
                m.d.sync += waiting.eq(bits)
                bits = waiting
            results.append(bits)
        m.d.comb += [queue.i.payload.eq(Cat(results)), queue.i.valid.eq(self.groups[-1].done)]
        if self.sprams:
            connect_loads(m, self.load, [group for group in self.groups if group.sprams])
        return m


def processing_groups(product: Product, places: Places, family: Family) -> list[ProcessingGroup]:
    """The groups of a row, with their weights and levels."""
    layer, tensor, folding = product.layer, product.tensor, product.folding
    starts = neurons_in_beats(layer, folding, np.zeros(layer.mh, int) if product.raw else levels(layer, tensor), 0)
    weights = group_weights(layer, folding, port=family.bram_width)
    roms = [MemorySize(size * folding.simd, len(words)) for size, words in weights]
    level = product.accumulator.width if places.get("levels") is Place.BLOCK else 0
    groups, start = [], 0
    for (size, words), bits in zip(weights, block_bits(roms, places["weights"], family), strict=True):
        groups.append(
            ProcessingGroup(
                weights=words,
                levels=starts[:, start : start + size].tolist(),
                element=product.integer,
                simd=folding.simd,
                gain=1 if product.raw else gain(layer, tensor),
                accumulator=product.accumulator,
                block_weights=bits,
                block_levels=size * level,
                family=family,
                raw=product.raw,
                apart=product.apart,
                sprams=sprams_of(places["weights"], size * folding.simd),
            )
        )
        start += size
    return groups
