"""How wide a design's words are, and how wide Amaranth lets them be."""

from collections.abc import Iterator

from ..model.ir import Scores
from .accelerator import Accelerator
from .grouping import group_runs
from .placement import Memories, Place, is_long
from .plan import Convert, Pool, Product, Replay, Stage, Window

__all__ = ["LARGEST_WORD", "TooWideError", "check_widths", "least_width"]

LARGEST_WORD = (1 << 16) - 8
"""Bits of a register, a beat or a word of a memory: Amaranth's netlist has 16 bits for the place of a bit in its cell.
All inputs of a core, a beat and five wires, share a cell with two constants."""


class TooWideError(ValueError):
    """A design with a word that no hardware can be made of; the message says which layer has it."""


def check_widths(accelerator: Accelerator) -> None:
    """Raise :class:`TooWideError` when a register, a beat or a word of memory would have more bits than there can be."""
    rows = zip(accelerator.network.names, accelerator.plan, accelerator.memories, strict=True)
    port = accelerator.family.bram_width
    widths = {name: max(_width(stage, memories, port) for stage in stages) for name, stages, memories in rows}
    widths |= {"input": 8 * accelerator.input_bytes, "scores": _answer_width(accelerator)}
    name, width = max(widths.items(), key=lambda item: item[1])
    if width > LARGEST_WORD:
        raise TooWideError(f"{name}: words of hardware must be at most {LARGEST_WORD} bits wide, not {width}")


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
        yield from (_buffer_width(stage.count, width) * stage.bits for width in (stage.width_in, stage.width_out))
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


def _answer_width(accelerator: Accelerator) -> int:
    """All scores of a frame are held until they are compared, and until they have left where they are wanted."""
    answer, beats = accelerator.answer, (accelerator.foldings[-1].pe, accelerator.answer_lanes)
    scores = max(_buffer_width(answer.count, width) for width in beats) * answer.score_width
    return max(scores, 8 * answer.output_bytes)


def _buffer_width(count: int, width: int) -> int:
    """Elements in the registers of a buffer that ``count`` of them pass, ``width`` in a beat: whole beats."""
    return -(-count // width) * width
