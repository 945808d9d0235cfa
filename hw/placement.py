"""Which memories go into block RAM, and which into look-up tables."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..model.ir import Matrix, Network
from .device import Family
from .folding import Folding
from .grouping import group_sizes
from .levels import accumulator
from .memory import RomSize

__all__ = ["SHALLOW", "Memories", "Rom", "layer_roms", "place_memories"]

SHALLOW = 16
"""Words up to which a memory is look-up tables in any case: one for each bit of a word."""


@dataclass(frozen=True)
class Memories:
    """Which memories of a layer are block RAM rather than look-up tables."""

    weights: bool
    levels: bool


@dataclass(frozen=True)
class LayerRoms:
    """Sizes of one layer's memories, group by group."""

    weights: tuple[RomSize, ...]
    levels: tuple[RomSize, ...]


def layer_roms(layer: Matrix, folding: Folding, *, port: int) -> LayerRoms:
    """Sizes of the memories of a layer whose block RAMs read ``port`` bits at once."""
    sizes = group_sizes(folding, port=port)
    neurons = folding.neuron_fold(layer)
    depth = neurons * folding.synapse_fold(layer)
    return LayerRoms(
        weights=tuple(RomSize(size * folding.simd, depth) for size in sizes),
        levels=tuple(RomSize(size * accumulator(layer).width, neurons) for size in sizes),
    )


def place_memories(
    network: Network, foldings: tuple[Folding, ...], *, family: Family, brams: int | None
) -> tuple[Memories, ...]:
    """Place each layer's weights and levels.

    Deep memories go into block RAM. While they need more than ``brams`` blocks, the memory that costs the fewest
    look-up tables for each block that it frees moves out of it; None is no limit.
    """
    placed = [Memories(weights=False, levels=False)] * len(network.layers)
    deep = [rom for rom in _roms(network, foldings, family) if rom.depth > SHALLOW]
    deep.sort(key=lambda rom: rom.lut4 / rom.blocks)
    used = sum(rom.blocks for rom in deep)
    for rom in deep:
        if brams is not None and used > brams:
            used -= rom.blocks
        else:
            placed[rom.layer] = replace(placed[rom.layer], **{rom.field: True})
    return tuple(placed)


@dataclass(frozen=True)
class Rom:
    """The memories of one layer that are placed together."""

    layer: int
    field: str
    depth: int
    blocks: int
    lut4: int


def _roms(network: Network, foldings: tuple[Folding, ...], family: Family) -> Iterator[Rom]:
    for index, (layer, folding) in enumerate(zip(network.layers, foldings, strict=True)):
        roms = layer_roms(layer, folding, port=family.bram_width)
        for field, sizes in (("weights", roms.weights), ("levels", roms.levels)):
            yield Rom(
                layer=index,
                field=field,
                depth=sizes[0].depth,
                blocks=sum(size.blocks(family) for size in sizes),
                lut4=sum(size.lut4 for size in sizes),
            )
