"""What a design will take, without running any tool: logic cells, flip-flops and block RAMs, layer by layer.

Cells are counted from the structure of each component and were checked against yosys and nextpnr; ``bench/`` has the
command and ``docs/results.md`` the differences. The memory roofline is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..model.ir import Network
from .accelerator import Accelerator
from .device import Device, Family
from .placement import layer_candidates, usual_places
from .spram import SPRAM_WIDTH
from .stage import Place, Places, Share, Stage, blocks_at, sprams_at

__all__ = ["Estimate", "LayerEstimate", "estimate", "layer_prices", "roofline_fps"]

LOADER_CELLS = 100
"""Logic cells of what fills SPRAM."""


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
    brams, sprams : :class:`int`
        Block RAMs, and SPRAMs.
    places : mapping of :class:`Place`
        Where its memories are.
    """

    name: str
    interval: int
    cells: int
    brams: int
    sprams: int
    places: Places


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

    @property
    def sprams(self) -> int:
        """SPRAMs of the whole core."""
        return sum(layer.sprams for layer in self.layers)


def roofline_fps(network: Network, device: Device, clock_mhz: float, *, spram: bool = False) -> float:
    """Frames per second that the ports of all block RAMs allow, and of all SPRAMs where there is ``spram`` in use.

    Each weight must be read once for each frame, so that no design with its weights in block RAM is faster than
    ``bits readable per cycle * clock / weight bits`` (roofline model: Williams et al., CACM 52(4), 2009). A convolution
    reads its weights anew for each window. A design with some weights in look-up tables may be faster.
    """
    bits = device.bram_bits_per_cycle + (SPRAM_WIDTH * device.sprams if spram else 0)
    return bits * clock_mhz * 1e6 / network.multiplications


def estimate(accelerator: Accelerator) -> Estimate:
    """What an accelerator takes."""
    network, family = accelerator.network, accelerator.family
    rows = zip(network.names, accelerator.plan, accelerator.places, strict=True)
    return Estimate(
        layers=tuple(_layer(*row, family) for row in rows),
        interval=accelerator.interval,
        input_bytes=accelerator.input_bytes,
        edge_cells=_edge_cells(accelerator),
    )


def _edge_cells(accelerator: Accelerator) -> int:
    """Cells of the frames' way in, of what fills SPRAM, of what spreads scores, and of what compares them."""
    family = accelerator.family
    score: int = accelerator.score.width
    entry = (1 + 2 * family.ff_cell) * (8 * accelerator.input_bytes + 1) + 40
    spread = accelerator.spread.cells({}, family) if accelerator.spread else 0
    kept = 2 * accelerator.network.classes * score if accelerator.scores else 0
    loader = LOADER_CELLS if accelerator.loads else 0
    return entry + spread + kept + 4 * score * accelerator.answer_lanes + loader


def layer_prices(
    stages: tuple[Stage, ...], family: Family, prices: tuple[int, ...], fixed: Mapping[str, Share]
) -> tuple[int, ...]:
    """Cells of a layer, each memory where it is cheaper, for each price in cells that a block RAM may be worth.

    Those memories that are ``fixed`` are where they are.
    """
    usual = {**usual_places(stages, family), **{name: share.place for name, share in fixed.items()}}
    wishes = [wish for wish in layer_candidates(stages, family) if wish.name not in fixed]
    blocks = sum(share.blocks for share in fixed.values())
    cells: dict[frozenset[str], int] = {}
    totals = []
    for price in prices:
        inside = [wish for wish in wishes if wish.required or price * wish.blocks < wish.cells]
        names = frozenset(wish.name for wish in inside)
        # Most prices lead to the same places.
        if names not in cells:
            cells[names] = _layer_cells(stages, {**usual, **dict.fromkeys(names, Place.BLOCK)}, family)
        totals.append(cells[names] + price * (blocks + sum(wish.blocks for wish in inside)))
    return tuple(totals)


def _layer(name: str, stages: tuple[Stage, ...], places: Places, family: Family) -> LayerEstimate:
    wishes = layer_candidates(stages, family)
    return LayerEstimate(
        name=name,
        interval=max(stage.cycles for stage in stages),
        cells=_layer_cells(stages, places, family),
        brams=sum(blocks_at(wish, places) for wish in wishes),
        sprams=sum(sprams_at(wish, places) for wish in wishes),
        places=places,
    )


def _layer_cells(stages: tuple[Stage, ...], places: Places, family: Family) -> int:
    return sum(stage.cells(places, family) for stage in stages)
