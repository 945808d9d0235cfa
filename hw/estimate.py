"""What a design will take, without running any tool: logic cells, flip-flops and block RAMs, layer by layer.

Cells are counted from the structure of each component and were checked against yosys and nextpnr; ``bench/`` has the
command and ``docs/results.md`` the differences. The memory roofline is exact.
"""

from dataclasses import dataclass

from ..model.ir import Dense, Matrix, Network
from .device import Device, Family
from .fifo import SmallFifo
from .folding import Folding, interval
from .grouping import group_sizes
from .levels import accumulator
from .matches import count_cells, count_latency
from .placement import Memories, Place, candidates, place_memories, replays_from_memory

__all__ = ["Estimate", "LayerEstimate", "best_input_bytes", "estimate", "layer_price", "roofline_fps"]


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


def best_input_bytes(network: Network, foldings: tuple[Folding, ...]) -> int:
    """Fewest bytes of an input beat that do not slow the layers down."""
    return -(-network.tensors[0].bits // (8 * interval(network, foldings)))


def roofline_fps(network: Network, device: Device, clock_mhz: float) -> float:
    """Frames per second that the ports of all block RAMs allow.

    Each weight must be read once for each frame, so that no design with its weights in block RAM is faster than
    ``bits readable per cycle * clock / weight bits`` (roofline model: Williams et al., CACM 52(4), 2009).
    """
    return device.bram_bits_per_cycle * clock_mhz * 1e6 / network.weight_bits


def estimate(network: Network, foldings: tuple[Folding, ...], *, family: Family, brams: int | None) -> Estimate:
    """What the accelerator of these foldings takes on a family with at most ``brams`` block RAMs."""
    input_bytes = best_input_bytes(network, foldings)
    frame_width = 8 * input_bytes
    placed = place_memories(network, foldings, family=family, brams=brams, frame_width=frame_width)
    widths = (frame_width, *(folding.pe for folding in foldings))
    layers = tuple(
        _layer(*row, family) for row in zip(network.names, network.layers, foldings, placed, widths, strict=False)
    )
    scores = network.classes * accumulator(network.layers[-1]).width
    beats = -(-network.tensors[0].bits // frame_width)
    return Estimate(
        layers, max(interval(network, foldings), beats), input_bytes, edge_cells=(2 + family.ff_cell) * scores + 80
    )


def layer_price(layer: Matrix, folding: Folding, *, family: Family, width_in: int, price: int) -> int:
    """Cells of a layer, each memory where it is cheaper when a block RAM is worth ``price`` cells."""
    memory = replays_from_memory(layer, folding, width_in)
    replay = Place.DISTRIBUTED if memory and family.distributed else Place.REGISTERS
    wishes = {wish.field: wish for wish in candidates(layer, folding, family=family, width_in=width_in)}
    if "replay" in wishes and price * wishes["replay"].blocks < wishes["replay"].cells:
        replay = Place.BLOCK
    roms = (min(wish.cells, price * wish.blocks) for field, wish in wishes.items() if field != "replay")
    blocks = wishes["replay"].blocks if replay is Place.BLOCK else 0
    return (
        _row_cells(layer, folding, family)
        + _replay_cells(layer, folding, replay, width_in, family)
        + price * blocks
        + sum(roms)
    )


def _layer(
    name: str, layer: Matrix, folding: Folding, memories: Memories, width_in: int, family: Family
) -> LayerEstimate:
    wishes = list(candidates(layer, folding, family=family, width_in=width_in))
    cells = _row_cells(layer, folding, family) + _replay_cells(layer, folding, memories.replay, width_in, family)
    return LayerEstimate(
        name=name,
        interval=folding.interval(layer),
        cells=cells + sum(wish.cells for wish in wishes if getattr(memories, wish.field) is Place.LUT),
        brams=sum(wish.blocks for wish in wishes if getattr(memories, wish.field) is Place.BLOCK),
        memories=memories,
    )


def _row_cells(layer: Matrix, folding: Folding, family: Family) -> int:
    """The systolic row: agreement, popcount, accumulators, hops, queue."""
    width: int = accumulator(layer).width
    result = 1 if isinstance(layer, Dense) else width
    groups = len(group_sizes(folding, port=family.bram_width))
    elements = folding.pe * (count_cells(folding.simd) + 2 * width)
    shallow_levels = folding.pe * width
    hops = groups * (family.ff_cell * folding.simd + 20)
    latency = groups + 2 + count_latency(folding.simd) + SmallFifo.LATENCY
    depth = -(-(latency + 2) // folding.synapse_fold(layer)) + 1
    queue = (family.ff_cell * depth + 1) * folding.pe * result
    return elements + shallow_levels + hops + queue + 30


def _replay_cells(layer: Matrix, folding: Folding, place: Place, width_in: int, family: Family) -> int:
    """The buffer in front: two flip-flops a bit, or a word's assembly and the memory's addresses."""
    if place is Place.REGISTERS:
        return (1 + family.ff_cell) * folding.synapse_fold(layer) * folding.simd + 30
    assembly = (1 + family.ff_cell) * folding.simd + width_in + 50
    if place is Place.DISTRIBUTED:
        # 16 words of 4 bits take six cells: four of memory, two that write.
        assembly += -(-2 * folding.synapse_fold(layer) // 16) * folding.simd * 6 // 4
    return assembly
