"""How large hardware may be: what Amaranth can hold, and what it makes Verilog of in minutes; far above any device.

``docs/folding.md`` lists the limits.
"""

from collections.abc import Iterator

from ..model.ir import Scores
from .accelerator import Accelerator
from .grouping import group_runs
from .placement import Memories, Place, is_long
from .plan import Convert, Pool, Product, Replay, Stage, Window

__all__ = ["LARGEST_WORD", "TooLargeError", "check_hardware", "least_width"]

LARGEST_WORD = (1 << 16) - 8
"""Bits of a register, a beat or a word of a memory: Amaranth's netlist has 16 bits for the place of a bit in its cell.
All inputs of a core, a beat and five wires, share a cell with two constants."""

LARGEST_ROW = 1 << 12
"""Processing elements of a layer: each group's results wait in as many registers as there are groups behind it."""

LARGEST_LANES = 1 << 16
"""Multiplications in a cycle, in all layers."""

LARGEST_MEMORY = 1 << 22
"""Words of all memories: the Verilog has each in a line."""

LARGEST_COMPARISON = 1 << 6
"""Scores that are compared in a cycle, one after the other."""

LARGEST_INTERVAL = (1 << 32) - 1
"""Cycles a frame: the link tells them in four bytes."""


class TooLargeError(ValueError):
    """A design that no hardware can be made of; the message says why."""


def check_hardware(accelerator: Accelerator) -> None:
    """Raise :class:`TooLargeError` when a design exceeds a limit."""
    network, port = accelerator.network, accelerator.family.bram_width
    rows = list(zip(network.names, accelerator.plan, accelerator.memories, strict=True))
    products = [stage for _, stages, _ in rows for stage in stages if isinstance(stage, Product)]
    widths = [(name, _width(stage, memories, port)) for name, stages, memories in rows for stage in stages]
    widths += [("input", 8 * accelerator.input_bytes), ("scores", _answer_width(accelerator))]
    name, width = max(widths, key=lambda item: item[1])
    _check(f"{name}: bits of a word", width, LARGEST_WORD)
    _check("processing elements of a layer", max(stage.folding.pe for stage in products), LARGEST_ROW)
    lanes = sum(stage.folding.pe * stage.folding.simd for stage in products)
    _check("multiplications in a cycle", lanes, LARGEST_LANES)
    words = sum(_words(stage, memories, port) for _, stages, memories in rows for stage in stages)
    _check("words of all memories", words, LARGEST_MEMORY)
    _check("scores compared in a cycle", accelerator.answer_lanes, LARGEST_COMPARISON)
    _check("cycles a frame", accelerator.interval, LARGEST_INTERVAL)


def _check(what: str, count: int, most: int) -> None:
    if count > most:
        raise TooLargeError(f"{what} must be at most {most} in hardware, not {count}")


def least_width(stage: Stage, *, port: int) -> int:
    """Bits of a stage's widest word, where its memory is in the place that makes it the narrowest.

    A block RAM reads ``port`` bits at once.
    """
    in_memory = isinstance(stage, Replay) and is_long(stage)
    return _width(stage, Memories(replay=Place.BLOCK if in_memory else Place.REGISTERS), port)


def _width(stage: Stage, memories: Memories, port: int) -> int:
    if isinstance(stage, Replay) and memories.replay is not Place.REGISTERS:
        return max(stage.width_in, stage.width_out) * stage.bits
    return max(_widths(stage, port))


def _widths(stage: Stage, port: int) -> Iterator[int]:
    if isinstance(stage, Convert | Replay):
        yield from (_whole_beats(stage.count, width) * stage.bits for width in (stage.width_in, stage.width_out))
    elif isinstance(stage, Window):
        yield stage.width * stage.bits
    elif isinstance(stage, Pool):
        yield stage.width
    else:
        yield from _product_widths(stage, port)


def _product_widths(stage: Product, port: int) -> Iterator[int]:
    """A beat of activations, a group's words of weights and levels, a beat of results."""
    folding, total = stage.folding, stage.accumulator.width
    largest = group_runs(folding, port=port)[0][0]
    yield folding.simd * stage.tensor.width
    yield largest * max(folding.simd, total)
    yield folding.pe * (total if isinstance(stage.layer, Scores) else 1)


def _words(stage: Stage, memories: Memories, port: int) -> int:
    if isinstance(stage, Window):
        return stage.depth
    if isinstance(stage, Replay):
        return 0 if memories.replay is Place.REGISTERS else 2 * stage.words
    if not isinstance(stage, Product):
        return 0
    depth = stage.folding.interval(stage.layer) + stage.folding.neuron_fold(stage.layer)
    return depth * sum(count for _, count in group_runs(stage.folding, port=port))


def _answer_width(accelerator: Accelerator) -> int:
    """All scores of a frame are held until they are compared, and until they have left where they are wanted."""
    answer, beats = accelerator.answer, (accelerator.foldings[-1].pe, accelerator.answer_lanes)
    scores = max(_whole_beats(answer.count, width) for width in beats) * answer.score_width
    return max(scores, 8 * answer.output_bytes)


def _whole_beats(count: int, width: int) -> int:
    """Elements in the registers of a buffer that ``count`` of them pass, ``width`` in a beat."""
    return -(-count // width) * width
