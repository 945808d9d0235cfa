"""What a design will take, without running any tool: logic cells, flip-flops and block RAMs, layer by layer.

Cells are counted from the structure of each component and were checked against yosys and nextpnr; ``bench/`` has the
command and ``docs/results.md`` the differences. The memory roofline is exact.
"""

from dataclasses import dataclass, replace
from typing import Any

from ..model.ir import Element, Network, Scores
from .accelerator import Accelerator
from .device import Device, Family
from .fifo import SmallFifo
from .grouping import group_runs
from .match_groups import count_cells
from .matches import count_latency
from .memory import MemorySize
from .placement import Memories, Place, candidates, memory_cells, usual_places
from .plan import Convert, Pool, Product, Replay, Stage, Window
from .sum import sum_latency

__all__ = ["Estimate", "LayerEstimate", "estimate", "layer_prices", "roofline_fps"]


@dataclass(frozen=True)
class LayerEstimate:
    """What one layer takes.

    Parameters
    ----------
    name : :class:`str`
        The layer's name in the network.
    interval : :class:`int`
        Cycles between two vectors.
    cells : :class:`int`
        Logic cells: a look-up table, a flip-flop, or both.
    brams : :class:`int`
        Block RAMs.
    memories : :class:`Memories`
        Where its memories are.
    """

    name: str
    interval: int
    cells: int
    brams: int
    memories: Memories


@dataclass(frozen=True)
class Estimate:
    """What a design takes: its layers, and the frame's way in and the class's way out."""

    layers: tuple[LayerEstimate, ...]
    interval: int
    input_bytes: int
    edge_cells: int

    @property
    def cells(self) -> int:
        """Logic cells of the whole core."""
        return self.edge_cells + sum(layer.cells for layer in self.layers)

    @property
    def brams(self) -> int:
        """Block RAMs of the whole core."""
        return sum(layer.brams for layer in self.layers)


def roofline_fps(network: Network, device: Device, clock_mhz: float) -> float:
    """Frames per second that the ports of all block RAMs allow.

    Each weight must be read once for each frame, so that no design with its weights in block RAM is faster than
    ``bits readable per cycle * clock / weight bits`` (roofline model: Williams et al., CACM 52(4), 2009). A convolution
    reads its weights anew for each window. A design with some weights in look-up tables may be faster.
    """
    return device.bram_bits_per_cycle * clock_mhz * 1e6 / network.multiplications


def estimate(accelerator: Accelerator) -> Estimate:
    """What an accelerator takes."""
    network, family = accelerator.network, accelerator.family
    rows = zip(network.names, accelerator.plan, accelerator.memories, strict=True)
    scores = network.classes * accelerator.score.width
    return Estimate(
        layers=tuple(_layer(*row, family) for row in rows),
        interval=accelerator.interval,
        input_bytes=accelerator.input_bytes,
        edge_cells=(2 + family.ff_cell) * scores + 80,
    )


def layer_prices(stages: tuple[Stage, ...], family: Family, prices: tuple[int, ...]) -> tuple[int, ...]:
    """Cells of a layer, each memory where it is cheaper, for each price in cells that a block RAM may be worth."""
    usual, wishes = usual_places(stages, family), candidates(stages, family)
    cells: dict[Memories, int] = {}
    totals = []
    for price in prices:
        inside = [wish for wish in wishes if wish.required or price * wish.blocks < wish.cells]
        places = replace(usual, **{wish.field: Place.BLOCK for wish in inside})
        # Most prices lead to the same places.
        if places not in cells:
            cells[places] = _layer_cells(stages, places, family)
        totals.append(cells[places] + price * sum(wish.blocks for wish in inside))
    return tuple(totals)


def _layer(name: str, stages: tuple[Stage, ...], memories: Memories, family: Family) -> LayerEstimate:
    wishes = candidates(stages, family)
    return LayerEstimate(
        name=name,
        interval=max(stage.cycles for stage in stages),
        cells=_layer_cells(stages, memories, family),
        brams=sum(wish.blocks for wish in wishes if getattr(memories, wish.field) is Place.BLOCK),
        memories=memories,
    )


def _layer_cells(stages: tuple[Stage, ...], memories: Memories, family: Family) -> int:
    """Cells of all stages, and of the memories that are look-up tables or distributed RAM."""
    wishes = [wish for wish in candidates(stages, family) if wish.field != "replay"]
    outside = sum(wish.cells for wish in wishes if getattr(memories, wish.field) is not Place.BLOCK)
    inside: int = sum(_CELLS[type(stage)](stage, memories, family) for stage in stages)
    return outside + inside


def _product_cells(stage: Product, _memories: Memories, family: Family) -> int:
    """The systolic row: agreement, popcount, accumulators, hops, queue."""
    layer, folding, bits = stage.layer, stage.folding, stage.tensor.width
    width: int = stage.accumulator.width
    result = width if isinstance(layer, Scores) else 1
    groups = sum(count for _, count in group_runs(folding, port=family.bram_width))
    integers = stage.tensor.element is not Element.BIT
    # A sum of integers takes a sign and an adder for each lane.
    count = folding.simd * (2 * bits + 3) if integers else count_cells(folding.simd)
    depth = sum_latency(folding.simd) if integers else count_latency(folding.simd)
    elements = folding.pe * (count + 2 * width)
    shallow_levels = 0 if stage.reweightable else folding.pe * width
    hops = groups * (family.ff_cell * folding.simd * bits + 20)
    latency = groups + 2 + depth + SmallFifo.LATENCY
    places = -(-(latency + 2) // folding.synapse_fold(layer)) + 1
    queue = (family.ff_cell * places + 1) * folding.pe * result
    return elements + shallow_levels + hops + queue + 30


def _replay_cells(stage: Replay, memories: Memories, family: Family) -> int:
    """The buffer in front: two flip-flops a bit, or a word's assembly and the memory's addresses."""
    if memories.replay is Place.REGISTERS:
        return (1 + family.ff_cell) * stage.words * stage.width_out * stage.bits + 30
    assembly = ((1 + family.ff_cell) * stage.width_out + stage.width_in) * stage.bits + 50
    if memories.replay is Place.DISTRIBUTED:
        assembly += memory_cells(MemorySize(stage.width_out * stage.bits, 2 * stage.words, written=True), family)
    return assembly


def _convert_cells(stage: Convert, _memories: Memories, family: Family) -> int:
    return (1 + family.ff_cell) * stage.count * stage.bits + 20


def _window_cells(stage: Window, _memories: Memories, _family: Family) -> int:
    """Counters and pointers of about a dozen words, and the choice between a pixel and padding."""
    padded = stage.width * stage.bits + 40 if any(stage.padding) else 0
    return 12 * stage.depth.bit_length() + 30 + padded


def _pool_cells(stage: Pool, _memories: Memories, _family: Family) -> int:
    return 2 * stage.width + 10


_CELLS: dict[type[Stage], Any] = {
    Convert: _convert_cells,
    Pool: _pool_cells,
    Product: _product_cells,
    Replay: _replay_cells,
    Window: _window_cells,
}
